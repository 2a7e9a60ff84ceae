//! Reads the assignments of a shell file without running it.
//!
//! `/run/secrets/secrets` is sourced by the shell while an image is built, so it may quote in every way that a shell
//! knows: `export A='b c'`, `A="b \"c\""`, `A=$'b\nc'`, `A=b\ c`, several on a line, values over several lines. The rules
//! are those of POSIX, XCU section 2.2 (quoting) and 2.3 (tokens), with `$'...'` as in bash and POSIX.1-2024. Nothing is
//! executed: a value that only a shell can tell (`$HOME`, `$(...)`) is unknown, and so is whatever is assigned from the
//! first command on that is more than a flat list (`&&`, `|`, `if`, functions, redirections), since it may never run.

use zeroize::Zeroizing;

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

/// The file ends inside a quotation, which a shell would refuse as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unterminated;

/// Every assignment in the file, in order; of two to one name, the later one counts for a shell.
///
/// # Errors
/// [`Unterminated`].
pub fn assignments(script: &[u8]) -> Result<Vec<Assignment>, Unterminated> {
    // An editor's byte order mark is no part of the first word.
    let mut reader = Reader { script: script.strip_prefix(b"\xef\xbb\xbf").unwrap_or(script), at: 0 };
    let mut script = Script { found: Vec::new(), from: 0, command: Command::Prefix, flat: true };
    while let Some(token) = reader.next_token()? {
        match token {
            Token::End if script.command == Command::Last => break,
            Token::End => script.end(),
            Token::Operator => script.bend(),
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
    /// After `unset`, whose arguments are names.
    Unset,
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

    fn take(&mut self, word: &Word) {
        match (self.command, word.assignment()) {
            (Command::Prefix | Command::Declaration, Some(assignment)) => self.assign(assignment),
            (Command::Prefix, None) => self.start(word),
            (Command::Unset, _) if word.text().is_some_and(is_name) => {
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
            "unset" => Command::Unset,
            "return" | "exit" if self.flat => Command::Last,
            // These may assign whatever they like.
            "eval" | "." | "source" | "read" | "mapfile" | "readarray" | "getopts" | "command" | "builtin" => {
                self.from = 0;
                return self.bend();
            }
            "if" | "then" | "elif" | "else" | "fi" | "for" | "while" | "until" | "do" | "done" | "case" | "esac"
            | "{" | "}" | "!" | "[[" | "function" | "select" | "time" => return self.bend(),
            _ => Command::Other,
        };
        // `A=b command` sets A for that command alone.
        self.found.truncate(self.from);
    }
}

enum Token {
    Word(Word),
    /// A line end or `;`.
    End,
    /// Any other operator.
    Operator,
}

/// A word with its quotes taken off.
#[derive(Default)]
struct Word {
    bytes: Zeroizing<Vec<u8>>,
    /// How many bytes stood before the first quote, `\` or `$`: a name must be written plainly.
    plain: Option<usize>,
    /// Something in it is only known to a shell.
    unknown: bool,
}

impl Word {
    fn push(&mut self, byte: u8) {
        if self.bytes.len() == self.bytes.capacity() {
            // Growing in place would leave the old buffer behind unwiped.
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * self.bytes.len() + 64));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.push(byte);
    }

    fn quoted_from_here(&mut self) {
        self.plain.get_or_insert(self.bytes.len());
    }

    /// The word, where it is text.
    fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    fn assignment(&self) -> Option<Assignment> {
        let equals = self.bytes.iter().position(|&byte| byte == b'=')?;
        if self.plain.is_some_and(|plain| plain <= equals) {
            return None;
        }
        let left = std::str::from_utf8(&self.bytes[..equals]).ok()?;
        // `A+=b` adds to what A was, and `A[0]=b` makes it an array.
        let name = left.split(['+', '[']).next().filter(|name| is_name(name))?;
        let known = !self.unknown && name == left;
        let value = known.then(|| Zeroizing::new(self.bytes[equals + 1..].to_vec()));
        Some(Assignment { name: name.to_owned(), value })
    }
}

/// Whether a string can be the name of a shell variable.
pub fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

struct Reader<'a> {
    script: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.script.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn skip(&mut self, wanted: &[u8]) -> bool {
        let there = self.script[self.at..].starts_with(wanted);
        self.at += if there { wanted.len() } else { 0 };
        there
    }

    fn next_token(&mut self) -> Result<Option<Token>, Unterminated> {
        loop {
            match self.peek() {
                None => return Ok(None),
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.skip(b"\\\n") => {}
                Some(b'#') => self.skip_comment(),
                Some(b'\n' | b';') => {
                    self.at += 1;
                    return Ok(Some(Token::End));
                }
                Some(byte) if is_operator(byte) => {
                    self.at += 1;
                    return Ok(Some(Token::Operator));
                }
                Some(_) => return self.word().map(Token::Word).map(Some),
            }
        }
    }

    fn skip_comment(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    fn word(&mut self) -> Result<Word, Unterminated> {
        let mut word = Word::default();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => break,
                byte if is_operator(byte) => break,
                b'\\' | b'\'' | b'"' | b'$' | b'`' => self.special(&mut word)?,
                b'~' if word.bytes.last().is_none_or(|&before| before == b'=' || before == b':') => {
                    word.unknown = true;
                    self.at += 1;
                }
                byte => {
                    word.push(byte);
                    self.at += 1;
                }
            }
        }
        Ok(word)
    }

    /// A quotation or an expansion, outside of quotes.
    fn special(&mut self, word: &mut Word) -> Result<(), Unterminated> {
        word.quoted_from_here();
        match self.next() {
            Some(b'\\') => match self.next() {
                Some(b'\n') => {}
                Some(byte) => word.push(byte),
                None => word.push(b'\\'),
            },
            Some(b'\'') => self.single_quoted(word)?,
            Some(b'"') => self.double_quoted(word)?,
            Some(b'$') if self.skip(b"'") => self.ansi_quoted(word)?,
            // bash translates `$"..."`; other shells know no such thing.
            Some(b'$') if self.peek() == Some(b'"') => word.unknown = true,
            Some(b'$') => self.dollar(word, false)?,
            _ => self.backquoted(word)?,
        }
        Ok(())
    }

    fn single_quoted(&mut self, word: &mut Word) -> Result<(), Unterminated> {
        loop {
            match self.next().ok_or(Unterminated)? {
                b'\'' => return Ok(()),
                byte => word.push(byte),
            }
        }
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), Unterminated> {
        loop {
            match self.next().ok_or(Unterminated)? {
                b'"' => return Ok(()),
                b'\\' => match self.next().ok_or(Unterminated)? {
                    byte @ (b'$' | b'`' | b'"' | b'\\') => word.push(byte),
                    b'\n' => {}
                    byte => {
                        word.push(b'\\');
                        word.push(byte);
                    }
                },
                b'$' => self.dollar(word, true)?,
                b'`' => self.backquoted(word)?,
                byte => word.push(byte),
            }
        }
    }

    /// `$'...'`.
    fn ansi_quoted(&mut self, word: &mut Word) -> Result<(), Unterminated> {
        loop {
            match self.next().ok_or(Unterminated)? {
                b'\'' => return Ok(()),
                b'\\' => self.ansi_escape(word)?,
                byte => word.push(byte),
            }
        }
    }

    fn ansi_escape(&mut self, word: &mut Word) -> Result<(), Unterminated> {
        match self.next().ok_or(Unterminated)? {
            byte @ (b'\'' | b'"' | b'\\' | b'?') => word.push(byte),
            b'n' => word.push(b'\n'),
            b't' => word.push(b'\t'),
            b'r' => word.push(b'\r'),
            b'a' => word.push(7),
            b'b' => word.push(8),
            b'e' | b'E' => word.push(27),
            b'f' => word.push(12),
            b'v' => word.push(11),
            // Octal, hexadecimal, Unicode and control escapes: shells differ, and no token needs one.
            _ => word.unknown = true,
        }
        Ok(())
    }

    /// What follows a `$` that is no quotation: an expansion, or a plain `$`.
    fn dollar(&mut self, word: &mut Word, quoted: bool) -> Result<(), Unterminated> {
        match self.peek() {
            Some(b'(') => self.bracketed(word, b'(', b')', false),
            Some(b'{') => self.bracketed(word, b'{', b'}', quoted),
            Some(byte) if byte.is_ascii_alphanumeric() || b"_@*#?-$!".contains(&byte) => {
                word.unknown = true;
                self.at += 1;
                Ok(())
            }
            _ => {
                word.push(b'$');
                Ok(())
            }
        }
    }

    /// Skips `$(...)` or `${...}`, quotations inside it included; within double quotes, `${...}` knows no single ones.
    fn bracketed(&mut self, word: &mut Word, open: u8, close: u8, quoted: bool) -> Result<(), Unterminated> {
        word.unknown = true;
        let mut depth = 0;
        let mut ignored = Word::default();
        loop {
            match self.next().ok_or(Unterminated)? {
                b'\\' => drop(self.next()),
                b'\'' if !quoted => self.single_quoted(&mut ignored)?,
                b'"' => self.double_quoted(&mut ignored)?,
                b'`' => self.backquoted(&mut ignored)?,
                byte if byte == open => depth += 1,
                byte if byte == close && depth == 1 => return Ok(()),
                byte if byte == close => depth -= 1,
                _ => {}
            }
        }
    }

    fn backquoted(&mut self, word: &mut Word) -> Result<(), Unterminated> {
        word.unknown = true;
        loop {
            match self.next().ok_or(Unterminated)? {
                b'\\' => drop(self.next()),
                b'`' => return Ok(()),
                _ => {}
            }
        }
    }
}

/// What ends a word and a command alike.
fn is_operator(byte: u8) -> bool {
    matches!(byte, b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')
}
