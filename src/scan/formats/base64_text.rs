//! Base64 in a text: what the cells of a notebook put out (pictures, archives), and web pages and e-mails made from it.
//!
//! Any run of at least 64 base64 characters is decoded, so that broken JSON does not hide one. A run continues over line
//! breaks: in the text itself, as `\n` in a JSON string, and between the strings of a list.

use std::io::{self, Read};

use base64::Engine;
use memchr::memmem;
use zeroize::Zeroizing;

use crate::patterns::base64::{LENIENT, decodable, is_character, to_standard};

use super::format::{Encoded, Format, Visitor, has_suffix};
use super::stream::Stream;

/// The shortest run that is decoded: a shorter one cannot contain a file, and a token in it is found without decoding.
const MIN_RUN: usize = 64;

/// The longest separator between two lines of a run.
const MAX_BREAK: usize = 64;

/// How gzip and zip files begin in base64.
const FILES: [&[u8]; 3] = [b"H4sIA", b"H4sIC", b"UEsDB"];

/// How many characters are decoded at once.
const PIECE: usize = 4096;

/// The names of files in which base64 is decoded.
const NAMES: [&str; 7] = [".ipynb", ".html", ".htm", ".svg", ".eml", ".mht", ".mhtml"];

pub(super) const FORMAT: Format = Format { matches: |head, name| has_suffix(name, &NAMES) || is_notebook(head), read };

fn is_notebook(head: &[u8]) -> bool {
    head.first() == Some(&b'{') && memmem::find(head, b"\"cells\"").is_some()
}

fn read(stream: &mut dyn Stream, _: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    loop {
        let bytes = stream.peek(MIN_RUN)?;
        if bytes.len() < MIN_RUN {
            let rest = bytes.len();
            stream.consume(rest);
            return Ok(());
        }
        // A run may begin after the last of these bytes that is not base64. Some programs write a slash as `\/`.
        let is_other = |at: &usize| !is_character(bytes[*at]) && !bytes[*at..].starts_with(b"\\/");
        match (0..MIN_RUN).rev().find(is_other) {
            // The letter of an escape such as `\n` belongs to the backslash.
            Some(last) if bytes[last] == b'\\' => stream.consume(if last + 2 > MIN_RUN { last } else { last + 2 }),
            Some(last) => stream.consume(last + 1),
            None => visitor.decoded(&mut Run::new(stream))?,
        }
    }
}

/// One run, decoded.
struct Run<'a> {
    stream: &'a mut dyn Stream,
    decoded: Zeroizing<Vec<u8>>,
    /// How many of the decoded bytes were read.
    taken: usize,
    /// The length of the first line, once it has ended, and of the present one so far.
    width: Option<usize>,
    line: usize,
    ended: bool,
}

impl Run<'_> {
    fn new(stream: &mut dyn Stream) -> Run<'_> {
        let decoded = Zeroizing::new(Vec::with_capacity(PIECE));
        Run { stream, decoded, taken: 0, width: None, line: 0, ended: false }
    }

    fn decode(&mut self) -> io::Result<()> {
        let mut characters = Zeroizing::new(Vec::with_capacity(PIECE));
        while characters.len() < PIECE && !self.ended {
            let bytes = self.stream.peek(1)?;
            let left = PIECE - characters.len();
            let line = bytes.iter().take(left).take_while(|byte| is_character(**byte)).count();
            characters.extend(bytes[..line].iter().map(|byte| to_standard(*byte)));
            self.stream.consume(line);
            self.line += line;
            let next = self.stream.peek(MAX_BREAK)?;
            if next.starts_with(b"\\/") && characters.len() < PIECE {
                characters.push(b'/');
                self.stream.consume(2);
                self.line += 1;
            } else if line < left && !next.first().is_some_and(|byte| is_character(*byte)) {
                self.end_line()?;
            }
        }
        self.decoded.clear();
        self.taken = 0;
        LENIENT.decode_vec(&characters[..decodable(characters.len())], &mut self.decoded).map_err(io::Error::other)
    }

    /// A run continues on the next line where both have the same length, or the next one is the last.
    fn end_line(&mut self) -> io::Result<()> {
        let separator = line_break(self.stream.peek(MAX_BREAK)?);
        let is_wrapped = self.line.is_multiple_of(4) && self.width.is_none_or(|width| width == self.line);
        match separator.filter(|_| is_wrapped) {
            Some(len) => self.stream.consume(len),
            None => self.ended = true,
        }
        self.width = Some(self.line);
        self.line = 0;
        Ok(())
    }
}

impl Read for Run<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.decoded.len() && !self.ended {
            self.decode()?;
        }
        let left = &self.decoded[self.taken..];
        let read = left.len().min(into.len());
        into[..read].copy_from_slice(&left[..read]);
        self.taken += read;
        Ok(read)
    }
}

impl Encoded for Run<'_> {
    fn position(&self) -> u64 {
        self.stream.position()
    }
}

/// The length of the line break after which base64 continues. What begins like a file is a run of its own.
fn line_break(bytes: &[u8]) -> Option<usize> {
    let blanks = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let mut at = 0;
    while let [b'\\', b'n' | b'r', ..] = bytes[at..] {
        at += 2;
    }
    if bytes[at..].starts_with(b"\",") {
        at += 2;
        at += blanks(&bytes[at..]);
        at += usize::from(*bytes.get(at)? == b'"');
    } else {
        let blanks = blanks(&bytes[at..]);
        let breaks = bytes[at..at + blanks].iter().any(|byte| matches!(byte, b'\r' | b'\n'));
        at += if breaks { blanks } else { 0 };
    }
    let next = bytes.get(at..)?;
    let begins_file = FILES.iter().any(|file| next.starts_with(file));
    (at > 0 && is_character(*next.first()?) && !begins_file).then_some(at)
}
