//! The stores that keyring-core speaks to: the kernel's keyring, the Keychain, the Credential Manager. They differ in
//! one line.
//!
//! keyring-core's errors can hold the secret: they are told apart and dropped.

use std::sync::Arc;

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};
use zeroize::Zeroizing;

use crate::env::Env;

use super::Login;
use super::store::{Asking, Refusal, Secret};

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store as System;
#[cfg(target_os = "linux")]
use linux_keyutils_keyring_store::Store as System;
#[cfg(windows)]
use windows_native_keyring_store::Store as System;

const CLOSED: Refusal = Refusal::Absent("is not open to this process");

fn entry(login: &Login) -> Result<Entry, Refusal> {
    let system: Arc<System> = System::new().map_err(refusal)?;
    let service = format!("co-cred {}", login.deployment);
    system.build(&service, &login.email.as_str().to_ascii_lowercase(), None).map_err(refusal)
}

pub(super) fn get(_: &Env, login: &Login) -> Result<Vec<Secret>, Refusal> {
    match entry(login)?.get_secret() {
        Ok(secret) => Ok(vec![Zeroizing::new(secret)]),
        Err(Error::NoEntry) => Ok(Vec::new()),
        Err(error) => Err(refusal(error)),
    }
}

pub(super) fn set(_: &Env, login: &Login, secret: &Secret, _: Asking) -> Result<(), Refusal> {
    #[cfg(target_os = "linux")]
    probe()?;
    entry(login)?.set_secret(secret).map_err(refusal)
}

/// Finds out whether what is put into the kernel's keyring can be read and removed again. A process without a session's
/// keyring of its own may add a key that it does not possess (keyrings(7)): the token would be left there.
#[cfg(target_os = "linux")]
fn probe() -> Result<(), Refusal> {
    let probe = System::new().and_then(|system| system.build("co-cred", "probe", None)).map_err(refusal)?;
    let works = probe.set_secret(b"probe").and_then(|()| probe.get_secret()).and_then(|_| probe.delete_credential());
    works.map_err(|_| CLOSED)
}

pub(super) fn delete(_: &Env, login: &Login, _: Asking) -> Result<(), Refusal> {
    match entry(login)?.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(refusal(error)),
    }
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::NoStorageAccess(_) | Error::NoDefaultStore => CLOSED,
        _ => Refusal::Broken,
    }
}
