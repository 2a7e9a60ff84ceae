//! Delivers as assignments that another program evaluates. A new format is one file here, one variant and one arm.

mod curl;
mod docker;
mod dotenv;
mod fish;
pub mod gha;
mod headers;
mod json;
mod netrc;
mod nextflow;
mod powershell;
mod r;
mod renviron;
mod sh;

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::names::{self, Role};
use crate::parse::shell::is_name;
use crate::token::is_token_like;

use super::exec::is_named_by;
use super::{Assignment, DOMAIN, assignments};

/// The program that reads the assignments.
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
    /// R's `.Renviron`.
    Renviron,
    /// HTTP headers as JSON.
    Headers,
    /// Nextflow's configuration.
    Nextflow,
}

impl Format {
    /// Whether the format sets variables, whose names can be chosen.
    pub fn has_names(self) -> bool {
        !matches!(self, Format::Netrc | Format::Curl | Format::Headers)
    }

    /// Whether a running shell or session evaluates it: its scripts may rely on the present form of a variable.
    fn is_evaluated(self) -> bool {
        matches!(self, Format::Sh | Format::Fish | Format::Powershell | Format::R)
    }
}

/// Assignments as text, ready to be written.
#[derive(Debug)]
pub struct Rendered {
    /// For standard output.
    pub out: Zeroizing<String>,
    /// For a file, after standard output was written.
    pub append: Option<(PathBuf, Zeroizing<String>)>,
}

/// Renders the token, under its own and the other names, and the deployment; if `only` names some of these, no others.
///
/// # Errors
/// The format, or a name in `only`, needs the deployment and none is known; or a name in `only` is not set.
pub fn render(
    format: Format,
    credential: &Credential,
    others: &[String],
    only: &[String],
    env: &Env,
) -> Result<Rendered> {
    let mut all = chosen(assignments(credential.into(), others), only)?;
    if format.is_evaluated() {
        all.iter_mut().filter(|one| one.name == DOMAIN).for_each(|one| keep_form(one, env));
    }
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
        Format::Renviron => lines(&all, renviron::line),
        Format::Headers => headers::object(credential),
        Format::Nextflow => lines(&all, nextflow::line),
    };
    Ok(Rendered { out, append: None })
}

/// Keeps the variable's present form if it names this deployment: scripts put `https://` before a bare host.
fn keep_form(domain: &mut Assignment, env: &Env) {
    let deployment = Deployment::parse(&domain.value).ok();
    let former = env.get(DOMAIN).filter(|former| deployment.is_some_and(|deployment| is_named_by(former, &deployment)));
    if let Some(former) = former.and_then(|former| former.to_str()) {
        domain.value = Zeroizing::new(former.to_owned());
    }
}

/// The assignments with these names; each must exist, since the program that names it needs it.
fn chosen(mut all: Vec<Assignment>, only: &[String]) -> Result<Vec<Assignment>> {
    let missing = |name: &&String| all.iter().all(|one| one.name != **name);
    match only.iter().find(missing).map(String::as_str) {
        Some(DOMAIN) => return Err(no_deployment("--only CODEOCEAN_DOMAIN")),
        // What was typed is repeated only if it may be a name.
        Some(name) if is_name(name) && !is_token_like(name.as_bytes()) => {
            let error = Error::new(Reason::Usage, format!("--only {name}: env does not set that name"));
            let may_be_token = !matches!(names::role(name), Some(Role::Domain | Role::Email | Role::Other));
            return Err(error.hint(match may_be_token {
                true => format!("--as {name} sets it to the token"),
                false => "env sets CODEOCEAN_TOKEN, CODEOCEAN_DOMAIN and the names of --as".to_owned(),
            }));
        }
        Some(_) => {
            return Err(Error::new(Reason::Usage, "--only takes the name of a variable that env sets")
                .hint("write it as --only CODEOCEAN_TOKEN"));
        }
        None => {}
    }
    all.retain(|one| only.is_empty() || only.contains(&one.name));
    Ok(all)
}

/// The error for something that needs the deployment.
fn no_deployment(what: &str) -> Error {
    Error::new(Reason::NoDeployment, format!("{what} needs the deployment's host, and none is known"))
        .hint("name it with --deployment https://codeocean.example.org or CODEOCEAN_DOMAIN")
}

/// Appends the assignments to their file; call it after standard output was written.
///
/// # Errors
/// The file cannot be written.
pub fn append(rendered: &Rendered) -> Result<()> {
    match &rendered.append {
        Some((path, text)) => gha::append(path, text),
        None => Ok(()),
    }
}

fn lines(all: &[Assignment], line: impl Fn(&str, &str) -> String) -> Zeroizing<String> {
    let lines: Vec<Zeroizing<String>> = all.iter().map(|one| Zeroizing::new(line(&one.name, &one.value))).collect();
    let mut text = Zeroizing::new(String::with_capacity(lines.iter().map(|line| line.len() + 1).sum()));
    for line in &lines {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The value with a backslash before each special character.
fn escaped(value: &str, special: &[char]) -> String {
    let escape = |c: char| special.contains(&c).then_some('\\').into_iter().chain([c]);
    value.chars().flat_map(escape).collect()
}
