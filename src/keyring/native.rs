//! The stores that keyring-core speaks to: the kernel's keyring, the Keychain, the Credential Manager. They differ in
//! one line.
//!
//! keyring-core's errors can hold the secret: they are told apart and dropped.

use std::sync::Arc;

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::email::Email;

use super::Login;
use super::store::{Refusal, Removal, Secret, Slot};

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store as System;
#[cfg(target_os = "linux")]
use linux_keyutils_keyring_store::Store as System;
#[cfg(windows)]
use windows_native_keyring_store::Store as System;

const CLOSED: Refusal = Refusal::Absent("is not open to this process");

fn entry(deployment: &Deployment, email: &Email, slot: Slot) -> Result<Entry, Refusal> {
    let system: Arc<System> = System::new().map_err(refusal)?;
    let place = match slot {
        Slot::First => "",
        Slot::Second => " (2)",
    };
    let service = format!("co-cred {deployment}{place}");
    system.build(&service, &email.as_str().to_ascii_lowercase(), None).map_err(refusal)
}

pub(super) fn get(login: &Login) -> Result<Vec<Secret>, Refusal> {
    match entry(&login.deployment, &login.email, login.slot)?.get_secret() {
        Ok(secret) => Ok(vec![Zeroizing::new(secret)]),
        Err(Error::NoEntry) => Ok(Vec::new()),
        Err(error) => Err(refusal(error)),
    }
}

pub(super) fn set(login: &Login, secret: &Secret) -> Result<(), Refusal> {
    probe()?;
    entry(&login.deployment, &login.email, login.slot)?.set_secret(secret).map_err(refusal)
}

/// Finds out whether what is put into the kernel's keyring can be read and removed again. A process without a session's
/// keyring of its own may add a key that it does not possess (keyrings(7)): the token would be left there.
#[cfg(target_os = "linux")]
pub(super) fn probe() -> Result<(), Refusal> {
    let probe = System::new().and_then(|system| system.build("co-cred", "probe", None)).map_err(refusal)?;
    let works = probe.set_secret(b"probe").and_then(|()| probe.get_secret()).and_then(|_| probe.delete_credential());
    works.map_err(|_| CLOSED)
}

/// The system's own keyring is there.
#[cfg(not(target_os = "linux"))]
pub(super) fn probe() -> Result<(), Refusal> {
    System::new().map(drop).map_err(refusal)
}

pub(super) fn delete(removal: &Removal) -> Result<(), Refusal> {
    let slots = Slot::ALL.into_iter().filter(|slot| removal.except != Some(*slot));
    let delete = |slot| match entry(removal.deployment, removal.email, slot)?.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(refusal(error)),
    };
    slots.map(delete).fold(Ok(()), Result::and)
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::NoStorageAccess(_) | Error::NoDefaultStore => CLOSED,
        _ => Refusal::Broken,
    }
}
