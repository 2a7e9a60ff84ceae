//! Why the command of `exec` was not started, and what to do about it.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::{Path, is_separator};

use crate::error::{Error, Reason};

use super::system;

const CHECK_PATH: &str = "check the path";

/// What the system's error means for this program.
pub(super) fn refused(program: &OsStr, failure: io::Error) -> Error {
    let path = Path::new(program);
    let is_path = program.to_string_lossy().contains(is_separator);
    let (what, hint) = match failure.kind() {
        ErrorKind::NotFound if is_path && path.exists() => {
            ("cannot start".to_owned(), "the interpreter on its first line does not exist".to_owned())
        }
        ErrorKind::NotFound => absent(program, is_path),
        kind => because(path, is_path, kind, &failure),
    };
    let name = match program.to_string_lossy() {
        // Quoted, since the space is probably the mistake.
        name if name.contains(' ') => format!("\"{name}\""),
        name => name.into_owned(),
    };
    Error::new(Reason::Usage, format!("{name} {what}")).hint(hint).caused_by(failure)
}

/// What to do about a program that does not exist.
fn absent(program: &OsStr, is_path: bool) -> (String, String) {
    let what = if is_path { "does not exist" } else { "is not found on PATH" };
    let hint = match is_path {
        _ if program.as_encoded_bytes().contains(&b' ') => {
            "write the program and its arguments as separate words, without quotes around the whole; \
             for a line of shell: sh -c 'LINE'"
        }
        true => CHECK_PATH,
        false => "check its name and PATH; for a file here, write ./NAME",
    };
    (what.to_owned(), hint.to_owned())
}

/// What is wrong with a program that exists, and what to do about it.
fn because(path: &Path, is_path: bool, kind: ErrorKind, failure: &io::Error) -> (String, String) {
    let (what, hint) = match kind {
        ErrorKind::PermissionDenied if is_path && path.is_dir() => {
            ("it is a folder".to_owned(), "name a program in that folder".to_owned())
        }
        ErrorKind::PermissionDenied if is_path && path.is_file() && !system::is_executable(path) => {
            (kind.to_string(), format!("make it executable: chmod +x {}", path.display()))
        }
        ErrorKind::PermissionDenied if is_path => (
            kind.to_string(),
            "check the permissions of its folders and of the interpreter on its first line, and whether its file system is \
             mounted noexec"
                .to_owned(),
        ),
        ErrorKind::PermissionDenied => {
            (kind.to_string(), "make the file of that name on PATH executable: chmod +x FILE".to_owned())
        }
        ErrorKind::ArgumentListTooLong => (
            "its arguments and environment are too long for the system".to_owned(),
            "pass fewer arguments (xargs divides them), or put them into a file".to_owned(),
        ),
        ErrorKind::ExecutableFileBusy => (
            "the file is open for writing".to_owned(),
            "wait until the program that writes to it is done, or close it there".to_owned(),
        ),
        _ if system::is_no_program(failure) => (
            "it is not a program for this system".to_owned(),
            "a script names its interpreter on its first line, such as #!/bin/sh; a binary must be built for this machine"
                .to_owned(),
        ),
        _ => (kind.to_string(), CHECK_PATH.to_owned()),
    };
    (format!("cannot be executed ({what})"), hint)
}
