//! The stores that can keep an entry, and how each may refuse.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::env::Env;
use crate::error::Remark;

use super::Login;
#[cfg(feature = "keyring")]
use super::native;
#[cfg(not(feature = "keyring"))]
use super::none as native;
#[cfg(not(all(feature = "keyring", target_os = "linux")))]
use super::none as secret_service;
#[cfg(all(feature = "keyring", target_os = "linux"))]
use super::secret_service;

/// Where an entry may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Store {
    /// The desktop's keyring, over D-Bus (GNOME Keyring, KWallet, KeePassXC).
    SecretService,
    /// The Linux kernel's keyring: gone with the next reboot.
    Kernel,
    /// The Keychain of macOS.
    Keychain,
    /// The Credential Manager of Windows.
    CredentialManager,
    /// A private file, for whoever asked for it.
    File,
}

/// Whether somebody is there to open a locked keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// A program waits: what is locked is an error at once.
    Nobody,
    /// Somebody is at the terminal: the keyring may ask for its password.
    User,
}

/// Why a store did not do what was asked.
#[derive(Debug)]
#[cfg_attr(
    not(all(feature = "keyring", target_os = "linux")),
    allow(dead_code, reason = "only the Secret Service is ever locked or late")
)]
pub(super) enum Refusal {
    /// It is not on this system, or not for this process; the words follow its name.
    Absent(&'static str),
    /// It is there, and locked.
    Locked,
    /// It is there, and did not answer in time.
    Late(Duration),
    /// It answered with an error, which is dropped: one of keyring-core's can hold the secret.
    Broken,
}

/// A secret, as a store hands it out.
pub(super) type Secret = Zeroizing<Vec<u8>>;

impl Store {
    /// The system's own stores, the best first. The index is of one system: what it names is among these, or a file, whose
    /// entries are in the index itself.
    #[cfg(target_os = "linux")]
    pub(super) const OF_SYSTEM: [Store; 2] = [Store::SecretService, Store::Kernel];
    #[cfg(target_os = "macos")]
    pub(super) const OF_SYSTEM: [Store; 1] = [Store::Keychain];
    #[cfg(windows)]
    pub(super) const OF_SYSTEM: [Store; 1] = [Store::CredentialManager];

    /// What is to be said when an entry is kept here.
    pub(super) fn remark(self) -> Option<Remark> {
        // Three days: /proc/sys/kernel/keys/persistent_keyring_expiry (persistent-keyring(7)).
        let what = "the token is in the kernel's keyring, which does not outlive a reboot, nor three days without use";
        let hint =
            "a Secret Service (GNOME Keyring, KeePassXC) keeps it for good; so does --insecure-storage, in a file";
        (self == Store::Kernel).then(|| Remark::new("kernel-keyring", what).hint(hint))
    }

    /// What it holds for a login; more than one thing where somebody else put it there.
    pub(super) fn get(self, env: &Env, login: &Login) -> Result<Vec<Secret>, Refusal> {
        match self {
            Store::File => Ok(Vec::new()),
            Store::SecretService => secret_service::get(env, login),
            Store::Kernel | Store::Keychain | Store::CredentialManager => native::get(env, login),
        }
    }

    pub(super) fn set(self, env: &Env, login: &Login, secret: &Secret, asking: Asking) -> Result<(), Refusal> {
        match self {
            Store::File => Ok(()),
            Store::SecretService => secret_service::set(env, login, secret, asking),
            Store::Kernel | Store::Keychain | Store::CredentialManager => native::set(env, login, secret, asking),
        }
    }

    pub(super) fn delete(self, env: &Env, login: &Login, asking: Asking) -> Result<(), Refusal> {
        match self {
            Store::File => Ok(()),
            Store::SecretService => secret_service::delete(env, login, asking),
            Store::Kernel | Store::Keychain | Store::CredentialManager => native::delete(env, login, asking),
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Store::SecretService => "the Secret Service",
            Store::Kernel => "the kernel's keyring",
            Store::Keychain => "the Keychain",
            Store::CredentialManager => "the Credential Manager",
            Store::File => "a file",
        })
    }
}
