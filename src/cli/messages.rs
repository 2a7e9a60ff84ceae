//! Writes messages for people; no other file does. The rules:
//!
//! - `co-cred: error: ...`, then `hint: ...` on a line of its own. No capital first letter, no full stop.
//! - An error says what is wrong and where; a hint says what to do.
//! - A value that was read is not repeated. Text that looks like a token all the same (a file name, an argument) is masked
//!   here, and control characters are replaced, so that foreign text cannot control the terminal.
//! - Colour only on a terminal.

use std::ffi::OsString;
use std::io::Write;
use std::panic::Location;

use clap::error::ErrorKind;

use crate::error::{Error, Kind, Remark};
use crate::token;

use super::usage;

const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const CYAN: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[0m";

/// A writer of messages.
#[allow(missing_debug_implementations, reason = "a borrowed writer shows nothing")]
pub struct Messages<'a> {
    err: &'a mut dyn Write,
    colour: bool,
    /// Whether warnings and confirmations are left out.
    pub quiet: bool,
}

impl<'a> Messages<'a> {
    /// Writes to `err`.
    pub fn new(err: &'a mut dyn Write, colour: bool) -> Messages<'a> {
        Messages { err, colour, quiet: false }
    }

    /// Writes an error and its hint; returns its exit code.
    pub fn error(&mut self, error: &Error) -> u8 {
        self.line("error", RED, &error.what, error.hint.as_deref());
        error.kind().code()
    }

    /// Confirms what was done, where no other output shows it.
    pub fn done(&mut self, what: &str) {
        if !self.quiet {
            let _ = self.err.write_all(format!("co-cred: {}\n", clean(what)).as_bytes());
        }
    }

    /// Writes one item of a list, on a line of its own.
    pub fn item(&mut self, what: &str) {
        let _ = self.err.write_all(format!("{}\n", clean(what)).as_bytes());
    }

    /// Asks for a line, which is typed after it.
    pub fn ask(&mut self, what: &str) {
        let _ = self.err.write_all(format!("{}: ", clean(what)).as_bytes());
        let _ = self.err.flush();
    }

    /// Writes an error and its hint on one line, for a log; returns its exit code.
    pub fn error_in_one_line(&mut self, error: &Error) -> u8 {
        self.line("error", RED, &in_one_line(&error.what, error.hint.as_deref()), None);
        error.kind().code()
    }

    /// Writes warnings, each on one line, for a log.
    pub fn warn_in_one_line(&mut self, remarks: &[Remark]) {
        let quiet = self.quiet;
        for remark in remarks.iter().filter(|_| !quiet) {
            self.line("warning", YELLOW, &in_one_line(&remark.what, remark.hint.as_deref()), None);
        }
    }

    /// Writes warnings.
    pub fn warn(&mut self, remarks: &[Remark]) {
        let quiet = self.quiet;
        for remark in remarks.iter().filter(|_| !quiet) {
            self.line("warning", YELLOW, &remark.what, remark.hint.as_deref());
        }
    }

    /// Writes clap's help and version to `out`. A usage error is written without what was typed, which may be a token on the
    /// wrong side of an option. Returns the exit code.
    pub fn usage(&mut self, error: &clap::Error, args: &[OsString], out: &mut dyn Write) -> u8 {
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                let _ = write!(out, "{}", error.render());
                return 0;
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                let _ = write!(self.err, "{}", error.render());
                return Kind::Usage.code();
            }
            _ => {}
        }
        self.error(&usage::error(error, args))
    }

    fn line(&mut self, word: &str, colour: &str, what: &str, hint: Option<&str>) {
        let paint = |colour: &str, text: &str| match self.colour {
            true => format!("{colour}{text}{PLAIN}"),
            false => text.to_owned(),
        };
        let mut text = format!("co-cred: {} {}\n", paint(colour, &format!("{word}:")), clean(what));
        if let Some(hint) = hint {
            text.push_str(&format!("{} {}\n", paint(CYAN, "hint:"), clean(hint)));
        }
        // One write, so that lines of several processes do not mix. If it fails, there is no place left to report that.
        let _ = self.err.write_all(text.as_bytes());
    }
}

fn in_one_line(what: &str, hint: Option<&str>) -> String {
    hint.map_or_else(|| what.to_owned(), |hint| format!("{what}; hint: {hint}"))
}

/// Makes a text safe to show: tokens masked; control characters, and marks that change the direction of text, replaced.
pub fn clean(text: &str) -> String {
    token::mask(text).chars().map(|c| if c.is_control() || is_invisible(c) { '\u{fffd}' } else { c }).collect()
}

/// Marks that reorder or hide the text beside them (Unicode's Bidi_Control, zero-width characters).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Reports a panic without its message, which may quote a value.
pub fn panicked(location: Option<&Location>) {
    let place = location.map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
    let text = format!("co-cred: error: internal error{place}\nhint: this is a bug: please report it with this line\n");
    // A panic has no streams handed in, and must not cause another.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
