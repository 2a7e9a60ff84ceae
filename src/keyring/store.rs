//! The table of stores, and [`Store`], a handle to one of them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::{Serialize, Serializer};

use crate::error::{Error, Reason};

use super::backend::{Backend, StoreError};
use super::private_file::PrivateFile;

/// Every store, the best first. Those of other systems are listed too, so that their ids in an index are understood.
const BACKENDS: [&dyn Backend; 5] = [
    #[cfg(all(feature = "keyring", target_os = "linux"))]
    &super::secret_service::SecretService,
    #[cfg(not(all(feature = "keyring", target_os = "linux")))]
    &super::missing::SECRET_SERVICE,
    #[cfg(feature = "keyring")]
    &super::native::KERNEL,
    #[cfg(not(feature = "keyring"))]
    &super::missing::KERNEL,
    #[cfg(feature = "keyring")]
    &super::native::KEYCHAIN,
    #[cfg(not(feature = "keyring"))]
    &super::missing::KEYCHAIN,
    #[cfg(feature = "keyring")]
    &super::native::CREDENTIAL_MANAGER,
    #[cfg(not(feature = "keyring"))]
    &super::missing::CREDENTIAL_MANAGER,
    &PrivateFile,
];

/// A place for entries: a keyring of the system, or a private file. Serialised as its id, such as `secret-service`.
#[derive(Clone, Copy)]
pub struct Store(&'static dyn Backend);

impl Store {
    /// The private file.
    pub(super) const FILE: Store = Store(&PrivateFile);

    /// Every store, of every system.
    pub(super) fn all() -> impl Iterator<Item = Store> {
        BACKENDS.into_iter().map(Store)
    }

    /// The stores that `co-cred login` may choose on this system, the best first.
    pub(super) fn defaults() -> impl Iterator<Item = Store> {
        Store::all().filter(|store| store.0.is_default())
    }

    pub(super) fn backend(self) -> &'static dyn Backend {
        self.0
    }

    /// An error of this store, in words.
    pub(super) fn error(self, error: StoreError) -> Error {
        let new = |what: &str| Error::new(Reason::Keyring, format!("{self} {what}"));
        match error {
            StoreError::Unavailable(why) => new(why).hint("log in on this machine's desktop, or set CODEOCEAN_TOKEN"),
            StoreError::Locked => new("is locked").hint(
                "unlock it in your desktop's keyring program; co-cred login, in a terminal, asks for its password",
            ),
            StoreError::TimedOut(limit) => new(&format!("did not answer within {} s", limit.as_secs()))
                .hint("it may wait for a password, or hang: log out and in again, or set CODEOCEAN_TOKEN"),
            StoreError::Failed => new("returned an error").hint("see the log of your session's keyring service"),
        }
    }
}

impl PartialEq for Store {
    fn eq(&self, other: &Store) -> bool {
        self.0.id() == other.0.id()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.id())
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl Serialize for Store {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.id())
    }
}

impl<'de> Deserialize<'de> for Store {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Store, D::Error> {
        let id = String::deserialize(deserializer)?;
        Store::all().find(|store| store.0.id() == id).ok_or_else(|| D::Error::custom("unknown store"))
    }
}
