//! The Secret Service: the real GNOME Keyring on a private bus, locked, hanging, slow, killed or shared with other programs.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::{GRACE, deployment, login, with_keyring, within_two_seconds};
use crate::support::sandbox::{OTHER, Sandbox, TOKEN, has};
use crate::support::workstation::{Bus, piped};

#[test]
fn secret_tool_finds_the_entry() {
    let deployment = deployment();
    let Some((world, _bus)) = with_keyring(&deployment) else { return };
    if !has("secret-tool") {
        return;
    }
    login(&world, &deployment, TOKEN, &["--expires", "2999-12-31"]).expect(0);
    let found = world.spawn_program("secret-tool", &["lookup", "application", "co-cred", "user", "ada@example.org"]);
    let entry: serde_json::Value = serde_json::from_str(&found.expect(0).out).unwrap();
    assert_eq!(entry["token"], TOKEN);
    assert_eq!(entry["email"], "ada@example.org");
    assert_eq!(entry["expires"], "2999-12-31");
    assert!(entry["added"].as_str().unwrap().starts_with("20"));
}

#[test]
fn a_locked_keyring_is_an_error_at_once() {
    let deployment = deployment();
    let Some((world, bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    bus.lock();
    for args in [&["token"][..], &["check"], &["status"]] {
        let ran = within_two_seconds(|| world.spawn(args.iter().copied())).expect(6);
        assert!(ran.err.contains("the Secret Service is locked"), "{ran:?}");
        assert!(ran.err.contains("unlock it"), "{ran:?}");
    }
    within_two_seconds(|| login(&world, &deployment, OTHER, &[])).expect(6);
    within_two_seconds(|| world.spawn(["logout"])).expect(6);
    let ran = within_two_seconds(|| world.spawn(["list"])).expect(0);
    assert!(ran.out.contains("ada@example.org") && ran.out.contains("is locked"), "{ran:?}");
    // A source before the keyring has the token.
    assert_eq!(world.with("CODEOCEAN_TOKEN", OTHER).spawn(["token", "--offline"]).expect(0).err, "");
}

#[test]
fn a_hanging_keyring_times_out_after_two_seconds() {
    let deployment = deployment();
    let Some((world, bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    login(&world, &deployment, OTHER, &[]).expect(0);
    bus.signal("STOP");
    let ran = within_two_seconds(|| world.spawn(["token", "--deployment", &deployment.url()]));
    assert_eq!(ran.code, 8, "two users: no store is asked. {ran:?}");
    let world = world.with("CODEOCEAN_EMAIL", GRACE);
    for args in [&["token"][..], &["check"], &["logout", "--email", GRACE]] {
        let ran = within_two_seconds(|| world.spawn(args.iter().copied())).expect(6);
        assert!(ran.err.contains("the Secret Service did not answer within 2 s"), "{ran:?}");
    }
    // One query for both logins.
    let ran = within_two_seconds(|| world.spawn(["list"])).expect(0);
    assert_eq!(ran.out.matches("did not answer").count(), 2, "{ran:?}");
    bus.signal("CONT");
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{OTHER}\n"));
}

#[test]
fn a_silent_bus_times_out_after_two_seconds() {
    let deployment = deployment();
    let Some((world, bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    let mute = world.path("mute");
    let _listener = UnixListener::bind(&mute).unwrap();
    let world = world.with("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", mute.display()));
    let ran = within_two_seconds(|| world.spawn(["token"])).expect(6);
    assert!(ran.err.contains("the Secret Service did not answer within 2 s"), "{ran:?}");
    within_two_seconds(|| login(&world, &deployment, OTHER, &[])).expect(6);
    let world = world.with("DBUS_SESSION_BUS_ADDRESS", bus.address());
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

/// An item with the same attributes that another program stored is not used as a token.
#[test]
fn entries_of_other_programs_are_ignored() {
    let deployment = deployment();
    let Some((world, _bus)) = with_keyring(&deployment) else { return };
    if !has("secret-tool") {
        return;
    }
    let plant = |secret: &str| {
        let (url, ada) = (deployment.url(), "ada@example.org");
        let attributes = ["application", "co-cred", "deployment", &url, "user", ada, "planted", "yes"];
        let args = [&["store", "--collection", "session", "--label=x"][..], &attributes].concat();
        piped(world.program("secret-tool").args(args), secret).expect(0);
    };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    let planted = |deployment: &str, email: &str, added: &str| serde_json::json!({"deployment": deployment, "token": OTHER, "email": email, "added": added, "expires": null});
    for foreign in [
        "no entry".to_owned(),
        planted("https://evil.net", "ada@example.org", "2999-01-01T00:00:00Z").to_string(),
        planted(&deployment.url(), "zed@example.org", "2999-01-01T00:00:00Z").to_string(),
        planted(&deployment.url(), "ada@example.org", "2001-01-01T00:00:00Z").to_string(),
    ] {
        plant(&foreign);
        assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"), "{foreign}");
    }
    // The next login deletes all of them.
    login(&world, &deployment, TOKEN, &[]).expect(0);
    let found = world.spawn_program("secret-tool", &["search", "--all", "application", "co-cred"]);
    assert_eq!(format!("{}{}", found.out, found.err).matches("label = ").count(), 1, "{found:?}");
}

/// A login is listed exactly if its token is in the keyring.
#[test]
fn concurrent_login_and_logout_keep_index_and_keyring_consistent() {
    let deployment = deployment();
    let Some((world, _bus)) = with_keyring(&deployment) else { return };
    for _ in 0..6 {
        thread::scope(|scope| {
            scope.spawn(|| login(&world, &deployment, TOKEN, &["--email", "ada@example.org"]).expect(0));
            scope.spawn(|| world.spawn(["logout"]));
        });
        let listed = !world.spawn(["list", "--json"]).expect(0).json().as_array().unwrap().is_empty();
        let found = world.spawn_program("secret-tool", &["lookup", "application", "co-cred"]);
        assert_eq!(listed, found.out.contains(TOKEN), "{found:?}");
    }
}

/// A proxy for the bus that forwards a number of reads from the bus, then closes the connection.
fn unreliable(world: &Sandbox, bus: &Bus, pieces: usize, pause: Duration) -> String {
    let path = world.path(&format!("proxy-{pieces}-{}", pause.as_millis()));
    let (listener, target) = (UnixListener::bind(&path).unwrap(), bus.socket().to_path_buf());
    let left = Arc::new(AtomicUsize::new(pieces));
    thread::spawn(move || {
        for near in listener.incoming() {
            let (near, far) = (near.unwrap(), UnixStream::connect(&target).unwrap());
            let left = Arc::clone(&left);
            thread::spawn(move || pass_on(near, far, &left, pause));
        }
    });
    format!("unix:path={}", path.display())
}

/// Forwards both directions while reads are left, then shuts both down.
fn pass_on(mut near: UnixStream, mut far: UnixStream, left: &AtomicUsize, pause: Duration) {
    let (mut up, mut down) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    thread::spawn(move || std::io::copy(&mut up, &mut down));
    let mut piece = [0; 4096];
    while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
        thread::sleep(pause);
        match far.read(&mut piece) {
            Ok(read @ 1..) if near.write_all(&piece[..read]).is_ok() => {}
            _ => break,
        }
    }
    let _ = (near.shutdown(std::net::Shutdown::Both), far.shutdown(std::net::Shutdown::Both));
}

/// A login that reports an error has changed nothing, and one that reports success is saved.
#[test]
fn a_lost_connection_loses_no_login() {
    let deployment = deployment();
    let Some((world, bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    let expires = || world.spawn(["list", "--json"]).expect(0).json()[0]["expires"].as_str().map(str::to_owned);
    let env = |pieces| unreliable(&world, &bus, pieces, Duration::ZERO);
    let (mut failed, mut went_well, mut last) = (0, 0, None);
    for pieces in 0..60 {
        let day = format!("2999-{:02}-{:02}", 1 + pieces / 28, 1 + pieces % 28);
        let mut command = world.command();
        command.args(["login", "--deployment", &deployment.url(), "--expires", &day]);
        let ran = within_two_seconds(|| piped(command.env("DBUS_SESSION_BUS_ADDRESS", env(pieces)), TOKEN));
        assert!(!ran.err.contains(TOKEN) && ran.code != 101, "{pieces}: {ran:?}");
        match ran.code {
            0 => (went_well, last) = (went_well + 1, Some(day)),
            _ => failed += 1,
        }
        assert_eq!(expires(), last, "{pieces}: {ran:?}");
        assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"), "{pieces}");
    }
    assert!(failed > 3 && went_well > 3, "{failed} failed, {went_well} went well");
}

#[test]
fn a_slow_service_is_waited_for() {
    let deployment = deployment();
    let Some((world, bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    let slow = unreliable(&world, &bus, 1000, Duration::from_millis(40));
    let ran = piped(world.command().args(["token", "--offline"]).env("DBUS_SESSION_BUS_ADDRESS", slow), "");
    assert_eq!(ran.expect(0).out, format!("{TOKEN}\n"));
}

#[test]
fn a_killed_service_is_reported_as_unavailable() {
    let deployment = deployment();
    let Some((world, bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    bus.signal("KILL");
    let ran = within_two_seconds(|| world.spawn(["token"])).expect(6);
    assert!(ran.err.contains("the Secret Service is not available"), "{ran:?}");
    let ran = within_two_seconds(|| world.spawn(["doctor", "--json"])).expect(6).json();
    assert_eq!(ran["problems"][0]["cause"], "keyring");
}

/// The bus answers in place of a service that ends while it is asked.
#[test]
fn a_service_that_ends_without_an_answer_is_reported_as_unavailable() {
    let deployment = deployment();
    let Some((world, bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    bus.signal("STOP");
    let ran = thread::scope(|scope| {
        let ran = scope.spawn(|| world.spawn(["token"]));
        thread::sleep(Duration::from_millis(500));
        bus.signal("KILL");
        ran.join().unwrap()
    });
    assert!(ran.expect(6).err.contains("the Secret Service is not available"));
}

/// The bus is not used unless the wanted login is in the index.
#[test]
fn the_bus_is_used_only_for_a_login_that_is_needed() {
    let deployment = deployment();
    let Some((world, bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    let (path, target) = (world.path("counting"), bus.socket().to_path_buf());
    let (listener, count) = (UnixListener::bind(&path).unwrap(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&count);
    thread::spawn(move || {
        for near in listener.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
            let (mut near, mut far) = (near.unwrap(), UnixStream::connect(&target).unwrap());
            let (mut up, mut down) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut up, &mut down));
            thread::spawn(move || std::io::copy(&mut far, &mut near));
        }
    });
    let world = world.with("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", path.display()));
    let asked = |world: &Sandbox, args: &[&str], code: i32| {
        count.store(0, Ordering::SeqCst);
        world.spawn(args.iter().copied()).expect(code);
        count.load(Ordering::SeqCst)
    };
    assert_eq!(asked(&world, &["token", "--offline"], 0), 1);
    assert_eq!(asked(&world, &["token", "--offline", "--deployment", "other.example.org"], 3), 0);
    let world = world.with("CODEOCEAN_TOKEN", OTHER);
    for args in [&["token", "--offline"][..], &["exec", "--offline", "--", "true"], &["status"], &["doctor"]] {
        assert_eq!(asked(&world, args, 0), 0, "{args:?}");
    }
}
