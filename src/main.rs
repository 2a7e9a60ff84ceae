//! The binary: real arguments, environment and streams in, exit code out.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use co_cred::cli::{self, Streams};
use co_cred::env::Env;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    cli::harden(&args);
    let (mut input, mut out, mut err) = (io::stdin().lock(), io::stdout().lock(), io::stderr());
    let (interactive, colour) = (io::stdin().is_terminal(), io::stderr().is_terminal());
    let mut streams = Streams { input: &mut input, interactive, out: &mut out, err: &mut err, colour };
    ExitCode::from(cli::run(&args, &Env::of_process(), &mut streams))
}
