//! What a format of `env` is: its word, and the layout of what is written.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::deliver::Assignment;
use crate::env::Env;
use crate::error::Result;

/// A language that a program reads the assignments in.
#[derive(Clone, Copy)]
pub struct Format {
    /// What chooses it, after `--format`.
    pub word: &'static str,
    /// The program that reads it, for the list of formats in help.
    pub help: &'static str,
    pub(super) layout: Layout,
}

/// What a format is made of.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// A line for each variable, of its name and value, that a running shell or session evaluates: its scripts may rely on the
    /// present form of a variable.
    Evaluated(fn(&str, &str) -> String),
    /// A line for each variable, of its name and value, in a file.
    Lines(fn(&str, &str) -> String),
    /// All variables together.
    Together(fn(&[Assignment]) -> Zeroizing<String>),
    /// Output, and a file that a variable of the environment names.
    Step(fn(&[Assignment], &Env) -> Rendered),
    /// What has no names of variables; it may need the deployment.
    Nameless(fn(&Credential) -> Result<Zeroizing<String>>),
}

/// Assignments as text, ready to be written.
#[derive(Debug)]
pub struct Rendered {
    /// For standard output.
    pub out: Zeroizing<String>,
    /// For a file, after standard output was written.
    pub append: Option<(PathBuf, Zeroizing<String>)>,
}

impl Format {
    /// Whether the format sets variables, whose names can be chosen.
    pub fn has_names(self) -> bool {
        !matches!(self.layout, Layout::Nameless(_))
    }

    /// Whether a running shell or session evaluates it.
    pub(super) fn is_evaluated(self) -> bool {
        matches!(self.layout, Layout::Evaluated(_))
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Format) -> bool {
        self.word == other.word
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}
