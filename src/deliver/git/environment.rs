//! Sets Git up for one command: variables name the helper, and no file is changed.
//!
//! `git -c KEY=VALUE` passes its configuration to child processes in `GIT_CONFIG_PARAMETERS`: pairs in single quotes, separated
//! by spaces, which every Git since 1.7.3 reads in this quoting. `GIT_CONFIG_COUNT` is documented (git(1)), but a Git before
//! 2.31 ignores it, and would pass the token to every configured helper. If a command line clears the helpers, as generated
//! pipelines do, Git asks `GIT_ASKPASS`.

use std::path::Path;

use crate::deliver::{Assignment, quoted};
use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::names::EMAIL;
use crate::names::TOKEN;

use super::config::text;
use super::{askpass, pipeline};

/// What `git -c` sets.
const PARAMETERS: &str = "GIT_CONFIG_PARAMETERS";

/// The variables that make Git ask `program`, which is co-cred, and no other helper, for a deployment; and that make this
/// co-cred find the token of this run, and the account's e-mail if it is known.
///
/// # Errors
/// The path, or a variable to pass on, is not UTF-8.
pub fn variables(env: &Env, email: Option<&Email>, deployment: &Deployment, program: &Path) -> Result<Vec<Assignment>> {
    let program = program.to_str().ok_or_else(|| {
        Error::new(Reason::Usage, "the path of co-cred is not UTF-8, so Git cannot start it")
            .hint("move co-cred to another folder")
    })?;
    let mut set = vec![Assignment::plain(PARAMETERS, &parameters(env, deployment, program)?)];
    set.extend(askpass::variables(env, program)?);
    set.extend(pipeline::variables(env, email, deployment));
    set.push(Assignment::plain("CO_CRED_TOKEN_ENV", TOKEN));
    if env.get("CO_CRED_TOKEN_FILE").is_some() {
        set.push(Assignment::plain("CO_CRED_TOKEN_FILE", ""));
    }
    set.extend(email.map(|email| Assignment::plain(EMAIL, email.as_str())));
    Ok(set)
}

/// The existing configuration, then co-cred's: the later of two lists of helpers counts.
fn parameters(env: &Env, deployment: &Deployment, program: &str) -> Result<String> {
    let helper = format!("!{} git-credential", quoted(program));
    let entries = deployment.git_origins().into_iter().flat_map(|origin| entries(&origin, &helper));
    let ours = entries.map(|(key, value)| quoted(&format!("{key}={value}")));
    let former = text(env, PARAMETERS)?.map(str::to_owned);
    Ok(former.into_iter().chain(ours).collect::<Vec<_>>().join(" "))
}

/// The entries of Git's configuration for one address. The first clears all other helpers: one that stores logins would write
/// the token to a file.
pub(super) fn entries(origin: &str, helper: &str) -> [(String, String); 2] {
    let key = format!("credential.{origin}.helper");
    [(key.clone(), String::new()), (key, helper.to_owned())]
}
