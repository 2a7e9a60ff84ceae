//! For a child alone: Git learns of the helper from variables, and no file is touched.
//!
//! Git reads `GIT_CONFIG_COUNT` pairs of `GIT_CONFIG_KEY_n` and `GIT_CONFIG_VALUE_n` as its configuration (git(1)). Where a
//! command line empties the helpers, as generated pipelines do, it asks `GIT_ASKPASS`.

use std::path::Path;

use crate::credential::Credential;
use crate::deliver::{Assignment, TOKEN, quoted};
use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};

/// The variables that make Git ask `program`, which is co-cred, and nobody else, about a deployment; and make that co-cred
/// find this very credential, whatever else is there.
///
/// # Errors
/// There are pairs already, and their count is no number: Git would refuse it.
pub fn wiring(env: &Env, credential: &Credential, deployment: &Deployment, program: &Path) -> Result<Vec<Assignment>> {
    const COUNT: &str = "GIT_CONFIG_COUNT";
    let former = env.text(COUNT).map_or(Ok(0), |count| count.trim().parse::<usize>());
    let former = former.map_err(|_| Error::new(Reason::Usage, format!("{COUNT} is no number")).hint("unset it"))?;
    let program = program.to_string_lossy();
    let helper = format!("!{} git-credential", quoted(&program));
    let pairs = deployment.git_origins().into_iter().flat_map(|origin| entries(&origin, &helper)).collect::<Vec<_>>();
    let mut set = vec![Assignment::plain(COUNT, &(former + pairs.len()).to_string())];
    for (number, (key, value)) in (former..).zip(pairs) {
        set.push(Assignment::plain(&format!("GIT_CONFIG_KEY_{number}"), &key));
        set.push(Assignment::plain(&format!("GIT_CONFIG_VALUE_{number}"), &value));
    }
    // An editor's own answers for all hosts, and is left in place.
    if env.get("GIT_ASKPASS").is_none() {
        set.push(Assignment::plain("GIT_ASKPASS", &program));
    }
    set.push(Assignment::plain("CO_CRED_TOKEN_ENV", TOKEN));
    if env.get("CO_CRED_TOKEN_FILE").is_some() {
        set.push(Assignment::plain("CO_CRED_TOKEN_FILE", ""));
    }
    let email = credential.email().map(|email| Assignment::plain("CODEOCEAN_EMAIL", email.as_str()));
    set.extend(email);
    Ok(set)
}

/// The entries of Git's configuration for one address. The first takes all other helpers away from it: one that stores
/// what it is told would write the token to a file.
pub(super) fn entries(origin: &str, helper: &str) -> [(String, String); 2] {
    let key = format!("credential.{origin}.helper");
    [(key.clone(), String::new()), (key, helper.to_owned())]
}
