//! Logins: the real GNOME Keyring on a private bus in each of its states, the kernel's keyring, and a private file.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fake_deployment::{Account, Deployment, Fault, Plan};

use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, has};
use crate::support::workstation::{Bus, PASSWORD, Screen, piped};

const GRACE: &str = "grace@example.org";

/// Two users of one deployment.
fn deployment() -> Deployment {
    let grace = Account { email: GRACE.to_owned(), ..Account::new(OTHER) };
    Plan::with_token(TOKEN).account(grace).tls().git().start()
}

/// A desk that trusts a deployment and does not name it.
fn desk(deployment: &Deployment) -> Sandbox {
    Sandbox::new().with_git(&[deployment]).on_path()
}

/// The same with the real keyring, unlocked.
fn with_keyring(deployment: &Deployment) -> Option<(Sandbox, Bus)> {
    let world = desk(deployment);
    let bus = Bus::with_keyring(&world)?;
    Some((world.with("DBUS_SESSION_BUS_ADDRESS", bus.address()), bus))
}

fn login(world: &Sandbox, deployment: &Deployment, token: &str, more: &[&str]) -> Ran {
    let url = deployment.url();
    world.pipe(&[&["login", "--deployment", &url], more].concat(), token)
}

/// Fails unless what was done took no more than the two seconds of a bus that does not answer, and what else there is.
#[track_caller]
fn within_two_seconds<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    assert!(start.elapsed() < Duration::from_millis(3500), "{:?}", start.elapsed());
    done
}

