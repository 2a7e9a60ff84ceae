//! GitHub Actions: the runner is told to mask the token in its log, on standard output, and the variables are added to
//! the file that `$GITHUB_ENV` names, for the steps that follow. Elsewhere the assignments are printed as well.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::deliver::Assignment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};

/// # Errors
/// `$GITHUB_ENV` names a file that cannot be written.
pub(super) fn step(all: &[Assignment], env: &Env) -> Result<Zeroizing<String>> {
    let assignments = super::lines(all, |name, value| format!("{name}={value}"));
    let mut text = Zeroizing::new(String::with_capacity(64 + 4 * assignments.len()));
    if let Some(token) = all.iter().find(|one| one.secret) {
        text.push_str("::add-mask::");
        text.push_str(&Zeroizing::new(workflow_data(&token.value)));
        text.push('\n');
    }
    match env.path("GITHUB_ENV") {
        Some(path) => append(path, &assignments).map_err(|error| unwritable(&error))?,
        None => text.push_str(&assignments),
    }
    Ok(text)
}

/// The runner undoes these three in a workflow command.
fn workflow_data(value: &str) -> String {
    value.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.write_all(text.as_bytes())
}

fn unwritable(error: &io::Error) -> Error {
    Error::new(Reason::Usage, format!("the file that GITHUB_ENV names cannot be written ({})", error.kind()))
        .hint("run this in a step of GitHub Actions, or choose another --format")
}
