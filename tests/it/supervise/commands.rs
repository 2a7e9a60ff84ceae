//! The ways to run a command: alone, and supervised by each option of `exec` that does so.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::sandbox::{Sandbox, TOKEN};

/// A sandbox with a token, at a deployment that is not reachable.
pub fn sandbox() -> Sandbox {
    Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "https://localhost:9")
}

/// The arguments of `exec --mask`.
pub const EXEC: [&str; 4] = ["exec", "--offline", "--mask", "--"];

/// The command under `exec --mask`.
pub fn masked(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = sandbox.command();
    command.args(EXEC).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A bash script under `exec --mask`, with the streams of this process.
pub fn masked_script(sandbox: &Sandbox, script: &str) -> Command {
    let mut command = sandbox.command();
    command.args(EXEC).args(["bash", "-c", script]);
    command
}

/// The command under `exec --gate`: its output is not masked.
pub fn gated(sandbox: &Sandbox, args: &[&str]) -> Command {
    fs::create_dir_all(sandbox.path("work/kept")).unwrap();
    let mut command = sandbox.command();
    command.args(["exec", "--offline", "--gate", "kept", "--"]).args(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The command under `exec --broker`: its output is not masked.
pub fn brokered(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = sandbox.command();
    command.args(["exec", "--offline", "--broker", "--"]).args(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Every option that has the command supervised.
pub const MODES: [(&str, fn(&Sandbox, &[&str]) -> Command); 3] =
    [("--mask", masked), ("--gate", gated), ("--broker", brokered)];

/// The command alone.
pub fn alone(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = sandbox.program(args[0]);
    command.args(&args[1..]).env("CODEOCEAN_TOKEN", TOKEN).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
