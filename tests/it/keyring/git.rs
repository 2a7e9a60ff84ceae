//! Logins that Git stores, erases and reads, and their expiry.

use super::{GRACE, deployment, login, with_keyring};
use crate::support::sandbox::{OTHER, TOKEN};
use crate::support::workstation::piped;

#[test]
fn git_store_and_erase_change_only_their_own_login() {
    let deployment = deployment();
    let Some((world, _bus)) = with_keyring(&deployment) else { return };
    let world = world.with("CODEOCEAN_DOMAIN", deployment.url());
    let host = deployment.url()["https://".len()..].to_owned();
    let git = |action: &str, host: &str, user: &str, token: &str| {
        let request = format!("protocol=https\nhost={host}\nusername={user}\npassword={token}\n");
        piped(world.program("git").args(["-c", "credential.helper=co-cred", "credential", action]), &request)
    };
    let kept = || world.spawn(["list", "--json"]).expect(0).json().as_array().unwrap().len();
    // Not saved: a login at an unknown host, or with a user name that is not an e-mail address.
    git("approve", "evil.net", "ada@example.org", TOKEN).expect(0);
    git("approve", &host, "ada", TOKEN).expect(0);
    assert_eq!(kept(), 0);
    let ran = git("approve", &host, "ada@example.org", TOKEN).expect(0);
    assert_eq!(kept(), 1, "{ran:?}");
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
    // A token that is already saved is not written again.
    assert_eq!(git("approve", &host, "ada@example.org", TOKEN).expect(0).err, "");
    // Ignored: a token other than the saved one, another user's, another host's.
    git("reject", &host, "ada@example.org", OTHER).expect(0);
    git("reject", &host, GRACE, TOKEN).expect(0);
    git("reject", "evil.net", "ada@example.org", TOKEN).expect(0);
    assert_eq!(kept(), 1);
    // The deployment accepts the token, so Git was refused for another reason.
    let ran = git("reject", &host, "ada@example.org", TOKEN).expect(0);
    let words = "the deployment refused this login, but the token is valid: check the e-mail and the Capsule scope";
    assert!(ran.err.contains(words), "{ran:?}");
    assert_eq!(kept(), 1);
    world.spawn(["logout"]).expect(0);
    // A token from a variable is neither saved nor removed.
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
fn git_store_skips_ephemeral_tokens_and_saves_the_expiry() {
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
fn commands_warn_two_weeks_before_the_expiry() {
    let deployment = deployment();
    let Some((world, _bus)) = with_keyring(&deployment) else { return };
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = |days: i64| (today + jiff::Span::new().days(days)).to_string();
    for (days, warning) in
        [(-1, "has expired"), (0, "expires today"), (1, "expires tomorrow"), (14, "expires in 14 days"), (15, "")]
    {
        login(&world, &deployment, TOKEN, &["--expires", &day(days)]).expect(0);
        for command in ["status", "doctor", "check", "token"] {
            let ran = world.spawn([command]).expect(0);
            let output = format!("{}{}", ran.out, ran.err);
            let warned = !warning.is_empty() && output.contains(&format!("ada@example.org's token {warning}"));
            assert_eq!(warned, !warning.is_empty(), "{command} {days}: {ran:?}");
            assert!(!warning.is_empty() || !output.contains("'s token "), "{command} {days}: {ran:?}");
        }
    }
    // Git gets an expiry in the future, and none in the past.
    let host = &deployment.url()["https://".len()..];
    let ask = || world.pipe(&["git-credential", "get"], &format!("protocol=https\nhost={host}\n")).expect(0).out;
    assert!(ask().contains("password_expiry_utc="));
    login(&world, &deployment, TOKEN, &["--expires", &day(-1)]).expect(0);
    assert!(!ask().contains("password_expiry_utc="));
}
