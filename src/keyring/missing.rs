//! Stores that this build of co-cred does not support: an index may name them.

use crate::env::Env;

use super::backend::{Backend, EntryKey, Removal, Secret, StoreError, UnlockPrompt};

const ERROR: StoreError = StoreError::Unavailable("is not part of this co-cred");

pub(super) struct Missing {
    id: &'static str,
    name: &'static str,
}

pub(super) const SECRET_SERVICE: Missing = Missing { id: "secret-service", name: "the Secret Service" };
#[cfg(not(feature = "keyring"))]
pub(super) const KERNEL: Missing = Missing { id: "kernel", name: "the kernel's keyring" };
#[cfg(not(feature = "keyring"))]
pub(super) const KEYCHAIN: Missing = Missing { id: "keychain", name: "the Keychain" };
#[cfg(not(feature = "keyring"))]
pub(super) const CREDENTIAL_MANAGER: Missing = Missing { id: "credential-manager", name: "the Credential Manager" };

impl Backend for Missing {
    fn id(&self) -> &'static str {
        self.id
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn is_default(&self) -> bool {
        false
    }

    fn probe(&self, _: &Env, _: UnlockPrompt) -> Result<(), StoreError> {
        Err(ERROR)
    }

    fn get(&self, _: &Env, keys: &[EntryKey]) -> Vec<Result<Vec<Secret>, StoreError>> {
        keys.iter().map(|_| Err(ERROR)).collect()
    }

    fn set(&self, _: &Env, _: EntryKey, _: &Secret, _: UnlockPrompt) -> Result<(), StoreError> {
        Err(ERROR)
    }

    fn delete(&self, _: &Env, removals: &[Removal], _: UnlockPrompt) -> Vec<Result<(), StoreError>> {
        removals.iter().map(|_| Err(ERROR)).collect()
    }

    fn delete_all(&self, _: &Env, _: UnlockPrompt) -> Result<(), StoreError> {
        Err(ERROR)
    }
}
