//! The interface of a store: what a keyring must do for co-cred, and how it may fail.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::Remark;

/// A secret as a store returns it, wiped when dropped.
pub(super) type Secret = Zeroizing<Vec<u8>>;

/// Which of the two entries of a login is meant (A/B slots): a new entry is written to the slot that is not in use, and the
/// former one counts until the index names the new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntrySlot {
    /// The slot of a first login.
    #[default]
    First,
    /// The slot of the login that replaces it.
    Second,
}

impl EntrySlot {
    #[cfg(feature = "keyring")]
    pub(super) const ALL: [EntrySlot; 2] = [EntrySlot::First, EntrySlot::Second];

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn is_first(&self) -> bool {
        *self == EntrySlot::First
    }

    pub(super) fn other(self) -> EntrySlot {
        if self.is_first() { EntrySlot::Second } else { EntrySlot::First }
    }
}

/// What identifies an entry in a store.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "keyring"), allow(dead_code, reason = "only a keyring looks for entries"))]
pub(super) struct EntryKey<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) email: &'a Email,
    pub(super) slot: EntrySlot,
}

/// Which entries of a login to delete: all of them, or all but the slot in use.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "keyring"), allow(dead_code, reason = "only a keyring deletes entries"))]
pub(super) struct Removal<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) email: &'a Email,
    pub(super) except: Option<EntrySlot>,
}

/// Whether a locked keyring may ask the user for its password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlockPrompt {
    /// A program waits for co-cred: a locked keyring is an error at once.
    Never,
    /// The user is at the terminal.
    Allowed,
}

/// Why a store did not do what it was asked to.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(all(feature = "keyring", target_os = "linux")),
    allow(dead_code, reason = "only the Secret Service is locked or times out")
)]
pub(super) enum StoreError {
    /// This system or process does not have the store; the reason follows the store's name.
    Unavailable(&'static str),
    /// The store is locked.
    Locked,
    /// The store did not answer within this time.
    TimedOut(Duration),
    /// The store returned an error. It is dropped, since an error of keyring-core can hold the secret.
    Failed,
}

/// A store of entries. Calls take many logins at once, so that a store that does not answer is waited for once.
pub(super) trait Backend: Sync {
    /// The name in the index and in JSON output, which never changes.
    fn id(&self) -> &'static str;

    /// The name in messages.
    fn name(&self) -> &'static str;

    /// Whether `co-cred login` uses this store on this system without an option that names it.
    fn is_default(&self) -> bool;

    /// A warning to print when an entry is saved in this store.
    fn remark(&self) -> Option<Remark> {
        None
    }

    /// Checks that the store can be used: it is available, and unlocked or can be unlocked.
    fn probe(&self, env: &Env, prompt: UnlockPrompt) -> Result<(), StoreError>;

    /// The secrets under each key: several where another program has stored one with the same attributes. Never prompts.
    fn get(&self, env: &Env, keys: &[EntryKey]) -> Vec<Result<Vec<Secret>, StoreError>>;

    /// Writes an entry to its slot; the other slot of the login does not change.
    fn set(&self, env: &Env, key: EntryKey, secret: &Secret, prompt: UnlockPrompt) -> Result<(), StoreError>;

    /// Deletes entries; it is no error where there are none.
    fn delete(&self, env: &Env, removals: &[Removal], prompt: UnlockPrompt) -> Vec<Result<(), StoreError>>;

    /// Deletes every entry of co-cred, where the store can be searched for them.
    fn delete_all(&self, _: &Env, _: UnlockPrompt) -> Result<(), StoreError> {
        Ok(())
    }
}
