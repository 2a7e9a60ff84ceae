//! What an agent does with a change: its file, its command, what an account's entry says.

use std::fs;

use super::agent::{House, quiet};
use super::desk::wait;
use super::world::{OTHER, TOKEN};

/// base64 of "user:" and one of the two tokens.
const TOKEN_IN_BASE64: &str = "dXNlcjpjb3BfWng4MVFtVHo1NWFC";
const OTHER_IN_BASE64: &str = "dXNlcjpjb3BfS3AzN0x3UnY5MmNE";

/// Neither the token before, nor the one after, nor one that was never used: as it is, in base64, in a URL.
#[test]
fn the_command_of_on_change_gets_no_token_of_any_time() {
    let unused = "cop_never0used1";
    let world = quiet()
        .file("mount/co", TOKEN)
        .with("BEFORE", TOKEN_IN_BASE64)
        .with("AFTER", OTHER_IN_BASE64)
        .with("UNUSED", unused)
        .with("URL", format!("https://u:{TOKEN}@co.example.org"))
        .with("STAYS", "as it is");
    let noted = world.path("noted");
    let on_change = format!("env >> {0}; echo end >> {0}", noted.display());
    let house = House::with(world, &["--on-change", &on_change]);
    let runs = |count| {
        let noted = fs::read_to_string(&noted).unwrap_or_default();
        noted.lines().filter(|line| *line == "end").count() == count
    };
    for (count, token) in [OTHER, "cop_number00003", TOKEN].into_iter().enumerate() {
        fs::write(house.world.path("mount/co"), token).unwrap();
        house.comes(token);
        wait("the command", || runs(count + 1));
    }
    let noted = fs::read_to_string(&noted).unwrap();
    assert!(noted.contains("STAYS=as it is") && noted.contains("CO_CRED_AGENT_SOCK="), "{noted}");
    for secret in ["BEFORE", "AFTER", "UNUSED", "URL=", "cop_", TOKEN_IN_BASE64, OTHER_IN_BASE64] {
        assert!(!noted.contains(secret), "{secret}: {noted}");
    }
}
