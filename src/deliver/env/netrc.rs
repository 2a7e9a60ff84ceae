//! `.netrc`: the token as login, for the deployment's host. There is no password: curl, and Python since 3.11, read that as an
//! empty one; older readers would take `""` literally. A token that needs quotes gets them, which curl reads since 7.84.

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::deliver::text;
use crate::error::Result;

use super::format::{Format, Layout};
use super::{escaped, no_deployment};

pub(super) const FORMAT: Format =
    Format { word: "netrc", help: ".netrc, for curl and Python 3.11 or later", layout: Layout::Nameless(machine) };

/// # Errors
/// No deployment is known.
fn machine(credential: &Credential) -> Result<Zeroizing<String>> {
    let resolved = credential.deployment().ok_or_else(|| no_deployment("a .netrc entry"))?;
    let (host, token) = (resolved.deployment.host(), text(credential.token()));
    let plain = token.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'#'));
    Ok(Zeroizing::new(match plain {
        true => format!("machine {host} login {}\n", *token),
        false => format!("machine {host} login \"{}\"\n", Zeroizing::new(escaped(&token, &['\\', '"'])).as_str()),
    }))
}
