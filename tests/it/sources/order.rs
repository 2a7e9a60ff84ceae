//! The order of the sources, and what happens where two have a claim or one is broken.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

/// The place that `status` names, offline.
fn place(world: &Sandbox) -> String {
    let status = world.run(["status", "--json", "--offline"]).expect(0).json();
    format!("{} {}", status["source"]["kind"].as_str().unwrap(), status["source"]["place"].as_str().unwrap())
}

fn slots(entries: serde_json::Value) -> String {
    json!({ "version": 1, "secrets": entries }).to_string()
}

fn slot(variable: &str, description: &str) -> serde_json::Value {
    json!({ "type": "general", "id": "x", "description": description, "value": variable })
}

#[test]
fn sources_are_asked_in_order() {
    let mut world = Sandbox::new()
        .file("work/named", TOKEN)
        .with("NAMED", TOKEN)
        .with("CODEOCEAN_TOKEN", TOKEN)
        .file("mount/CODEOCEAN_TOKEN", TOKEN)
        .file("mount/anything", TOKEN)
        .with("CREDENTIALS_DIRECTORY", "")
        .file(
            "capsule/.codeocean/secrets.json",
            slots(json!([slot("HINTED", "Code Ocean API"), slot("OTHER_SLOT", "misc")])),
        )
        .with("HINTED", TOKEN)
        .with("OTHER_SLOT", TOKEN)
        .with("API_SECRET", TOKEN)
        .with("API_KEY", TOKEN)
        .with("CUSTOM_KEY_3", TOKEN)
        .with("ZZZ", TOKEN)
        .credentials("https://co.example.org", TOKEN);
    let named = world.path("work/named").display().to_string();
    let status = |args: &[&str]| {
        let args = [&["status", "--json", "--offline"], args].concat();
        world.run(args).expect(0).json()["source"]["place"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&["--token-file", &named]), named);
    assert_eq!(status(&["--token-env", "NAMED"]), "NAMED");
    let mount = world.path("mount");
    for (expected, remove) in [
        ("environment CODEOCEAN_TOKEN".to_owned(), "CODEOCEAN_TOKEN"),
        (format!("mount {}", mount.join("CODEOCEAN_TOKEN").display()), "file mount/CODEOCEAN_TOKEN"),
        (format!("mount {}", mount.join("anything").display()), "file mount/anything"),
        ("environment HINTED".to_owned(), "HINTED"),
        ("environment OTHER_SLOT".to_owned(), "OTHER_SLOT"),
        ("environment API_SECRET".to_owned(), "API_SECRET"),
        ("environment API_KEY".to_owned(), "API_KEY"),
        ("environment CUSTOM_KEY_3".to_owned(), "CUSTOM_KEY_3"),
        ("environment NAMED".to_owned(), "NAMED"),
        ("environment ZZZ".to_owned(), "ZZZ"),
        (
            format!("file {}", world.path("home/.codeocean/credentials.json").display()),
            "file home/.codeocean/credentials.json",
        ),
    ] {
        assert_eq!(place(&world), expected);
        match remove.strip_prefix("file ") {
            Some(file) => fs::remove_file(world.path(file)).unwrap(),
            None => world.env.remove(remove),
        }
    }
    world.run(["status", "--offline"]).expect(3);
}

#[test]
fn named_variables_come_in_their_order_and_an_option_outranks_its_variable() {
    let world = Sandbox::new().with("CODE_OCEAN_TOKEN", TOKEN).with("CODEOCEAN_API_TOKEN", TOKEN).with("MINE", OTHER);
    assert_eq!(place(&world), "environment CODEOCEAN_API_TOKEN");
    let world = world.with("CO_CRED_TOKEN_ENV", "MINE");
    assert_eq!(place(&world), "option MINE");
    assert_eq!(world.run(["token", "--offline"]).out, format!("{OTHER}\n"));
    assert_eq!(world.run(["token", "--offline", "--token-env", "CODE_OCEAN_TOKEN"]).out, format!("{TOKEN}\n"));
    let world = world.file("work/t", TOKEN);
    let path = world.path("work/t").display().to_string();
    assert_eq!(world.run(["--token-file", &path, "token", "--offline"]).out, format!("{TOKEN}\n"));
    assert_eq!(
        world.run(["--token-file", &path, "token", "--offline", "--token-env", "MINE"]).out,
        format!("{OTHER}\n")
    );
}

