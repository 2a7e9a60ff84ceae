//! The semantics of Git's own test suite for credential helpers that store logins, through Git itself, with e-mails as users and
//! tokens as passwords.

use std::time::Duration;

use fake_deployment::{Account, Deployment, Plan};
use jiff::{Timestamp, ToSpan};

use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, has};
use crate::support::workstation::{Bus, piped};

const ADA: &str = "ada@example.org";
const GRACE: &str = "grace@example.org";

/// A store and two deployments; the second knows no token.
struct Store {
    world: Sandbox,
    deployment: Deployment,
    _bus: Bus,
}

impl Store {
    fn new() -> Option<Store> {
        let grace = Account { email: GRACE.to_owned(), ..Account::new(OTHER) };
        Store::at(Plan::with_token(TOKEN).account(grace).tls().start())
    }

    fn at(deployment: Deployment) -> Option<Store> {
        if !has("git") {
            return None;
        }
        let world = Sandbox::new().with_git(&[&deployment]).on_path().with("CODEOCEAN_DOMAIN", deployment.url());
        let bus = Bus::with_keyring(&world)?;
        let world = world.with("DBUS_SESSION_BUS_ADDRESS", bus.address());
        Some(Store { world, deployment, _bus: bus })
    }

    fn host(&self) -> String {
        self.deployment.url()["https://".len()..].to_owned()
    }

    /// `git credential ACTION`; each line is an attribute after protocol and host.
    fn git(&self, action: &str, lines: &[&str]) -> Ran {
        let host = self.host();
        self.git_at(&host, action, lines)
    }

    fn git_at(&self, host: &str, action: &str, lines: &[&str]) -> Ran {
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let request = format!("protocol=https\nhost={host}\n{lines}\n");
        piped(self.world.program("git").args(["-c", "credential.helper=co-cred", "credential", action]), &request)
    }

    fn approve(&self, user: &str, token: &str) {
        self.git("approve", &[&format!("username={user}"), &format!("password={token}")]).expect(0);
    }

    /// The user and the password that Git would send; none if it would have to ask.
    fn fill(&self, lines: &[&str]) -> Option<(String, String)> {
        let ran = self.git("fill", lines);
        let value = |key: &str| Some(ran.out.lines().find_map(|line| line.strip_prefix(key))?.to_owned());
        Some((value("username=")?, value("password=")?)).filter(|_| ran.code == 0)
    }

    fn is(&self, lines: &[&str], user: &str, token: &str) {
        assert_eq!(self.fill(lines), Some((user.to_owned(), token.to_owned())), "{lines:?}");
    }
}

fn user(user: &str) -> String {
    format!("username={user}")
}

#[test]
fn stores_gets_and_overwrites() {
    let Some(store) = Store::new() else { return };
    assert_eq!(store.fill(&[]), None);
    store.approve(ADA, OTHER);
    store.is(&[], ADA, OTHER);
    store.is(&[&user(ADA)], ADA, OTHER);
    store.approve(ADA, TOKEN);
    store.is(&[], ADA, TOKEN);
    // Another protocol, another host, another user.
    let http = format!("protocol=http\nhost={}\n\n", store.host());
    let ran = piped(store.world.program("git").args(["-c", "credential.helper=co-cred", "credential", "fill"]), &http);
    assert_ne!(ran.code, 0);
    assert_ne!(store.git_at("other.example.org", "fill", &[]).code, 0);
    assert_eq!(store.fill(&[&user(GRACE)]), None);
    // A path does not matter, as Git leaves it out unless credential.useHttpPath is set.
    store.is(&["path=capsule-1234567.git"], ADA, TOKEN);
}

