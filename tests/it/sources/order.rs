//! The order of the sources, and what happens where two have a claim or one is broken.

use std::fs;

use serde_json::json;

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

/// The place that `status` names, offline.
fn place(world: &Sandbox) -> String {
    let status = world.run(["status", "--json", "--offline"]).expect(0).json();
    format!("{} {}", status["source"]["kind"].as_str().unwrap(), status["source"]["place"].as_str().unwrap())
}

fn slots(entries: serde_json::Value) -> String {
    json!({ "version": 1, "secrets": entries }).to_string()
}

fn slot(variable: &str, description: &str) -> serde_json::Value {
    json!({ "type": "general", "id": "x", "description": description, "value": variable })
}

#[test]
fn sources_are_asked_in_order() {
    let mut world = Sandbox::new()
        .file("work/named", TOKEN)
        .with("NAMED", TOKEN)
        .with("CODEOCEAN_TOKEN", TOKEN)
        .file("mount/CODEOCEAN_TOKEN", TOKEN)
        .file("mount/anything", TOKEN)
        .with("CREDENTIALS_DIRECTORY", "")
        .file(
            "capsule/.codeocean/secrets.json",
            slots(json!([slot("HINTED", "Code Ocean API"), slot("OTHER_SLOT", "misc")])),
        )
        .with("HINTED", TOKEN)
        .with("OTHER_SLOT", TOKEN)
        .with("API_SECRET", TOKEN)
        .with("API_KEY", TOKEN)
        .with("CUSTOM_KEY_3", TOKEN)
        .with("ZZZ", TOKEN)
        .credentials("https://co.example.org", TOKEN);
    let named = world.path("work/named").display().to_string();
    let status = |args: &[&str]| {
        let args = [&["status", "--json", "--offline"], args].concat();
        world.run(args).expect(0).json()["source"]["place"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&["--token-file", &named]), named);
    assert_eq!(status(&["--token-env", "NAMED"]), "NAMED");
    let mount = world.path("mount");
    for (expected, remove) in [
        ("environment CODEOCEAN_TOKEN".to_owned(), "CODEOCEAN_TOKEN"),
        (format!("mount {}", mount.join("CODEOCEAN_TOKEN").display()), "file mount/CODEOCEAN_TOKEN"),
        (format!("mount {}", mount.join("anything").display()), "file mount/anything"),
        ("environment HINTED".to_owned(), "HINTED"),
        ("environment OTHER_SLOT".to_owned(), "OTHER_SLOT"),
        ("environment API_SECRET".to_owned(), "API_SECRET"),
        ("environment API_KEY".to_owned(), "API_KEY"),
        ("environment CUSTOM_KEY_3".to_owned(), "CUSTOM_KEY_3"),
        ("environment NAMED".to_owned(), "NAMED"),
        ("environment ZZZ".to_owned(), "ZZZ"),
        (
            format!("file {}", world.path("home/.codeocean/credentials.json").display()),
            "file home/.codeocean/credentials.json",
        ),
    ] {
        assert_eq!(place(&world), expected);
        match remove.strip_prefix("file ") {
            Some(file) => fs::remove_file(world.path(file)).unwrap(),
            None => world.env.remove(remove),
        }
    }
    world.run(["status", "--offline"]).expect(3);
}

#[test]
fn named_variables_come_in_their_order_and_an_option_outranks_its_variable() {
    let world = Sandbox::new().with("CODE_OCEAN_TOKEN", TOKEN).with("CODEOCEAN_API_TOKEN", TOKEN).with("MINE", OTHER);
    assert_eq!(place(&world), "environment CODEOCEAN_API_TOKEN");
    let world = world.with("CO_CRED_TOKEN_ENV", "MINE");
    assert_eq!(place(&world), "option MINE");
    assert_eq!(world.run(["token", "--offline"]).out, format!("{OTHER}\n"));
    assert_eq!(world.run(["token", "--offline", "--token-env", "CODE_OCEAN_TOKEN"]).out, format!("{TOKEN}\n"));
    let world = world.file("work/t", TOKEN);
    let path = world.path("work/t").display().to_string();
    assert_eq!(world.run(["--token-file", &path, "token", "--offline"]).out, format!("{TOKEN}\n"));
    assert_eq!(
        world.run(["--token-file", &path, "token", "--offline", "--token-env", "MINE"]).out,
        format!("{OTHER}\n")
    );
}

