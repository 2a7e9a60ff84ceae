//! Variables for a pipeline that Code Ocean generated: its `main.nf` clones `https://$GIT_ACCESS_TOKEN@$GIT_HOST/capsule-...`.
//! With only the user name in `GIT_ACCESS_TOKEN`, Git asks for the password, so that the token is in no argument.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::deliver::Assignment;
use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::names::GIT_TOKEN;

/// The host.
const HOST: &str = "GIT_HOST";

/// The characters to encode in the user name of a URL (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The two variables, or none if one is set to something else: mixed, they would send a Git provider's token to the
/// deployment, or the e-mail to another host.
pub(super) fn variables(env: &Env, email: Option<&Email>, deployment: &Deployment) -> Vec<Assignment> {
    let host = deployment.git_host();
    let login = email.map(|email| utf8_percent_encode(email.as_str(), RESERVED).to_string());
    let ours = [(GIT_TOKEN, login), (HOST, Some(host))];
    let differs = |(name, value): &(&str, Option<String>)| {
        env.get(name).is_some_and(|set| *value != set.to_str().map(str::to_owned))
    };
    match ours.iter().any(differs) {
        true => Vec::new(),
        false => ours.into_iter().filter_map(|(name, value)| Some(Assignment::plain(name, &value?))).collect(),
    }
}
