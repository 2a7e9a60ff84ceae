//! For a child alone: Git learns of the helper from variables, and no file is touched.
//!
//! `GIT_CONFIG_PARAMETERS` is how `git -c KEY=VALUE` hands its configuration to its children: pairs in single quotes with
//! blanks between them, read by every Git since 1.7.3, in this quoting by the latest too. `GIT_CONFIG_COUNT` is documented
//! (git(1)), but a Git before 2.31 does not know it, and would tell the token to every helper that is configured. Where a
//! command line empties the helpers, as generated pipelines do, Git asks `GIT_ASKPASS`.

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

/// The variables that make Git ask `program`, which is co-cred, and no other helper, about a deployment; and make that
/// co-cred find the token of this run, and the account's e-mail where it is known.
///
/// # Errors
/// A path or a variable that has to be handed on is not UTF-8.
pub fn wiring(env: &Env, email: Option<&Email>, deployment: &Deployment, program: &Path) -> Result<Vec<Assignment>> {
    let program = program.to_str().ok_or_else(|| {
        Error::new(Reason::Usage, "co-cred lies in a folder whose name is not UTF-8, where Git cannot start it")
            .hint("move co-cred to another folder")
    })?;
    let mut set = vec![Assignment::plain(PARAMETERS, &parameters(env, deployment, program)?)];
    set.extend(askpass::wiring(env, program)?);
    set.extend(pipeline::variables(env, email, deployment));
    set.push(Assignment::plain("CO_CRED_TOKEN_ENV", TOKEN));
    if env.get("CO_CRED_TOKEN_FILE").is_some() {
        set.push(Assignment::plain("CO_CRED_TOKEN_FILE", ""));
    }
    set.extend(email.map(|email| Assignment::plain(EMAIL, email.as_str())));
    Ok(set)
}

/// The configuration that is there already, then ours: of two helpers' lists the later one counts.
fn parameters(env: &Env, deployment: &Deployment, program: &str) -> Result<String> {
    let helper = format!("!{} git-credential", quoted(program));
    let entries = deployment.git_origins().into_iter().flat_map(|origin| entries(&origin, &helper));
    let ours = entries.map(|(key, value)| quoted(&format!("{key}={value}")));
    let former = text(env, PARAMETERS)?.map(str::to_owned);
    Ok(former.into_iter().chain(ours).collect::<Vec<_>>().join(" "))
}

/// The entries of Git's configuration for one address. The first takes all other helpers away from it: one that stores
/// what it is told would write the token to a file.
pub(super) fn entries(origin: &str, helper: &str) -> [(String, String); 2] {
    let key = format!("credential.{origin}.helper");
    [(key.clone(), String::new()), (key, helper.to_owned())]
}
