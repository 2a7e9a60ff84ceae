//! Values as people paste and save them: what can be understood is, and what cannot be is named.

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

#[test]
fn a_byte_order_mark_is_left_out_of_every_file() {
    let mark = |text: &str| format!("\u{feff}{text}");
    let json = mark(&serde_json::json!({ "domain": "https://co.example.org", "token": TOKEN }).to_string());
    let slots = mark(
        r#"{"version": 1, "secrets": [{"type": "general", "id": "x", "description": "Code Ocean", "value": "MINE"}]}"#,
    );
    let config = mark("[[deployment]]\ndomain = \"co.example.org\"\n");
    let worlds = [
        Sandbox::new()
            .file("mount/CODEOCEAN_TOKEN", mark(TOKEN))
            .file("mount/CODEOCEAN_DOMAIN", mark("co.example.org\n")),
        Sandbox::new().file("mount/secrets", mark(&format!("export A={TOKEN} CODEOCEAN_DOMAIN=co.example.org\n"))),
        Sandbox::new().file("home/.codeocean/credentials.json", json),
        Sandbox::new().with("CUSTOM_KEY", TOKEN).file("home/.config/co-cred/config.toml", config),
        Sandbox::new().with("CUSTOM_KEY", mark(TOKEN)).with("CODEOCEAN_DOMAIN", mark("co.example.org")),
        Sandbox::new()
            .with("MINE", TOKEN)
            .with("API_SECRET", OTHER)
            .with("CODEOCEAN_DOMAIN", "co.example.org")
            .file("capsule/.codeocean/secrets.json", slots),
    ];
    for (number, world) in worlds.into_iter().enumerate() {
        let ran = world.run(["env", "--offline", "--format", "json"]).expect(0);
        assert_eq!(ran.json()["CODEOCEAN_TOKEN"], TOKEN, "{number}");
        assert_eq!(ran.json()["CODEOCEAN_DOMAIN"], "https://co.example.org", "{number}");
    }
}

#[test]
fn what_is_pasted_around_a_token_is_named_in_every_source() {
    let table = [
        (format!("{TOKEN}:"), "ends in a colon"),
        (format!("Bearer {TOKEN}"), "the scheme of an HTTP header"),
        (format!("Bearer \"{TOKEN}\""), "the scheme of an HTTP header"),
        (format!("Bearer “{TOKEN}”"), "the scheme of an HTTP header"),
        (format!("Authorization: Bearer {TOKEN}"), "the scheme of an HTTP header"),
        (format!("authorization:Basic {TOKEN}:"), "the scheme of an HTTP header"),
        (format!("“{TOKEN}”"), "typographic quotes"),
        (format!("{}…", &TOKEN[..8]), "an ellipsis or asterisks"),
        (format!("{}********", &TOKEN[..8]), "an ellipsis or asterisks"),
    ];
    for (value, words) in table {
        for world in [
            Sandbox::new().with("CODEOCEAN_TOKEN", &value),
            Sandbox::new().with("CUSTOM_KEY", &value),
            Sandbox::new().file("mount/CODEOCEAN_TOKEN", &value),
            Sandbox::new().file("mount/anything", &value),
            Sandbox::new().credentials("https://co.example.org", &value),
        ] {
            let ran = world.run(["token", "--offline"]).expect(6);
            assert!(ran.err.contains(words) && !ran.err.contains(&TOKEN[4..8]), "{value}: {ran:?}");
            assert!(ran.err.contains("hint: store the token again"), "{ran:?}");
        }
    }
}

#[test]
fn a_mount_names_its_secrets_in_any_case() {
    let worlds = [
        Sandbox::new()
            .file("mount/codeocean_token", "anything at all")
            .file("mount/codeocean_domain", "co.example.org"),
        Sandbox::new()
            .file("mount/codeocean-token", "anything at all")
            .file("mount/Code_Ocean-Domain", "co.example.org"),
        Sandbox::new().file("mount/secrets", "codeocean_token='anything at all'\nexport co_domain=co.example.org\n"),
    ];
    for world in worlds {
        let json = world.run(["env", "--offline", "--format", "json"]).expect(0).json();
        assert_eq!(json["CODEOCEAN_TOKEN"], "anything at all");
        assert_eq!(json["CODEOCEAN_DOMAIN"], "https://co.example.org");
    }
    // The very name comes first.
    let world = Sandbox::new().file(
        "mount/secrets",
        format!("codeocean_token={OTHER}\nCODEOCEAN_DOMAIN=b.example.org\ncodeocean_domain=a.example.org\n"),
    );
    let json = world.run(["env", "--offline", "--format", "json"]).expect(0).json();
    assert_eq!(json["CODEOCEAN_DOMAIN"], "https://b.example.org");
}

