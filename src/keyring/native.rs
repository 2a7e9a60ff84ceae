//! The stores behind keyring-core: the kernel's keyring, the Keychain, the Credential Manager. Only one of them is part of
//! a build; an entry that the index has in another system's store is looked for in this system's.
//!
//! keyring-core's errors can hold the secret, so they are mapped to [`StoreError`] and dropped.

use std::sync::Arc;

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};
use zeroize::Zeroizing;

use crate::env::Env;
use crate::error::Remark;

use super::backend::{Backend, EntryKey, EntrySlot, Removal, Secret, StoreError, UnlockPrompt};

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store as System;
#[cfg(target_os = "linux")]
use linux_keyutils_keyring_store::Store as System;
#[cfg(windows)]
use windows_native_keyring_store::Store as System;

/// The Linux kernel's keyring, which a reboot clears.
pub(super) const KERNEL: Native = Native {
    id: "kernel",
    name: "the kernel's keyring",
    is_default: cfg!(target_os = "linux"),
    // Three days: /proc/sys/kernel/keys/persistent_keyring_expiry (persistent-keyring(7)).
    remark: Some((
        "kernel-keyring",
        "the token is in the kernel's keyring, which does not outlive a reboot, nor three days without use",
        "a Secret Service (GNOME Keyring, KeePassXC) keeps it for good; so does --insecure-storage, in a file",
    )),
};

/// The Keychain of macOS.
pub(super) const KEYCHAIN: Native =
    Native { id: "keychain", name: "the Keychain", is_default: cfg!(target_os = "macos"), remark: None };

/// The Credential Manager of Windows.
pub(super) const CREDENTIAL_MANAGER: Native =
    Native { id: "credential-manager", name: "the Credential Manager", is_default: cfg!(windows), remark: None };

pub(super) struct Native {
    id: &'static str,
    name: &'static str,
    is_default: bool,
    /// Cause, text and hint.
    remark: Option<(&'static str, &'static str, &'static str)>,
}

impl Backend for Native {
    fn id(&self) -> &'static str {
        self.id
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn is_default(&self) -> bool {
        self.is_default
    }

    fn remark(&self) -> Option<Remark> {
        self.remark.map(|(cause, what, hint)| Remark::new(cause, what).hint(hint))
    }

    fn probe(&self, _: &Env, _: UnlockPrompt) -> Result<(), StoreError> {
        probe()
    }

    fn get(&self, _: &Env, keys: &[EntryKey]) -> Vec<Result<Vec<Secret>, StoreError>> {
        keys.iter().map(get).collect()
    }

    fn set(&self, _: &Env, key: EntryKey, secret: &Secret, _: UnlockPrompt) -> Result<(), StoreError> {
        probe()?;
        entry(&key)?.set_secret(secret).map_err(store_error)
    }

    fn delete(&self, _: &Env, removals: &[Removal], _: UnlockPrompt) -> Vec<Result<(), StoreError>> {
        removals.iter().map(delete).collect()
    }
}

const CLOSED: StoreError = StoreError::Unavailable("is not open to this process");

fn entry(key: &EntryKey) -> Result<Entry, StoreError> {
    let EntryKey { deployment, email, slot } = key;
    let system: Arc<System> = System::new().map_err(store_error)?;
    let suffix = match slot {
        EntrySlot::First => "",
        EntrySlot::Second => " (2)",
    };
    let service = format!("co-cred {deployment}{suffix}");
    system.build(&service, &email.as_str().to_ascii_lowercase(), None).map_err(store_error)
}

fn get(key: &EntryKey) -> Result<Vec<Secret>, StoreError> {
    match entry(key)?.get_secret() {
        Ok(secret) => Ok(vec![Zeroizing::new(secret)]),
        Err(Error::NoEntry) => Ok(Vec::new()),
        Err(error) => Err(store_error(error)),
    }
}

/// Checks that this process can read and remove what it writes to the kernel's keyring. A process without a session keyring
/// of its own may add a key that it does not possess (keyrings(7)), and the token would be left there.
#[cfg(target_os = "linux")]
fn probe() -> Result<(), StoreError> {
    let probe = System::new().and_then(|system| system.build("co-cred", "probe", None)).map_err(store_error)?;
    let works = probe.set_secret(b"probe").and_then(|()| probe.get_secret()).and_then(|_| probe.delete_credential());
    works.map_err(|_| CLOSED)
}

/// Checks that the system's keyring is available.
#[cfg(not(target_os = "linux"))]
fn probe() -> Result<(), StoreError> {
    System::new().map(drop).map_err(store_error)
}

fn delete(removal: &Removal) -> Result<(), StoreError> {
    let Removal { deployment, email, except } = *removal;
    let slots = EntrySlot::ALL.into_iter().filter(|slot| except != Some(*slot));
    let delete = |slot| match entry(&EntryKey { deployment, email, slot })?.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(store_error(error)),
    };
    slots.map(delete).fold(Ok(()), Result::and)
}

fn store_error(error: Error) -> StoreError {
    match error {
        Error::NoStorageAccess(_) | Error::NoDefaultStore => CLOSED,
        _ => StoreError::Failed,
    }
}
