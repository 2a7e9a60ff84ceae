//! The tokens of a shell script: words without their quotes, ends of commands, operators.

use super::syntax_error::SyntaxError;
use super::token::{HereDocument, Token, is_operator};
use super::word::Word;

/// The maximum nesting depth of quotes and expansions: each level uses stack.
const MAX_DEPTH: usize = 64;

/// Splits a script into tokens.
pub(super) struct Reader<'a> {
    pub(super) script: &'a [u8],
    pub(super) at: usize,
    /// Here-documents that begin after the end of this line.
    pub(super) pending: Vec<HereDocument>,
    /// The number of open quotes and expansions.
    depth: usize,
    /// The number of open parentheses.
    brackets: usize,
    /// The number of parentheses outside of `((`; inside it, `<<` is a shift.
    pub(super) arithmetic: Option<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(script: &'a [u8]) -> Reader<'a> {
        Reader { script, at: 0, pending: Vec::new(), depth: 0, brackets: 0, arithmetic: None }
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
        let is_next = self.script[self.at..].starts_with(wanted);
        self.at += if is_next { wanted.len() } else { 0 };
        is_next
    }

    pub(super) fn next_token(&mut self) -> Result<Option<Token>, SyntaxError> {
        loop {
            match self.peek() {
                None if self.pending.is_empty() => return Ok(None),
                None => return Err(SyntaxError::UnterminatedHereDocument),
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

    pub(super) fn word(&mut self) -> Result<Word, SyntaxError> {
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

    /// A quote or an expansion, outside of double quotes.
    fn special(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
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
            // `$"..."` is a translated string in bash only.
            Some(b'$') if self.peek() == Some(b'"') => word.unknown = true,
            Some(b'$') => self.dollar(word, false)?,
            _ => self.backquoted(word)?,
        }
        Ok(())
    }

    fn single_quoted(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        loop {
            match self.next().ok_or(SyntaxError::UnterminatedQuote)? {
                b'\'' => return Ok(()),
                byte => word.push(byte),
            }
        }
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        loop {
            match self.next().ok_or(SyntaxError::UnterminatedQuote)? {
                b'"' => return Ok(()),
                b'\\' => match self.next().ok_or(SyntaxError::UnterminatedQuote)? {
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
    fn ansi_quoted(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        loop {
            match self.next().ok_or(SyntaxError::UnterminatedQuote)? {
                b'\'' => return Ok(()),
                b'\\' => self.ansi_escape(word)?,
                byte => word.push(byte),
            }
        }
    }

    fn ansi_escape(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        match self.next().ok_or(SyntaxError::UnterminatedQuote)? {
            byte @ (b'\'' | b'"' | b'\\' | b'?') => word.push(byte),
            b'n' => word.push(b'\n'),
            b't' => word.push(b'\t'),
            b'r' => word.push(b'\r'),
            b'a' => word.push(7),
            b'b' => word.push(8),
            b'e' | b'E' => word.push(27),
            b'f' => word.push(12),
            b'v' => word.push(11),
            // Octal, hexadecimal, Unicode and control escapes differ between shells, and no token needs one.
            _ => word.unknown = true,
        }
        Ok(())
    }

    /// After a `$` that is not part of a quote: an expansion, or a literal `$`.
    fn dollar(&mut self, word: &mut Word, quoted: bool) -> Result<(), SyntaxError> {
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

    /// Parses something nested, within the maximum depth.
    fn nested(&mut self, skip: impl FnOnce(&mut Self) -> Result<(), SyntaxError>) -> Result<(), SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(SyntaxError::TooDeep);
        }
        self.depth += 1;
        let done = skip(self);
        self.depth -= 1;
        done
    }

    /// Skips `$(...)`, which is a script of its own.
    fn substitution(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        word.unknown = true;
        self.nested(|reader| {
            let outside = (std::mem::take(&mut reader.pending), reader.brackets, reader.arithmetic.take());
            loop {
                match reader.next_token()?.ok_or(SyntaxError::UnterminatedQuote)? {
                    Token::Operator(b')') if reader.brackets == outside.1 => break,
                    _ => {}
                }
            }
            // Here-documents that are still pending inside also begin after the end of the line.
            let inside = std::mem::replace(&mut reader.pending, outside.0);
            reader.pending.extend(inside);
            reader.arithmetic = outside.2;
            Ok(())
        })
    }

    /// Skips `${...}` or `$((...))` with the quotes and expansions inside. Within double quotes, a single quote in `${...}` is
    /// literal.
    fn bracketed(&mut self, word: &mut Word, open: u8, close: u8, quoted: bool) -> Result<(), SyntaxError> {
        word.unknown = true;
        self.nested(|reader| {
            let (mut depth, mut ignored) = (0, Word::default());
            loop {
                match reader.next().ok_or(SyntaxError::UnterminatedQuote)? {
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

    fn backquoted(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        word.unknown = true;
        loop {
            match self.next().ok_or(SyntaxError::UnterminatedQuote)? {
                b'\\' => drop(self.next()),
                b'`' => return Ok(()),
                _ => {}
            }
        }
    }
}
