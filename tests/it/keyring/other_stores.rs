//! Where there is no Secret Service: the kernel's keyring, and the private file of `--insecure-storage`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{deployment, login, within_two_seconds, workstation};
use crate::support::sandbox::{Ran, Sandbox, TOKEN, has};
use crate::support::workstation::Bus;

/// Runs a script with a session keyring of its own, as a login session has one.
fn in_session(world: &Sandbox, script: &str) -> Ran {
    world.program("keyctl").args(["session", "-", "sh", "-c", script]).output().unwrap().into()
}

#[test]
fn without_a_bus_login_uses_the_kernel_keyring() {
    if !has("keyctl") {
        return;
    }
    let deployment = deployment();
    let world = workstation(&deployment).with("URL", deployment.url()).file("work/token", TOKEN);
    let ran = in_session(&world, "co-cred login --deployment $URL < token && co-cred token --offline").expect(0);
    assert!(ran.err.contains("the token is in the kernel's keyring, which does not outlive a reboot"), "{ran:?}");
    assert_eq!(ran.out, format!("{TOKEN}\n"));
    // Another session of the same user has it as well.
    let ran = in_session(&world, "co-cred list && co-cred token --offline && co-cred logout").expect(0);
    assert!(ran.out.contains("in the kernel's keyring") && ran.out.contains(TOKEN), "{ran:?}");
    assert!(!in_session(&world, "keyctl show @s").expect(0).out.contains(&deployment.url()));
    in_session(&world, "co-cred token --offline").expect(3);
    // A login whose entry the kernel has dropped is reported.
    in_session(&world, "co-cred login --deployment $URL < token && keyctl unlink $(keyctl search @s user \"keyring:ada@example.org@co-cred $URL\") && keyctl clear $(keyctl get_persistent @s)").expect(0);
    let ran = in_session(&world, "co-cred token --offline").expect(3);
    assert!(ran.err.contains("is gone from the kernel's keyring") && ran.err.contains("co-cred login"), "{ran:?}");
}

#[test]
fn a_bus_without_a_service_falls_back_to_the_kernel_keyring() {
    if !has("keyctl") {
        return;
    }
    let deployment = deployment();
    let world = workstation(&deployment).with("URL", deployment.url()).file("work/token", TOKEN);
    let Some(bus) = Bus::start(&world) else { return };
    for address in [bus.address().as_str(), "unix:path=/nonexistent", "garbage", "tcp:host=127.0.0.1,port=1"] {
        let script = format!("DBUS_SESSION_BUS_ADDRESS={address} co-cred login --deployment $URL < token");
        let ran = within_two_seconds(|| in_session(&world, &script)).expect(0);
        in_session(&world, "co-cred logout").expect(0);
        assert!(ran.err.contains("the token is in the kernel's keyring"), "{address}: {ran:?}");
    }
}

#[test]
fn without_a_keyring_login_suggests_insecure_storage() {
    if !has("keyctl") {
        return;
    }
    let deployment = deployment();
    let world = workstation(&deployment);
    // A session keyring without write permission.
    let world = world.with("URL", deployment.url()).file("work/token", TOKEN);
    let ran = in_session(&world, "keyctl setperm @s 0x00000000; co-cred login --deployment $URL < token").expect(6);
    assert!(ran.err.contains("no D-Bus session is known; the kernel's keyring is not open to this process"), "{ran:?}");
    assert!(ran.err.contains("--insecure-storage"), "{ran:?}");
    assert_eq!(world.spawn(["list", "--json"]).expect(0).out, "[]\n");
    // The error comes before the token is read.
    let ran = in_session(&world, "keyctl setperm @s 0x00000000; co-cred login --deployment $URL < /dev/null").expect(6);
    assert!(ran.err.contains("--insecure-storage"), "{ran:?}");
    assert_eq!(deployment.seen().len(), 0);
}

#[test]
fn insecure_storage_is_a_private_file() {
    let deployment = deployment();
    let world = workstation(&deployment);
    login(&world, &deployment, TOKEN, &["--insecure-storage"]).expect(0);
    let path = world.path("home/.local/share/co-cred/logins.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&path).unwrap().contains(TOKEN));
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
    // A file that other users may read is not used, and neither is a broken one.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = world.spawn(["token", "--offline"]).expect(6);
    assert!(ran.err.contains("can be read by other users") && ran.err.contains("chmod 600"), "{ran:?}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let whole = fs::read(&path).unwrap();
    for broken in [&whole[..whole.len() / 2], b"[]", b"{\"logins\": [{}]}", b"\xff"] {
        fs::write(&path, broken).unwrap();
        let ran = world.spawn(["token", "--offline"]).expect(6);
        assert!(!ran.err.contains(TOKEN) && ran.err.contains("logins.json"), "{ran:?}");
    }
    fs::write(&path, whole).unwrap();
    world.spawn(["logout"]).expect(0);
    assert!(!fs::read_to_string(&path).unwrap().contains(TOKEN));
}