#[test]
fn two_different_tokens_on_a_rung_are_never_chosen_between() {
    let hinted = slots(json!([slot("ONE", "co token"), slot("TWO", "CO_API")]));
    let plain = slots(json!([slot("ONE", "a"), slot("TWO", "b")]));
    let worlds = [
        (
            Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).with("CODE_OCEAN_TOKEN", OTHER),
            ["CODEOCEAN_TOKEN", "CODE_OCEAN_TOKEN"],
        ),
        (Sandbox::new().with("API_KEY", TOKEN).with("CUSTOM_KEY", OTHER), ["API_KEY", "CUSTOM_KEY"]),
        (Sandbox::new().with("FOO", TOKEN).with("BAR", OTHER), ["FOO", "BAR"]),
        (Sandbox::new().file("mount/a", TOKEN).file("mount/b", OTHER), ["mount/a", "mount/b"]),
        (
            Sandbox::new().file("mount/a", TOKEN).file("mount/secrets", format!("export X={OTHER}")),
            ["mount/a", "secrets:X"],
        ),
        (
            Sandbox::new().file("capsule/.codeocean/secrets.json", hinted).with("ONE", TOKEN).with("TWO", OTHER),
            ["ONE", "TWO"],
        ),
        (
            Sandbox::new().file("capsule/.codeocean/secrets.json", plain).with("ONE", TOKEN).with("TWO", OTHER),
            ["ONE", "TWO"],
        ),
    ];
    for (world, names) in worlds {
        let world = world.credentials("https://co.example.org", TOKEN);
        for command in ["token", "check", "status", "env"] {
            let ran = world.run([command, "--offline"]).expect(8);
            assert!(names.iter().all(|name| ran.err.contains(name)), "{ran:?}");
            assert!(!ran.out.contains("cop_") && !ran.err.contains(TOKEN) && !ran.err.contains(OTHER));
        }
        // The same token twice is no question.
        let mut same = world;
        for name in names {
            same.env.set(name, TOKEN);
        }
    }
    let same = Sandbox::new().with("API_KEY", TOKEN).with("API_SECRET", format!("'{TOKEN}'"));
    assert_eq!(same.run(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

#[test]
fn a_description_decides_between_slots() {
    let file = slots(json!([slot("ONE", "misc"), slot("TWO", "Code-Ocean API token")]));
    let world = Sandbox::new().file("capsule/.codeocean/secrets.json", file).with("ONE", OTHER).with("TWO", TOKEN);
    let status = world.run(["status", "--json", "--offline"]).expect(0).json();
    assert_eq!(status["source"]["place"], "TWO");
    assert_eq!(status["shadowed"], json!([{ "kind": "environment", "place": "ONE" }]));
}

#[test]
fn the_git_providers_token_is_never_taken() {
    let script = format!("export GIT_ACCESS_TOKEN={TOKEN}\n");
    let world = Sandbox::new()
        .with("GIT_ACCESS_TOKEN", TOKEN)
        .file("mount/git-access-token", TOKEN)
        .file("mount/GIT_ACCESS_TOKEN", TOKEN)
        .file("mount/secrets", script)
        .file("capsule/.codeocean/secrets.json", slots(json!([slot("GIT_ACCESS_TOKEN", "Code Ocean API")])));
    world.run(["token", "--offline"]).expect(3);
    world.run(["token", "--offline", "--token-env", "GIT_ACCESS_TOKEN"]).expect(2);
}

#[test]
fn of_an_exported_pipeline_the_git_login_holds_the_token() {
    for value in [format!("ada@example.org:{TOKEN}"), format!("ada%40example.org:{TOKEN}")] {
        let world = Sandbox::new().with("GIT_ACCESS_TOKEN", &value);
        assert_eq!(place(&world), "environment GIT_ACCESS_TOKEN");
        let ran =
            world.spawn(["exec", "--offline", "--", "sh", "-c", "echo $CODEOCEAN_TOKEN $CODEOCEAN_EMAIL"]).expect(0);
        assert_eq!(ran.out, format!("{TOKEN} ada@example.org\n"));
        // As the very last of the variables.
        assert_eq!(place(&world.with("ZZZ", TOKEN)), "environment ZZZ");
    }
    for value in
        [TOKEN.to_owned(), format!("ada:{TOKEN}"), "ada@example.org:ghp_abcdefgh1234".to_owned(), format!("{TOKEN}:x")]
    {
        Sandbox::new().with("GIT_ACCESS_TOKEN", &value).run(["token", "--offline"]).expect(3);
    }
}

#[test]
fn an_empty_variable_is_no_token() {
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", "").with("CUSTOM_KEY", TOKEN);
    assert_eq!(place(&world), "environment CUSTOM_KEY");
}

#[test]
fn what_surrounds_a_token_is_taken_off_with_a_remark() {
    let world = Sandbox::new().with("CUSTOM_KEY", format!(" \"{TOKEN}\"\n"));
    let ran = world.run(["token", "--offline"]).expect(0);
    assert_eq!(ran.out, format!("{TOKEN}\n"));
    assert!(ran.err.contains("warning") && ran.err.contains("CUSTOM_KEY") && ran.err.contains("hint:"), "{ran:?}");
    assert_eq!(world.run(["token", "--offline", "--quiet"]).err, "");
    // The line end of a file is no oddity.
    let world = Sandbox::new().file("mount/CUSTOM_KEY", format!("{TOKEN}\r\n"));
    assert_eq!(world.run(["token", "--offline"]).expect(0).err, "");
}

#[test]
fn a_dedicated_variable_is_taken_whatever_its_shape_with_a_remark() {
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", "something-else").with("CUSTOM_KEY", TOKEN);
    let ran = world.run(["token", "--offline"]).expect(0);
    assert_eq!(ran.out, "something-else\n");
    assert!(ran.err.contains("shape"), "{ran:?}");
}

#[test]
fn what_was_asked_for_by_name_must_be_there() {
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).with("HOLLOW", "").file("work/hollow", "\n");
    let path = |name: &str| world.path(name).display().to_string();
    for args in [
        ["--token-env", "MISSING"],
        ["--token-env", "HOLLOW"],
        ["--token-file", &path("work/missing")],
        ["--token-file", &path("work/hollow")],
        ["--token-file", &path("work")],
    ] {
        let ran = world.run(["token", "--offline"].iter().chain(&args)).expect(6);
        assert_eq!(ran.out, "");
    }
    // One of two that is empty is as final.
    let both = Sandbox::new().with("GOOD", TOKEN).with("CO_CRED_TOKEN_ENV", "GOOD").file("work/hollow", " ");
    let hollow = both.path("work/hollow");
    both.with("CO_CRED_TOKEN_FILE", hollow).run(["token", "--offline"]).expect(6);
    for name in ["CO_CRED_TOKEN_ENV", "CO_CRED_TOKEN_FILE"] {
        let world = Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).with(name, "/nowhere");
        world.run(["token", "--offline"]).expect(6);
    }
}

