//! The right token, in real capsules and in mounts of every make.
//!
//! `tests/fixtures/capsules/secrets.json` holds the slot files of 57 public capsules, ids left out. They name variables, never
//! values: the values here are made up.

use std::fs;
use std::os::unix::fs::symlink;

use co_cred::names::TOKENS;
use serde_json::Value;

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

/// What other slots of real capsules hold: keys of other services, sessions, links, user names, JSON.
const OTHERS: [&str; 7] = [
    "AKIAIOSFODNN7EXAMPLE",
    "sk-ant-api03-abcdef",
    "https://hooks.example.org/services/T0/B0/xyz",
    "ada",
    "{\"type\": \"service_account\", \"private_key\": \"-----BEGIN\\n\"}",
    "ghp_0123456789abcdef",
    "copper_kettle",
];

fn files() -> Vec<Value> {
    let text = include_str!("../../fixtures/capsules/secrets.json");
    serde_json::from_str(text).unwrap()
}

fn variables(file: &Value) -> Vec<String> {
    let slots = file["secrets"].as_array().unwrap().iter().flat_map(|slot| slot.as_object().unwrap());
    let named = slots.filter(|(field, _)| !["type", "id", "description"].contains(&field.as_str()));
    named.map(|(_, name)| name.as_str().unwrap().to_owned()).collect()
}

/// A world in which `token` is attached to one variable of a capsule, and something else to the others.
fn attach(file: &str, contents: &str, variables: &[String], token: Option<&str>) -> Sandbox {
    let mut world = Sandbox::new().file(file, contents);
    for (name, other) in variables.iter().zip(OTHERS.iter().cycle()) {
        world.env.set(name, if token == Some(name) { TOKEN } else { other });
    }
    world
}

