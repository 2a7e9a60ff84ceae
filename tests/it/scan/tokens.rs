//! Tokens in files: in every encoding, at every offset, and text that only looks like one.

use std::fs;
use std::process::Command;

use super::support::{found, scan, world};
use crate::supervise::mask::encodings;
use crate::support::sandbox::{OTHER, Sandbox, TOKEN, write};

/// At the beginning, at the end, and across the end of each piece that is read at once.
#[test]
fn token_is_found_at_every_offset_in_every_encoding() {
    let world = world();
    for (number, (what, text)) in encodings().into_iter().enumerate() {
        for (place, len) in
            (262_100..262_180).step_by(7).map(|place| (place, 400_000)).chain([(0, 0), (1, 1), (99, 99)])
        {
            let mut bytes = vec![b'.'; place];
            bytes.extend_from_slice(text.as_bytes());
            bytes.resize(bytes.len().max(len), b'.');
            let name = format!("{number}-{place}");
            write(&world.path("results").join(&name), &bytes);
        }
        let found = found(&world);
        let prefix = format!("{number}-");
        let files: std::collections::BTreeSet<&str> =
            found.iter().map(|(file, ..)| file.as_str()).filter(|file| file.starts_with(&prefix)).collect();
        assert_eq!(files.len(), 15, "{what}: {files:?}");
        fs::remove_dir_all(world.path("results")).unwrap();
    }
}

#[test]
fn wrapped_token_is_found() {
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("ada:{TOKEN} and more"));
    let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    for (text, width, end) in [&encoded, &hex]
        .into_iter()
        .flat_map(|text| (16..40).map(move |width| (text, width, "\n")))
        .chain([(&encoded, 20, "\r\n"), (&hex, 30, "\r\n")])
    {
        let lines: Vec<&str> = text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let world = world().file("results/a", format!("first\n{}\nlast", lines.join(end)));
        assert_eq!(found(&world).len(), 1, "{width} {end:?}: {text}");
    }
}

#[test]
fn token_like_text_is_suspected_and_fails_with_strict() {
    let encoded = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let alarms = [
        "cop_d23dasd312".to_owned(),
        "COP_D23DASD312".to_owned(),
        "token: 'cop_d23dasd312'".to_owned(),
        "https://x?t=cop_d23dasd312&y".to_owned(),
        "%3Dcop_d23dasd312".to_owned(),
        "{\"a\": \"x\\ncop_d23dasd312\"}".to_owned(),
        format!("Authorization: Basic {}", encoded("cop_d23dasd312:")),
        encoded("ada@example.org:cop_d23dasd312"),
        encoded("x cop_d23dasd312 y"),
        "636f705f643233646173643331320a".to_owned(),
    ];
    let others = [
        "cop_",
        "cop_short1",
        "cop_counterproductive",
        "scop_d23dasd312",
        "a_cop_d23dasd312",
        "cop_one_two_three_4",
        "Y29wXyBub3RoaW5nIGhlcmUgdG8gc2Vl",
        "636f705f6e6f7468696e67",
    ];
    for (text, count) in alarms.iter().map(|text| (text.as_str(), 1)).chain(others.map(|text| (text, 0))) {
        let world = world().file("results/a", text);
        let ran = scan(&world, &["--json"]).expect(0).json();
        assert_eq!(ran["counts"]["suspected"], count, "{text}: {ran}");
        assert_eq!(ran["found"], serde_json::json!([]), "{text}");
        assert!(!ran.to_string().contains("d23dasd312"), "{text}: {ran}");
        let strict = scan(&world, &["--strict"]).expect(if count == 1 { 9 } else { 0 });
        assert_eq!(strict.err.contains("found what looks like a token once, in 1 file"), count == 1, "{strict:?}");
    }
    // A known token is not also suspected.
    let world = world().file("results/a", format!("{TOKEN} {}", encoded(TOKEN)));
    let ran = scan(&world, &["--json"]).expect(9).json();
    assert_eq!((&ran["counts"]["found"], &ran["counts"]["suspected"]), (&2.into(), &0.into()));
}

#[test]
fn every_available_token_is_searched_for() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("API_KEY", OTHER);
    let world = world.file("results/a", format!("{TOKEN}\n{OTHER}"));
    let ran = scan(&world, &["--json"]).expect(9).json();
    assert_eq!(ran["counts"]["found"], 2);
    assert_ne!(ran["found"][0]["fingerprint"], ran["found"][1]["fingerprint"]);
    let world = Sandbox::new().file("results/a", TOKEN);
    let ran = scan(&world, &[]).expect(0);
    assert!(ran.err.contains("no token was found") && ran.out.contains("looks like a token"), "{ran:?}");
    // A token that cannot be read may be in the files.
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", "a\nb").file("results/a", TOKEN);
    scan(&world, &[]).expect(6);
}

/// Many files of all kinds: compilers, libraries, documentation.
#[test]
fn toolchain_has_no_false_positives() {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    let sysroot = String::from_utf8(output.stdout).unwrap();
    let ran = world().run(["scan", "--json", sysroot.trim()]).expect(0).json();
    assert_eq!(
        (&ran["counts"]["found"], &ran["counts"]["suspected"]),
        (&0.into(), &0.into()),
        "{:#}",
        ran["suspected"]
    );
    assert_eq!(ran["unread"], serde_json::json!([]));
    assert!(ran["counts"]["bytes"].as_u64().unwrap() > 100_000_000, "{}", ran["counts"]["bytes"]);
}