#[test]
fn a_broken_source_is_never_passed_over_for_a_later_one() {
    let long = "x".repeat(9 * 1024);
    let worlds = [
        Sandbox::new().with("CODEOCEAN_TOKEN", format!("{TOKEN}\nmore")),
        Sandbox::new().with("CODEOCEAN_TOKEN", long.clone()),
        Sandbox::new().with("API_KEY", format!("cop_{long}")),
        Sandbox::new().file("mount/CODEOCEAN_TOKEN", &long),
        Sandbox::new().file("mount/secrets", "export A='"),
        Sandbox::new().file("mount/secrets", format!("#{}", "x".repeat(64 * 1024))),
        Sandbox::new().file("mount/secrets/x", ""),
        Sandbox::new().file("mount/secrets", "export CODEOCEAN_TOKEN=$(cat /token)"),
    ];
    for world in worlds {
        let world = world.credentials("https://co.example.org", TOKEN);
        for command in ["token", "check", "status"] {
            let ran = world.run([command, "--offline"]).expect(6);
            assert!(!ran.out.contains(TOKEN), "{ran:?}");
        }
        let ran = world.spawn(["exec", "--offline", "--", "true"]).expect(125);
        assert!(ran.err.contains("unreadable"), "{ran:?}");
    }
    let world = Sandbox::new().file("home/.codeocean/credentials.json", "{\"domain\": \"https://co.exam");
    world.run(["token", "--offline"]).expect(6);
}

#[test]
fn a_named_mount_must_be_readable_throughout() {
    let world = Sandbox::new().file("mount/fine", "x").with("CUSTOM_KEY", TOKEN);
    symlink("/nowhere", world.path("mount/CUSTOM_KEY")).unwrap();
    let ran = world.run(["token", "--offline"]).expect(6);
    assert!(ran.err.contains("dangling symbolic link"), "{ran:?}");
    // Where the mount has the token all the same, the rest is worth a remark.
    let world = world.file("mount/token", TOKEN);
    let ran = world.run(["token", "--offline"]).expect(0);
    assert!(ran.err.contains("dangling symbolic link"), "{ran:?}");
}

