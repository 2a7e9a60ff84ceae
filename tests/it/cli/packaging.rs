//! Packaging: manual pages and completions are those of the binary, the capsule runs, install.sh installs everything or nothing,
//! and a release has its version and changelog. packaging/test tests the packages themselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::sandbox::{Ran, Sandbox, TOKEN, bin, has};

fn packaging(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(below)
}

/// Every file below a folder, and what it holds.
fn contents(folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for below in ["man", "completions"] {
        for entry in fs::read_dir(folder.join(below)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{below}/{}", path.file_name().unwrap().display());
            all.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    all.sort();
    all
}

#[test]
fn manual_pages_and_completions_are_not_stale() {
    let world = Sandbox::new();
    let made = world.path("made");
    let generate = Command::new(packaging("generate")).arg(&made).env("CO_CRED", bin()).output().unwrap();
    Ran::from(generate).expect(0);
    let (made, kept) = (contents(&made), contents(&packaging("")));
    let names = |all: &[(String, String)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&made), names(&kept), "packaging/generate writes and removes pages");
    assert!(made.len() > 10, "{}", made.len());
    for ((name, made), (_, kept)) in made.iter().zip(&kept) {
        assert!(made == kept, "packaging/{name} is stale: packaging/generate makes it anew");
    }
}

/// Every page has these sections in this order, and that of co-cred itself the commands after the options.
#[test]
fn manual_pages_have_the_same_sections() {
    const SECTIONS: [&str; 9] =
        ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"];
    let pages = contents(&packaging("")).into_iter().filter(|(name, _)| name.starts_with("man/"));
    let pages: Vec<(String, String)> = pages.collect();
    assert!(pages.len() > 10, "{}", pages.len());
    for (name, text) in &pages {
        let headings =
            text.lines().filter_map(|line| line.strip_prefix(".SH ")).map(|heading| heading.trim_matches('"'));
        let commands = |heading: &&str| *heading != "COMMANDS" || name != "man/co-cred.1";
        assert_eq!(headings.filter(commands).collect::<Vec<_>>(), SECTIONS, "{name}");
        assert_eq!(text.contains(".SH COMMANDS"), name == "man/co-cred.1", "{name}");
        // Examples are shown line by line, and there is at least one.
        let examples = text.split_once(".SH EXAMPLES\n.RS 4\n.nf\n").unwrap().1.split_once("\n.fi").unwrap().0;
        assert!(examples.contains("co\\-cred"), "{name}: {examples}");
    }
}

/// Deployments, e-mails and names of variables are completed; values of variables are not.
#[test]
fn completions_offer_deployments_and_names_but_no_values() {
    let world =
        Sandbox::new().with("CODEOCEAN_DOMAIN", "co.example.org").with("MY_SECRET", TOKEN).with("MY_OTHER", "x");
    let script = r#"source "$SCRIPT"
offered() { COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
    _co__cred co-cred "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; echo "${COMPREPLY[@]}"; }
offered co-cred exec --deployment co
offered co-cred exec --token-env MY_
offered co-cred exec --as MY_S
offered co-cred exec --as CODEOCEAN_A
offered co-cred exec --domain-as CODE_OCEAN_D
offered co-cred env --only API_S
offered co-cred exec --brok
offered co-cred exec --mask -- co-cre
offered co-cred supe
offered co-cred git-ask"#;
    let world = world.with("SCRIPT", packaging("completions/co-cred.bash"));
    let ran = world.shell("bash", script).expect(0);
    assert_eq!(
        ran.out,
        "co.example.org\nMY_OTHER MY_SECRET\nMY_SECRET\nCODEOCEAN_API_TOKEN\nCODE_OCEAN_DOMAIN\nAPI_SECRET\n--broker\nco-cred\n\n\n"
    );
    if has("fish") {
        let script = "source $SCRIPT; complete -C 'co-cred exec --deployment '; complete -C 'co-cred exec --token-env MY_'; \
             complete -C 'co-cred exec --as CODEOCEAN_A'; \
             complete -C 'co-cred exec --mask -- co-cre'; complete -C 'co-cred supe'";
        let ran = world.with("SCRIPT", packaging("completions/co-cred.fish")).shell("fish", script).expect(0);
        let offered: Vec<&str> = ran.out.lines().map(|line| line.split('\t').next().unwrap()).collect();
        assert_eq!(offered, ["co.example.org", "MY_OTHER", "MY_SECRET", "CODEOCEAN_API_TOKEN", "co-cred"], "{ran:?}");
        assert!(!ran.out.contains("cop_"), "{ran:?}");
    }
    let zsh = fs::read_to_string(packaging("completions/_co-cred")).unwrap();
    let line = |option: &str| zsh.lines().find(|line| line.contains(option)).unwrap();
    assert!(line("--deployment=[").contains("co-cred list --deployments"));
    assert!(line("--token-env=[").contains("_parameters") && line("--as=[").contains("CODEOCEAN_API_TOKEN"));
    assert!(line("--domain-as=[").contains("CODE_OCEAN_DOMAIN"), "{}", line("--domain-as=["));
}

/// An e-mail may come from a deployment or a Git server, and bash evaluates the words that it is given to choose from.
#[test]
fn completions_offer_only_emails_without_shell_syntax() {
    let world = Sandbox::new();
    let hostile =
        ["$(touch${IFS}ran)@x.org", "`touch${IFS}ran`@x.org", "a;touch@x.org", "a'b@x.org", "~a@x.org", "-a@x.org"];
    for email in hostile.into_iter().chain(["ada+x@example.org", "grace@example.org"]) {
        let email = format!("--email={email}");
        let args = ["login", "--insecure-storage", "--offline", &email, "--deployment", "co.example.org"];
        world.pipe(&args, TOKEN).expect(0);
    }
    assert_eq!(world.run(["list", "--emails"]).expect(0).out, "ada+x@example.org\ngrace@example.org\n");
    let script = r#"source "$SCRIPT"; COMP_WORDS=(co-cred logout --email ""); COMP_CWORD=3; COMPREPLY=()
_co__cred co-cred "" --email; echo "${COMPREPLY[@]}""#;
    let world = world.with("SCRIPT", packaging("completions/co-cred.bash"));
    assert_eq!(world.shell("bash", script).expect(0).out, "ada+x@example.org grace@example.org\n");
    assert!(!world.path("work/ran").exists());
}

/// The capsule, and the image beside it, do what its README says; without any network but the deployment.
#[test]
fn the_capsule_builds_and_runs() {
    let world = Sandbox::new();
    if !has("unshare") || world.spawn_program("unshare", &["--mount", "--net", "true"]).code != 0 {
        return; // Only root can mount.
    }
    // Built by tests/run: a cargo started here would replace the binary while other tests use it.
    let fake_deployment = Path::new(bin()).with_file_name("fake-deployment");
    if !has(fake_deployment.to_str().unwrap()) {
        return;
    }
    let (tree, tarball, capsule) = (world.path("tree"), world.path("co-cred.tar.gz"), world.path("whole"));
    fs::create_dir_all(tree.join("bin")).unwrap();
    let run = |command: &mut Command| Ran::from(command.output().unwrap()).expect(0);
    run(Command::new("strip").arg("-o").args([tree.join("bin/co-cred").as_path(), Path::new(bin())]));
    run(Command::new("tar").arg("-czf").arg(&tarball).arg("-C").arg(&tree).arg("bin"));
    run(Command::new(packaging("complete-capsule")).args([&tarball, &tree.join("bin/co-cred"), &capsule]));
    let tried = run(Command::new(packaging("test-capsule")).args([&capsule, &fake_deployment]));
    assert_eq!(tried.out.matches("ok: ").count(), 9, "{tried:?}");
}

#[test]
fn a_release_is_its_version_and_its_changelog() {
    let is_release = |tag: &str| Ran::from(Command::new(packaging("is-release")).arg(tag).output().unwrap());
    assert!(is_release("v9.9.9").expect(1).err.contains("Cargo.toml"));
    let ran = is_release(concat!("v", env!("CARGO_PKG_VERSION")));
    let is_dated = !include_str!("../../../CHANGELOG.md").contains("(not yet released)");
    assert!(ran.code == i32::from(!is_dated) && (is_dated || ran.err.contains("CHANGELOG")), "{ran:?}");
}

/// Every file of the tarball is installed, or none.
#[test]
fn install_sh_installs_all_or_nothing() {
    let world = Sandbox::new();
    let make = r#"mkdir -p tree/bin tree/share/doc 'a folder'
printf '#!/bin/sh\necho co-cred 9\n' > tree/bin/co-cred; chmod 755 tree/bin/co-cred; echo read > tree/share/doc/README
tar -czf 'a folder/co-cred-9-x86_64-linux.tar.gz' -C tree bin share
cp "$INSTALL" 'a folder/install.sh'; cd 'a folder'; sha256sum *.tar.gz > SHA256SUMS"#;
    let world = world.with("INSTALL", packaging("install.sh"));
    world.shell("sh", make).expect(0);
    let install = |args: &str| world.shell("sh", &format!("umask 077; sh 'a folder/install.sh' {args}"));
    assert_eq!(install("--prefix 'a prefix'").expect(0).out, "co-cred 9\n");
    assert_eq!(fs::read_to_string(world.path("work/a prefix/share/doc/README")).unwrap(), "read\n");
    assert!(world.shell("sh", "test -x 'a prefix/bin/co-cred' && test $(stat -c %a 'a prefix/bin') = 755").code == 0);
    for (args, said) in [
        ("--prefix", "takes a folder"),
        ("--prefix=other", "no option"),
        ("'a folder/co-cred-9-x86_64-linux.tar.gz' --prefix other", "options come first"),
        ("--prefix other nothing.tar.gz", "no tarball"),
        (
            &format!("--prefix other 'a folder/co-cred-9-x86_64-linux.tar.gz' {}", "0".repeat(64)),
            "nothing is installed",
        ),
    ] {
        let ran = install(args).expect(1);
        assert!(ran.err.contains(said) && !world.path("work/other").exists(), "{args}: {ran:?}");
    }
    world.shell("sh", "mkdir -p taken/bin/co-cred").expect(0);
    assert!(install("--prefix taken").expect(1).err.contains("is a folder"));
    assert_eq!(fs::read_dir(world.path("work/taken")).unwrap().count(), 1, "nothing is left behind");
    world
        .shell("sh", "cp 'a folder/co-cred-9-x86_64-linux.tar.gz' 'a folder/co-cred-10-x86_64-linux.tar.gz'")
        .expect(0);
    assert!(install("--prefix other").expect(1).err.contains("several"));
}

/// Actions are pinned by hash; a job that may write builds nothing, and checks out no code.
#[test]
fn workflows_are_pinned_and_have_few_rights() {
    for entry in fs::read_dir(packaging("../.github/workflows")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(text.contains("\npermissions:"), "{text}");
        let (others, publish) = text.split_once("\n  publish:").unwrap_or((&text, ""));
        assert!(!others.contains(": write") && !publish.contains("checkout"), "{text}");
        for line in text.lines().filter(|line| line.contains("uses:")) {
            let hash = line.split('@').nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
            assert!(hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
        }
        assert!(!text.contains("run: ${{") && !text.contains("pull_request_target"), "{text}");
    }
}
