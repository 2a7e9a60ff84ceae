//! GitHub Actions: the runner is told to mask the token in its log, on standard output, and then the variables are added
//! to the file that `$GITHUB_ENV` names, for the steps that follow. Elsewhere the assignments are printed as well.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::deliver::Assignment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};

use super::Rendered;

pub(super) fn step(all: &[Assignment], env: &Env) -> Rendered {
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

/// The runner undoes these three in a workflow command.
fn workflow_data(value: &str) -> String {
    value.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn add_lines(path: &Path, lines: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    // A step before may have left its last line without an end.
    if fs::read(path)?.last().is_some_and(|last| *last != b'\n') {
        file.write_all(b"\n")?;
    }
    file.write_all(lines.as_bytes())
}
