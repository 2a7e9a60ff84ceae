//! Base64 in a text: what the cells of a notebook put out (pictures, archives), web pages and e-mails made from it, and values in
//! JSON and CSV.
//!
//! Any run of at least 48 base64 characters is decoded, so that broken JSON does not hide one. A run continues over line
//! breaks: in the text itself, as `\n` in a JSON string, and between the strings of a list.

use std::io::{self, BufRead, Read};

use base64::Engine;
use zeroize::Zeroizing;

use crate::patterns::base64::{LENIENT, decodable, is_character, to_standard};

use super::bytes::append;
use super::embedded::Embedded;
use super::format::Encoded;
use super::stream::Stream;

/// The shortest run that is decoded: a shorter one cannot contain a compressed token, and a token in it is found without
/// decoding.
const MIN_RUN: usize = 48;

/// The longest separator between two lines of a run.
const MAX_BREAK: usize = 64;

/// How gzip and zip files begin in base64.
const FILES: [&[u8]; 3] = [b"H4sIA", b"H4sIC", b"UEsDB"];

/// How many characters are decoded at once.
const PIECE: usize = 4096;

pub(super) const EMBEDDED: Embedded = Embedded::certain(
    "base64",
    &[],
    |bytes| first_run(bytes, 0, 1).is_some(),
    |stream, _, visitor| visitor.decoded(&mut Run::new(stream)),
);

/// The first place between `from` and `end` where a run of base64 begins. Some programs write a slash as `\/`.
pub(super) fn first_run(bytes: &[u8], mut from: usize, end: usize) -> Option<usize> {
    let is_slash = |at: usize| bytes[at] == b'\\' && bytes.get(at + 1) == Some(&b'/');
    let is_other = |at: &usize| !is_character(bytes[*at]) && !is_slash(*at);
    while from < end && from + MIN_RUN <= bytes.len() {
        match (from..from + MIN_RUN).rev().find(is_other) {
            None => return Some(from),
            // The letter of an escape such as `\n` belongs to the backslash.
            Some(last) => from = last + if bytes[last] == b'\\' { 2 } else { 1 },
        }
    }
    None
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
        Run { stream, decoded: Zeroizing::default(), taken: 0, width: None, line: 0, ended: false }
    }

    fn decode(&mut self) -> io::Result<()> {
        let mut characters = Zeroizing::new(Vec::new());
        while characters.len() < PIECE && !self.ended {
            let bytes = self.stream.peek(1)?;
            let left = PIECE - characters.len();
            let line = bytes.iter().take(left).take_while(|byte| is_character(**byte)).count();
            append(&mut characters, &bytes[..line]);
            self.stream.consume(line);
            self.line += line;
            let next = self.stream.peek(MAX_BREAK)?;
            if next.starts_with(b"\\/") && characters.len() < PIECE {
                append(&mut characters, b"/");
                self.stream.consume(2);
                self.line += 1;
            } else if line < left && !next.first().is_some_and(|byte| is_character(*byte)) {
                self.end_line()?;
            }
        }
        characters.iter_mut().for_each(|character| *character = to_standard(*character));
        self.decoded = Zeroizing::new(Vec::with_capacity(characters.len()));
        self.taken = 0;
        LENIENT.decode_vec(&characters[..decodable(characters.len())], &mut self.decoded).map_err(io::Error::other)
    }

    /// A run continues on the next line where both have the same length, or the next one is the last.
    fn end_line(&mut self) -> io::Result<()> {
        let separator = line_break(self.stream.peek(MAX_BREAK)?);
        let is_whole = self.line.is_multiple_of(4) || self.line >= MIN_RUN;
        let is_wrapped = is_whole && self.width.is_none_or(|width| width == self.line);
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
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Run<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.taken == self.decoded.len() && !self.ended {
            self.decode()?;
        }
        Ok(&self.decoded[self.taken..])
    }

    fn consume(&mut self, read: usize) {
        self.taken += read;
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