#[test]
fn the_credentials_file_keeps_its_token_for_its_own_deployment() {
    let world = Sandbox::new().credentials("https://one.example.org/", TOKEN);
    let status = world.run(["status", "--json", "--offline"]).expect(0).json();
    assert_eq!(status["deployment"], "https://one.example.org");
    world.run(["token", "--offline", "--deployment", "one.example.org"]).expect(0);
    world.run(["token", "--offline", "--deployment", "two.example.org"]).expect(3);
    // And its domain is not lent to another's token.
    let world = world.with("CODEOCEAN_TOKEN", OTHER);
    let status = world.run(["status", "--json", "--offline"]).expect(0).json();
    assert_eq!(status["deployment"], json!(null));
}

#[test]
fn the_credentials_file_can_be_elsewhere() {
    let json = json!({ "domain": "co.example.org", "token": TOKEN }).to_string();
    let world = Sandbox::new().file("work/mine.json", json).credentials("https://other.example.org", OTHER);
    let path = world.path("work/mine.json");
    let world = world.with("CODEOCEAN_CREDENTIALS_PATH", path);
    assert_eq!(world.run(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

#[test]
fn a_credentials_file_that_others_can_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let world = Sandbox::new().credentials("https://co.example.org", TOKEN);
    assert_eq!(world.run(["token", "--offline"]).expect(0).err, "");
    let path = world.path("home/.codeocean/credentials.json");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = world.run(["token", "--offline"]).expect(0);
    assert!(ran.err.contains("other users") && ran.err.contains("chmod 600"), "{ran:?}");
}

#[test]
fn the_deployment_is_named_in_order() {
    let mut world = Sandbox::new()
        .with("CUSTOM_KEY", TOKEN)
        .with("CODEOCEAN_DOMAIN", "https://a.example.org/")
        .with("CODE_OCEAN_DOMAIN", "b.example.org")
        .with("CODEOCEAN_URL", "https://c.example.org/api/v1")
        .with("CODEOCEAN_HOST", "d.example.org")
        .with("CO_DOMAIN", "e.example.org")
        .file("mount/CODEOCEAN_URL", "https://f.example.org\n")
        .file("capsule/.git/config", "[remote \"origin\"]\n\turl = https://g.example.org/capsule-1234567.git\n");
    let named = |world: &Sandbox, args: &[&str]| {
        world.run(["status", "--json", "--offline"].iter().chain(args)).expect(0).json()["deployment"].clone()
    };
    assert_eq!(named(&world, &["--deployment", "z.example.org"]), "https://z.example.org");
    for (name, letter) in [
        ("CODEOCEAN_DOMAIN", "a"),
        ("CODE_OCEAN_DOMAIN", "b"),
        ("CODEOCEAN_URL", "c"),
        ("CODEOCEAN_HOST", "d"),
        ("CO_DOMAIN", "e"),
    ] {
        assert_eq!(named(&world, &[]), format!("https://{letter}.example.org"));
        world.env.set(name, "");
    }
    assert_eq!(named(&world, &[]), "https://f.example.org");
    fs::remove_file(world.path("mount/CODEOCEAN_URL")).unwrap();
    assert_eq!(named(&world, &[]), "https://g.example.org");
}

#[test]
fn a_capsules_remote_tells_the_deployment() {
    let table = [
        ("https://co.example.org/capsule-1234567.git", Some("https://co.example.org")),
        ("https://co.example.org:8443/capsule-1234567", Some("https://co.example.org:8443")),
        ("https://git.codeocean.com/capsule-0f3c7a52-6a55.git", Some("https://codeocean.com")),
        ("http://127.0.0.1:3000/capsule-1234567.git", Some("http://127.0.0.1:3000")),
        ("https://github.com/lab/analysis.git", None),
        ("https://github.com/lab/capsule-1234567.git", None),
        ("https://ada%40example.org@co.example.org/capsule-1234567.git", None),
        ("git@co.example.org:capsule-1234567.git", None),
        ("ssh://git@co.example.org/capsule-1234567.git", None),
        ("https://co.example.org/capsule-.git", None),
        ("/srv/capsule-1234567.git", None),
    ];
    for (url, expected) in table {
        let config = format!("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = {url}\n\tfetch = +refs/*:refs/*\n");
        let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).file("capsule/.git/config", config);
        let status = world.run(["status", "--json", "--offline"]).expect(0).json();
        assert_eq!(status["deployment"].as_str(), expected, "{url}");
    }
}

#[test]
fn a_remote_is_not_looked_for_in_includes_or_the_working_directory() {
    let remote = "[remote \"origin\"]\n\turl = https://evil.example.org/capsule-1234567.git\n";
    let world = Sandbox::new()
        .with("CUSTOM_KEY", TOKEN)
        .file("work/.git/config", remote)
        .file("capsule/.git/more", remote)
        .file("capsule/.git/config", "[include]\n\tpath = more\n");
    let ran = world.spawn(["status", "--json", "--offline"]).expect(0);
    assert_eq!(ran.json()["deployment"], json!(null));
}

#[test]
fn a_deployment_that_cannot_be_used_is_a_usage_error_wherever_it_came_from() {
    let remote = "[remote \"origin\"]\n\turl = http://co.example.org/capsule-1234567.git\n";
    let worlds = [
        Sandbox::new().with("CODEOCEAN_DOMAIN", "http://co.example.org"),
        Sandbox::new().with("CO_DOMAIN", "https://me:secret@co.example.org"),
        Sandbox::new().with("CODEOCEAN_URL", TOKEN),
        Sandbox::new().file("mount/CODEOCEAN_DOMAIN", "not a host"),
        Sandbox::new().file("capsule/.git/config", remote),
        Sandbox::new().credentials("http://co.example.org", OTHER).without("CUSTOM_KEY"),
    ];
    for world in worlds {
        let file = world.path("home/.codeocean/credentials.json").exists();
        let world = if file { world } else { world.with("CUSTOM_KEY", TOKEN) };
        let ran = world.run(["token", "--offline"]).expect(2);
        assert!(ran.out.is_empty() && !ran.err.contains("secret@") && !ran.err.contains(TOKEN), "{ran:?}");
        world.spawn(["exec", "--offline", "--", "true"]).expect(125);
    }
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN);
    world.run(["token", "--offline", "--deployment", "http://co.example.org"]).expect(2);
}

