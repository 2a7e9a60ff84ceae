//! What names the deployment, in order.

use std::fs;

use serde_json::json;

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

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
fn the_git_remote_of_the_capsule_names_the_deployment() {
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
fn includes_and_the_working_directory_name_no_deployment() {
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
    // Where the deployment is named by other means, the mount does not matter.
    let world = base().file("mount/secrets", "export CODEOCEAN_DOMAIN=$(cat x)").without("CODEOCEAN_TOKEN");
    world.with("CUSTOM_KEY", TOKEN).run(["token", "--offline", "--deployment", "a.example.org"]).expect(0);
}
