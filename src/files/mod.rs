//! Files: bounded reads that never block, and writes that create the file 0600 and rename it into place.
//!
//! Owners, modes and access lists differ by system: `unix.rs`, `windows.rs`.

mod access;
mod folder;
mod lock;
mod read;
mod staged;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;
mod temporary;
mod write;

pub use access::{Identity, Symlinks};
pub use folder::{is_foreign, private_folder};
pub use lock::{Lock, acquire, open_lock};
pub use read::{BYTE_ORDER_MARK, Contents, ReadError, describe, open, read, read_own};
pub use staged::{StagedCopy, remove_staged_copies, stage_copy};
pub use system::{Log, hard_links, identity, read_at, write_all_at};
pub use temporary::{is_stale, is_temporary, remove_all_stale, remove_stale};
pub use write::{remove_own, write, write_own};
