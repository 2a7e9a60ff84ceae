//! Real clients of Code Ocean, and the programs of scientists.

use std::path::PathBuf;

use super::sandbox::skipped;

/// The Python that has the clients: `tests/run` makes its virtual environment and names it.
pub fn python() -> Option<PathBuf> {
    interpreter("CO_CRED_TESTS_PYTHON", "no Python with the clients")
}

/// The Python that has the packages of `tests/producers`.
pub fn producers() -> Option<PathBuf> {
    interpreter("CO_CRED_TESTS_PRODUCERS", "no Python with the packages of tests/producers")
}

fn interpreter(variable: &str, missing: &str) -> Option<PathBuf> {
    let python = std::env::var_os(variable).map(PathBuf::from);
    assert!(python.is_some() || std::env::var_os("CO_CRED_TESTS_ALL").is_none(), "{missing}");
    if python.is_none() {
        skipped(missing);
    }
    python
}
