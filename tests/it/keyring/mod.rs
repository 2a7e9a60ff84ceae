//! Logins and the stores that keep them.

pub mod durability;
pub mod git;
pub mod index;
pub mod login;
pub mod other_stores;
pub mod secret_service;
pub mod terminal;

use std::time::{Duration, Instant};

use fake_deployment::{Account, Deployment, Plan};

use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN};
use crate::support::workstation::Bus;

const GRACE: &str = "grace@example.org";

/// Two users of one deployment.
fn deployment() -> Deployment {
    let grace = Account { email: GRACE.to_owned(), ..Account::new(OTHER) };
    Plan::with_token(TOKEN).account(grace).tls().git().start()
}

/// A home that trusts a deployment's certificate and does not name the deployment.
fn workstation(deployment: &Deployment) -> Sandbox {
    Sandbox::new().with_git(&[deployment]).on_path()
}

/// The same with the real keyring, unlocked.
fn with_keyring(deployment: &Deployment) -> Option<(Sandbox, Bus)> {
    let world = workstation(deployment);
    let bus = Bus::with_keyring(&world)?;
    Some((world.with("DBUS_SESSION_BUS_ADDRESS", bus.address()), bus))
}

fn login(world: &Sandbox, deployment: &Deployment, token: &str, more: &[&str]) -> Ran {
    let url = deployment.url();
    world.pipe(&[&["login", "--deployment", &url], more].concat(), token)
}

/// Fails if the work took longer than the two seconds of a bus that does not answer, plus overhead.
#[track_caller]
fn within_two_seconds<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    assert!(start.elapsed() < Duration::from_millis(3500), "{:?}", start.elapsed());
    done
}
