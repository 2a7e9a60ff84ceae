//! Names that a search shows: only what looks like a token is hidden in them.

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

#[test]
fn a_name_that_only_resembles_a_token_is_shown() {
    let names = [
        "opt/scop_tools/lib/a",
        "microscop_images2024/b",
        "cop_analysis/c",
        "cop_subject01/d.txt",
        "cop_2024/e",
        "data-cop_/f",
        "cop_/g",
        "COP_STRUCTURES/h",
    ];
    let world = names.iter().fold(Sandbox::new().with("CUSTOM_KEY", TOKEN), |world, name| {
        world.file(&format!("results/{name}"), format!("a {TOKEN}"))
    });
    let results = world.path("results").display().to_string();
    let ran = world.run(["scan", &results]).expect(9);
    let json = world.run(["scan", "--strict", "--json", &results]).expect(9).json();
    for name in names {
        assert!(ran.out.contains(&format!("{results}/{name}: the token at byte 2\n")), "{name}: {ran:?}");
        let files: Vec<_> = json["found"].as_array().unwrap().iter().map(|found| found["file"].clone()).collect();
        assert!(files.contains(&format!("{results}/{name}").into()), "{name}: {files:?}");
    }
    assert_eq!(json["suspected"], serde_json::json!([]));
}

#[test]
fn what_looks_like_a_token_in_a_name_is_hidden_and_found() {
    for case in ["cop_", "Cop_", "COP_", "cOp_", "coP_", "cOP_", "CoP_", "COp_"] {
        let foreign = format!("{case}{}", &OTHER[4..]);
        let world =
            Sandbox::new().with("CUSTOM_KEY", TOKEN).file(&format!("results/a-{foreign}.txt"), format!("x {foreign}"));
        let results = world.path("results").display().to_string();
        let ran = world.run(["scan", "--strict", &results]).expect(9);
        assert_eq!(ran.out.lines().count(), 2, "{case}: {ran:?}");
        assert!(!format!("{ran:?}").contains(&OTHER[4..]), "{case}: {ran:?}");
        let ran = world.run(["scan", "--json", &results]).expect(0);
        assert!(!ran.out.contains(&OTHER[4..]), "{case}: {ran:?}");
    }
}
