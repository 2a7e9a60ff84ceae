//! What readers of formats do with bytes: numbers in them, and texts that grow.

use zeroize::Zeroizing;

/// The number in four bytes, the lowest first, at this place.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// Adds bytes to a text. One that grows is copied and wiped, so that no copy stays behind.
pub(super) fn append(text: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    if text.len() + bytes.len() > text.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(2 * text.capacity() + bytes.len()));
        larger.extend_from_slice(text);
        *text = larger;
    }
    text.extend_from_slice(bytes);
}
