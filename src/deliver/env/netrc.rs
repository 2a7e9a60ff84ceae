//! `.netrc`: the token as login, for the deployment's host. The password is left out, which readers take for an empty one
//! (Python since 3.11), where older ones would take `""` to the letter. A token that needs quotes gets them, as curl reads
//! them since 7.84.

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::deliver::text;
use crate::error::Result;

use super::{escaped, no_deployment};

/// # Errors
/// No deployment is known.
pub(super) fn machine(credential: &Credential) -> Result<Zeroizing<String>> {
    let resolved = credential.deployment().ok_or_else(|| no_deployment("a .netrc entry"))?;
    let (host, token) = (resolved.deployment.host(), text(credential.token()));
    let plain = token.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'#'));
    Ok(Zeroizing::new(match plain {
        true => format!("machine {host} login {}\n", *token),
        false => format!("machine {host} login \"{}\"\n", Zeroizing::new(escaped(&token, &['\\', '"'])).as_str()),
    }))
}
