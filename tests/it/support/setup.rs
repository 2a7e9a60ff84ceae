//! A user's files before and after `setup`.

use std::fs;

use super::sandbox::Sandbox;

/// The file that `setup git` writes.
pub const HELPERS: &str = "home/.config/co-cred/gitconfig";

/// A computer with one deployment in its configuration.
pub fn desktop() -> Sandbox {
    let config = "[[deployment]]\ndomain = \"co.example.org\"\nemail = \"ada@example.org\"\n";
    let world = Sandbox::new().file("home/.config/co-cred/config.toml", config).on_path();
    world.with("GIT_CONFIG_NOSYSTEM", "1").with("GIT_TERMINAL_PROMPT", "0")
}

/// A file of the sandbox as text; empty if it does not exist.
pub fn text(world: &Sandbox, below: &str) -> String {
    fs::read_to_string(world.path(below)).unwrap_or_default()
}
