//! Patterns that a program wrapped over several lines.

use std::ops::Range;

use zeroize::Zeroizing;

/// Whether the byte ends a line.
pub(super) fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// A copy without the line breaks.
pub(super) fn without_breaks(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(bytes.iter().copied().filter(|byte| !is_break(*byte)).collect())
}

/// The range of a pattern in `bytes` whose bytes `at` and `at + 1` are those at `before` and `after`, with line breaks allowed
/// between any two of its bytes.
pub(super) fn match_around(
    bytes: &[u8],
    before: usize,
    after: usize,
    pattern: &[u8],
    at: usize,
) -> Option<Range<usize>> {
    let mut wanted = pattern[..=at].iter().rev();
    let mut next = wanted.next();
    let mut start = before + 1;
    while let Some(byte) = next {
        start = start.checked_sub(1)?;
        match bytes[start] {
            found if found == *byte => next = wanted.next(),
            found if is_break(found) => {}
            _ => return None,
        }
    }
    let mut wanted = pattern[at + 1..].iter();
    let mut next = wanted.next();
    let mut end = after;
    while let Some(byte) = next {
        match *bytes.get(end)? {
            found if found == *byte => next = wanted.next(),
            found if is_break(found) => {}
            _ => return None,
        }
        end += 1;
    }
    Some(start..end)
}
