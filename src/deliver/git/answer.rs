//! The answer to Git: the user and the token, in the best form that this version of Git understands.

use jiff::Timestamp;

use crate::credential::Credential;
use crate::deliver::text;
use crate::expiry::Expiry;
use crate::http::basic_credentials;
use crate::sources::PlaceKind;

use super::Message;

/// The answer to a request.
///
/// A Git with the capability `authtype` (2.46 and later) gets the two as one HTTP credential. Unless it is from the keyring it
/// is ephemeral: no other helper may store a copy of a capsule's token.
pub fn answer(request: &Message, user: &str, credential: &Credential) -> Message {
    let token = text(credential.token());
    let end = credential.expires().and_then(future).map(|end| end.to_string());
    let answer = match request.can("authtype") {
        true => {
            let encoded = basic_credentials(user, &token);
            let answer = Message::default()
                .with("capability[]", "authtype")
                .with("authtype", "Basic")
                .with("credential", &encoded);
            match credential.place().kind {
                PlaceKind::Keyring => answer,
                _ => answer.with("ephemeral", "1"),
            }
        }
        false => Message::default().with("username", user).with("password", &token),
    };
    match end {
        Some(end) => answer.with("password_expiry_utc", &end),
        None => answer,
    }
}

/// The expiry in seconds since 1970, if it is in the future: Git would not try an expired token, which may be valid for longer
/// than its user noted.
fn future(expiry: Expiry) -> Option<i64> {
    expiry.end().filter(|end| *end > Timestamp::now()).map(Timestamp::as_second)
}
