//! `setup docker`: of a configuration that other programs own, the helpers change, and no other byte.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::sandbox::Sandbox;
use crate::support::setup::{desktop, text};

const FILE: &str = "home/.docker/config.json";

const OURS: &str = "\"registry.co.example.org\": \"co-cred\"";

/// A computer with Docker's configuration, and none of Podman's.
fn with(config: &str) -> Sandbox {
    desktop().file(FILE, config)
}

#[test]
fn setup_keeps_every_other_byte_and_undo_restores_the_file() {
    let long = "1234567890123456789012345678901234567890.12345678901234567890e-400";
    for config in [
        // Duplicate keys, one of them only after decoding.
        "{\n\t\"auths\": {\"a\": {}},\n\t\"auths\": {\"b\": {}},\n\t\"\\u0061uths\": {}\n}\n",
        &format!("{{\n  \"x\": {long},\n  \"y\": [1.10, 1e400, -0, 18446744073709551616]\n}}"),
        "{\"auths\":{},\"detachKeys\":\"ctrl-e,e\"}",
        "{ \"auths\" : { } , \"x\" : 1 }\n\n",
        "{\r\n    \"auths\": {},\r\n    \"x\": \"\\ud83d\\ude00 \\/ \\u00e9\"\r\n}\r\n",
        "\n\n  {\"a\": {\"credHelpers\": {\"x\": \"y\"}}}",
        "{\"credsStore\": \"desktop\",\n\n\n \"z\": {}}",
        "{\n\t\"credHelpers\": {\n\t\t\"gcr.io\": \"gcloud\"\n\t},\n\t\"x\": 1\n}",
        "{\"credHelpers\": {\"gcr.io\": \"gcloud\", \"gcr.io\": \"gcloud\"}, \"x\": 1}",
        "{\"credHelpers\": {\"a\": \"b\"}, \"credHelpers\": {\"c\": \"d\"}}",
        "{\"CREDHELPERS\": {\"a\": \"b\"}}",
        "{}",
    ] {
        let world = with(config);
        world.spawn(["setup", "docker"]).expect(0);
        let done = text(&world, FILE);
        assert_eq!(done.matches(OURS).count(), 1, "{config}\n{done}");
        serde_json::from_str::<serde_json::value::Value>(&done)
            .map(drop)
            .or_else(|error| {
                // Numbers that no f64 holds are JSON all the same.
                if error.to_string().contains("number out of range") { Ok(()) } else { Err(error) }
            })
            .unwrap();
        // Everything that existed is kept in its order.
        let mut rest = done.as_str();
        for word in
            config.split(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | ',')).filter(|word| !word.is_empty())
        {
            rest = rest.split_once(word).unwrap_or_else(|| panic!("{word} is gone from {config}\n{done}")).1;
        }
        let again = world.spawn(["setup", "docker"]).expect(0);
        assert!(again.err.contains("nothing had to be changed"), "{config}: {again:?}");
        world.spawn(["setup", "docker", "--undo"]).expect(0);
        assert_eq!(text(&world, FILE), config);
    }
}

#[test]
fn added_members_have_the_layout_of_the_file() {
    let done = |config: &str| {
        let world = with(config);
        world.spawn(["setup", "docker"]).expect(0);
        text(&world, FILE)
    };
    assert_eq!(done("{\n  \"x\": 1\n}\n"), format!("{{\n  \"x\": 1,\n  \"credHelpers\": {{\n    {OURS}\n  }}\n}}\n"));
    assert_eq!(done("{\"x\":1}"), format!("{{\"x\":1,\"credHelpers\": {{{OURS}}}}}"));
    let windows = format!("{{\r\n\t\"x\": 1,\r\n\t\"credHelpers\": {{\r\n\t\t{OURS}\r\n\t}}\r\n}}");
    assert_eq!(done("{\r\n\t\"x\": 1\r\n}"), windows);
    let two = format!("{{\"credHelpers\": {{\"a\": \"b\", \"c\": \"d\", {OURS}}}}}");
    assert_eq!(done("{\"credHelpers\": {\"a\": \"b\", \"c\": \"d\"}}"), two);
    let fresh = desktop();
    fresh.spawn(["setup", "docker"]).expect(0);
    assert_eq!(text(&fresh, FILE), format!("{{\n\t\"credHelpers\": {{\n\t\t{OURS}\n\t}}\n}}\n"));
}

/// Docker, in Go, merges every `credHelpers`, in any case.
#[test]
fn duplicate_lists_are_merged() {
    let config = "{\"credHelpers\": {\"registry.co.example.org\": \"pass\"}, \"credhelpers\": {\"a\": \"b\"}}";
    let world = with(config);
    let ran = world.spawn(["setup", "docker"]).expect(6);
    assert!(ran.err.contains("names the helper \"pass\" for registry.co.example.org"), "{ran:?}");
    assert_eq!(text(&world, FILE), config);
    // Entries of an earlier deployment are removed from both.
    let world = with(
        "{\"credHelpers\": {\"registry.old.org\": \"co-cred\", \"a\": \"b\"}, \"credHelpers\": {\"registry.old.org\": \"co\\u002dcred\"}}",
    );
    world.spawn(["setup", "docker"]).expect(0);
    assert_eq!(text(&world, FILE), format!("{{\"credHelpers\": {{\"a\": \"b\"}}, \"credHelpers\": {{{OURS}}}}}"));
    world.spawn(["setup", "docker", "--undo"]).expect(0);
    assert_eq!(text(&world, FILE), "{\"credHelpers\": {\"a\": \"b\"}}");
}

/// What `setup` writes, `--undo` reads again.
#[test]
fn a_file_that_would_grow_too_large_is_not_changed() {
    let padded = |size: usize| {
        let frame = "{\"x\": \"\"}".len();
        format!("{{\"x\": \"{}\"}}", "y".repeat(size - frame))
    };
    const LIMIT: usize = 1024 * 1024;
    for (size, fits) in [(LIMIT, false), (LIMIT - 10, false), (LIMIT - 100, true)] {
        let config = padded(size);
        let world = with(&config);
        let ran = world.spawn(["setup", "docker"]);
        if fits {
            ran.expect(0);
            assert!(text(&world, FILE).contains(OURS));
        } else {
            let ran = ran.expect(6);
            assert!(ran.err.contains("would be larger than 1024 KiB") && ran.err.contains("left as it is"), "{ran:?}");
            assert!(!world.path("home/.config/containers/auth.json").exists(), "all or none");
        }
        world.spawn(["setup", "docker", "--undo"]).expect(0);
        assert!(text(&world, FILE) == config);
    }
}

#[test]
fn setup_and_undo_keep_the_mode() {
    for mode in [0o600, 0o640, 0o644, 0o664, 0o400, 0o444] {
        for config in ["{}", "{}\n", "{\"x\": 1}", "{\"auths\": {}, \"auths\": {}}"] {
            let world = with(config);
            let path = world.path(FILE);
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let is = || fs::metadata(&path).map(|meta| meta.permissions().mode() & 0o777).ok();
            world.spawn(["setup", "docker"]).expect(0);
            assert_eq!(is(), Some(mode), "{config}");
            world.spawn(["setup", "docker", "--undo"]).expect(0);
            // An empty private file is as one that setup itself created.
            if config != "{}\n" || mode & 0o077 != 0 {
                assert_eq!((is(), text(&world, FILE).as_str()), (Some(mode), config));
            }
        }
    }
}