#[test]
fn a_broken_mount_does_not_let_another_deployment_in() {
    let remote = "[remote \"origin\"]\n\turl = https://elsewhere.example.org/capsule-1234567.git\n";
    let base = || Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).file("capsule/.git/config", remote);
    base().file("mount/secrets", "export CODEOCEAN_DOMAIN=\"https://right").run(["token", "--offline"]).expect(6);
    base().file("mount/secrets", "export CODEOCEAN_DOMAIN=$(cat x)").run(["token", "--offline"]).expect(6);
    base().file("mount/CODEOCEAN_DOMAIN", b"https://right\xff.example.org").run(["token", "--offline"]).expect(2);
    // Where the deployment is named by other means, the mount is nobody's concern.
    let world = base().file("mount/secrets", "export CODEOCEAN_DOMAIN=$(cat x)").without("CODEOCEAN_TOKEN");
    world.with("CUSTOM_KEY", TOKEN).run(["token", "--offline", "--deployment", "a.example.org"]).expect(0);
}

#[test]
fn a_generic_secret_that_is_computed_may_have_been_the_token() {
    let world = Sandbox::new().file("mount/secrets", "export CUSTOM_KEY=\"$(cat /x)\"\nexport PATH=\"$PATH:/y\"\n");
    let ran = world.run(["token", "--offline"]).expect(6);
    assert!(ran.err.contains("computes CUSTOM_KEY"), "{ran:?}");
    Sandbox::new().file("mount/secrets", "export PATH=\"$PATH:/y\"\n").run(["token", "--offline"]).expect(3);
}

#[test]
fn a_quote_on_one_side_is_a_mistake_and_not_a_token() {
    for raw in [format!("'{TOKEN}"), format!("{TOKEN}\"")] {
        let ran = Sandbox::new().with("API_KEY", raw).run(["token", "--offline"]).expect(6);
        assert!(ran.err.contains("quote"), "{ran:?}");
    }
    let blanks = format!("{}{TOKEN}", " ".repeat(100));
    Sandbox::new().with("API_KEY", blanks).run(["token", "--offline"]).expect(0);
}

#[test]
fn a_credentials_file_for_another_deployment_is_named_as_the_reason() {
    let world =
        Sandbox::new().credentials("https://one.example.org", TOKEN).with("CODEOCEAN_DOMAIN", "two.example.org");
    let ran = world.run(["token", "--offline"]).expect(3);
    assert!(ran.err.contains("is for https://one.example.org"), "{ran:?}");
    assert!(ran.err.contains("co-cred login --deployment https://two.example.org"), "{ran:?}");
}

