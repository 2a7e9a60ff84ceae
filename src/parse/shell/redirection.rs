//! Redirections and here-documents.

use zeroize::Zeroizing;

use super::reader::Reader;
use super::syntax_error::SyntaxError;
use super::token::{HereDocument, Token, is_operator};
use super::word::Word;

impl Reader<'_> {
    /// Skips the number in `2>`.
    pub(super) fn skip_descriptor(&mut self) -> bool {
        let digits = self.script[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_descriptor = matches!(self.script.get(self.at + digits), Some(b'<' | b'>'));
        self.at += if is_descriptor { digits } else { 0 };
        is_descriptor
    }

    /// After `<<`: a here-document or, with a third `<`, a here-string. Neither names a file that may be missing. Returns
    /// whether a word followed.
    pub(super) fn here(&mut self) -> Result<bool, SyntaxError> {
        let (is_word, tabs) = (self.skip(b"<"), self.skip(b"-"));
        self.skip_blanks();
        let start = self.at;
        if !self.is_at_word() {
            return Ok(false);
        }
        let word = self.word()?;
        let written = &self.script[start..self.at];
        if !is_word {
            let verbatim = written.iter().any(|byte| matches!(byte, b'\'' | b'"' | b'\\'));
            // A delimiter is not expanded: `$A` is a delimiter of two characters.
            let delimiter = if word.unknown { Zeroizing::new(written.to_vec()) } else { word.bytes };
            self.pending.push(HereDocument { delimiter, tabs, verbatim });
        }
        Ok(true)
    }

    /// A redirection operator and the word after it, which is a file or a descriptor.
    pub(super) fn redirection(&mut self) -> Result<Token, SyntaxError> {
        let sign = self.next().unwrap_or_default();
        if self.arithmetic.is_some() {
            return Ok(Token::Operator(sign));
        }
        // `>>`, `>|`, `<>`, `>&` and `<&`.
        if self.peek().is_some_and(|byte| matches!(byte, b'>' | b'&') || (sign == b'>' && byte == b'|')) {
            self.at += 1;
        }
        self.skip_blanks();
        if !self.is_at_word() {
            return Ok(Token::Operator(sign));
        }
        self.word().map(|_| Token::Redirection)
    }

    fn skip_blanks(&mut self) {
        while self.skip(b" ") || self.skip(b"\t") || self.skip(b"\\\n") {}
    }

    fn is_at_word(&self) -> bool {
        self.peek().is_some_and(|byte| !is_operator(byte))
    }

    /// After the end of a line: skips its here-documents.
    pub(super) fn skip_documents(&mut self) -> Result<(), SyntaxError> {
        for document in std::mem::take(&mut self.pending) {
            loop {
                if self.peek().is_none() {
                    return Err(SyntaxError::UnterminatedHereDocument);
                }
                let line = self.line(document.verbatim);
                let tabs = line.iter().take_while(|byte| document.tabs && **byte == b'\t').count();
                if line[tabs..] == document.delimiter[..] {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Reads a line without its line end. Unless `verbatim`, a line that ends in `\` continues on the next one.
    fn line(&mut self, verbatim: bool) -> Zeroizing<Vec<u8>> {
        let mut line = Word::default();
        while let Some(byte) = self.next().filter(|byte| *byte != b'\n') {
            match (byte, self.peek()) {
                (b'\\', Some(b'\n')) if !verbatim => self.at += 1,
                (b'\\', Some(next)) if !verbatim => {
                    line.push(byte);
                    line.push(next);
                    self.at += 1;
                }
                _ => line.push(byte),
            }
        }
        line.bytes
    }
}
