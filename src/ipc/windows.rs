//! There is no way to an agent on Windows, and no agent: whoever names one is told so.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

/// # Errors
/// Always.
pub(super) fn exchange(_: &Path, _: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// None listens.
pub(super) fn process_of(_: &Path) -> Option<u32> {
    None
}
