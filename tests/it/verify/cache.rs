//! The cache of verdicts.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use fake_deployment::{Fault, Plan};
use serde_json::json;

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

use super::servers::sandbox_at;

/// The cached verdicts.
pub(super) fn cached_verdicts(sandbox: &Sandbox) -> Vec<std::path::PathBuf> {
    let folder = sandbox.path("cache/co-cred/verdicts");
    fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}

#[test]
fn accepted_verdict_is_cached_and_rejection_is_not() {
    let deployment = Plan::with_token(TOKEN).start();
    let sandbox = sandbox_at(&deployment);
    for _ in 0..3 {
        sandbox.run(["token"]).expect(0);
    }
    assert_eq!(deployment.seen().len(), 1);
    // `check` always asks, and so does a need that the cached verdict does not cover.
    sandbox.run(["check"]).expect(0);
    sandbox.run(["check", "--verify", "auto", "--need", "data-asset:read"]).expect(0);
    assert_eq!(deployment.seen().len(), 4);
    // Another deployment has a verdict of its own.
    sandbox
        .run(["token", "--token-env", "CUSTOM_KEY", "--deployment", &format!("http://localhost:{}", deployment.port())])
        .expect(0);
    assert_eq!(deployment.seen().len(), 5);
    let rejecting = Plan::with_token(OTHER).start();
    let sandbox = sandbox_at(&rejecting);
    for _ in 0..2 {
        sandbox.run(["token"]).expect(4);
    }
    assert_eq!(rejecting.seen().len(), 4);
    assert!(cached_verdicts(&sandbox).is_empty());
}

#[test]
fn rejection_removes_the_cached_verdict() {
    let deployment = Plan::with_token(TOKEN).faults([Fault::None, Fault::Status(401), Fault::Status(401)]).start();
    let sandbox = sandbox_at(&deployment);
    sandbox.run(["token"]).expect(0);
    assert_eq!(cached_verdicts(&sandbox).len(), 1);
    sandbox.run(["check"]).expect(4);
    assert!(cached_verdicts(&sandbox).is_empty());
}

#[test]
fn cache_holds_no_token_and_is_private() {
    let deployment = Plan::with_token(TOKEN).start();
    let sandbox = sandbox_at(&deployment);
    sandbox.run(["token"]).expect(0);
    for path in [&cached_verdicts(&sandbox)[0], &sandbox.path("cache/co-cred/key")] {
        let bytes = fs::read(path).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"cop_"));
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::metadata(sandbox.path("cache/co-cred")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn invalid_or_shared_cache_files_are_ignored() {
    let spoil: [(&str, fn(&std::path::Path)); 6] = [
        ("corrupt", |path| fs::write(path, "{\"owner\"").unwrap()),
        ("empty", |path| fs::write(path, "").unwrap()),
        ("huge", |path| fs::write(path, " ".repeat(1 << 20)).unwrap()),
        ("readable by others", |path| fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap()),
        ("a link", |path| {
            fs::rename(path, path.with_extension("x")).unwrap();
            symlink(path.with_extension("x"), path).unwrap();
        }),
        ("old", |path| {
            let text = fs::read_to_string(path).unwrap();
            let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let then = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(301);
            json["checked_at"] = json!(then.to_string());
            fs::write(path, json.to_string()).unwrap();
        }),
    ];
    for (name, spoil) in spoil {
        let deployment = Plan::with_token(TOKEN).start();
        let sandbox = sandbox_at(&deployment);
        sandbox.run(["token"]).expect(0);
        spoil(&cached_verdicts(&sandbox)[0]);
        sandbox.run(["token"]).expect(0);
        assert_eq!(deployment.seen().len(), 2, "{name}");
    }
    // A date in the future.
    let deployment = Plan::with_token(TOKEN).start();
    let sandbox = sandbox_at(&deployment);
    sandbox.run(["token"]).expect(0);
    let path = &cached_verdicts(&sandbox)[0];
    let mut json: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    json["checked_at"] = json!((jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string());
    fs::write(path, json.to_string()).unwrap();
    sandbox.run(["token"]).expect(0);
    assert_eq!(deployment.seen().len(), 2);
}

#[test]
fn unwritable_cache_is_not_an_error() {
    let deployment = Plan::with_token(TOKEN).start();
    for place in ["/proc/nothing", "/dev/null"] {
        let sandbox = sandbox_at(&deployment).with("XDG_CACHE_HOME", place);
        sandbox.run(["token"]).expect(0);
    }
    let sandbox = sandbox_at(&deployment).without("XDG_CACHE_HOME").without("HOME");
    sandbox.run(["token"]).expect(0);
}
