//! The agent as a whole: obtain, serve, and refresh until the process ends.

use std::sync::Arc;
use std::time::Duration;

use crate::credential::ObtainOptions;
use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::ipc::BrokerOffer;
use crate::sources::{self, SearchOptions};

use super::change_hooks::ChangeHooks;
use super::error::unable;
use super::events::{AgentEvent, RefreshOutcome};
use super::refresh_loop::RefreshLoop;
use super::responder::Responder;
use super::system::AgentInstance;
use super::token_state::{RETRY, TokenState};

/// Runs until a signal or a request ends the process, also in the middle of a refresh.
///
/// With `pins_place`, only the place of the first token may give another. `open_broker` is called after the first refresh,
/// and returns the offer of a broker and its deployment, if the agent has a broker: from then on, the token is sent to that
/// deployment only, even if a file names another. `ready` is called once requests are answered. `report` gets each event.
///
/// # Errors
/// The system does not let the agent handle signals or serve, or an error of `open_broker` or `ready`.
pub fn run(
    options: &ObtainOptions,
    pins_place: bool,
    instance: AgentInstance,
    hooks: &ChangeHooks,
    open_broker: impl FnOnce(&Arc<TokenState>) -> Result<Option<(BrokerOffer, Deployment)>>,
    ready: impl FnOnce() -> Result<()>,
    report: impl FnMut(AgentEvent),
) -> Result<()> {
    let mut refresh = RefreshLoop::new(options, pins_place);
    let token_state = Arc::clone(refresh.token_state());
    let mut publisher = Publisher {
        options,
        token_state: &token_state,
        instance: &instance,
        hooks,
        report,
        is_started: false,
        is_file_outdated: false,
    };
    instance.exit_on_signals().map_err(|error| unable("wait for signals", error))?;
    refresh.refresh(options, &mut |outcome| publisher.publish(outcome));
    let (broker, deployment) = open_broker(&token_state)?.unzip();
    let pinned = deployment.as_ref().map(Deployment::origin).or(options.search.deployment);
    let options = &ObtainOptions { search: SearchOptions { deployment: pinned, ..options.search }, ..*options };
    instance.serve(Responder::new(Arc::clone(&token_state), broker))?;
    ready()?;
    refresh.run(options, &mut |outcome| publisher.publish(outcome));
    Ok(())
}

/// Passes the outcome of each refresh on: to the log, the lock file, the hooks.
struct Publisher<'a, R> {
    options: &'a ObtainOptions<'a>,
    token_state: &'a TokenState,
    instance: &'a AgentInstance,
    hooks: &'a ChangeHooks,
    report: R,
    /// The first refresh is over: what it finds is no change.
    is_started: bool,
    /// The file of the hooks could not be written: it is tried again until it can.
    is_file_outdated: bool,
}

impl<R: FnMut(AgentEvent)> Publisher<'_, R> {
    /// Returns when to refresh again even if no file changes.
    fn publish(&mut self, outcome: RefreshOutcome) -> Option<Duration> {
        let RefreshOutcome { event, has_changed, retry_after, has_failed: _ } = outcome;
        event.into_iter().for_each(&mut self.report);
        let is_first = !std::mem::replace(&mut self.is_started, true);
        if has_changed || is_first {
            let held = self.token_state.held();
            let context = self.options.search.context.reread();
            let seen = sources::tokens(&self.options.with_context(&context).search);
            self.hooks.remove_from_env(seen.iter().chain(held.iter().map(|held| held.token())));
        }
        if has_changed && !is_first {
            self.instance.record_change();
            let started = self.hooks.run_command(self.instance.socket());
            self.report_failure(started.err());
        }
        if has_changed || self.is_file_outdated {
            self.write_file();
        }
        if self.is_file_outdated { Some(RETRY) } else { retry_after }
    }

    /// Writes the file of the hooks. A failure is reported once, and not with each attempt.
    fn write_file(&mut self) {
        let held = self.token_state.held();
        let written = self.instance.finish_before_exit(|| self.hooks.write_file(held.as_deref()));
        let was_outdated = std::mem::replace(&mut self.is_file_outdated, written.is_err());
        if !was_outdated {
            self.report_failure(written.err());
        }
    }

    fn report_failure(&mut self, failure: Option<Error>) {
        failure.map(AgentEvent::HookFailed).into_iter().for_each(&mut self.report);
    }
}
