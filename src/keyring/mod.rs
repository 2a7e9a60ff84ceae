//! The keyring: the logins of `co-cred login`, and the stores that hold their tokens.
//!
//! A login is a deployment and a user. Its entry, which holds the token, is in the best [`Store`] of the system. The index,
//! `logins.json` in co-cred's data folder, lists the logins and their stores, without tokens: a store is read, and may ask
//! for a password, only when a login in it is needed.
//!
//! A login is replaced in steps, so that a command may be killed or fail between any two of them:
//! 1. The index records which store is about to be written to.
//! 2. The new entry is written to that store, beside the former one ([`EntrySlot`]).
//! 3. The index is replaced: from now on the new entry is the login.
//! 4. The former entry is removed, and then the record of step 1.
//!
//! A new store is one file that implements `Backend`, and one line in the table of `store.rs`.

mod backend;
mod change;
mod entry;
mod index;
mod locked_index;
mod login;
#[cfg(not(all(feature = "keyring", target_os = "linux")))]
mod missing;
#[cfg(feature = "keyring")]
mod native;
mod private_file;
mod raw_object;
mod read;
mod record;
#[cfg(all(feature = "keyring", target_os = "linux"))]
mod secret_service;
mod store;

pub use backend::{EntrySlot, UnlockPrompt};
pub use change::{RemoveOutcome, choose_store, remove, remove_one, save};
pub use entry::Entry;
pub use index::{LoginList, files, list, logins};
pub use login::Login;
pub use read::{read, read_all};
pub use store::Store;
