//! Real clients of Code Ocean.

use std::path::PathBuf;

use super::sandbox::skipped;

/// The Python that has the clients: `tests/run` makes its virtual environment and names it.
pub fn python() -> Option<PathBuf> {
    let python = std::env::var_os("CO_CRED_TESTS_PYTHON").map(PathBuf::from);
    assert!(python.is_some() || std::env::var_os("CO_CRED_TESTS_ALL").is_none(), "no Python with the clients");
    if python.is_none() {
        skipped("no Python with the clients");
    }
    python
}
