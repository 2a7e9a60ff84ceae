//! Texts that a program wrapped over several lines.

use zeroize::Zeroizing;

/// Whether the byte ends a line.
pub(super) fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// A copy without the line breaks.
pub(super) fn without_breaks(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(bytes.iter().copied().filter(|byte| !is_break(*byte)).collect())
}
