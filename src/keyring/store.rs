//! The stores that can keep an entry, and how each may refuse.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::Remark;

use super::Login;
#[cfg(feature = "keyring")]
use super::native;
#[cfg(not(feature = "keyring"))]
use super::none::native;
#[cfg(not(all(feature = "keyring", target_os = "linux")))]
use super::none::secret_service;
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

/// Where in its store an entry lies: a new one is put beside the former one, which counts until the list of logins names the
/// new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slot {
    /// Where a first login is put.
    #[default]
    First,
    /// Where the one is put that replaces it.
    Second,
}

impl Slot {
    #[cfg(feature = "keyring")]
    pub(super) const ALL: [Slot; 2] = [Slot::First, Slot::Second];

    pub(super) fn is_first(&self) -> bool {
        *self == Slot::First
    }

    pub(super) fn other(self) -> Slot {
        if self.is_first() { Slot::Second } else { Slot::First }
    }
}

/// What is to be removed from a store: everything of a login, or everything but one slot.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "keyring"), allow(dead_code, reason = "only a keyring is asked to remove something"))]
pub(super) struct Removal<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) email: &'a Email,
    pub(super) except: Option<Slot>,
}

impl Removal<'_> {
    pub(super) fn of(login: &Login) -> Removal<'_> {
        Removal { deployment: &login.deployment, email: &login.email, except: None }
    }
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
#[derive(Clone, Copy, Debug)]
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

impl Refusal {
    /// The store, where it did not answer: it is not to be waited for again.
    pub(super) fn silenced(self, store: Store) -> Option<Store> {
        matches!(self, Refusal::Late(_)).then_some(store)
    }
}

/// A secret, as a store hands it out.
pub(super) type Secret = Zeroizing<Vec<u8>>;

impl Store {
    /// Every store, of every system.
    pub(super) const ALL: [Store; 5] =
        [Store::SecretService, Store::Kernel, Store::Keychain, Store::CredentialManager, Store::File];

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

    /// Whether it can be used: it is here, and is open or can be opened.
    pub(super) fn probe(self, env: &Env, asking: Asking) -> Result<(), Refusal> {
        match self {
            Store::File => Ok(()),
            Store::SecretService => secret_service::probe(env, asking),
            Store::Kernel | Store::Keychain | Store::CredentialManager => native::probe(),
        }
    }

    /// What it holds for each login; more than one thing where somebody else put it there.
    pub(super) fn get(self, env: &Env, logins: &[&Login]) -> Vec<Result<Vec<Secret>, Refusal>> {
        match self {
            Store::File => logins.iter().map(|_| Ok(Vec::new())).collect(),
            Store::SecretService => secret_service::get(env, logins),
            Store::Kernel | Store::Keychain | Store::CredentialManager => {
                logins.iter().map(|login| native::get(login)).collect()
            }
        }
    }

    /// Puts an entry into its slot; what is in the other one stays as it is.
    pub(super) fn set(self, env: &Env, login: &Login, secret: &Secret, asking: Asking) -> Result<(), Refusal> {
        match self {
            Store::File => Ok(()),
            Store::SecretService => secret_service::set(env, login, secret, asking),
            Store::Kernel | Store::Keychain | Store::CredentialManager => native::set(login, secret),
        }
    }

    /// Removes what it holds of each login. What it does not hold counts as removed.
    pub(super) fn delete(self, env: &Env, removals: &[Removal], asking: Asking) -> Vec<Result<(), Refusal>> {
        match self {
            Store::File => removals.iter().map(|_| Ok(())).collect(),
            Store::SecretService => secret_service::delete(env, removals, asking),
            Store::Kernel | Store::Keychain | Store::CredentialManager => {
                removals.iter().map(|removal| native::delete(removal)).collect()
            }
        }
    }

    /// Removes everything of co-cred's, where the store can be searched.
    pub(super) fn delete_all(self, env: &Env, asking: Asking) -> Result<(), Refusal> {
        match self {
            Store::SecretService => secret_service::delete_all(env, asking),
            Store::Kernel | Store::Keychain | Store::CredentialManager | Store::File => Ok(()),
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
