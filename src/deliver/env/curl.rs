//! curl's `-K`: the token as user name, an empty password. Within double quotes `\\` and `\"` are escapes (curl(1)).
//!
//! Where an address has no scheme, curl takes http, and a bare host in `CODEOCEAN_DOMAIN` would have the token sent in the
//! clear: https is what curl takes then, and the only protocol that it speaks.

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::deliver::text;

use super::escaped;

pub(super) fn config(credential: &Credential) -> Zeroizing<String> {
    let token = Zeroizing::new(escaped(&text(credential.token()), &['\\', '"']));
    let is_clear = credential.deployment().is_some_and(|resolved| resolved.deployment.origin().starts_with("http://"));
    let protocol = if is_clear { "" } else { "proto-default = \"https\"\nproto = \"=https\"\n" };
    Zeroizing::new(format!("user = \"{}:\"\n{protocol}", *token))
}