#[test]
fn a_credentials_file_that_a_variable_names_and_that_does_not_exist_is_named() {
    let world = Sandbox::new().with("CODEOCEAN_CREDENTIALS_PATH", "/nonexistent/credentials.json");
    let ran = world.run(["token", "--offline"]).expect(3);
    assert!(ran.err.contains("CODEOCEAN_CREDENTIALS_PATH names /nonexistent/credentials.json"), "{ran:?}");
    assert!(ran.err.contains("does not exist"), "{ran:?}");
}

#[test]
fn a_mount_that_is_not_this_users_is_no_obstacle() {
    // As on a desktop whose /run/secrets belongs to other services: seen as another user, in a mount namespace.
    let script =
        "mkdir -p /run/secrets && mount -t tmpfs none /run/secrets && mkdir /run/secrets/x && chmod 0700 /run/secrets";
    let world =
        Sandbox::new().without("CO_CRED_SECRETS_DIR").with("API_KEY", TOKEN).without("HOME").without("CO_CAPSULE_PATH");
    if world.spawn_program("unshare", &["-m", "sh", "-c", script]).code != 0 {
        return;
    }
    crate::support::sandbox::copy_bin(&world.path("co-cred"));
    for (mode, domain) in [("0700", false), ("0751", true)] {
        let file = "echo https://mounted.example.org > /run/secrets/CODEOCEAN_DOMAIN && chmod 644 /run/secrets/*N";
        let binary = world.path("co-cred");
        let run = format!(
            "{script} && {file} && chmod {mode} /run/secrets && cp {} /run/lock/ && cd / && \
             exec setpriv --reuid=65534 --regid=65534 --clear-groups /run/lock/co-cred status --json --offline",
            binary.display()
        );
        let run = run.replace(
            "mount -t tmpfs none /run/secrets",
            "mount -t tmpfs none /run/lock && mount -t tmpfs none /run/secrets",
        );
        let ran = crate::support::sandbox::Ran::from(
            world.program("unshare").args(["-m", "sh", "-c", &run]).output().unwrap(),
        )
        .expect(0);
        assert_eq!(ran.json()["deployment"] == "https://mounted.example.org", domain, "{ran:?}");
        assert_eq!(ran.err, "");
    }
}

#[test]
fn an_empty_value_of_any_make_is_no_token() {
    for empty in ["", "  ", "\"\"", "''", "\n"] {
        let world = Sandbox::new()
            .with("CODEOCEAN_TOKEN", empty)
            .file("mount/CODEOCEAN_TOKEN", empty)
            .with("CUSTOM_KEY", TOKEN);
        assert_eq!(place(&world), "environment CUSTOM_KEY", "{empty:?}");
        world.run(["token", "--offline", "--token-env", "CODEOCEAN_TOKEN"]).expect(6);
    }
}

#[test]
fn a_later_step_with_another_token_is_outranked_but_not_in_silence() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("FOO", OTHER);
    let ran = world.run(["token", "--offline"]).expect(0);
    assert_eq!(ran.out, format!("{TOKEN}\n"));
    assert!(ran.err.contains("FOO holds another token") && ran.err.contains("CUSTOM_KEY comes first"), "{ran:?}");
}

#[test]
fn a_home_that_is_closed_is_told_from_one_that_is_somebody_elses() {
    let run = |home: &std::path::Path| {
        let folder = home.parent().unwrap();
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(folder.join("co-cred"));
        let command = command.args(["token", "--offline"]).env_clear().env("HOME", home).current_dir("/");
        crate::support::sandbox::Ran::from(command.output().unwrap())
    };
    if !crate::support::sandbox::has("setpriv") || std::fs::read_dir("/root").is_err() {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let open = |mode| fs::Permissions::from_mode(mode);
    let folder = tempfile::Builder::new().permissions(open(0o755)).tempdir().unwrap();
    crate::support::sandbox::copy_bin(&folder.path().join("co-cred"));
    let home = folder.path().join("home");
    fs::create_dir_all(home.join(".codeocean")).unwrap();
    fs::set_permissions(&home, open(0o755)).unwrap();
    run(&home).expect(3);
    fs::set_permissions(home.join(".codeocean"), open(0o700)).unwrap();
    run(&home).expect(6);
    fs::set_permissions(&home, open(0o700)).unwrap();
    run(&home).expect(3);
}
