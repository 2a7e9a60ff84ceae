//! The stores that keyring-core speaks to: the kernel's keyring, the Keychain, the Credential Manager. They differ in
//! one line.
//!
//! keyring-core's errors can hold the secret: they are told apart and dropped.

use std::sync::Arc;

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};
use zeroize::Zeroizing;

use super::store::{Refusal, Secret};
use super::{Login, Store};

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store as System;
#[cfg(target_os = "linux")]
use linux_keyutils_keyring_store::Store as System;
#[cfg(windows)]
use windows_native_keyring_store::Store as System;

/// Which of the stores this system has.
pub(super) const STORE: Store = if cfg!(target_os = "macos") {
    Store::Keychain
} else if cfg!(windows) {
    Store::CredentialManager
} else {
    Store::Kernel
};

fn entry(login: &Login) -> Result<Entry, Refusal> {
    let system: Arc<System> = System::new().map_err(refusal)?;
    let service = format!("co-cred {}", login.deployment);
    system.build(&service, &login.email.as_str().to_ascii_lowercase(), None).map_err(refusal)
}

pub(super) fn get(login: &Login) -> Result<Option<Secret>, Refusal> {
    match entry(login)?.get_secret() {
        Ok(secret) => Ok(Some(Zeroizing::new(secret))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(refusal(error)),
    }
}

pub(super) fn set(login: &Login, secret: &Secret) -> Result<(), Refusal> {
    entry(login)?.set_secret(secret).map_err(refusal)
}

pub(super) fn delete(login: &Login) -> Result<(), Refusal> {
    match entry(login)?.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(refusal(error)),
    }
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::NoStorageAccess(_) | Error::NoDefaultStore => Refusal::Absent("is not open to this process"),
        _ => Refusal::Broken,
    }
}
