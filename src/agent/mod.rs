//! The agent: a token that stays fresh for whoever asks. It watches what the sources read, obtains again on a change, and
//! serves what is good over a Unix socket of this user's.
//!
//! No secret makes it end, and it ends nobody. The [`Keeper`] has the rules by which a token is replaced; [`Rounds`] look
//! when something changes; [`run`] is the agent that others ask.

mod home;
mod keeper;
mod outlet;
mod rounds;
mod serve;
mod watch;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use crate::credential::Order;
use crate::deployment::Deployment;
use crate::error::Result;
use crate::locate::Request;
use crate::locate::agent::Brokered;

pub use home::{Claim, Home, socket};
pub use keeper::{Keeper, Looked, Told};
pub use outlet::Outlet;
pub use rounds::Rounds;

use keeper::{News, RETRY};
use rounds::unable;

/// Runs until it is told to stop, by a signal or over the socket; a strict one keeps to the place of its first token. `open` is called once it is known whether there is a
/// token, and returns the broker that others are told of, where there is one, and the deployment to which it leads: from then
/// on no other is sent the token, whatever the files that name one say; `ready`, once whoever asks is answered.
///
/// # Errors
/// The system does not let it watch or serve.
pub fn run(
    order: &Order,
    is_strict: bool,
    home: Home,
    outlet: &Outlet,
    open: impl FnOnce(&Arc<Keeper>) -> Result<Option<(Brokered, Deployment)>>,
    ready: impl FnOnce() -> io::Result<()>,
    mut tell: impl FnMut(Told),
) -> Result<()> {
    let mut rounds = Rounds::new(None, is_strict)?;
    let keeper = rounds.keeper().clone();
    let mut unwritten = false;
    let mut hand_on = |looked: Looked| {
        let Looked { told, is_new, retry, .. } = looked;
        told.into_iter().for_each(&mut tell);
        let Some(held) = keeper.held() else { return retry };
        let mut failures = Vec::new();
        if is_new == Some(true) {
            home.mark();
            failures.extend(outlet.run(&held, order.request.env, home.socket()).err());
        }
        if is_new.is_some() || unwritten {
            let written = outlet.write(&held);
            // Told once, and tried again.
            if !unwritten || written.is_ok() {
                unwritten = written.is_err();
                failures.extend(written.err());
            }
        }
        failures.into_iter().map(Told::NotHandedOn).for_each(&mut tell);
        if unwritten { Some(RETRY) } else { retry }
    };
    rounds.look(order, &mut hand_on);
    stop_on_signals(keeper.news()).map_err(|error| unable("wait for signals", error))?;
    let (brokered, deployment) = open(&keeper)?.unzip();
    let pinned = deployment.as_ref().map(Deployment::origin).or(order.request.deployment);
    let order = &Order { request: Request { deployment: pinned, ..order.request }, ..*order };
    serve::start(home.listener()?, keeper.clone(), brokered).map_err(|error| unable("serve", error))?;
    home.tell_systemd();
    ready().map_err(|error| unable("leave the terminal", error))?;
    rounds.run(order, &mut hand_on);
    Ok(())
}

/// # Errors
/// The system does not let it, or has no thread left.
fn stop_on_signals(sender: Sender<News>) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let hand_on = move || {
        for _ in signals.forever() {
            let _ = sender.send(News::Stop);
        }
    };
    std::thread::Builder::new().spawn(hand_on).map(drop)
}
