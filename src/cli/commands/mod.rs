//! The commands, one file for each.

mod agent;
mod check;
mod completions;
mod docker_credential;
mod doctor;
mod env;
mod exec;
mod git_askpass;
mod git_credential;
mod list;
mod login;
mod logout;
mod man;
pub(super) mod scan;
pub(super) mod setup;
mod status;
pub(super) mod supervised;
mod token;
mod version;

use std::io::{BufRead, Write};

use super::Invocation;
use super::args::Command;
use super::exit::{self, Outcome};
use super::messages::Messages;

/// Runs one command, and returns the exit code.
pub(super) fn dispatch(
    command: &Command,
    invocation: &Invocation,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> u8 {
    let outcome = run(command, invocation, input, out, messages);
    match command {
        Command::Exec(_) => exit::exec_code(outcome, messages),
        _ => exit::code(outcome, messages),
    }
}

/// One arm for each command.
fn run(
    command: &Command,
    invocation: &Invocation,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Outcome {
    Ok(match command {
        Command::Exec(exec) => exec::run(invocation, exec, out, messages)?,
        Command::Supervised(supervised) => supervised::launch(supervised, messages),
        Command::ResumeMasking => supervised::resume_masking()?,
        Command::Token(_) => token::run(invocation, out, messages)?,
        Command::Env(env) => env::run(invocation, env, out, messages)?,
        Command::Check(check) => check::run(invocation, check, out, messages)?,
        Command::Status(status) => status::run(invocation, status, out, messages)?,
        Command::Doctor(doctor) => doctor::run(invocation, doctor, out)?,
        Command::Agent(agent) => agent::run(invocation, agent, out, messages)?,
        Command::Scan(scan) => scan::run(invocation, scan, input, out, messages)?,
        Command::Login(login) => login::run(invocation, login, input, messages)?,
        Command::Logout(logout) => logout::run(invocation, logout, messages)?,
        Command::List(list) => list::run(invocation, list, out, messages)?,
        Command::Setup(setup) => setup::run(invocation, setup, messages)?,
        Command::GitCredential(helper) => git_credential::run(invocation, helper, input, out, messages)?,
        Command::DockerCredential(helper) => docker_credential::run(invocation, helper, input, out, messages)?,
        Command::GitAskpass(prompted) => git_askpass::run(invocation, prompted, out, messages)?,
        Command::Completions(completions) => completions::run(completions, out)?,
        Command::Man(man) => man::run(man, out)?,
        Command::Version(version) => version::run(version, out)?,
    })
}