#[test]
fn domain_beside_token_is_the_deployment() {
    let beside = Sandbox::new().file("mount/token", TOKEN).file("mount/domain", "co.example.org\n");
    let json = beside.run(["env", "--offline", "--format", "json"]).expect(0).json();
    assert_eq!(json["CODEOCEAN_DOMAIN"], "https://co.example.org");
    let alone = Sandbox::new().file("mount/co", TOKEN).file("mount/domain", "mail.example.org\n");
    let json = alone.run(["env", "--offline", "--format", "json"]).expect(0).json();
    assert_eq!(json["CODEOCEAN_DOMAIN"], serde_json::Value::Null);
    // Both are another service's.
    for token in ["ghp_abcdef123456", "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmVk", "cop_x"] {
        let foreign = Sandbox::new().with("CUSTOM_KEY", TOKEN).file("mount/domain", "tenant.example.net");
        let foreign = foreign.file("mount/token", token);
        let json = foreign.run(["env", "--offline", "--format", "json"]).expect(0).json();
        assert_eq!(json["CODEOCEAN_DOMAIN"], serde_json::Value::Null, "{token}");
        let json = foreign.credentials("co.example.org", TOKEN).without("CUSTOM_KEY");
        let json = json.run(["env", "--offline", "--format", "json"]).expect(0).json();
        assert_eq!(json["CODEOCEAN_DOMAIN"], "https://co.example.org", "{token}");
    }
}

#[test]
fn a_mounted_token_of_the_git_provider_is_never_taken_in_any_case() {
    for name in ["GIT_ACCESS_TOKEN", "git_access_token", "git-access-token", "Git-Access-Token"] {
        Sandbox::new().file(&format!("mount/{name}"), TOKEN).run(["token", "--offline"]).expect(3);
    }
    Sandbox::new().file("mount/secrets", format!("git_access_token={TOKEN}\n")).run(["token", "--offline"]).expect(3);
}

#[test]
fn a_variable_that_is_set_but_empty_is_told_so() {
    for name in ["CODEOCEAN_TOKEN", "CODE_OCEAN_API_TOKEN", "API_SECRET", "CUSTOM_KEY_2"] {
        for value in ["", "  ", "\n"] {
            let world = Sandbox::new().with(name, value);
            let ran = world.run(["token", "--offline"]).expect(3);
            assert!(ran.err.contains(&format!("{name} is set, but empty")), "{ran:?}");
            assert!(world.run(["doctor", "--offline"]).out.contains(&format!("{name} is set, but empty")));
        }
    }
}

#[test]
fn a_value_that_is_too_short_for_a_token_is_named() {
    let ran = Sandbox::new().with("CUSTOM_KEY", "cop_short1").run(["token", "--offline"]).expect(3);
    assert!(
        ran.err.contains("CUSTOM_KEY begins as an access token does") && ran.err.contains("--token-env"),
        "{ran:?}"
    );
    let world = Sandbox::new().with("CUSTOM_KEY", "cop_short1");
    assert_eq!(world.run(["token", "--offline", "--token-env", "CUSTOM_KEY"]).expect(0).out, "cop_short1\n");
}

#[test]
fn a_value_that_only_begins_as_a_token_is_not_called_short() {
    for value in [format!("{TOKEN},"), format!("{TOKEN} {OTHER}"), "cop_tools2024/bin:/opt/x".to_owned()] {
        let ran = Sandbox::new().with("CUSTOM_KEY", &value).run(["token", "--offline"]).expect(3);
        assert!(ran.err.contains("CUSTOM_KEY begins as an access token does, but holds more"), "{ran:?}");
        assert!(!ran.err.contains("fewer") && !ran.err.contains(TOKEN), "{ran:?}");
    }
}

#[cfg(unix)]
#[test]
fn only_a_variable_that_is_empty_is_called_so() {
    use std::os::unix::ffi::OsStringExt;
    let unreadable = std::ffi::OsString::from_vec(vec![0xff, 0xfe]);
    let ran = Sandbox::new().with("API_SECRET", unreadable).run(["token", "--offline"]).expect(3);
    assert!(!ran.err.contains("empty"), "{ran:?}");
    let ran = Sandbox::new().with("API_SECRET", "\"\"").run(["token", "--offline"]).expect(3);
    assert!(ran.err.contains("API_SECRET is set, but empty"), "{ran:?}");
}

#[test]
fn under_sudo_it_is_told_that_sudo_drops_variables() {
    let ran = Sandbox::new().with("SUDO_COMMAND", "/usr/bin/co-cred").run(["token", "--offline"]).expect(3);
    assert!(ran.err.contains("sudo --preserve-env=CODEOCEAN_TOKEN"), "{ran:?}");
}

#[test]
fn doctor_says_of_two_tokens_which_comes_first() {
    let world = Sandbox::new().with("API_SECRET", TOKEN).with("OTHER_SECRET", OTHER);
    let ran = world.run(["doctor", "--offline"]);
    assert!(ran.out.contains("OTHER_SECRET holds another token, which is not used: API_SECRET comes first"), "{ran:?}");
    assert!(!ran.out.contains("OTHER_SECRET comes first"), "{ran:?}");
}
