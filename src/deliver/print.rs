//! Prints the token alone, on a line of its own.

use std::io::{self, Write};

use crate::credential::Credential;

use super::text;

/// Writes the token and a line end.
///
/// # Errors
/// The output is closed or full.
pub fn print(credential: &Credential, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", *text(credential.token()))?;
    out.flush()
}
