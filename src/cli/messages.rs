//! The one file that speaks to people. Its rules:
//!
//! - `co-cred: error: ...`, then `hint: ...` on a line of its own. No capital first letter, no full stop.
//! - An error says what is wrong and where; a hint says what to do.
//! - Nothing that was read is repeated. Should a message hold something of a token's shape all the same (a file name, an
//!   argument), it is masked here, and control characters are taken out, so that no foreign text drives the terminal.
//! - Colour only where somebody looks.

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

/// Where words for people go.
#[allow(missing_debug_implementations, reason = "a borrowed writer shows nothing")]
pub struct Messages<'a> {
    err: &'a mut dyn Write,
    colour: bool,
    /// Warnings are kept back.
    pub quiet: bool,
}

impl<'a> Messages<'a> {
    /// Speaks to `err`.
    pub fn new(err: &'a mut dyn Write, colour: bool) -> Messages<'a> {
        Messages { err, colour, quiet: false }
    }

    /// Tells an error and what to do about it; returns its exit code.
    pub fn error(&mut self, error: &Error) -> u8 {
        self.line("error", RED, &error.what, error.hint.as_deref());
        error.kind().code()
    }

    /// Tells what was done, where nobody could see it otherwise.
    pub fn done(&mut self, what: &str) {
        if !self.quiet {
            let _ = self.err.write_all(format!("co-cred: {}\n", clean(what)).as_bytes());
        }
    }

    /// Tells one of several things, on a line of its own.
    pub fn item(&mut self, what: &str) {
        let _ = self.err.write_all(format!("{}\n", clean(what)).as_bytes());
    }

    /// Asks for a line; the answer is typed behind it.
    pub fn ask(&mut self, what: &str) {
        let _ = self.err.write_all(format!("{}: ", clean(what)).as_bytes());
        let _ = self.err.flush();
    }

    /// Tells an error and what to do about it on one line, for a log; returns its exit code.
    pub fn error_in_one_line(&mut self, error: &Error) -> u8 {
        self.line("error", RED, &in_one_line(&error.what, error.hint.as_deref()), None);
        error.kind().code()
    }

    /// Tells what is odd, each on one line, for a log.
    pub fn warn_in_one_line(&mut self, remarks: &[Remark]) {
        let quiet = self.quiet;
        for remark in remarks.iter().filter(|_| !quiet) {
            self.line("warning", YELLOW, &in_one_line(&remark.what, remark.hint.as_deref()), None);
        }
    }

    /// Tells what is odd, but stops nothing.
    pub fn warn(&mut self, remarks: &[Remark]) {
        let quiet = self.quiet;
        for remark in remarks.iter().filter(|_| !quiet) {
            self.line("warning", YELLOW, &remark.what, remark.hint.as_deref());
        }
    }

    /// What clap has to say: help and version go to `out`, and a mistake is told without what was typed, which may be a
    /// token on the wrong side of an option. Returns the exit code.
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
        // One write, so that lines of several processes do not mingle. Nobody is left to tell that it failed.
        let _ = self.err.write_all(text.as_bytes());
    }
}

fn in_one_line(what: &str, hint: Option<&str>) -> String {
    hint.map_or_else(|| what.to_owned(), |hint| format!("{what} ({hint})"))
}

/// A text that may be shown: nothing of a token's shape, no control characters, none that turn the direction of writing.
pub fn clean(text: &str) -> String {
    token::mask(text).chars().map(|c| if c.is_control() || is_invisible(c) { '\u{fffd}' } else { c }).collect()
}

/// Marks that reorder or hide what stands beside them (Unicode's Bidi_Control, zero-width characters).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A panic, told without its message.
pub fn panicked(location: Option<&Location>) {
    let place = location.map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
    let text = format!("co-cred: error: internal error{place}\nhint: this is a bug: please report it with this line\n");
    // A panic has no streams handed in, and must not cause another.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