#[test]
fn two_different_tokens_of_one_step_are_ambiguous() {
    let hinted = slots(json!([slot("ONE", "co token"), slot("TWO", "CO_API")]));
    let plain = slots(json!([slot("ONE", "a"), slot("TWO", "b")]));
    let worlds = [
        (
            Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).with("CODE_OCEAN_TOKEN", OTHER),
            ["CODEOCEAN_TOKEN", "CODE_OCEAN_TOKEN"],
        ),
        (Sandbox::new().with("API_KEY", TOKEN).with("CUSTOM_KEY", OTHER), ["API_KEY", "CUSTOM_KEY"]),
        (Sandbox::new().with("FOO", TOKEN).with("BAR", OTHER), ["FOO", "BAR"]),
        (Sandbox::new().file("mount/a", TOKEN).file("mount/b", OTHER), ["mount/a", "mount/b"]),
        (
            Sandbox::new().file("mount/a", TOKEN).file("mount/secrets", format!("export X={OTHER}")),
            ["mount/a", "secrets:X"],
        ),
        (
            Sandbox::new().file("capsule/.codeocean/secrets.json", hinted).with("ONE", TOKEN).with("TWO", OTHER),
            ["ONE", "TWO"],
        ),
        (
            Sandbox::new().file("capsule/.codeocean/secrets.json", plain).with("ONE", TOKEN).with("TWO", OTHER),
            ["ONE", "TWO"],
        ),
    ];
    for (world, names) in worlds {
        let world = world.credentials("https://co.example.org", TOKEN);
        for command in ["token", "check", "status", "env"] {
            let ran = world.run([command, "--offline"]).expect(8);
            assert!(names.iter().all(|name| ran.err.contains(name)), "{ran:?}");
            assert!(!ran.out.contains("cop_") && !ran.err.contains(TOKEN) && !ran.err.contains(OTHER));
        }
        // The same token twice is no question.
        let mut same = world;
        for name in names {
            same.env.set(name, TOKEN);
        }
    }
    let same = Sandbox::new().with("API_KEY", TOKEN).with("API_SECRET", format!("'{TOKEN}'"));
    assert_eq!(same.run(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

#[test]
fn a_description_decides_between_slots() {
    let file = slots(json!([slot("ONE", "misc"), slot("TWO", "Code-Ocean API token")]));
    let world = Sandbox::new().file("capsule/.codeocean/secrets.json", file).with("ONE", OTHER).with("TWO", TOKEN);
    let status = world.run(["status", "--json", "--offline"]).expect(0).json();
    assert_eq!(status["source"]["place"], "TWO");
    assert_eq!(status["shadowed"], json!([{ "kind": "environment", "place": "ONE" }]));
}

#[test]
fn the_git_providers_token_is_never_taken() {
    let script = format!("export GIT_ACCESS_TOKEN={TOKEN}\n");
    let world = Sandbox::new()
        .with("GIT_ACCESS_TOKEN", TOKEN)
        .file("mount/git-access-token", TOKEN)
        .file("mount/GIT_ACCESS_TOKEN", TOKEN)
        .file("mount/secrets", script)
        .file("capsule/.codeocean/secrets.json", slots(json!([slot("GIT_ACCESS_TOKEN", "Code Ocean API")])));
    world.run(["token", "--offline"]).expect(3);
    world.run(["token", "--offline", "--token-env", "GIT_ACCESS_TOKEN"]).expect(2);
}

#[test]
fn the_git_login_of_an_exported_pipeline_holds_the_token() {
    for value in [format!("ada@example.org:{TOKEN}"), format!("ada%40example.org:{TOKEN}")] {
        let world = Sandbox::new().with("GIT_ACCESS_TOKEN", &value);
        assert_eq!(place(&world), "environment GIT_ACCESS_TOKEN");
        let ran =
            world.spawn(["exec", "--offline", "--", "sh", "-c", "echo $CODEOCEAN_TOKEN $CODEOCEAN_EMAIL"]).expect(0);
        assert_eq!(ran.out, format!("{TOKEN} ada@example.org\n"));
        // As the very last of the variables.
        assert_eq!(place(&world.with("ZZZ", TOKEN)), "environment ZZZ");
    }
    for value in
        [TOKEN.to_owned(), format!("ada:{TOKEN}"), "ada@example.org:ghp_abcdefgh1234".to_owned(), format!("{TOKEN}:x")]
    {
        Sandbox::new().with("GIT_ACCESS_TOKEN", &value).run(["token", "--offline"]).expect(3);
    }
}

#[test]
fn an_empty_variable_is_no_token() {
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", "").with("CUSTOM_KEY", TOKEN);
    assert_eq!(place(&world), "environment CUSTOM_KEY");
}

#[test]
fn quotes_and_blanks_around_a_token_are_removed_with_a_warning() {
    let world = Sandbox::new().with("CUSTOM_KEY", format!(" \"{TOKEN}\"\n"));
    let ran = world.run(["token", "--offline"]).expect(0);
    assert_eq!(ran.out, format!("{TOKEN}\n"));
    assert!(ran.err.contains("warning") && ran.err.contains("CUSTOM_KEY") && ran.err.contains("hint:"), "{ran:?}");
    assert_eq!(world.run(["token", "--offline", "--quiet"]).err, "");
    // The line end of a file is no oddity.
    let world = Sandbox::new().file("mount/CUSTOM_KEY", format!("{TOKEN}\r\n"));
    assert_eq!(world.run(["token", "--offline"]).expect(0).err, "");
}

#[test]
fn a_dedicated_variable_of_another_shape_is_used_with_a_warning() {
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", "something-else").with("CUSTOM_KEY", TOKEN);
    let ran = world.run(["token", "--offline"]).expect(0);
    assert_eq!(ran.out, "something-else\n");
    assert!(ran.err.contains("shape"), "{ran:?}");
}

#[test]
fn an_empty_value_of_any_kind_is_no_token() {
    for empty in ["", "  ", "\"\"", "''", "\n"] {
        let world = Sandbox::new()
            .with("CODEOCEAN_TOKEN", empty)
            .file("mount/CODEOCEAN_TOKEN", empty)
            .with("CUSTOM_KEY", TOKEN);
        assert_eq!(place(&world), "environment CUSTOM_KEY", "{empty:?}");
        world.run(["token", "--offline", "--token-env", "CODEOCEAN_TOKEN"]).expect(6);
    }
}

#[test]
fn another_token_in_a_later_step_causes_a_warning() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("FOO", OTHER);
    let ran = world.run(["token", "--offline"]).expect(0);
    assert_eq!(ran.out, format!("{TOKEN}\n"));
    assert!(ran.err.contains("FOO holds another token") && ran.err.contains("CUSTOM_KEY comes first"), "{ran:?}");
}
