//! Git before 2.31, which ignores `GIT_CONFIG_COUNT`: under `exec --git` it asks only co-cred, and leaves no token on disk.

use std::fs;
use std::path::Path;

use fake_deployment::{Deployment, Plan};

use crate::support::git::{capsule, executable};
use crate::support::sandbox::{Ran, Sandbox, TOKEN, has};

/// Versions of Git that ignore `GIT_CONFIG_COUNT`: the installed one without those variables, and an old one if
/// `CO_CRED_TESTS_OLD_GIT` names the folder of its package.
fn old_gits() -> Vec<String> {
    let unset = "for name in $(env | sed -n 's/^\\(GIT_CONFIG_\\(COUNT\\|KEY_[0-9]*\\|VALUE_[0-9]*\\)\\)=.*/\\1/p'); do\n  \
                 unset \"$name\"\ndone\nexec git \"$@\"\n";
    let old = std::env::var("CO_CRED_TESTS_OLD_GIT").ok();
    let old = old.map(|root| format!("GIT_EXEC_PATH={root}/usr/lib/git-core exec {root}/usr/bin/git \"$@\"\n"));
    std::iter::once(unset.to_owned()).chain(old).map(|body| format!("#!/bin/sh\n{body}")).collect()
}

/// Makes `work/old` such a Git.
fn with_git(world: Sandbox, script: &str) -> Sandbox {
    executable(world, "work/old", script)
}

fn clone(world: &Sandbox, url: &str, more: &[&str]) -> Ran {
    let ran = world.spawn([&["exec", "--git", "--", "./old", "clone", "-q"], more, &[url, "clone"]].concat());
    ran.expect(0)
}

/// Every file below a folder that holds the token.
fn holding(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| !path.is_symlink());
    let inside = |path: std::path::PathBuf| match path.is_dir() {
        true => holding(&path),
        false => {
            let bytes = fs::read(&path).unwrap_or_default();
            let holds = bytes.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes());
            holds.then_some(path).into_iter().collect()
        }
    };
    paths.flat_map(inside).collect()
}

fn each_old_git(test: impl Fn(&Deployment, Sandbox)) {
    if !has("git") {
        return;
    }
    for script in old_gits() {
        let deployment = Plan::with_token(TOKEN).tls().git().start();
        let world = capsule(&deployment, &[]).file("home/.gitconfig", "[credential]\n\thelper = store\n");
        test(&deployment, with_git(world, &script));
    }
}

#[test]
fn a_helper_that_stores_passwords_is_not_given_the_token() {
    each_old_git(|deployment, world| {
        clone(&world, &deployment.clone_url(), &[]);
        assert_eq!(holding(&world.path("home")), Vec::<std::path::PathBuf>::new());
        assert_eq!(holding(&world.path("work")), Vec::<std::path::PathBuf>::new());
    });
}

/// As in the terminal of an editor, which sets `GIT_ASKPASS` for its own answers.
#[test]
fn an_old_git_with_git_askpass_is_answered() {
    each_old_git(|deployment, world| {
        let world = executable(world, "work/askpass", "#!/bin/sh\nexit 1\n");
        let askpass = world.path("work/askpass");
        clone(&world.with("GIT_ASKPASS", askpass), &deployment.clone_url(), &[]);
    });
}

#[test]
fn a_submodule_of_the_same_deployment_is_cloned_too() {
    each_old_git(|deployment, world| {
        let url = deployment.clone_url();
        clone(&world, &url, &[]);
        let modules = format!("[submodule \"x\"]\n\tpath = x\n\turl = {url}\n");
        fs::write(world.path("work/clone/.gitmodules"), modules).unwrap();
        let head = world.git(&["-C", "clone", "rev-parse", "HEAD"]).out;
        let entry = format!("160000,{},x", head.trim());
        world.git(&["-C", "clone", "update-index", "--add", "--cacheinfo", &entry]).expect(0);
        world.git(&["-C", "clone", "add", ".gitmodules"]).expect(0);
        world.git(&["-C", "clone", "commit", "-q", "-m", "a submodule"]).expect(0);
        world.spawn(["exec", "--git", "--", "./old", "-C", "clone", "push", "-q"]).expect(0);
        fs::remove_dir_all(world.path("work/clone")).unwrap();
        clone(&world, &url, &["--recurse-submodules"]);
        assert!(world.path("work/clone/x/code/run").exists());
        assert_eq!(holding(&world.path("home")), Vec::<std::path::PathBuf>::new());
    });
}

/// The configuration of `git -c`, in the quoting of Git before 2.31 and of later versions.
#[test]
fn configuration_from_git_is_kept() {
    if !has("git") {
        return;
    }
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).with("CODEOCEAN_DOMAIN", "co.example.org");
    let world = with_git(world, &old_gits()[0]);
    for (number, former) in
        ["'user.name=Grace' ", "'user.name'='Grace'", "'x.y=1'  'user.name=Grace'  "].iter().enumerate()
    {
        // A Git before 2.31 does not read the later quoting.
        let git = if number == 1 { "git" } else { "./old" };
        let world = world
            .command()
            .env("GIT_CONFIG_PARAMETERS", former)
            .args(["exec", "--git", "--offline", "--"])
            .args([git, "config", "user.name"])
            .output();
        assert_eq!(Ran::from(world.unwrap()).expect(0).out, "Grace\n", "{former}");
    }
    let with = |value: &std::ffi::OsStr| {
        let mut command = world.command();
        command.env("GIT_CONFIG_PARAMETERS", value).args(["exec", "--git", "--offline", "--", "true"]);
        Ran::from(command.output().unwrap())
    };
    let ran = with(std::os::unix::ffi::OsStrExt::from_bytes(b"'user.name=\xff'")).expect(125);
    assert!(ran.err.contains("GIT_CONFIG_PARAMETERS is not UTF-8"), "{ran:?}");
}

/// As in Git itself, `-c` comes after the environment.
#[test]
fn a_command_line_may_clear_the_helpers() {
    each_old_git(|deployment, world| {
        let url = deployment.clone_url();
        world
            .spawn(["exec", "--git", "--", "./old", "-c", "credential.helper=", "clone", "-q", &url, "clone"])
            .expect(0);
        assert_eq!(holding(&world.path("home")), Vec::<std::path::PathBuf>::new());
    });
}
