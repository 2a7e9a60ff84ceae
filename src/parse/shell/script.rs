//! Follows the commands of a script and collects their assignments.

use super::reader::Reader;
use super::syntax_error::SyntaxError;
use super::token::Token;
use super::word::{Assignment, Word, is_name};

/// Parses every assignment of the file, in order. Of two with the same name, the later one counts.
///
/// # Errors
/// [`SyntaxError`].
pub fn assignments(script: &[u8]) -> Result<Vec<Assignment>, SyntaxError> {
    // A byte order mark is not part of the first word.
    let mut reader = Reader::new(script.strip_prefix(b"\xef\xbb\xbf").unwrap_or(script));
    let mut script = Script { found: Vec::new(), from: 0, command: Command::Prefix, flat: true };
    while let Some(token) = reader.next_token()? {
        match token {
            Token::End if script.command == Command::Last => break,
            Token::End => script.end_command(),
            Token::Operator(_) => script.start_compound(),
            Token::Redirection => script.redirect(),
            Token::Word(word) => script.word(&word),
        }
    }
    Ok(script.found)
}

/// The state of the parser.
struct Script {
    found: Vec<Assignment>,
    /// The index in `found` of the current command's first assignment.
    from: usize,
    command: Command,
    /// No operator or reserved word so far: every command runs once, in order.
    flat: bool,
}

/// The state within a simple command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    /// Only assignments so far, as in `A=b C=d`.
    Prefix,
    /// After `export` or a similar command, whose arguments are assignments too.
    Declaration,
    /// After `unset` or `read`, whose arguments are names; their values are unknown from then on.
    Names,
    /// After a special built-in, whose failure may end the script.
    Special,
    /// After another command, whose arguments are not assignments.
    Other,
    /// After `return` or `exit`: no command follows.
    Last,
}

impl Script {
    fn end_command(&mut self) {
        self.from = self.found.len();
        self.command = Command::Prefix;
    }

    /// From the current command on, commands may not run: their assignments are unknown.
    fn start_compound(&mut self) {
        self.flat = false;
        self.found[self.from..].iter_mut().for_each(|one| one.value = None);
        self.end_command();
    }

    /// The current command may assign any variable: all values become unknown, earlier ones too.
    fn discard_values(&mut self, command: Command) {
        self.from = 0;
        self.start_compound();
        self.command = command;
    }

    /// A redirection: if its file cannot be opened, the command fails, and may end the script unless it is an ordinary one.
    fn redirect(&mut self) {
        if self.command != Command::Other {
            let command = self.command;
            self.start_compound();
            self.command = command;
        }
    }

    fn word(&mut self, word: &Word) {
        match (self.command, word.assignment()) {
            (Command::Prefix | Command::Declaration, Some(assignment)) => self.assign(assignment),
            (Command::Prefix, None) => self.start(word),
            (Command::Names, _) if word.text().is_some_and(is_name) => {
                let name = word.text().unwrap_or_default().to_owned();
                self.assign(Assignment { name, value: None });
            }
            // An option or a bare name, as in `declare -x A=b` or `export A`, or an argument of another command.
            _ => {}
        }
    }

    fn assign(&mut self, mut assignment: Assignment) {
        assignment.value = assignment.value.filter(|_| self.flat);
        self.found.push(assignment);
    }

    /// The first word that is not an assignment: the command's name.
    fn start(&mut self, word: &Word) {
        self.command = match word.text().unwrap_or_default() {
            "export" | "declare" | "typeset" | "readonly" | "local" => return self.command = Command::Declaration,
            "unset" => Command::Names,
            "return" | "exit" if self.flat => Command::Last,
            // These may assign any variable.
            "eval" | "." | "source" | "command" | "builtin" => return self.discard_values(Command::Prefix),
            "read" | "mapfile" | "readarray" | "getopts" => return self.discard_values(Command::Names),
            ":" | "exec" | "set" | "shift" | "times" | "trap" | "break" | "continue" => Command::Special,
            "if" | "then" | "elif" | "else" | "fi" | "for" | "while" | "until" | "do" | "done" | "case" | "esac"
            | "{" | "}" | "!" | "[[" | "function" | "select" | "time" => return self.start_compound(),
            _ => Command::Other,
        };
        // `A=b command` sets A for that command only.
        self.found.truncate(self.from);
    }
}
