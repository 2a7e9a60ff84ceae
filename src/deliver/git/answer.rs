//! What Git is answered: the user and the token, in the form that this Git understands best.

use jiff::Timestamp;

use crate::credential::Credential;
use crate::deliver::text;
use crate::expiry::Expiry;
use crate::http::basic_credentials;
use crate::sources::PlaceKind;

use super::Message;

/// The answer to a request.
///
/// A Git that knows the capability `authtype` (2.46 and later) gets the two as one HTTP credential. Unless it is from the
/// keyring it is ephemeral: no other helper is to keep a copy of what a capsule was lent.
pub fn answer(request: &Message, user: &str, credential: &Credential) -> Message {
    let token = text(credential.token());
    let end = credential.expires().and_then(to_come).map(|end| end.to_string());
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

/// The end in seconds since 1970; none that is over: a token may well be good for longer than its user noted, and Git
/// would not even try it.
fn to_come(expiry: Expiry) -> Option<i64> {
    expiry.end().filter(|end| *end > Timestamp::now()).map(Timestamp::as_second)
}
