//! The private file of `co-cred login --insecure-storage`: its entries are in the index itself, which is 0600.
//!
//! Reading and writing the index is the whole work, so nothing is left to do here.

use crate::env::Env;

use super::backend::{Backend, EntryKey, Removal, Secret, StoreError, UnlockPrompt};

pub(super) struct PrivateFile;

impl Backend for PrivateFile {
    fn id(&self) -> &'static str {
        "file"
    }

    fn name(&self) -> &'static str {
        "a file"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn probe(&self, _: &Env, _: UnlockPrompt) -> Result<(), StoreError> {
        Ok(())
    }

    fn get(&self, _: &Env, keys: &[EntryKey]) -> Vec<Result<Vec<Secret>, StoreError>> {
        keys.iter().map(|_| Ok(Vec::new())).collect()
    }

    fn set(&self, _: &Env, _: EntryKey, _: &Secret, _: UnlockPrompt) -> Result<(), StoreError> {
        Ok(())
    }

    fn delete(&self, _: &Env, removals: &[Removal], _: UnlockPrompt) -> Vec<Result<(), StoreError>> {
        removals.iter().map(|_| Ok(())).collect()
    }
}
