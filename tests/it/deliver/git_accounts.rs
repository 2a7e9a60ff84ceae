//! The account and the token for each deployment that Git asks about.

use fake_deployment::{Account, Plan};

use crate::support::git::{EMAIL, ask, capsule, known};
use crate::support::sandbox::{OTHER, Sandbox, TOKEN, has};

#[test]
fn the_account_is_looked_up_once() {
    if !has("git") {
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().git().start();
    let world = capsule(&deployment, &[]);
    let request = format!("protocol=https\nhost={}\n", &deployment.url()["https://".len()..]);
    for _ in 0..3 {
        let ran = world.pipe(&["git-credential", "get"], &request).expect(0);
        assert!(ran.out.contains("username=ada@example.org\n"), "{ran:?}");
    }
    assert_eq!(deployment.seen().len(), 1);
    // Offline and without a cache, the user name is not known.
    let fresh = capsule(&deployment, &[]);
    let ran = fresh.pipe(&["git-credential", "get", "--offline"], &request).expect(3);
    assert!(ran.out.is_empty() && ran.err.contains("CODEOCEAN_EMAIL"), "{ran:?}");
}

#[test]
fn an_account_that_owns_nothing_needs_its_email() {
    let owner = Account { has_capsule: false, data_assets: false, ..Account::new(TOKEN) };
    let deployment = Plan::default().account(owner).tls().start();
    let host = deployment.url()["https://".len()..].to_owned();
    let world = || Sandbox::new().at(&deployment).with("CUSTOM_KEY", TOKEN);
    let ran = ask(world(), "get", &format!("protocol=https\nhost={host}\n")).expect(3);
    assert!(ran.out.is_empty() && ran.err.contains("CODEOCEAN_EMAIL"), "{ran:?}");
    // If Git names the user, the deployment checks whether the token belongs to it.
    let ran = ask(world(), "get", &format!("protocol=https\nhost={host}\nusername=x@example.org\n")).expect(0);
    assert!(ran.out.contains("username=x@example.org\n"), "{ran:?}");
}

/// A token in a variable is for the deployment in CODEOCEAN_DOMAIN, not for another known one.
#[test]
fn each_deployment_gets_only_its_own_token() {
    let config = "[[deployment]]\ndomain = \"two.example.org\"\nemail = \"ada@example.org\"\n";
    let two = "protocol=https\nhost=two.example.org\n";
    let world = || known().file("home/.config/co-cred/config.toml", config);
    let ran = ask(world(), "get", two);
    assert!(!ran.out.contains("cop_"), "{ran:?}");
    // A credentials file without a domain is not for another deployment either.
    let file = |json: String| world().file("home/.codeocean/credentials.json", json);
    let ran = ask(file(format!("{{\"token\": \"{OTHER}\"}}")), "get", two);
    assert!(!ran.out.contains("cop_"), "{ran:?}");
    let ran = ask(file(format!("{{\"token\": \"{OTHER}\", \"domain\": \"two.example.org\"}}")), "get", two).expect(0);
    assert_eq!(ran.out, format!("password={OTHER}\nusername={EMAIL}\n"));
}

/// If only the configuration names the deployment, its own token comes before one that looks like a token: for Git, Docker
/// and exec.
#[test]
fn a_token_of_an_assumed_deployment_comes_before_one_that_looks_like_a_token() {
    let config = format!(
        "[[deployment]]\ndomain = \"co.example.org\"\nemail = \"ada@example.org\"\ntoken_command = [\"echo\", \"{TOKEN}\"]\n"
    );
    let configured =
        |config: &str| Sandbox::new().file("home/.config/co-cred/config.toml", config).with("SRC_CO_TOKEN", OTHER);
    let request = "protocol=https\nhost=co.example.org\n";
    let given = |world: fn(Sandbox) -> Sandbox, config: &str| {
        let git = ask(world(configured(config)), "get", request).out;
        let image =
            world(configured(config)).with_input("registry.co.example.org").run(["docker-credential", "get"]).out;
        let token = world(configured(config)).run(["token", "--offline"]).out;
        [git, image, token].map(|out| [TOKEN, OTHER].into_iter().find(|token| out.contains(token)))
    };
    assert_eq!(given(|world| world, &config), [Some(TOKEN); 3]);
    // CODEOCEAN_TOKEN comes first, and so does any token beside CODEOCEAN_DOMAIN.
    assert_eq!(given(|world| world.with("CODEOCEAN_TOKEN", OTHER), &config), [Some(OTHER); 3]);
    assert_eq!(given(|world| world.with("CODEOCEAN_DOMAIN", "co.example.org"), &config), [Some(OTHER); 3]);
    // Without a token of its own, the rule is the same for all three.
    let config = "[[deployment]]\ndomain = \"co.example.org\"\nemail = \"ada@example.org\"\n";
    assert_eq!(given(|world| world, config), [Some(OTHER); 3]);
}

/// `CODEOCEAN_EMAIL` applies to the deployment in `CODEOCEAN_DOMAIN`, not to others.
#[test]
fn codeocean_email_applies_to_its_deployment_only() {
    let config = format!(
        "[[deployment]]\ndomain = \"two.example.org\"\nemail = \"grace@example.org\"\ntoken_command = [\"echo\", {OTHER:?}]\n"
    );
    let world = known().file("home/.config/co-cred/config.toml", config);
    let ran = ask(world, "get", "protocol=https\nhost=two.example.org\n").expect(0);
    assert_eq!(ran.out, format!("password={OTHER}\nusername=grace@example.org\n"));
}
