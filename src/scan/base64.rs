//! Base64 in a text: what a notebook's cells put out (pictures, archives), and the pages and mails that are made of it.
//!
//! It is found by what it looks like, so that it is found in broken JSON, too: a run of at least 64 of its characters. A run
//! goes on over line breaks, as they stand in a text, as `\n` in a JSON string, and as a list of strings.

use std::io::{self, Read};

use base64::Engine;
use zeroize::Zeroizing;

use crate::patterns::Encoding;
use crate::patterns::base64::{LENIENT, decodable, is_character, to_standard};

use super::Site;
use super::layer::Layer;
use super::unpack::Search;

/// The shortest run that is decoded: a shorter one cannot hold a file, and a token in it is found as it is.
const RUN: usize = 64;

/// What may stand between two lines is no longer than this.
const BREAK: usize = 64;

/// How gzip and zip begin.
const FILES: [&[u8]; 3] = [b"H4sIA", b"H4sIC", b"UEsDB"];

/// So many characters are decoded at once.
const PIECE: usize = 4096;

pub(super) fn look(search: &mut Search, layer: &mut dyn Layer, site: &mut Site) -> io::Result<()> {
    let origin = layer.position();
    loop {
        let bytes = layer.peek(RUN)?;
        if bytes.len() < RUN {
            return Ok(());
        }
        // Of the first bytes, the last that is none of base64 tells where a run may begin. Some write a slash as `\/`.
        let is_none = |at: &usize| !is_character(bytes[*at]) && !bytes[*at..].starts_with(b"\\/");
        match (0..RUN).rev().find(is_none) {
            // The letter of an escape, as in `\n`, belongs to it.
            Some(last) if bytes[last] == b'\\' => layer.consume(if last + 2 > RUN { last } else { last + 2 }),
            Some(last) => layer.consume(last + 1),
            None => run(search, layer, origin, site)?,
        }
    }
}

/// Searches what a run stands for.
fn run(search: &mut Search, layer: &mut dyn Layer, origin: u64, site: &mut Site) -> io::Result<()> {
    let start = layer.position();
    let before = search.report.encodings.all;
    let name = format!("base64 at byte {}", start - origin);
    search.unpacked(&mut Run::new(layer), name, site)?;
    let mut hits = layer.take_hits(start);
    if search.report.encodings.all > before {
        // The same traces, seen from outside.
        hits.retain(|hit| hit.encoding != Encoding::Base64);
    }
    search.found(&hits, origin, site);
    Ok(())
}

/// What a run stands for.
struct Run<'a> {
    layer: &'a mut dyn Layer,
    decoded: Zeroizing<Vec<u8>>,
    given: usize,
    /// How long the first line is, once it has ended, and how long this one is so far.
    width: Option<usize>,
    line: usize,
    ended: bool,
}

impl Run<'_> {
    fn new(layer: &mut dyn Layer) -> Run<'_> {
        let decoded = Zeroizing::new(Vec::with_capacity(PIECE));
        Run { layer, decoded, given: 0, width: None, line: 0, ended: false }
    }

    fn decode(&mut self) -> io::Result<()> {
        let mut characters = Zeroizing::new(Vec::with_capacity(PIECE));
        while characters.len() < PIECE && !self.ended {
            let bytes = self.layer.peek(1)?;
            let room = PIECE - characters.len();
            let line = bytes.iter().take(room).take_while(|byte| is_character(**byte)).count();
            characters.extend(bytes[..line].iter().map(|byte| to_standard(*byte)));
            self.layer.consume(line);
            self.line += line;
            let next = self.layer.peek(BREAK)?;
            if next.starts_with(b"\\/") && characters.len() < PIECE {
                characters.push(b'/');
                self.layer.consume(2);
                self.line += 1;
            } else if line < room && !next.first().is_some_and(|byte| is_character(*byte)) {
                self.end_line()?;
            }
        }
        self.decoded.clear();
        self.given = 0;
        LENIENT.decode_vec(&characters[..decodable(characters.len())], &mut self.decoded).map_err(io::Error::other)
    }

    /// A line goes on in the next where both are of one width, or the next is the last.
    fn end_line(&mut self) -> io::Result<()> {
        let between = a_break(self.layer.peek(BREAK)?);
        let wrapped = self.line.is_multiple_of(4) && self.width.is_none_or(|width| width == self.line);
        match between.filter(|_| wrapped) {
            Some(between) => self.layer.consume(between),
            None => self.ended = true,
        }
        self.width = Some(self.line);
        self.line = 0;
        Ok(())
    }
}

impl Read for Run<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.decoded.len() && !self.ended {
            self.decode()?;
        }
        let left = &self.decoded[self.given..];
        let read = left.len().min(into.len());
        into[..read].copy_from_slice(&left[..read]);
        self.given += read;
        Ok(read)
    }
}

/// The length of the line end behind which base64 goes on. What begins as a file does is one of its own.
fn a_break(bytes: &[u8]) -> Option<usize> {
    let blank = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let mut at = 0;
    while let [b'\\', b'n' | b'r', ..] = bytes[at..] {
        at += 2;
    }
    if bytes[at..].starts_with(b"\",") {
        at += 2;
        at += blank(&bytes[at..]);
        at += usize::from(*bytes.get(at)? == b'"');
    } else {
        let blanks = blank(&bytes[at..]);
        let breaks = bytes[at..at + blanks].iter().any(|byte| matches!(byte, b'\r' | b'\n'));
        at += if breaks { blanks } else { 0 };
    }
    let next = bytes.get(at..)?;
    let begins = FILES.iter().any(|file| next.starts_with(file));
    (at > 0 && is_character(*next.first()?) && !begins).then_some(at)
}