#[test]
fn one_login_serves_the_api_and_git() {
    let deployment = deployment();
    let Some((world, _bus)) = with_keyring(&deployment) else { return };
    let ran = login(&world, &deployment, &format!("{TOKEN}\n"), &[]).expect(0);
    assert!(ran.err.contains("ada@example.org is logged in") && ran.err.contains("the Secret Service"), "{ran:?}");
    assert_eq!(world.spawn(["token"]).expect(0).out, format!("{TOKEN}\n"));
    let status = world.spawn(["status", "--json"]).expect(0).json();
    assert_eq!(status["source"]["kind"], "keyring");
    assert_eq!(status["deployment"], deployment.url());
    world.spawn(["setup", "git"]).expect(0);
    world.git(&["clone", "-q", &deployment.clone_url(), "clone"]).expect(0);
    world.git(&["-C", "clone", "commit", "-q", "--allow-empty", "-m", "again"]).expect(0);
    world.git(&["-C", "clone", "push", "-q"]).expect(0);
    // No copy of it is anywhere but in the keyring.
    for file in files(&world.path("home")).iter().chain(&files(&world.path("work"))) {
        assert!(!String::from_utf8_lossy(&fs::read(file).unwrap()).contains(TOKEN), "{}", file.display());
    }
    let ran = world.spawn(["logout"]).expect(0);
    assert!(ran.err.contains("is logged out"), "{ran:?}");
    world.spawn(["token", "--offline"]).expect(3);
    let ran = world.spawn(["list"]).expect(0);
    assert!(ran.out.is_empty() && ran.err.contains("no login is kept"), "{ran:?}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.is_file() && !path.starts_with(folder.join(".local/share/keyrings")))
        .collect()
}

#[test]
fn the_same_store_is_found_by_others() {
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
fn a_login_that_fails_leaves_the_former_one() {
    let deployment = deployment();
    let Some((world, bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    // Rejected, not a token at all, nothing, another's e-mail, a broken option, nobody there to answer.
    login(&world, &deployment, "cop_Wrong", &[]).expect(4);
    login(&world, &deployment, "cop_a\ncop_b\n", &[]).expect(2);
    login(&world, &deployment, "", &[]).expect(2);
    login(&world, &deployment, OTHER, &["--email", "ada@example.org"]).expect(2);
    login(&world, &deployment, OTHER, &["--expires", "soon"]).expect(2);
    let ran = world.pipe(&["login", "--deployment", "https://localhost:9", "--timeout", "1s"], TOKEN);
    assert_eq!(ran.code, 5, "{ran:?}");
    bus.signal("STOP");
    login(&world, &deployment, TOKEN, &[]).expect(6);
    bus.signal("CONT");
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
    assert_eq!(world.spawn(["list", "--json"]).expect(0).json().as_array().unwrap().len(), 1);
}

#[test]
fn two_users_and_two_deployments_are_kept_apart() {
    let (one, two) = (deployment(), deployment());
    let world = Sandbox::new().with_git(&[&one, &two]).on_path();
    let Some(bus) = Bus::with_keyring(&world) else { return };
    let world = world.with("DBUS_SESSION_BUS_ADDRESS", bus.address());
    login(&world, &one, TOKEN, &[]).expect(0);
    login(&world, &one, OTHER, &[]).expect(0);
    let ran = world.spawn(["token", "--offline"]).expect(8);
    assert!(ran.err.contains("ada@example.org and grace@example.org are both logged in"), "{ran:?}");
    assert!(ran.err.contains("CODEOCEAN_EMAIL="), "{ran:?}");
    login(&world, &two, OTHER, &[]).expect(0);
    let ran = world.spawn(["token", "--offline"]).expect(8);
    assert!(ran.err.contains("nothing says which is meant") && ran.err.contains("--deployment"), "{ran:?}");
    let (url, ada, grace) = (one.url(), "ada@example.org", GRACE);
    let token = |world: &Sandbox, email: &str, url: &str| {
        let mut command = world.command();
        command.args(["token", "--offline", "--deployment", url]).env("CODEOCEAN_EMAIL", email);
        piped(&mut command, "").out
    };
    assert_eq!(token(&world, ada, &url), format!("{TOKEN}\n"));
    assert_eq!(token(&world, grace, &url), format!("{OTHER}\n"));
    assert_eq!(token(&world, "nobody@example.org", &url), "");
    let mut command = world.command();
    command.args(["token", "--offline", "--deployment", &url]).env("CODEOCEAN_EMAIL", "nobody@example.org");
    let ran = piped(&mut command, "").expect(3);
    assert!(ran.err.contains(&format!("nobody@example.org is not logged in at {url}")), "{ran:?}");
    assert_eq!(world.spawn(["token", "--offline", "--deployment", &two.url()]).expect(0).out, format!("{OTHER}\n"));
    // Git names the user, and gets that user's token; for a user who is not here, nothing.
    let host = &url["https://".len()..];
    let ask =
        |user: &str| world.pipe(&["git-credential", "get"], &format!("protocol=https\nhost={host}\nusername={user}\n"));
    assert_eq!(ask(ada).expect(0).out, format!("password={TOKEN}\nusername={ada}\n"));
    assert_eq!(ask(grace).expect(0).out, format!("password={OTHER}\nusername={grace}\n"));
    assert_eq!(ask("nobody@example.org").expect(0).out, "");
    let ran = world.spawn(["logout"]).expect(2);
    assert!(ran.err.contains("--all"), "{ran:?}");
    world.spawn(["logout", "--deployment", &url, "--email", grace]).expect(0);
    assert_eq!(world.spawn(["token", "--offline", "--deployment", &url]).expect(0).out, format!("{TOKEN}\n"));
    world.spawn(["logout", "--all"]).expect(0);
    assert_eq!(world.spawn(["list", "--json"]).expect(0).out, "[]\n");
}

#[test]
fn git_stores_and_erases_its_own_alone() {
    let deployment = deployment();
    let Some((world, _bus)) = with_keyring(&deployment) else { return };
    let world = world.with("CODEOCEAN_DOMAIN", deployment.url());
    let host = deployment.url()["https://".len()..].to_owned();
    let git = |action: &str, host: &str, user: &str, token: &str| {
        let request = format!("protocol=https\nhost={host}\nusername={user}\npassword={token}\n");
        piped(world.program("git").args(["-c", "credential.helper=co-cred", "credential", action]), &request)
    };
    let kept = || world.spawn(["list", "--json"]).expect(0).json().as_array().unwrap().len();
    // What Git found good at a deployment that nobody knows, or for somebody who is none, is not for us to keep.
    git("approve", "evil.net", "ada@example.org", TOKEN).expect(0);
    git("approve", &host, "ada", TOKEN).expect(0);
    assert_eq!(kept(), 0);
    let ran = git("approve", &host, "ada@example.org", TOKEN).expect(0);
    assert_eq!(kept(), 1, "{ran:?}");
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
    // What it already has is not written again.
    assert_eq!(git("approve", &host, "ada@example.org", TOKEN).expect(0).err, "");
    // Refused: another token than the one that is kept, another user's, another host's.
    git("reject", &host, "ada@example.org", OTHER).expect(0);
    git("reject", &host, GRACE, TOKEN).expect(0);
    git("reject", "evil.net", "ada@example.org", TOKEN).expect(0);
    assert_eq!(kept(), 1);
    // The deployment accepts the token: Git was refused for another reason.
    let ran = git("reject", &host, "ada@example.org", TOKEN).expect(0);
    let words = "Git refused this login, but the token is good: check the e-mail and the Capsule scope";
    assert!(ran.err.contains(words), "{ran:?}");
    assert_eq!(kept(), 1);
    world.spawn(["logout"]).expect(0);
    // A token that a capsule was lent is neither kept nor forgotten.
    let lent = world.with("CODEOCEAN_TOKEN", OTHER);
    let git = |action: &str| {
        let request = format!("protocol=https\nhost={host}\nusername={GRACE}\npassword={OTHER}\n");
        piped(lent.program("git").args(["-c", "credential.helper=co-cred", "credential", action]), &request)
    };
    assert_eq!(git("approve").expect(0).err, "");
    assert_eq!(lent.spawn(["list", "--json"]).expect(0).out, "[]\n");
    let ran = git("reject").expect(0);
    assert!(ran.err.contains("came from CODEOCEAN_TOKEN"), "{ran:?}");
}

#[test]
fn what_is_not_to_be_kept_is_not() {
    let deployment = deployment();
    let Some((world, _bus)) = with_keyring(&deployment) else { return };
    let host = deployment.url()["https://".len()..].to_owned();
    let store = |more: &str| {
        let request = format!("protocol=https\nhost={host}\nusername=ada@example.org\npassword={TOKEN}\n{more}");
        world.pipe(&["git-credential", "store", "--deployment", &deployment.url()], &request).expect(0);
        world.spawn(["list", "--json"]).expect(0).json()
    };
    assert_eq!(store("ephemeral=1\n").as_array().unwrap().len(), 0);
    assert_eq!(store("password_expiry_utc=32503593600\n")[0]["expires"], "2999-12-31");
}

#[test]
fn a_token_that_ends_soon_is_told_ahead() {
    let deployment = deployment();
    let Some((world, _bus)) = with_keyring(&deployment) else { return };
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = |days: i64| (today + jiff::Span::new().days(days)).to_string();
    for (days, told) in [(-1, "is over"), (0, "ends today"), (1, "ends tomorrow"), (14, "ends in 14 days"), (15, "")] {
        login(&world, &deployment, TOKEN, &["--expires", &day(days)]).expect(0);
        for command in ["status", "doctor", "check", "token"] {
            let ran = world.spawn([command]).expect(0);
            let said = format!("{}{}", ran.out, ran.err);
            let warned = !told.is_empty() && said.contains(&format!("the time of ada@example.org's token {told}"));
            assert_eq!(warned, !told.is_empty(), "{command} {days}: {ran:?}");
            assert!(!told.is_empty() || !said.contains("the time of"), "{command} {days}: {ran:?}");
        }
    }
    // Git learns of an end that is to come, and of none that has passed.
    let host = &deployment.url()["https://".len()..];
    let ask = || world.pipe(&["git-credential", "get"], &format!("protocol=https\nhost={host}\n")).expect(0).out;
    assert!(ask().contains("password_expiry_utc="));
    login(&world, &deployment, TOKEN, &["--expires", &day(-1)]).expect(0);
    assert!(!ask().contains("password_expiry_utc="));
}

#[test]
fn a_locked_keyring_is_named_at_once_and_lost_nothing() {
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
    // A source before it has the token.
    assert_eq!(world.with("CODEOCEAN_TOKEN", OTHER).spawn(["token", "--offline"]).expect(0).err, "");
}

#[test]
fn a_keyring_that_hangs_costs_two_seconds_and_is_named() {
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
    // Both are asked for at once.
    let ran = within_two_seconds(|| world.spawn(["list"])).expect(0);
    assert_eq!(ran.out.matches("did not answer").count(), 2, "{ran:?}");
    bus.signal("CONT");
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{OTHER}\n"));
}

#[test]
fn a_bus_that_accepts_and_says_nothing_costs_two_seconds() {
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

/// The list is looked at before a store is touched.
#[test]
fn a_login_that_cannot_be_noted_is_not_kept() {
    let deployment = deployment();
    let Some((world, _bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    let list = world.path("home/.local/share/co-cred/logins.json");
    fs::set_permissions(&list, fs::Permissions::from_mode(0o644)).unwrap();
    login(&world, &deployment, TOKEN, &["--expires", "2999-12-31"]).expect(6);
    login(&world, &deployment, OTHER, &[]).expect(6);
    fs::set_permissions(&list, fs::Permissions::from_mode(0o600)).unwrap();
    let kept = world.spawn(["list", "--json"]).expect(0).json();
    assert_eq!((kept.as_array().unwrap().len(), &kept[0]["expires"]), (1, &serde_json::Value::Null));
    if has("secret-tool") {
        let found = world.spawn_program("secret-tool", &["lookup", "application", "co-cred", "user", GRACE]);
        assert_eq!(found.out, "", "a token that nobody noted");
    }
}

/// What somebody else put into the keyring is not taken for ours.
#[test]
fn a_stranger_in_the_keyring_is_not_believed() {
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
    for stranger in [
        "no entry".to_owned(),
        planted("https://evil.net", "ada@example.org", "2999-01-01T00:00:00Z").to_string(),
        planted(&deployment.url(), "zed@example.org", "2999-01-01T00:00:00Z").to_string(),
        planted(&deployment.url(), "ada@example.org", "2001-01-01T00:00:00Z").to_string(),
    ] {
        plant(&stranger);
        assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"), "{stranger}");
    }
    // The next login takes them all away.
    login(&world, &deployment, TOKEN, &[]).expect(0);
    let found = world.spawn_program("secret-tool", &["search", "--all", "application", "co-cred"]);
    assert_eq!(format!("{}{}", found.out, found.err).matches("label = ").count(), 1, "{found:?}");
}

#[test]
fn a_login_whose_keyring_is_gone_can_be_forgotten() {
    let deployment = deployment();
    let Some((world, bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    login(&world, &deployment, OTHER, &["--insecure-storage"]).expect(0);
    let address = bus.address();
    let away = world.without("DBUS_SESSION_BUS_ADDRESS");
    // One that cannot be forgotten does not keep the others.
    let ran = away.spawn(["logout", "--all"]).expect(6);
    assert!(ran.err.contains("grace@example.org is logged out") && ran.err.contains("--force"), "{ran:?}");
    let ran = login(&away, &deployment, TOKEN, &["--insecure-storage"]).expect(0);
    assert!(ran.err.contains("the former token of ada@example.org is still in the Secret Service"), "{ran:?}");
    away.spawn(["logout"]).expect(0);
    let world = away.with("DBUS_SESSION_BUS_ADDRESS", &address);
    login(&world, &deployment, TOKEN, &[]).expect(0);
    let away = world.without("DBUS_SESSION_BUS_ADDRESS");
    away.spawn(["logout"]).expect(6);
    let ran = away.spawn(["logout", "--force"]).expect(0);
    assert!(ran.err.contains("its token is still there"), "{ran:?}");
    assert_eq!(away.spawn(["list", "--json"]).expect(0).out, "[]\n");
}

/// Logins and logouts at the same time: what says that it is kept is listed.
#[test]
fn logouts_and_logins_at_the_same_time_agree() {
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

/// Between co-cred and the bus: passes on so many pieces of what the bus says, then breaks off.
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

/// Passes on what both sides say, as long as pieces are left; then both see the end.
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

/// A login that says that it failed has changed nothing, and one that says nothing of the kind is there.
#[test]
fn a_service_that_goes_away_half_way_loses_nothing() {
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
fn a_killed_service_is_named() {
    let deployment = deployment();
    let Some((world, bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    bus.signal("KILL");
    let ran = within_two_seconds(|| world.spawn(["token"])).expect(6);
    assert!(ran.err.contains("the Secret Service is not there"), "{ran:?}");
    let ran = within_two_seconds(|| world.spawn(["doctor", "--json"])).expect(6).json();
    assert_eq!(ran["problems"][0]["cause"], "keyring");
}

/// No bus is asked unless a login that is wanted is there.
#[test]
fn the_bus_is_left_alone_where_it_is_not_needed() {
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

/// Runs a script in a session's keyring of its own, as a login makes one.
fn in_session(world: &Sandbox, script: &str) -> Ran {
    world.program("keyctl").args(["session", "-", "sh", "-c", script]).output().unwrap().into()
}

#[test]
fn without_a_bus_the_kernel_keeps_it_until_a_reboot() {
    if !has("keyctl") {
        return;
    }
    let deployment = deployment();
    let world = desk(&deployment).with("URL", deployment.url()).file("work/token", TOKEN);
    let ran = in_session(&world, "co-cred login --deployment $URL < token && co-cred token --offline").expect(0);
    assert!(ran.err.contains("the token is in the kernel's keyring, which does not outlive a reboot"), "{ran:?}");
    assert_eq!(ran.out, format!("{TOKEN}\n"));
    // Another session of the same user has it as well.
    let ran = in_session(&world, "co-cred list && co-cred token --offline && co-cred logout").expect(0);
    assert!(ran.out.contains("in the kernel's keyring") && ran.out.contains(TOKEN), "{ran:?}");
    assert!(!in_session(&world, "keyctl show @s").expect(0).out.contains(&deployment.url()));
    in_session(&world, "co-cred token --offline").expect(3);
    // A login that the kernel has lost is told as such.
    in_session(&world, "co-cred login --deployment $URL < token && keyctl unlink $(keyctl search @s user \"keyring:ada@example.org@co-cred $URL\") && keyctl clear $(keyctl get_persistent @s)").expect(0);
    let ran = in_session(&world, "co-cred token --offline").expect(3);
    assert!(ran.err.contains("is gone from the kernel's keyring") && ran.err.contains("co-cred login"), "{ran:?}");
}

#[test]
fn a_bus_without_a_service_is_as_none() {
    if !has("keyctl") {
        return;
    }
    let deployment = deployment();
    let world = desk(&deployment).with("URL", deployment.url()).file("work/token", TOKEN);
    let Some(bus) = Bus::start(&world) else { return };
    for address in [bus.address().as_str(), "unix:path=/nonexistent", "garbage", "tcp:host=127.0.0.1,port=1"] {
        let script = format!("DBUS_SESSION_BUS_ADDRESS={address} co-cred login --deployment $URL < token");
        let ran = within_two_seconds(|| in_session(&world, &script)).expect(0);
        in_session(&world, "co-cred logout").expect(0);
        assert!(ran.err.contains("the token is in the kernel's keyring"), "{address}: {ran:?}");
    }
}

#[test]
fn without_any_keyring_a_login_says_what_can_be_done() {
    let deployment = deployment();
    let world = desk(&deployment);
    // A session whose keyring nobody can write to.
    let world = world.with("URL", deployment.url()).file("work/token", TOKEN);
    let ran = in_session(&world, "keyctl setperm @s 0x00000000; co-cred login --deployment $URL < token").expect(6);
    assert!(ran.err.contains("no D-Bus session is known; the kernel's keyring is not open to this process"), "{ran:?}");
    assert!(ran.err.contains("--insecure-storage"), "{ran:?}");
    assert_eq!(world.spawn(["list", "--json"]).expect(0).out, "[]\n");
    // That is found out before the token is asked for.
    let ran = in_session(&world, "keyctl setperm @s 0x00000000; co-cred login --deployment $URL < /dev/null").expect(6);
    assert!(ran.err.contains("--insecure-storage"), "{ran:?}");
    assert_eq!(deployment.seen().len(), 0);
}

#[test]
fn a_file_keeps_it_for_whoever_asks_for_that() {
    let deployment = deployment();
    let world = desk(&deployment);
    login(&world, &deployment, TOKEN, &["--insecure-storage"]).expect(0);
    let path = world.path("home/.local/share/co-cred/logins.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&path).unwrap().contains(TOKEN));
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
    // One that others may read is not used, and neither is one that is broken.
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

#[test]
fn logins_at_the_same_time_are_all_kept() {
    let deployment = deployment();
    let world = desk(&deployment);
    let world = &world;
    thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || {
                let args = ["login", "--insecure-storage", "--offline", "--email"];
                let (email, url) = (format!("user{number}@example.org"), format!("https://co{number}.example.org"));
                world.pipe(&[&args[..], &[&email, "--deployment", &url]].concat(), TOKEN).expect(0);
            });
        }
    });
    assert_eq!(world.spawn(["list", "--json"]).expect(0).json().as_array().unwrap().len(), 8);
}

#[test]
fn the_owner_is_asked_for_where_the_deployment_does_not_tell() {
    let owner = Account { has_capsule: false, data_assets: false, ..Account::new(TOKEN) };
    let deployment = Plan::default().account(owner).tls().start();
    let world = desk(&deployment);
    let ran = login(&world, &deployment, TOKEN, &["--insecure-storage"]).expect(2);
    assert!(ran.err.contains("does not tell whose token it is") && ran.err.contains("--email"), "{ran:?}");
    login(&world, &deployment, TOKEN, &["--insecure-storage", "--email", "ada@example.org"]).expect(0);
    // Without a deployment, nothing can be kept.
    let ran = Sandbox::new().pipe(&["login"], TOKEN).expect(3);
    assert!(ran.err.contains("--deployment"), "{ran:?}");
}

#[test]
fn an_unreachable_deployment_keeps_nothing() {
    let deployment = Plan::with_token(TOKEN).tls().always(Fault::Status(503)).start();
    let world = desk(&deployment);
    login(&world, &deployment, TOKEN, &["--insecure-storage", "--timeout", "500ms"]).expect(5);
    assert_eq!(world.spawn(["list", "--json"]).expect(0).out, "[]\n");
}

/// A terminal in which `co-cred login` waits for the token, and what is seen there.
struct Terminal {
    child: std::process::Child,
    keyboard: std::process::ChildStdin,
    transcript: PathBuf,
}

impl Terminal {
    /// Runs a script up to where it asks for the token.
    fn start(world: &Sandbox, deployment: &Deployment, script: &str) -> Terminal {
        let transcript = world.path("transcript");
        let mut terminal = world.program("script");
        terminal.args(["--quiet", "--flush", "--return", "--command", script]).arg(&transcript);
        terminal.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).env("TERM", "xterm");
        let mut child = terminal.spawn().unwrap();
        let keyboard = child.stdin.take().unwrap();
        let mut terminal = Terminal { child, keyboard, transcript };
        if !script.contains("--deployment") {
            terminal.wait_for("Deployment, as in the browser");
            terminal.type_line(&deployment.url());
        }
        terminal.wait_for("it is not shown");
        // Whoever types is not that fast: the terminal's echo is off by now.
        thread::sleep(Duration::from_millis(200));
        terminal
    }

    fn wait_for(&self, words: &str) {
        let said = || fs::read_to_string(&self.transcript).unwrap_or_default().contains(words);
        crate::support::workstation::wait(words, said);
    }

    fn type_line(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    fn end(self) -> Ran {
        drop(self.keyboard);
        self.child.wait_with_output().unwrap().into()
    }
}

/// At a terminal the token is typed without being shown.
#[test]
fn at_a_terminal_nothing_is_echoed() {
    if !has("script") {
        return;
    }
    let deployment = deployment();
    let world = desk(&deployment);
    let mut terminal = Terminal::start(&world, &deployment, "co-cred login --insecure-storage");
    terminal.type_line(TOKEN);
    terminal.wait_for("is logged in");
    let ran = terminal.end().expect(0);
    assert!(!ran.out.contains("cop_"), "{ran:?}");
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

/// A locked keyring asks whoever is at the terminal for its password, in the desktop's own window; nobody else is asked.
#[test]
fn a_locked_keyring_prompts_whoever_is_there() {
    const PROMPTER: &str = "/usr/libexec/gcr-prompter";
    const WINDOW: &str = "Unlock Login Keyring";
    if !has("script") || !has(PROMPTER) {
        return;
    }
    let deployment = deployment();
    let Some((world, mut bus)) = with_keyring(&deployment) else { return };
    let Some(screen) = Screen::start() else { return };
    bus.add(world.program(PROMPTER).env("DISPLAY", screen.name()).env("NO_AT_BRIDGE", "1"));
    bus.wait_for("org.gnome.keyring.SystemPrompter");
    login(&world, &deployment, TOKEN, &[]).expect(0);
    bus.lock();
    within_two_seconds(|| world.spawn(["token"])).expect(6);
    within_two_seconds(|| login(&world, &deployment, OTHER, &[])).expect(6);
    assert!(!screen.shows(WINDOW), "nobody is there to be asked");
    let script = format!("co-cred login --deployment {}", deployment.url());
    // Dismissed: what is kept stays as it was.
    let mut terminal = Terminal::start(&world, &deployment, &script);
    terminal.type_line(TOKEN);
    screen.answer(WINDOW, "", "Escape");
    terminal.wait_for("the Secret Service is locked");
    terminal.end().expect(6);
    // Answered, after more than the two seconds that a silent keyring has.
    let mut terminal = Terminal::start(&world, &deployment, &script);
    terminal.type_line(TOKEN);
    crate::support::workstation::wait(WINDOW, || screen.shows(WINDOW));
    thread::sleep(Duration::from_millis(2500));
    screen.answer(WINDOW, PASSWORD, "Return");
    terminal.wait_for("is logged in");
    terminal.end().expect(0);
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

/// Whoever changes their mind gets the terminal back as it was, and the shell sees the signal.
#[test]
fn ctrl_c_at_the_prompt_leaves_a_usable_terminal() {
    if !has("script") {
        return;
    }
    let deployment = deployment();
    for ending in ["\u{3}", "TERM"] {
        let world = desk(&deployment);
        let script = "stty -a > before; sh -c 'echo $$ > pid; exec co-cred login --insecure-storage'; echo ended $?; \
                      stty -a > after; cmp before after && echo the same";
        let mut terminal = Terminal::start(&world, &deployment, script);
        match ending {
            "TERM" => {
                let pid = fs::read_to_string(world.path("work/pid")).unwrap();
                std::process::Command::new("kill").arg(pid.trim()).status().unwrap();
            }
            key => write!(terminal.keyboard, "{key}").unwrap(),
        }
        terminal.wait_for("the same");
        let ran = terminal.end();
        let code = if ending == "TERM" { 143 } else { 130 };
        assert!(ran.out.contains(&format!("ended {code}")), "{ran:?}");
    }
}