#[test]
fn reject_removes_a_host() {
    let Some(store) = Store::new() else { return };
    store.approve(ADA, TOKEN);
    store.approve(GRACE, OTHER);
    let ran = store.git("reject", &[]).expect(0);
    assert!(ran.err.contains(ADA) && ran.err.contains(GRACE) && !ran.err.contains("cop_"), "{ran:?}");
    assert_eq!(store.fill(&[&user(ADA)]), None);
    assert_eq!(store.fill(&[&user(GRACE)]), None);
    assert_eq!(store.world.spawn(["list", "--json"]).expect(0).out, "[]\n");
    // Those of another host are kept.
    store.approve(ADA, TOKEN);
    store.git_at("other.example.org", "reject", &[]).expect(0);
    store.git_at("git.other.example.org", "reject", &[]).expect(0);
    store.is(&[], ADA, TOKEN);
}

#[test]
fn reject_removes_one_of_several_users() {
    let Some(store) = Store::new() else { return };
    store.approve(ADA, TOKEN);
    store.approve(GRACE, OTHER);
    store.is(&[&user(ADA)], ADA, TOKEN);
    store.is(&[&user(GRACE)], GRACE, OTHER);
    store.git("reject", &[&user("zed@example.org")]).expect(0);
    store.git("reject", &[&user("ADA@example.org")]).expect(0);
    assert_eq!(store.fill(&[&user(ADA)]), None);
    store.is(&[&user(GRACE)], GRACE, OTHER);
    store.is(&[], GRACE, OTHER);
}

#[test]
fn reject_keeps_another_password_than_the_refused_one() {
    let Some(store) = Store::new() else { return };
    store.approve(ADA, TOKEN);
    for password in ["cop_Another88Token", "not a token", "", OTHER] {
        store.git("reject", &[&user(ADA), &format!("password={password}")]).expect(0);
        store.is(&[], ADA, TOKEN);
    }
    // Nor does another kind of credential say anything about it.
    for credential in ["authtype=Bearer\ncredential=xyz", "authtype=Basic\ncredential=!!", "oauth_refresh_token=x"] {
        let request = format!("protocol=https\nhost={}\n{credential}\n", store.host());
        store.world.pipe(&["git-credential", "erase"], &request).expect(0);
        store.is(&[], ADA, TOKEN);
    }
}

/// A wrong e-mail or a missing scope is a refusal as well: the deployment is asked about the token itself.
#[test]
fn reject_keeps_a_token_that_the_deployment_accepts() {
    let Some(store) = Store::new() else { return };
    store.approve(ADA, TOKEN);
    let asked = store.deployment.seen().len();
    let ran = store.git("reject", &[&user(ADA), &format!("password={TOKEN}")]).expect(0);
    let words = "the deployment refused this login, but the token is valid: check the e-mail and the Capsule scope";
    assert!(ran.err.contains(words) && !ran.err.contains(TOKEN), "{ran:?}");
    assert!(store.deployment.seen().len() > asked);
    store.is(&[], ADA, TOKEN);
}

#[test]
fn reject_removes_a_token_that_the_deployment_rejects() {
    let Some(store) = Store::new() else { return };
    store.approve(ADA, "cop_Revoked77Token");
    let ran = store.git("reject", &[&user(ADA), "password=cop_Revoked77Token"]).expect(0);
    assert!(ran.err.contains("refused the token of ada@example.org") && !ran.err.contains("cop_"), "{ran:?}");
    assert_eq!(store.fill(&[]), None);
}

/// If the deployment cannot be asked, the token counts as rejected.
#[test]
fn reject_removes_the_token_if_the_deployment_cannot_be_asked() {
    let Some(store) = Store::new() else { return };
    let request = format!("protocol=https\nhost={}\nusername={ADA}\npassword={TOKEN}\n", store.host());
    store.approve(ADA, TOKEN);
    store.world.pipe(&["git-credential", "erase", "--offline"], &request).expect(0);
    assert_eq!(store.fill(&[]), None);
    let down = Plan::with_token(TOKEN).tls().always(fake_deployment::Fault::Status(503)).start();
    let Some(store) = Store::at(down) else { return };
    let request = format!("protocol=https\nhost={}\nusername={ADA}\npassword={TOKEN}\n", store.host());
    store.approve(ADA, TOKEN);
    store.world.pipe(&["git-credential", "erase", "--timeout", "500ms"], &request).expect(0);
    assert_eq!(store.fill(&[]), None);
}

