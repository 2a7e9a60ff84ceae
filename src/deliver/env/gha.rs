//! GitHub Actions: `::add-mask::` on standard output makes the runner mask the token in its log, then the variables are added
//! to the file in `GITHUB_ENV`, for the steps that follow. Without `GITHUB_ENV`, the assignments are printed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::deliver::Assignment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files::{Symlinks, identity, open};

use super::format::{Format, Layout, Rendered};

/// The format.
pub const FORMAT: Format =
    Format { word: "gha", help: "GitHub Actions, with ::add-mask::", layout: Layout::Step(step) };

/// Variables with the files that the runner reads after a step.
const FILES: [&str; 5] = ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"];

/// Refuses one of the runner's files as standard output: the runner reads `::add-mask::` only in the log, so it would show
/// the token.
///
/// # Errors
/// `out` is such a file.
pub fn refuse_own_files(env: &Env, out: &File) -> Result<()> {
    let is_out = |path: &Path| Some(identity(&open(path, Symlinks::Follow).ok()?.0).ok()? == identity(out).ok()?);
    let named = FILES.into_iter().find(|name| env.path(name).and_then(is_out) == Some(true));
    named.map_or(Ok(()), |name| {
        let what = format!("standard output is the file that {name} names, where ::add-mask:: masks nothing");
        Err(Error::new(Reason::Usage, what)
            .hint("leave out the redirection: co-cred itself adds the variables to the file that GITHUB_ENV names"))
    })
}

fn step(all: &[Assignment], env: &Env) -> Rendered {
    let assignments = super::lines(all, |name, value| format!("{name}={value}"));
    let mut out = Zeroizing::new(String::with_capacity(64 + 4 * assignments.len()));
    if let Some(token) = all.iter().find(|one| one.secret) {
        out.push_str("::add-mask::");
        out.push_str(&Zeroizing::new(workflow_data(&token.value)));
        out.push('\n');
    }
    match env.path("GITHUB_ENV") {
        Some(path) => Rendered { out, append: Some((path.to_path_buf(), assignments)) },
        None => {
            out.push_str(&assignments);
            Rendered { out, append: None }
        }
    }
}

/// # Errors
/// The file cannot be written.
pub(super) fn append(path: &Path, assignments: &str) -> Result<()> {
    add_lines(path, assignments).map_err(|error| {
        Error::new(Reason::Usage, format!("the file that GITHUB_ENV names cannot be written ({})", error.kind()))
            .hint("run this in a step of GitHub Actions, or choose another --format")
    })
}

/// Escapes a value for a workflow command.
fn workflow_data(value: &str) -> String {
    value.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn add_lines(path: &Path, lines: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    // The step before may have left its last line without a line end.
    if fs::read(path)?.last().is_some_and(|last| *last != b'\n') {
        file.write_all(b"\n")?;
    }
    file.write_all(lines.as_bytes())
}
