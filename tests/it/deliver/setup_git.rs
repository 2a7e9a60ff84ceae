//! `setup git` where it is not alone: many deployments, other helpers, two at once, folders with odd names.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::process::Stdio;

use crate::support::git::executable;
use crate::support::sandbox::{Ran, Sandbox, TOKEN, has};
use crate::support::setup::{HELPERS, desktop, text};
use crate::support::workstation::piped;

const LINE: &str = "path = ~/.config/co-cred/gitconfig\n";

/// Asks Git for the login and approves it, as a clone does.
fn clone_once(world: &Sandbox, host: &str) -> Ran {
    let request = format!("protocol=https\nhost={host}\n\n");
    let filled = piped(world.program("git").args(["credential", "fill"]), &request).expect(0);
    assert!(filled.out.contains(TOKEN), "{filled:?}");
    piped(world.program("git").args(["credential", "approve"]), &filled.out).expect(0)
}

#[test]
fn concurrent_setups_include_the_file_once() {
    if !has("git") {
        return;
    }
    let world = desktop().file("home/.gitconfig", "[user]\n\tname = Ada\n");
    let start = |_| {
        let mut setup = world.command();
        setup.args(["setup", "git"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for child in (0..12).map(start).collect::<Vec<_>>() {
        Ran::from(child.wait_with_output().unwrap()).expect(0);
    }
    assert_eq!(text(&world, "home/.gitconfig").matches(LINE).count(), 1, "{}", text(&world, "home/.gitconfig"));
    // A file that an earlier version included twice is included once, and not at all after an undo.
    fs::write(world.path("home/.gitconfig"), format!("[include]\n\t{LINE}\t{LINE}")).unwrap();
    world.spawn(["setup", "git"]).expect(0);
    assert_eq!(text(&world, "home/.gitconfig").matches(LINE).count(), 1);
    world.spawn(["setup", "git", "--undo"]).expect(0);
    assert!(!text(&world, "home/.gitconfig").contains("co-cred"));
}

/// Git is started as often for a thousand deployments as for one.
#[test]
fn the_number_of_git_calls_does_not_grow_with_the_deployments() {
    if !has("git") {
        return;
    }
    let calls = |number: usize| {
        let config: String =
            (0..number).map(|number| format!("[[deployment]]\ndomain = \"co{number}.example.org\"\n")).collect();
        let world = desktop().file("home/.config/co-cred/config.toml", config);
        let path = world.env.get("PATH").unwrap().to_str().unwrap().to_owned();
        let script = format!("#!/bin/sh\necho call >> \"$HOME/calls\"\nPATH='{path}' exec git \"$@\"\n");
        let world = executable(world, "counting/git", &script);
        let path = format!("{}:{path}", world.path("counting").display());
        let world = world.with("PATH", path);
        world.spawn(["setup", "git"]).expect(0);
        world.spawn(["setup", "docker"]).expect(0);
        let last = format!("https://co{}.example.org", number - 1);
        assert_eq!(
            world.git(&["config", "--get-urlmatch", "credential.helper", &last]).out,
            "!co-cred git-credential\n"
        );
        world.spawn(["doctor", "--offline"]);
        text(&world, "home/calls").lines().count()
    };
    assert_eq!(calls(1000), calls(1));
}

/// A helper for all hosts, or for a pattern, that comes after co-cred in the configuration would get the token.
#[test]
fn a_helper_that_is_set_later_does_not_get_the_token() {
    if !has("git") {
        return;
    }
    for later in [
        "credential",
        "credential \"https://*.example.org\"",
        "credential \"co.example.org\"",
        "credential \"https://\"",
    ] {
        let world = desktop().with("CODEOCEAN_TOKEN", TOKEN);
        world.spawn(["setup", "git"]).expect(0);
        let mine = format!("{}[{later}]\n\thelper = store\n", text(&world, "home/.gitconfig"));
        fs::write(world.path("home/.gitconfig"), mine).unwrap();
        let ran = world.spawn(["doctor", "--offline"]);
        assert!(ran.out.contains("another helper comes after co-cred"), "{later}: {ran:?}");
        world.spawn(["setup", "git"]).expect(0);
        clone_once(&world, "co.example.org");
        assert!(!world.path("home/.git-credentials").exists(), "{later}");
        assert!(!world.spawn(["doctor", "--offline"]).out.contains("another helper"), "{later}");
    }
    // Helpers for other hosts are kept, as `gh auth setup-git` adds them.
    let world = desktop();
    world.spawn(["setup", "git"]).expect(0);
    let others = [
        "https://github.com",
        "https://*.github.com",
        "https://example.org",
        "https://x.co.example.org",
        "http://co.example.org",
        "https://co.example.org:8443",
    ];
    let others = others.map(|other| format!("[credential \"{other}\"]\n\thelper =\n\thelper = store\n")).concat();
    let mine = format!("{}{others}", text(&world, "home/.gitconfig"));
    fs::write(world.path("home/.gitconfig"), &mine).unwrap();
    let ran = world.spawn(["setup", "git"]).expect(0);
    assert!(!ran.err.contains("another helper"), "{ran:?}");
    assert_eq!(text(&world, "home/.gitconfig"), mine);
}

#[test]
fn a_folder_with_a_line_break_or_quotes_in_its_name_works() {
    if !has("git") {
        return;
    }
    for name in ["a\nb", "it's \"here\"", "a.b*[c]", "üñí", " x ", "a#b;c"] {
        let world = desktop().with("CODEOCEAN_TOKEN", TOKEN).with("CODEOCEAN_DOMAIN", "co.example.org");
        let folder = world.path("elsewhere").join(name);
        let world = world.with("XDG_CONFIG_HOME", &folder).with("CODEOCEAN_EMAIL", "ada@example.org");
        for _ in 0..2 {
            let ran = world.spawn(["setup", "git"]).expect(0);
            assert_eq!(ran.err.matches("co-cred: ").count(), 1, "{name:?}: {ran:?}");
        }
        assert_eq!(text(&world, "home/.gitconfig").matches("co-cred/gitconfig").count(), 1, "{name:?}");
        clone_once(&world, "co.example.org");
        world.spawn(["setup", "docker"]).expect(0);
        assert!(folder.join("containers/auth.json").exists());
        world.spawn(["setup", "git", "--undo"]).expect(0);
        assert!(!text(&world, "home/.gitconfig").contains("gitconfig"), "{name:?}");
    }
}

#[test]
fn a_folder_whose_name_is_not_utf_8_works_below_home_and_is_an_error_elsewhere() {
    if !has("git") {
        return;
    }
    let odd = OsString::from_vec(b"caf\xe9".to_vec());
    let world = desktop().with("CODEOCEAN_TOKEN", TOKEN).with("CODEOCEAN_DOMAIN", "co.example.org");
    let home = world.path("work").join(&odd);
    fs::create_dir(&home).unwrap();
    let world = world.with("HOME", &home).with("CODEOCEAN_EMAIL", "ada@example.org");
    world.spawn(["setup", "git"]).expect(0);
    world.spawn(["setup", "docker"]).expect(0);
    assert!(home.join(".docker/config.json").exists());
    clone_once(&world, "co.example.org");
    world.spawn(["setup", "git", "--undo"]).expect(0);
    let world = desktop();
    let elsewhere = world.path("work").join(&odd);
    let world = world.with("XDG_CONFIG_HOME", &elsewhere).with("CODEOCEAN_DOMAIN", "co.example.org");
    let ran = world.spawn(["setup", "git"]).expect(6);
    assert!(ran.err.contains("is not UTF-8") && ran.err.contains("hint: "), "{ran:?}");
    assert!(!world.path("home/.gitconfig").exists() && !world.path(HELPERS).exists());
    world.spawn(["setup", "docker"]).expect(0);
}

/// `exec --git` passes the path of co-cred to Git.
#[test]
fn co_cred_in_a_folder_with_a_special_name_answers_git_or_says_why() {
    if !has("git") {
        return;
    }
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).with("CODEOCEAN_DOMAIN", "co.example.org");
    let world = world.with("CODEOCEAN_EMAIL", "ada@example.org").with("GIT_TERMINAL_PROMPT", "0");
    for (name, works) in [(&b"a\nb"[..], true), (b"it's \"$HERE\"", true), (b"caf\xe9", false)] {
        let folder = world.path("work").join(OsString::from_vec(name.to_vec()));
        fs::create_dir(&folder).unwrap();
        crate::support::sandbox::copy_bin(&folder.join("co-cred"));
        let script = "printf 'protocol=https\\nhost=co.example.org\\n\\n' | git credential fill";
        let mut exec = world.program(folder.join("co-cred"));
        let ran = Ran::from(exec.args(["exec", "--git", "--offline", "--", "sh", "-c", script]).output().unwrap());
        match works {
            true => assert!(ran.expect(0).out.contains(TOKEN)),
            false => assert!(ran.code == 125 && ran.err.contains("is not UTF-8"), "{ran:?}"),
        }
        fs::remove_file(folder.join("co-cred")).unwrap();
    }
}
