//! The credentials file binds its token to one deployment.

use std::fs;

use serde_json::json;

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

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
fn a_variable_names_another_credentials_file() {
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
