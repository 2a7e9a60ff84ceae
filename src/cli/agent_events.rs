//! What an agent reports, in words: for `co-cred agent` and for a token that a broker keeps fresh.

use crate::agent::AgentEvent;
use crate::error::Remark;

use super::messages::Messages;

/// Writes what happened to the token that is held. A token that was obtained is reported only where `verbose` is set.
pub(super) fn report(messages: &mut Messages, event: AgentEvent, verbose: bool) {
    match event {
        AgentEvent::TokenChanged { place, remarks } => {
            if verbose {
                messages.done(&format!("the agent holds the token from {place}"));
            }
            messages.warn(&remarks);
        }
        AgentEvent::RefreshFailed { error, is_kept } => {
            let what = if is_kept { "; the token from before is kept" } else { "; no token is held" };
            let mut remark = Remark::from(&error);
            remark.what.push_str(what);
            messages.warn(&[remark]);
        }
        AgentEvent::HookFailed(error) => messages.warn(&[Remark::from(&error)]),
    }
}
