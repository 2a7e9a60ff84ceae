//! `co-cred agent`: start an agent, or find the one that runs.

use std::io::Write;

use crate::cli::messages::Messages;
use crate::cli::{Invocation, args, trace};
use crate::error::Result;
use crate::sources::SearchContext;

use super::options::AgentOptions;
use super::{background, foreground};

/// Starts the agent in this process or in another, as `typed` says.
pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Agent,
    options: &AgentOptions,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Result<u8> {
    let agent = &args::Agent { foreground: typed.foreground, detach: typed.detach, ..options.to_args() };
    let env = invocation.env.with_absolute_paths();
    let folder = std::env::current_dir().ok();
    let context = &SearchContext::started_in(&env, folder.as_deref());
    let invocation = &Invocation { common: &agent.common, env: &env, context, ..*invocation };
    if typed.foreground || typed.detach {
        messages.quiet = agent.common.quiet;
        return trace::with(agent.common.verbose, &env, || {
            foreground::run(invocation, agent, options.socket(), out, messages)
        });
    }
    let started = background::run(invocation, agent, options, out);
    if typed.broker_options.broker && !matches!(started, Ok(0)) {
        // Makes the shell's `eval` fail. Without output it would succeed, and the script would go on with the token.
        let _ = out.write_all(b"false;\n");
    }
    started
}