#[test]
fn store_keeps_the_expiry_to_the_second() {
    let Some(store) = Store::new() else { return };
    let now = Timestamp::now();
    let ends =
        [now + 1.hour(), now + 30.hours(), "2999-12-31T00:00:00Z".parse().unwrap(), now + Duration::from_secs(90_061)];
    for end in ends.map(Timestamp::as_second) {
        let line = format!("password_expiry_utc={end}");
        store.git("approve", &[&user(ADA), &format!("password={TOKEN}"), &line]).expect(0);
        let ran = store.git("fill", &[]).expect(0);
        assert!(ran.out.lines().any(|given| given == line), "{line}: {ran:?}");
        // Git stores the same login again, with and without its expiry: nothing changes.
        assert_eq!(store.git("approve", &[&user(ADA), &format!("password={TOKEN}"), &line]).expect(0).err, "");
        store.approve(ADA, TOKEN);
        assert!(store.git("fill", &[]).expect(0).out.lines().any(|given| given == line));
        let listed = store.world.spawn(["list", "--json"]).expect(0).json();
        let exact = Timestamp::from_second(end).unwrap();
        assert_eq!(listed[0]["expires_at"], exact.to_string());
        assert_eq!(listed[0]["expires"], exact.to_string()[..10]);
    }
    // A day given by the user ends with that day, and is kept.
    let url = store.deployment.url();
    store.world.pipe(&["login", "--deployment", &url, "--expires", "2998-06-30"], TOKEN).expect(0);
    let end: Timestamp = "2998-07-01T00:00:00Z".parse().unwrap();
    let line = format!("password_expiry_utc={}", end.as_second());
    assert!(store.git("fill", &[]).expect(0).out.lines().any(|given| given == line));
    assert_eq!(store.git("approve", &[&user(ADA), &format!("password={TOKEN}"), &line]).expect(0).err, "");
    assert_eq!(store.world.spawn(["list", "--json"]).expect(0).json()[0]["expires"], "2998-06-30");
    // After the expiry, list shows it, and Git gets the token without it.
    let past = (now - 1.hour()).as_second();
    let request = format!(
        "protocol=https\nhost={}\nusername={ADA}\npassword={TOKEN}\npassword_expiry_utc={past}\n",
        store.host()
    );
    store.world.pipe(&["git-credential", "store"], &request).expect(0);
    assert!(store.world.spawn(["list"]).expect(0).out.contains("expired on"), "{past}");
    assert!(!store.git("fill", &[]).expect(0).out.contains("password_expiry_utc"));
    for end in ["soon", "-1", "99999999999999999999", ""] {
        let request = format!(
            "protocol=https\nhost={}\nusername={ADA}\npassword={TOKEN}\npassword_expiry_utc={end}\n",
            store.host()
        );
        store.world.pipe(&["git-credential", "store"], &request).expect(0);
    }
}

/// A server may send many headers that ask for a login, and long ones.
#[test]
fn many_headers_change_nothing() {
    let Some(store) = Store::new() else { return };
    store.approve(ADA, TOKEN);
    let realm = |length: usize| format!("wwwauth[]=Basic realm=\"{}\"\n", "r".repeat(length));
    for headers in [realm(60_000), realm(1).repeat(10_000), realm(50_000).repeat(15), "wwwauth[]=\n".repeat(20_000)] {
        let request = format!("{headers}protocol=https\nhost={}\n{headers}\n", store.host());
        let ran = store.world.pipe(&["git-credential", "get"], &request);
        match request.len() < 1024 * 1024 {
            true => assert!(ran.expect(0).out.contains(TOKEN)),
            // A request that is too long is refused, and Git asks no other helper.
            false => assert_eq!(ran.expect(2).out, "quit=1\n"),
        }
    }
    store.is(&[], ADA, TOKEN);
}
