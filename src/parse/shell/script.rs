//! Follows the commands of a script and collects their assignments.

use std::collections::BTreeSet;

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
    let mut script = Script::new();
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
    /// The names that keep their value: another assignment fails, and may end the script.
    readonly: BTreeSet<String>,
    /// The names whose values a shell changes, as `declare -i` (arithmetic) and `-u` (capitals) do.
    computed: BTreeSet<String>,
}

/// The state within a simple command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    /// Only assignments so far, as in `A=b C=d`.
    Prefix,
    /// After `export`, whose arguments are assignments too.
    Export,
    /// After `declare` or a similar command, whose arguments are assignments too, and options that change what these mean.
    Declaration(Attributes),
    /// After `printf`, whose option `-v` comes first, and then the name of a variable that it sets.
    Printf(PrintfArgument),
    /// After `unset` or `read`, whose arguments are names; their values are unknown from then on.
    Names,
    /// After a special built-in, whose failure may end the script.
    Special,
    /// After another command, whose arguments are not assignments.
    Other,
    /// After `return` or `exit`: no command follows.
    Last,
}

/// What a declaration gives the names after it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Attributes {
    readonly: bool,
    computed: bool,
}

/// What the next word after `printf` is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PrintfArgument {
    First,
    Name,
}

impl Script {
    fn new() -> Script {
        Script {
            found: Vec::new(),
            from: 0,
            command: Command::Prefix,
            flat: true,
            readonly: BTreeSet::new(),
            computed: BTreeSet::new(),
        }
    }

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
        if !matches!(self.command, Command::Other | Command::Printf(_)) {
            let command = self.command;
            self.start_compound();
            self.command = command;
        }
    }

    fn word(&mut self, word: &Word) {
        match (self.command, word.assignment()) {
            (Command::Prefix | Command::Export, Some(assignment)) => self.assign(assignment),
            (Command::Prefix, None) => self.start(word),
            (Command::Declaration(attributes), Some(assignment)) => {
                let name = assignment.name.clone();
                self.mark(&name, Attributes { readonly: false, ..attributes });
                self.assign(assignment);
                self.mark(&name, attributes);
            }
            (Command::Declaration(attributes), None) => self.declare(word.text().unwrap_or_default(), attributes),
            (Command::Printf(argument), _) => self.printf(word, argument),
            (Command::Names, _) if word.text().is_some_and(is_name) => {
                let name = word.text().unwrap_or_default().to_owned();
                self.assign(Assignment { name, value: None });
            }
            // A bare name or an option, as in `export A`, or an argument of another command.
            _ => {}
        }
    }

    fn assign(&mut self, mut assignment: Assignment) {
        // bash goes on after an assignment to a readonly variable, and other shells end the script.
        self.flat &= !self.readonly.contains(&assignment.name);
        let is_known = self.flat && !self.computed.contains(&assignment.name);
        assignment.value = assignment.value.filter(|_| is_known);
        self.found.push(assignment);
    }

    /// An option of a declaration, or a name without a value.
    fn declare(&mut self, word: &str, mut attributes: Attributes) {
        let Some(options) = word.strip_prefix(['-', '+']) else { return self.mark(word, attributes) };
        attributes.readonly |= word.starts_with('-') && options.contains('r');
        attributes.computed |= options.contains(|option| !matches!(option, 'x' | 'r' | 'g' | '-'));
        match options.contains('n') {
            // Another name for a variable: an assignment to it sets that variable.
            true => self.discard_values(Command::Declaration(attributes)),
            false => self.command = Command::Declaration(attributes),
        }
    }

    fn mark(&mut self, name: &str, attributes: Attributes) {
        if attributes.readonly {
            self.readonly.insert(name.to_owned());
        }
        if attributes.computed {
            self.computed.insert(name.to_owned());
        }
    }

    fn printf(&mut self, word: &Word, argument: PrintfArgument) {
        self.command = Command::Other;
        let text = word.text().unwrap_or_default();
        let name = match argument {
            PrintfArgument::First if text == "-v" && !word.unknown => {
                return self.command = Command::Printf(PrintfArgument::Name);
            }
            PrintfArgument::First => text.strip_prefix("-v"),
            PrintfArgument::Name => Some(text),
        };
        // `printf -v A[0]` sets an element of A.
        match name.map(|name| name.split('[').next().unwrap_or_default()) {
            None => {}
            Some(name) if is_name(name) && !word.unknown => {
                self.assign(Assignment { name: name.to_owned(), value: None });
            }
            Some(_) => self.discard_values(Command::Other),
        }
    }

    /// The first word that is not an assignment: the command's name.
    fn start(&mut self, word: &Word) {
        self.command = match word.text().unwrap_or_default() {
            "export" => return self.command = Command::Export,
            "declare" | "typeset" => return self.command = Command::Declaration(Attributes::default()),
            "readonly" => {
                return self.command = Command::Declaration(Attributes { readonly: true, computed: false });
            }
            // Outside of a function it fails: bash goes on, and other shells end the script.
            "local" => {
                self.start_compound();
                return self.command = Command::Export;
            }
            "printf" => Command::Printf(PrintfArgument::First),
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
