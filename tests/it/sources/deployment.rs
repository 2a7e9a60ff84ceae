//! Which deployment a token is for, and that no other is sent it.

use fake_deployment::Plan;
use serde_json::json;

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

fn remote(host: &str) -> String {
    format!("[remote \"origin\"]\n\turl = https://{host}/capsule-1234567.git\n")
}

fn configured(hosts: &[&str]) -> String {
    hosts.iter().map(|host| format!("[[deployment]]\ndomain = \"{host}\"\n")).collect()
}

fn status(world: &Sandbox) -> serde_json::Value {
    world.run(["status", "--json", "--offline"]).expect(0).json()
}

#[test]
fn a_remote_that_disagrees_with_the_configuration_is_told_and_not_followed() {
    let capsule = || Sandbox::new().with("CUSTOM_KEY", TOKEN).file("capsule/.git/config", remote("evil.example.org"));
    for (config, expected) in [
        (configured(&["co.example.org"]), json!("https://co.example.org")),
        (configured(&["co.example.org"]) + "default = true\n", json!("https://co.example.org")),
        (configured(&["co.example.org", "two.example.org"]), json!(null)),
        (String::new(), json!("https://evil.example.org")),
    ] {
        let world = capsule().file("home/.config/co-cred/config.toml", &config);
        assert_eq!(status(&world)["deployment"], expected, "{config}");
    }
    let world = capsule().file("home/.config/co-cred/config.toml", configured(&["co.example.org"]));
    let ran = world.spawn(["exec", "--offline", "--", "sh", "-c", "echo $CODEOCEAN_DOMAIN"]).expect(0);
    assert_eq!(ran.out, "https://co.example.org\n");
    assert!(ran.err.contains("names https://evil.example.org, which is not followed"), "{ran:?}");
    // Of several that the user has named, the remote chooses.
    let config = configured(&["co.example.org", "evil.example.org"]);
    let world = capsule().file("home/.config/co-cred/config.toml", config);
    assert_eq!(status(&world)["deployment"], "https://evil.example.org");
    // Past the one that the user prefers, it does not.
    let config = configured(&["evil.example.org", "co.example.org"]) + "default = true\n";
    let world = capsule().file("home/.config/co-cred/config.toml", config);
    let ran = world.spawn(["exec", "--offline", "--", "sh", "-c", "echo $CODEOCEAN_DOMAIN"]).expect(0);
    assert_eq!(ran.out, "https://co.example.org\n");
    assert!(ran.err.contains("names https://evil.example.org, which is not followed"), "{ran:?}");
}

#[test]
fn a_token_that_one_deployment_has_accepted_is_not_sent_to_another() {
    let (home, other) = (Plan::with_token(TOKEN).start(), Plan::with_token(TOKEN).start());
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&home);
    world.run(["check"]).expect(0);
    let world = world.at(&other);
    for args in [&["check"][..], &["status"], &["token"], &["env"], &["check", "--verify", "auto"]] {
        let ran = world.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
        assert!(!ran.out.contains(TOKEN), "{ran:?}");
    }
    let ran = world.spawn(["exec", "--", "touch", "ran"]).expect(125);
    assert!(ran.err.contains("it is not sent there") && ran.err.contains("--deployment"), "{ran:?}");
    assert!(!world.path("work/ran").exists());
    assert!(other.seen().is_empty());
    // The user says that it belongs to both; another token has nothing to do with it.
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&home);
    world.run(["check"]).expect(0);
    let world = world.at(&other);
    world.run(["check", "--deployment", &other.url()]).expect(0);
    world.run(["check"]).expect(0);
    world.at(&home).run(["check"]).expect(0);
    let stranger = Plan::with_token(OTHER).start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&home);
    world.run(["check"]).expect(0);
    world.with("CUSTOM_KEY", OTHER).at(&stranger).run(["check"]).expect(0);
}

/// What is handed to a command, or to the broker, goes to the deployment beside it, asked or not.
#[test]
fn an_accepted_token_is_handed_on_for_no_other_deployment_unasked_either() {
    let (home, other) = (Plan::with_token(TOKEN).start(), Plan::with_token(TOKEN).start());
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&home);
    world.run(["check"]).expect(0);
    let world = world.at(&other);
    let fetch = "curl -s -u \"$CODEOCEAN_TOKEN:\" \"$CODEOCEAN_DOMAIN/api/v1/capsules/x\"";
    for unasked in [&["--offline"][..], &["--verify", "never"]] {
        for args in [&["exec"][..], &["exec", "--broker"]] {
            let ran = world.spawn([args, unasked, &["--", "sh", "-c", fetch]].concat());
            assert!(ran.code == 125 && ran.err.contains("it is not sent there"), "{args:?}: {ran:?}");
        }
        let ran = world.run([&["env"], unasked].concat());
        assert!(ran.code == 2 && !ran.out.contains(TOKEN), "{ran:?}");
        let url = other.url();
        let named = [&["token", "--deployment", &url], unasked].concat();
        assert_eq!(world.run(named).expect(0).out, format!("{TOKEN}\n"));
    }
    assert!(other.seen().is_empty());
}

