//! `.netrc`: the token as login, an empty password, for the deployment's host. Quoted as curl (since 7.84) reads it.

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::error::{Error, Reason, Result};

use super::escaped;

/// # Errors
/// No deployment is known.
pub(super) fn machine(credential: &Credential) -> Result<Zeroizing<String>> {
    let sited = credential.deployment().ok_or_else(|| {
        Error::new(Reason::NoDeployment, "a .netrc entry needs the deployment's host, and none is known")
            .hint("name it with --deployment https://codeocean.example.org or CODEOCEAN_DOMAIN")
    })?;
    let token = Zeroizing::new(escaped(credential.token().expose(), &['\\', '"']));
    let host = sited.deployment.host();
    Ok(Zeroizing::new(format!("machine {host} login \"{}\" password \"\"\n", *token)))
}
