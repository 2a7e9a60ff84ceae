//! What a shell script is made of: words with their quotes taken off, ends of commands, operators.

use super::Misread;
use super::redirection::Document;
use super::word::Word;

/// No more quotations and expansions are followed, one in the other: each takes a piece of the stack.
const DEEPEST: usize = 64;

/// What a script is made of.
pub(super) enum Token {
    Word(Word),
    /// A line end or `;`.
    End,
    /// `<` or `>` with the file that it names.
    Redirection,
    /// A byte of any other operator.
    Operator(u8),
}

/// Reads one token after the other.
pub(super) struct Reader<'a> {
    pub(super) script: &'a [u8],
    pub(super) at: usize,
    /// Here-documents that begin behind the end of this line.
    pub(super) announced: Vec<Document>,
    /// How many quotations and expansions are open.
    depth: usize,
    /// How many brackets are.
    brackets: usize,
    /// The brackets outside of `((`: up to its end, `<<` is a shift.
    pub(super) arithmetic: Option<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(script: &'a [u8]) -> Reader<'a> {
        Reader { script, at: 0, announced: Vec::new(), depth: 0, brackets: 0, arithmetic: None }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.script.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    pub(super) fn skip(&mut self, wanted: &[u8]) -> bool {
        let there = self.script[self.at..].starts_with(wanted);
        self.at += if there { wanted.len() } else { 0 };
        there
    }

    pub(super) fn next_token(&mut self) -> Result<Option<Token>, Misread> {
        loop {
            match self.peek() {
                None if self.announced.is_empty() => return Ok(None),
                None => return Err(Misread::OpenDocument),
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.skip(b"\\\n") => {}
                Some(b'#') => self.skip_comment(),
                Some(b'\n') => {
                    self.at += 1;
                    self.skip_documents()?;
                    return Ok(Some(Token::End));
                }
                Some(b';') => {
                    self.at += 1;
                    return Ok(Some(Token::End));
                }
                Some(b'0'..=b'9') if self.skip_descriptor() => {}
                Some(b'<') if self.arithmetic.is_none() && self.skip(b"<<") => {
                    if !self.here()? {
                        return Ok(Some(Token::Operator(b'<')));
                    }
                }
                Some(b'<' | b'>') => return self.redirection().map(Some),
                Some(byte) if is_operator(byte) => return Ok(Some(self.operator(byte))),
                Some(_) => return self.word().map(Token::Word).map(Some),
            }
        }
    }

    fn operator(&mut self, byte: u8) -> Token {
        if byte == b'(' {
            if self.script[self.at..].starts_with(b"((") {
                self.arithmetic.get_or_insert(self.brackets);
            }
            self.brackets += 1;
        } else if byte == b')' {
            self.brackets = self.brackets.saturating_sub(1);
            self.arithmetic = self.arithmetic.filter(|outside| self.brackets > *outside);
        }
        self.at += 1;
        Token::Operator(byte)
    }

    fn skip_comment(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    pub(super) fn word(&mut self) -> Result<Word, Misread> {
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
    fn special(&mut self, word: &mut Word) -> Result<(), Misread> {
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

    fn single_quoted(&mut self, word: &mut Word) -> Result<(), Misread> {
        loop {
            match self.next().ok_or(Misread::OpenQuotation)? {
                b'\'' => return Ok(()),
                byte => word.push(byte),
            }
        }
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), Misread> {
        loop {
            match self.next().ok_or(Misread::OpenQuotation)? {
                b'"' => return Ok(()),
                b'\\' => match self.next().ok_or(Misread::OpenQuotation)? {
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
    fn ansi_quoted(&mut self, word: &mut Word) -> Result<(), Misread> {
        loop {
            match self.next().ok_or(Misread::OpenQuotation)? {
                b'\'' => return Ok(()),
                b'\\' => self.ansi_escape(word)?,
                byte => word.push(byte),
            }
        }
    }

    fn ansi_escape(&mut self, word: &mut Word) -> Result<(), Misread> {
        match self.next().ok_or(Misread::OpenQuotation)? {
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
    fn dollar(&mut self, word: &mut Word, quoted: bool) -> Result<(), Misread> {
        match self.peek() {
            Some(b'(') if self.script[self.at..].starts_with(b"((") => self.bracketed(word, b'(', b')', false),
            Some(b'(') => self.substitution(word),
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

    /// Goes one level deeper, and comes back.
    fn deeper(&mut self, skip: impl FnOnce(&mut Self) -> Result<(), Misread>) -> Result<(), Misread> {
        if self.depth == DEEPEST {
            return Err(Misread::TooDeep);
        }
        self.depth += 1;
        let done = skip(self);
        self.depth -= 1;
        done
    }

    /// Skips `$(...)`, which is a script of its own.
    fn substitution(&mut self, word: &mut Word) -> Result<(), Misread> {
        word.unknown = true;
        self.deeper(|reader| {
            let outside = (std::mem::take(&mut reader.announced), reader.brackets, reader.arithmetic.take());
            loop {
                match reader.next_token()?.ok_or(Misread::OpenQuotation)? {
                    Token::Operator(b')') if reader.brackets == outside.1 => break,
                    _ => {}
                }
            }
            // What was announced in here and has not begun stands behind the end of the line, too.
            let inside = std::mem::replace(&mut reader.announced, outside.0);
            reader.announced.extend(inside);
            reader.arithmetic = outside.2;
            Ok(())
        })
    }

    /// Skips `${...}` or `$((...))`, quotations and expansions inside it included; within double quotes, `${...}` knows no
    /// single ones.
    fn bracketed(&mut self, word: &mut Word, open: u8, close: u8, quoted: bool) -> Result<(), Misread> {
        word.unknown = true;
        self.deeper(|reader| {
            let (mut depth, mut ignored) = (0, Word::default());
            loop {
                match reader.next().ok_or(Misread::OpenQuotation)? {
                    b'\\' => drop(reader.next()),
                    b'\'' if !quoted => reader.single_quoted(&mut ignored)?,
                    b'"' => reader.double_quoted(&mut ignored)?,
                    b'`' => reader.backquoted(&mut ignored)?,
                    b'$' => reader.dollar(&mut ignored, quoted)?,
                    byte if byte == open => depth += 1,
                    byte if byte == close && depth == 1 => return Ok(()),
                    byte if byte == close => depth -= 1,
                    _ => {}
                }
            }
        })
    }

    fn backquoted(&mut self, word: &mut Word) -> Result<(), Misread> {
        word.unknown = true;
        loop {
            match self.next().ok_or(Misread::OpenQuotation)? {
                b'\\' => drop(self.next()),
                b'`' => return Ok(()),
                _ => {}
            }
        }
    }
}

/// What ends a word and a command alike.
pub(super) fn is_operator(byte: u8) -> bool {
    matches!(byte, b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')
}