/// Git names the host, and is given the token for it.
#[test]
fn git_is_given_an_accepted_token_for_no_other_deployment() {
    let (home, other) = (Plan::with_token(TOKEN).tls().start(), Plan::with_token(TOKEN).tls().start());
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_EMAIL", "ada@example.org");
    let asked = |world: Sandbox, deployment: &fake_deployment::Deployment| {
        let request = format!("protocol=https\nhost={}\n\n", deployment.url().trim_start_matches("https://"));
        world.at(deployment).with_input(&request)
    };
    let world = asked(world, &home);
    world.run(["check"]).expect(0);
    assert!(world.run(["git-credential", "get"]).out.contains(TOKEN));
    let world = asked(world, &other);
    let ran = world.run(["git-credential", "get"]);
    assert!(!ran.out.contains(TOKEN) && ran.err.contains("it is not sent there"), "{ran:?}");
    assert!(other.seen().is_empty());
}

#[test]
fn a_token_that_its_deployment_no_longer_accepts_may_be_tried_elsewhere() {
    let home = Plan::with_token(TOKEN).start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&home);
    world.run(["check"]).expect(0);
    // Another one's rejection says nothing of this one.
    let stranger = Plan::with_token(OTHER).start();
    world.run(["check", "--deployment", &stranger.url()]).expect(4);
    let other = Plan::with_token(TOKEN).start();
    let world = world.at(&other);
    world.run(["check"]).expect(2);
    home.revoke(TOKEN);
    let world = world.at(&home);
    world.run(["check"]).expect(4);
    world.at(&other).run(["check"]).expect(0);
}

/// A slot or a Dockerfile may set the variable to nothing.
#[test]
fn an_empty_variable_for_the_deployment_is_named() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN);
    assert!(!world.run(["check"]).expect(3).err.contains("empty"));
    let ran = world.with("CODEOCEAN_DOMAIN", " ").run(["check"]).expect(3);
    assert!(ran.err.contains("CODEOCEAN_DOMAIN is set, but empty"), "{ran:?}");
    let ran = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "").run(["check"]).expect(3);
    assert!(ran.err.contains("CODEOCEAN_DOMAIN is set, but empty"), "{ran:?}");
}

#[test]
fn a_page_copied_from_the_browser_names_its_deployment() {
    let pages = [
        "https://co.example.org/capsule/1234567/tree",
        "co.example.org/dashboard?tab=capsules",
        "https://co.example.org/#/data",
        "https://co.example.org/data/ada@example.org",
        "https://co.example.org?x=http://evil.example.org",
    ];
    for page in pages {
        for world in [
            Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", page),
            Sandbox::new().with("CUSTOM_KEY", TOKEN).file("mount/CODEOCEAN_URL", page),
            Sandbox::new().credentials(page, TOKEN),
        ] {
            let ran = world.run(["env", "--offline", "--format", "json"]).expect(0);
            assert_eq!(ran.json()["CODEOCEAN_DOMAIN"], "https://co.example.org", "{page}");
            assert!(ran.err.contains("the address of a page"), "{ran:?}");
        }
        let world = Sandbox::new().with("CUSTOM_KEY", TOKEN);
        let ran = world.run(["env", "--offline", "--format", "json", "--deployment", page]).expect(0);
        assert_eq!(ran.json()["CODEOCEAN_DOMAIN"], "https://co.example.org");
        // The hint keeps to the form: code that puts https:// before a host would not bear another.
        let written = if page.contains("https://") { "https://co.example.org" } else { "co.example.org" };
        assert!(ran.err.ends_with(&format!("write {written}\n")), "{ran:?}");
        // A client would not cut it: this is no value that stays.
        let world = world.with("CODEOCEAN_URL", page);
        let ran = world.spawn(["exec", "--offline", "--", "sh", "-c", "echo $CODEOCEAN_URL"]).expect(0);
        assert!(matches!(&*ran.out, "https://co.example.org\n" | "co.example.org\n"), "{ran:?}");
    }
    for wrong in ["https://ada@co.example.org/capsule", "http://co.example.org/capsule", "/capsule", "https:///x"] {
        Sandbox::new().with("CUSTOM_KEY", TOKEN).run(["token", "--offline", "--deployment", wrong]).expect(2);
    }
}
