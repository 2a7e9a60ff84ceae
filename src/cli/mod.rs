//! The command line: arguments become options, and a command delivers what they ask for.
//!
//! [`run`] is the whole program except the process around it, so that a test can call it.

mod agent_events;
pub mod args;
mod ask;
mod broker;
mod commands;
mod exit;
mod findings;
mod helper;
mod known;
mod manual;
pub mod messages;
mod progress;
mod refused;
mod report;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;
mod trace;
mod usage;
pub mod values;

use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::path::PathBuf;

use crate::credential::{Mode, ObtainOptions};
use crate::env::Env;
use crate::error::{Error, Kind, Reason, Result};
use crate::files;
use crate::sources::{SearchContext, SearchOptions};
use crate::supervise;
use crate::verify::RetryBudget;

use args::{Args, Command, Common};
use messages::Messages;

/// The standard streams.
#[allow(missing_debug_implementations, reason = "borrowed streams show nothing")]
pub struct Streams<'a> {
    /// A token, or a request of Git or Docker.
    pub input: &'a mut dyn BufRead,
    /// Whether `input` is a terminal, so that the user can be asked.
    pub interactive: bool,
    /// Data.
    pub out: &'a mut dyn Write,
    /// For messages.
    pub err: &'a mut dyn Write,
    /// Whether `err` is a terminal: messages may be coloured (unless `NO_COLOR` is set), and progress is shown.
    pub colour: bool,
}

/// Protects the process, at its start: no core dump, no debugger of the same user, no value in a panic's message. A limit on
/// the size of files makes a write fail instead of ending the process. A process that outlives its parent closes the
/// descriptors that it inherits.
pub fn harden(args: &[OsString]) {
    let code = exit::before_command(args, Kind::Internal.code());
    // A panic's message may quote a value: its location is enough for a bug report. The exit avoids a core dump.
    std::panic::set_hook(Box::new(move |panic| {
        messages::panicked(panic.location());
        std::process::exit(code.into());
    }));
    system::keep_out_of_cores();
    if outlives_parent(args) {
        system::close_inherited();
    }
    supervise::fail_writes_over_file_limit();
}

/// Whether the command line is the agent's, or that of the process that masks what a command left running.
fn outlives_parent(args: &[OsString]) -> bool {
    let is_named = args.iter().any(|arg| arg == "agent" || arg == "resume-masking");
    let is_either = |args: Args| matches!(args.command, Command::Agent(_) | Command::ResumeMasking);
    is_named && Args::read(args).is_ok_and(is_either)
}

/// Runs one command and returns the exit code. `exec` only returns where it fails.
pub fn run(args: &[OsString], env: &Env, streams: &mut Streams) -> u8 {
    let colour = streams.colour && env.get("NO_COLOR").is_none();
    let mut messages = Messages::new(streams.err, colour);
    let args = match Args::read(args) {
        Ok(args) => args,
        Err(error) => match messages.usage(&error, args, streams.out) {
            0 => return 0,
            code => return exit::before_command(args, code),
        },
    };
    let common = args.all_common();
    messages.quiet = common.quiet;
    let context = &SearchContext::new(env);
    let invocation =
        Invocation { common: &common, env, context, interactive: streams.interactive, watched: streams.colour };
    trace::with(common.verbose, env, || {
        commands::dispatch(&args.command, &invocation, streams.input, streams.out, &mut messages)
    })
}

/// What every command gets: the options that all share, parsed only when they are needed.
struct Invocation<'a> {
    common: &'a Common,
    env: &'a Env,
    /// Whether the user can be asked: standard input is a terminal.
    interactive: bool,
    /// Whether messages go to a terminal.
    watched: bool,
    /// What sources read, once for this command.
    context: &'a SearchContext<'a>,
}

impl<'a> Invocation<'a> {
    /// Without a terminal, for work in the background.
    fn unattended(common: &'a Common, context: &'a SearchContext<'a>) -> Invocation<'a> {
        Invocation { common, env: context.env, context, interactive: false, watched: false }
    }

    /// The search and the verification that the options ask for; `mode` is the command's default.
    fn options(&self, mode: Mode) -> Result<ObtainOptions<'a>> {
        let common = self.common;
        let search = SearchOptions {
            deployment: common.deployment.as_deref(),
            token_file: common.token_file.as_deref(),
            token_env: common.token_env.as_deref(),
            timeout: self.budget()?.timeout,
            ..SearchOptions::new(self.context)
        };
        let mode = if common.offline { Mode::Never } else { common.verify.map_or(mode, Mode::from) };
        Ok(ObtainOptions { search, mode, budget: self.budget()?, needs: &[], owner: false })
    }

    /// How long to wait for the deployment.
    fn budget(&self) -> Result<RetryBudget> {
        let timeout = self.common.timeout.as_deref().map(|typed| values::duration("--timeout", typed)).transpose()?;
        Ok(RetryBudget { timeout: timeout.unwrap_or(crate::verify::TIMEOUT), wait: None })
    }
}

/// Refuses to write files as root into another user's folders, as with `sudo -E`: that user could not use them.
fn refuse_foreign(folders: impl IntoIterator<Item = PathBuf>) -> Result<()> {
    match folders.into_iter().find(|folder| files::is_foreign(folder)) {
        None => Ok(()),
        Some(folder) => {
            let what = format!("{} is another user's folder, and co-cred runs as root", folder.display());
            Err(Error::new(Reason::Usage, what).hint("run it without sudo, or with sudo -H"))
        }
    }
}
