//! What the broker may have, on Windows.

/// How many sockets this process may have: as many as there is memory for.
pub(super) fn descriptors() -> u64 {
    u64::MAX
}
