//! Reference pages, which tests write and compare.

use std::fs;
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(name)
}

/// Fails unless the page in `docs/reference` is this. With `CO_CRED_TESTS_WRITE=1` it is written first.
#[track_caller]
pub fn written(name: &str, page: &str) {
    if std::env::var_os("CO_CRED_TESTS_WRITE").is_some() {
        fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        fs::write(path(name), page).unwrap();
    }
    assert_eq!(fs::read_to_string(path(name)).unwrap(), page, "CO_CRED_TESTS_WRITE=1 writes {name} anew");
}

/// Fails unless each of these lines is on the page: what a system can test of it that lacks programs.
#[cfg(unix)]
#[track_caller]
pub fn holds(name: &str, lines: &str) {
    let page = fs::read_to_string(path(name)).unwrap();
    let missing: Vec<&str> = lines.lines().filter(|line| !page.lines().any(|other| other == *line)).collect();
    assert!(missing.is_empty(), "not in {name}: {missing:#?}");
}
