//! Redirections, and the here-documents among them.

use zeroize::Zeroizing;

use super::Misread;
use super::reader::{Reader, Token, is_operator};
use super::word::Word;

/// A here-document that has been announced, and begins behind the end of the line.
pub(super) struct Document {
    delimiter: Zeroizing<Vec<u8>>,
    /// `<<-`: tabs before its lines are no part of them.
    tabs: bool,
    /// The delimiter was quoted: a `\` at the end of a line is one.
    verbatim: bool,
}

impl Reader<'_> {
    /// The number in `2>`.
    pub(super) fn skip_descriptor(&mut self) -> bool {
        let digits = self.script[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_one = matches!(self.script.get(self.at + digits), Some(b'<' | b'>'));
        self.at += if is_one { digits } else { 0 };
        is_one
    }

    /// What follows `<<`: a here-document or, with a third `<`, a word to read from. Neither is a file that might be missing.
    pub(super) fn here(&mut self) -> Result<bool, Misread> {
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
            // Nothing is expanded in it: `$A` is a delimiter of two letters.
            let delimiter = if word.unknown { Zeroizing::new(written.to_vec()) } else { word.bytes };
            self.announced.push(Document { delimiter, tabs, verbatim });
        }
        Ok(true)
    }

    /// An operator that names a file or a descriptor, which is the word behind it.
    pub(super) fn redirection(&mut self) -> Result<Token, Misread> {
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

    /// Behind the end of a line: the documents that were announced on it.
    pub(super) fn skip_documents(&mut self) -> Result<(), Misread> {
        for document in std::mem::take(&mut self.announced) {
            loop {
                if self.peek().is_none() {
                    return Err(Misread::OpenDocument);
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

    /// A line without its end; one that ends in `\` goes on in the next, unless `verbatim` says that it does not.
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
