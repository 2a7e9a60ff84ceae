//! As assignments that another program evaluates. A new format is one file here, one variant and one arm.

mod curl;
mod docker;
mod dotenv;
mod fish;
mod gha;
mod json;
mod netrc;
mod powershell;
mod r;
mod sh;

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::env::Env;
use crate::error::Result;

use super::assignments;

/// Who reads the assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A POSIX shell: `eval "$(co-cred env)"`.
    Sh,
    /// `co-cred env --format fish | source`.
    Fish,
    /// `co-cred env --format powershell | Invoke-Expression`.
    Powershell,
    /// One JSON object.
    Json,
    /// A `.env` file.
    Dotenv,
    /// `docker run --env-file`.
    Docker,
    /// A step of GitHub Actions.
    Gha,
    /// `~/.netrc`, for the deployment's host.
    Netrc,
    /// `curl -K`.
    Curl,
    /// R: `eval(parse(text = ...))`.
    R,
}

/// Assignments as text, ready to be written.
#[derive(Debug)]
pub struct Rendered {
    /// For standard output.
    pub out: Zeroizing<String>,
    /// For a file, once that is written.
    pub append: Option<(PathBuf, Zeroizing<String>)>,
}

/// The token, under its own and the other names, and the deployment.
///
/// # Errors
/// The format needs to know the deployment and none is known.
pub fn render(format: Format, credential: &Credential, others: &[String], env: &Env) -> Result<Rendered> {
    let all = assignments(credential.into(), others);
    let out = match format {
        Format::Sh => lines(&all, sh::line),
        Format::Fish => lines(&all, fish::line),
        Format::Powershell => lines(&all, powershell::line),
        Format::Json => json::object(&all),
        Format::Dotenv => lines(&all, dotenv::line),
        Format::Docker => lines(&all, docker::line),
        Format::Gha => return Ok(gha::step(&all, env)),
        Format::Netrc => netrc::machine(credential)?,
        Format::Curl => curl::config(credential),
        Format::R => lines(&all, r::line),
    };
    Ok(Rendered { out, append: None })
}

/// Adds the assignments to the file that they are for; after standard output was written.
///
/// # Errors
/// The file cannot be written.
pub fn append(rendered: &Rendered) -> Result<()> {
    match &rendered.append {
        Some((path, text)) => gha::append(path, text),
        None => Ok(()),
    }
}

fn lines(all: &[super::Assignment], line: impl Fn(&str, &str) -> String) -> Zeroizing<String> {
    let lines: Vec<Zeroizing<String>> = all.iter().map(|one| Zeroizing::new(line(&one.name, &one.value))).collect();
    let mut text = Zeroizing::new(String::with_capacity(lines.iter().map(|line| line.len() + 1).sum()));
    for line in &lines {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The value with a backslash before each of some characters.
fn escaped(value: &str, special: &[char]) -> String {
    let escape = |c: char| special.contains(&c).then_some('\\').into_iter().chain([c]);
    value.chars().flat_map(escape).collect()
}
