//! curl's `-K`: the token as user name, an empty password. Within double quotes `\\` and `\"` are escapes (curl(1)).
//!
//! For an address without a scheme, curl uses http, and would send the token in the clear to a bare host in
//! `CODEOCEAN_DOMAIN`. The configuration makes https the default, and allows no other protocol.

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::deliver::text;
use crate::error::Result;

use super::escaped;
use super::format::{Format, Layout};

pub(super) const FORMAT: Format = Format { word: "curl", help: "curl -K", layout: Layout::Nameless(config) };

fn config(credential: &Credential) -> Result<Zeroizing<String>> {
    let token = Zeroizing::new(escaped(&text(credential.token()), &['\\', '"']));
    let is_clear = credential.deployment().is_some_and(|resolved| resolved.deployment.origin().starts_with("http://"));
    let protocol = if is_clear { "" } else { "proto-default = \"https\"\nproto = \"=https\"\n" };
    Ok(Zeroizing::new(format!("user = \"{}:\"\n{protocol}", *token)))
}
