//! Delivers as assignments that another program evaluates. A new format is one file here, and its lines in this one.

mod curl;
mod docker;
mod dotenv;
mod fish;
mod format;
pub mod gha;
mod headers;
mod json;
mod netrc;
mod nextflow;
mod powershell;
mod r;
mod renviron;
mod sh;

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
use format::Layout;

pub use format::{Format, Rendered};

/// Every format, in the order of help.
pub const FORMATS: &[Format] = &[
    sh::FORMAT,
    fish::FORMAT,
    powershell::FORMAT,
    json::FORMAT,
    dotenv::FORMAT,
    docker::FORMAT,
    gha::FORMAT,
    netrc::FORMAT,
    curl::FORMAT,
    r::FORMAT,
    renviron::FORMAT,
    headers::FORMAT,
    nextflow::FORMAT,
];

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
    let out = match format.layout {
        Layout::Evaluated(line) | Layout::Lines(line) => lines(&all, line),
        Layout::Together(object) => object(&all),
        Layout::Step(step) => return Ok(step(&all, env)),
        Layout::Nameless(text) => text(credential)?,
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
