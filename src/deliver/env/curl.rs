//! curl's `-K`: the token as user name, an empty password. Within double quotes `\\` and `\"` are escapes (curl(1)).

use zeroize::Zeroizing;

use crate::credential::Credential;

use super::escaped;

pub(super) fn config(credential: &Credential) -> Zeroizing<String> {
    let token = Zeroizing::new(escaped(credential.token().expose(), &['\\', '"']));
    Zeroizing::new(format!("user = \"{}:\"\n", *token))
}
