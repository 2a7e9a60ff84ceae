//! Windows has no agent: every request fails.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

/// # Errors
/// Always `Unsupported`.
pub(super) fn exchange(_: &Path, _: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// No process listens.
pub(super) fn listening_process(_: &Path) -> Option<u32> {
    None
}
