//! Candidates: several places of one step in the order of sources. Where they hold two different tokens, none is chosen.

use zeroize::Zeroizing;

use crate::error::{Error, Reason, Remark, Result};
use crate::token::{Malformed, Parsed, Token};

use super::source::{Found, Place};

/// A value that may be the token, and its place.
pub(super) struct Candidate<'a> {
    pub(super) place: Place,
    pub(super) raw: &'a [u8],
}

impl Candidate<'_> {
    /// Whether it holds nothing but blanks and quotes, as a slot without a secret does.
    pub(super) fn is_empty(&self) -> bool {
        Token::parse(self.raw).err() == Some(Malformed::Empty)
    }

    /// The token in it.
    fn parse(&self) -> Result<Parsed> {
        Token::parse(self.raw).map_err(|malformed| {
            Error::new(Reason::Malformed, format!("{} {malformed}, so it cannot be an access token", self.place.place))
                .hint("store the token again, as one line that begins with cop_")
        })
    }
}

/// The one token that all the candidates hold; empty ones do not count.
///
/// # Errors
/// A candidate that cannot be a token, or two that hold different ones.
pub(super) fn choose<'a>(candidates: impl IntoIterator<Item = Candidate<'a>>) -> Result<Option<Found>> {
    let mut chosen: Option<(Place, Parsed)> = None;
    for candidate in candidates.into_iter().filter(|candidate| !candidate.is_empty()) {
        let parsed = candidate.parse()?;
        match &chosen {
            None => chosen = Some((candidate.place, parsed)),
            Some((place, first)) if first.token != parsed.token => return Err(ambiguous(place, &candidate.place)),
            Some(_) => {}
        }
    }
    Ok(chosen.map(|(place, parsed)| found(place, parsed)))
}

/// The tokens that the candidates hold, whichever is used.
pub(super) fn tokens<'a>(candidates: impl IntoIterator<Item = Candidate<'a>>) -> Vec<Token> {
    candidates.into_iter().filter_map(|candidate| Some(candidate.parse().ok()?.token)).collect()
}

fn found(place: Place, parsed: Parsed) -> Found {
    let mut remarks = Vec::new();
    if parsed.trimmed {
        let what = format!("{} has blanks, quotes or a line end around the token; they were taken off", place.place);
        remarks.push(Remark::new("trimmed", what).hint("other programs will not take them off: store the token again"));
    }
    if !parsed.token.has_shape() {
        let what =
            format!("{} does not have the shape of an access token (cop_...); it is used all the same", place.place);
        remarks.push(Remark::new("shape", what).hint("make sure that this is a Code Ocean access token"));
    }
    Found { token: parsed.token, place, deployment: None, email: None, expires: None, remarks }
}

fn ambiguous(first: &Place, second: &Place) -> Error {
    let what = format!("{} and {} hold different tokens, and nothing says which is meant", first.place, second.place);
    Error::new(Reason::Ambiguous, what).hint(format!(
        "choose with --token-env NAME or --token-file PATH, or remove one of {} and {}",
        first.place, second.place
    ))
}

/// What a file holds, without the line end that editors and `echo` leave.
pub(super) fn without_line_end(mut bytes: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    bytes
}
