//! Tokens in the value of an environment variable.

use std::ffi::OsStr;

use crate::token::{is_token_like, token_at};

use super::base64;
use super::encodings::Encodings;

/// Whether a variable's value is or contains one of these tokens, or text that looks like another. Base64 in it is decoded.
pub fn holds_token(value: &OsStr, encodings: &[Encodings]) -> bool {
    let is_token = |bytes: &[u8]| {
        let looks_like_one = || (0..bytes.len()).any(|at| token_at(bytes, at).is_some());
        is_token_like(bytes)
            || looks_like_one()
            || encodings.iter().any(|encodings| encodings.found_in(bytes).is_some())
    };
    base64::any_layer(value.as_encoded_bytes(), &is_token)
}
