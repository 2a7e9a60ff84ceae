//! Reads the assignments of a shell file without running it.
//!
//! `/run/secrets/secrets` is sourced by the shell while an image is built, so it may quote in every way that a shell
//! knows: `export A='b c'`, `A="b \"c\""`, `A=$'b\nc'`, `A=b\ c`, several on a line, values over several lines. The rules
//! are those of POSIX, XCU section 2.2 (quoting) and 2.3 (tokens), with `$'...'` as in bash and POSIX.1-2024. Nothing is
//! executed: a value that only a shell can tell (`$HOME`, `$(...)`) is unknown, and so is whatever is assigned from the
//! first command on that is more than a flat list (`&&`, `|`, `if`, functions), since it may never run.
//!
//! Here-documents (section 2.7.4) are data for the command before them, and are skipped.

mod reader;
mod redirection;
mod word;

use zeroize::Zeroizing;

use reader::{Reader, Token};
use word::Word;

/// A variable that the file sets. Wiped when dropped.
#[derive(PartialEq, Eq)]
pub struct Assignment {
    /// The variable's name.
    pub name: String,
    /// Its value; `None` where only running the file could tell.
    pub value: Option<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for Assignment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Assignment({})", self.name)
    }
}

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misread {
    /// It ends inside a quotation, which a shell would refuse as well.
    OpenQuotation,
    /// It ends inside a here-document.
    OpenDocument,
    /// Quotations and expansions stand one in the other, more of them than are followed.
    TooDeep,
}

impl std::fmt::Display for Misread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Misread::OpenQuotation => "ends inside a quotation",
            Misread::OpenDocument => "ends inside a here-document (<<)",
            Misread::TooDeep => "is nested too deeply: it has too many quotations and expansions, one in the other",
        })
    }
}

/// Every assignment in the file, in order; of two to one name, the later one counts for a shell.
///
/// # Errors
/// [`Misread`].
pub fn assignments(script: &[u8]) -> Result<Vec<Assignment>, Misread> {
    // An editor's byte order mark is no part of the first word.
    let mut reader = Reader::new(script.strip_prefix(b"\xef\xbb\xbf").unwrap_or(script));
    let mut script = Script { found: Vec::new(), from: 0, command: Command::Prefix, flat: true };
    while let Some(token) = reader.next_token()? {
        match token {
            Token::End if script.command == Command::Last => break,
            Token::End => script.end(),
            Token::Operator(_) => script.bend(),
            Token::Redirection => script.redirect(),
            Token::Word(word) => script.take(&word),
        }
    }
    Ok(script.found)
}

/// What has been read so far.
struct Script {
    found: Vec<Assignment>,
    /// Where the assignments of the present command begin.
    from: usize,
    command: Command,
    /// No operator or reserved word yet: every command up to here runs, once and in order.
    flat: bool,
}

/// How far a simple command has been read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    /// Only assignments so far, as in `A=b C=d`.
    Prefix,
    /// After `export` or a command like it, whose arguments are assignments too.
    Declaration,
    /// After `unset` or `read`, whose arguments are names: what these have from then on is not known.
    Names,
    /// After a command whose failure may end the script.
    Special,
    /// After another command: its arguments are none.
    Other,
    /// After `return` or `exit`: nothing follows.
    Last,
}

impl Script {
    fn end(&mut self) {
        self.from = self.found.len();
        self.command = Command::Prefix;
    }

    /// The script is no flat list from the present command on.
    fn bend(&mut self) {
        self.flat = false;
        self.found[self.from..].iter_mut().for_each(|one| one.value = None);
        self.end();
    }

    /// No value is known any more, of what stands before the present command either.
    fn forget(&mut self, command: Command) {
        self.from = 0;
        self.bend();
        self.command = command;
    }

    /// A file that cannot be opened is the end of its command, and no more where that is a plain one.
    fn redirect(&mut self) {
        if self.command != Command::Other {
            let command = self.command;
            self.bend();
            self.command = command;
        }
    }

    fn take(&mut self, word: &Word) {
        match (self.command, word.assignment()) {
            (Command::Prefix | Command::Declaration, Some(assignment)) => self.assign(assignment),
            (Command::Prefix, None) => self.start(word),
            (Command::Names, _) if word.text().is_some_and(is_name) => {
                let name = word.text().unwrap_or_default().to_owned();
                self.assign(Assignment { name, value: None });
            }
            // An option or a bare name, as in `declare -x A=b` or `export A`, or another command's argument.
            _ => {}
        }
    }

    fn assign(&mut self, mut assignment: Assignment) {
        assignment.value = assignment.value.filter(|_| self.flat);
        self.found.push(assignment);
    }

    /// The first word that is no assignment: the command.
    fn start(&mut self, word: &Word) {
        self.command = match word.text().unwrap_or_default() {
            "export" | "declare" | "typeset" | "readonly" | "local" => return self.command = Command::Declaration,
            "unset" => Command::Names,
            "return" | "exit" if self.flat => Command::Last,
            // These may assign any variable.
            "eval" | "." | "source" | "command" | "builtin" => return self.forget(Command::Prefix),
            "read" | "mapfile" | "readarray" | "getopts" => return self.forget(Command::Names),
            ":" | "exec" | "set" | "shift" | "times" | "trap" | "break" | "continue" => Command::Special,
            "if" | "then" | "elif" | "else" | "fi" | "for" | "while" | "until" | "do" | "done" | "case" | "esac"
            | "{" | "}" | "!" | "[[" | "function" | "select" | "time" => return self.bend(),
            _ => Command::Other,
        };
        // `A=b command` sets A for that command alone.
        self.found.truncate(self.from);
    }
}

/// Whether a string can be the name of a shell variable.
pub fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