#[test]
fn in_every_real_capsule_whichever_slot_holds_it() {
    let (mut capsules, mut slots) = (0, 0);
    for file in files() {
        let (variables, text) = (variables(&file), file.to_string());
        capsules += 1;
        // A variable that is meant for the token is taken at its word: it holds the token, or none of the slots does.
        let dedicated = variables.iter().find(|name| TOKENS.contains(&name.as_str()));
        for holder in variables.iter().filter(|name| dedicated.is_none_or(|dedicated| dedicated == *name)) {
            let world = attach("capsule/.codeocean/secrets.json", &text, &variables, Some(holder));
            let ran = world.run(["status", "--json", "--offline"]).expect(0).json();
            assert_eq!(ran["source"]["place"], holder.as_str(), "{text}");
            assert_eq!(world.run(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
            slots += 1;
        }
        // No slot holds it: nothing is guessed.
        let mut world = attach("capsule/.codeocean/secrets.json", &text, &variables, None);
        for name in TOKENS {
            world.env.remove(name);
        }
        world.run(["token", "--offline"]).expect(3);
    }
    assert_eq!((capsules, slots), (57, 167));
}

#[test]
fn a_declared_slot_without_a_secret_is_named() {
    for file in files() {
        let mut world = Sandbox::new().file("capsule/.codeocean/secrets.json", file.to_string());
        let slots = file["secrets"].as_array().unwrap();
        let own: Vec<&Value> = slots.iter().filter(|slot| slot["type"] != "aws").collect();
        let ran = world.run(["check", "--offline"]).expect(3);
        let names: Vec<String> =
            own.iter().flat_map(|slot| variables(&serde_json::json!({ "secrets": [slot] }))).collect();
        assert!(ran.err.contains("attach"), "{ran:?}");
        assert!(names.is_empty() || names.iter().any(|name| ran.err.contains(&format!("slot {name} "))), "{ran:?}");
        for name in &names {
            world.env.set(name, "");
        }
        let ran = world.run(["check", "--offline"]).expect(3);
        assert!(names.is_empty() || ran.err.contains("is empty"), "{ran:?}");
    }
}

#[test]
fn in_capsules_of_the_older_generation() {
    let yaml = "environment_version: 1\ncredentials:\n- type: aws\n  id: a\n  description: AWS Assumable Role\n  \
                access_key_id: AWS_ACCESS_KEY_ID\n  secret_access_key: AWS_SECRET_ACCESS_KEY\n  region: AWS_DEFAULT_REGION\n\
                - type: database\n  id: b\n  description: MySQL\n  username: DATABASE_USERNAME\n  password: DATABASE_PASSWORD\n\
                - type: general\n  id: c\n  description: co_api_token\n  value: MY_KEY\n";
    let names = ["AWS_SECRET_ACCESS_KEY", "DATABASE_USERNAME", "DATABASE_PASSWORD", "MY_KEY"].map(str::to_owned);
    for holder in &names {
        let world = attach("capsule/environment/environment.yml", yaml, &names, Some(holder));
        let ran = world.run(["status", "--json", "--offline"]).expect(0).json();
        assert_eq!(ran["source"]["place"], holder.as_str());
    }
    let ran = Sandbox::new().file("capsule/environment/environment.yml", yaml).run(["check", "--offline"]).expect(3);
    assert!(ran.err.contains("slot MY_KEY (\"co_api_token\")"), "{ran:?}");
}

#[test]
fn in_the_older_file_as_yaml_may_be_written() {
    let entries = [
        ("credentials: [{type: general, value: \"A\"}, {'value': B}]", vec!["A", "B"]),
        (
            "# nothing\n---\ncredentials:\n  - description: &x it\n    value: A # its name\n    id: *x\n...\n---\ncredentials: []\n",
            vec!["A"],
        ),
        (
            "credentials:\n- value: null\n- value: 'null'\n- value: 7\n- value: ~\n- value: >\n    A\n",
            vec!["null", "A"],
        ),
        ("a: {b: {c: [d]}}\ncredentials:\n- {value: A, deeper: {value: B}}", vec!["A"]),
        ("credentials:\n", vec![]),
        ("", vec![]),
    ];
    for (yaml, wanted) in entries {
        let world = Sandbox::new().file("capsule/environment/environment.yml", yaml).with("CODEOCEAN_TOKEN", TOKEN);
        let status = world.run(["doctor", "--json", "--offline"]).expect(0).json();
        let slots: Vec<&Value> = status["slots"].as_array().unwrap().iter().map(|slot| &slot["variable"]).collect();
        assert_eq!(slots, wanted, "{yaml}");
    }
    let deep = format!("credentials: {}", "[".repeat(30_000));
    for broken in ["credentials: [", "credentials: 7", "\t- a", &deep, "a: b: c"] {
        let world = Sandbox::new().file("capsule/environment/environment.yml", broken).with("CODEOCEAN_TOKEN", TOKEN);
        let ran = world.run(["doctor", "--offline"]).expect(0);
        assert!(ran.out.contains("environment.yml"), "{broken}: {ran:?}");
    }
}

#[test]
fn in_a_capsule_that_holds_slot_files_of_both_generations() {
    let json = r#"{"version": 1, "secrets": [{"type": "general", "id": "x", "description": "CAVE", "value": "NEW"}]}"#;
    let yaml = "credentials:\n- type: general\n  description: Code Ocean\n  value: OLD\n";
    let world = Sandbox::new()
        .file("capsule/.codeocean/secrets.json", json)
        .file("capsule/environment/environment.yml", yaml)
        .with("NEW", OTHER)
        .with("OLD", TOKEN);
    assert_eq!(world.run(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

#[test]
fn in_slots_of_a_type_that_nobody_documents() {
    let json = r#"{"version": 1, "secrets": [{"type": "databricks", "id": "x", "description": "Code Ocean",
        "host_field": "DATABRICKS_HOST", "odd": "not a name", "number": 7, "nested": {"a": "B"}, "secret": "DATABRICKS_X"}]}"#;
    let world = Sandbox::new().file("capsule/.codeocean/secrets.json", json).with("DATABRICKS_X", TOKEN);
    let status = world.run(["doctor", "--json", "--offline"]).expect(0).json();
    let slots: Vec<&Value> = status["slots"].as_array().unwrap().iter().map(|slot| &slot["variable"]).collect();
    assert_eq!(slots, ["DATABRICKS_HOST", "DATABRICKS_X"]);
}

#[test]
fn in_the_mount_as_code_ocean_has_it_while_an_image_is_built() {
    let scripts = [
        format!("export API_KEY='user name'\nexport API_SECRET='{TOKEN}'\n"),
        format!("export A='it'\\''s $5 `x`'\nexport CUSTOM_KEY=\"{TOKEN}\"\nexport B='two\nlines'\n"),
        format!("declare -x JSON=\"{{\\\"a\\\": \\\"\\$b\\\"}}\"\ndeclare -x K=\"{TOKEN}\"\n"),
        format!("#!/bin/sh\nexport PATH=\"$PATH:/x\"\nX={TOKEN}; export X\n"),
        format!("export P=$'a\\nb' Q={TOKEN}"),
        format!("export K='{TOKEN}'\r\n"),
    ];
    for script in scripts {
        let world = Sandbox::new().file("mount/secrets", &script);
        assert_eq!(world.run(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"), "{script}");
    }
}

#[test]
fn in_a_mount_with_a_file_for_each_secret() {
    let world = Sandbox::new()
        .file("mount/db_password", "hunter2\n")
        .file("mount/certificate", vec![0xff; 100])
        .file("mount/large", "x".repeat(100_000))
        .file("mount/kubernetes.io/serviceaccount/token", "eyJhbGciOi")
        .file("mount/co_token", format!("{TOKEN}\n"));
    let status = world.run(["status", "--json", "--offline"]).expect(0).json();
    assert_eq!(status["source"]["place"], world.path("mount/co_token").display().to_string());
}

#[test]
fn in_a_kubernetes_volume_whose_links_are_swapped() {
    let world = Sandbox::new().file("mount/..2026_01/co", OTHER).file("mount/..2026_02/co", TOKEN);
    let link = |target: &str, name: &str| symlink(target, world.path("mount").join(name)).unwrap();
    link("..2026_01", "..data");
    link("..data/co", "co");
    assert_eq!(world.run(["token", "--offline"]).expect(0).out, format!("{OTHER}\n"));
    link("..2026_02", "..data_tmp");
    fs::rename(world.path("mount/..data_tmp"), world.path("mount/..data")).unwrap();
    assert_eq!(world.run(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

#[test]
fn in_a_systemd_credential() {
    let world = Sandbox::new().file("credentials/codeocean", TOKEN);
    let path = world.path("credentials");
    let world = world.with("CREDENTIALS_DIRECTORY", path);
    assert_eq!(world.run(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
    // The secret mount comes first.
    let world = world.file("mount/x", OTHER);
    assert_eq!(world.run(["token", "--offline"]).expect(0).out, format!("{OTHER}\n"));
}
