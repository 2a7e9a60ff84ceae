//! Base64 in a text: what a notebook's cells put out (pictures, archives), and the pages and mails that are made of it.
//!
//! It is found by what it looks like, so that it is found in broken JSON, too: a run of at least 64 of its characters. A run
//! goes on over line breaks, as they stand in a text, as `\n` in a JSON string, and as a list of strings.

use std::io::{self, Read};

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::Site;
use super::layer::Layer;
use super::unpack::Search;

/// The shortest run that is decoded: a shorter one cannot hold a file, and a token in it is found as it is.
const RUN: usize = 64;

/// What may stand between two lines is no longer than this.
const BREAK: usize = 64;

/// So many characters are decoded at once.
const PIECE: usize = 4096;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn look(search: &mut Search, layer: &mut dyn Layer, site: &mut Site) -> io::Result<()> {
    loop {
        let bytes = layer.peek(RUN)?;
        if bytes.len() < RUN {
            return Ok(());
        }
        // Of the first bytes, the last that is none of base64 tells where a run may begin.
        match bytes[..RUN].iter().rposition(|byte| !is_base64(*byte)) {
            // The letter of an escape, as in `\n`, belongs to it.
            Some(last) if bytes[last] == b'\\' => layer.consume(if last + 2 > RUN { last } else { last + 2 }),
            Some(last) => layer.consume(last + 1),
            None => {
                let start = layer.position();
                search.unpacked(&mut Run::new(layer), format!("base64 at byte {start}"), site)?;
                // The same traces, seen from outside.
                drop(layer.take_hits(start));
            }
        }
    }
}

/// What a run stands for.
struct Run<'a> {
    layer: &'a mut dyn Layer,
    decoded: Zeroizing<Vec<u8>>,
    given: usize,
    ended: bool,
}

impl Run<'_> {
    fn new(layer: &mut dyn Layer) -> Run<'_> {
        Run { layer, decoded: Zeroizing::new(Vec::with_capacity(PIECE)), given: 0, ended: false }
    }

    fn decode(&mut self) -> io::Result<()> {
        let mut characters = Zeroizing::new(Vec::with_capacity(PIECE));
        while characters.len() < PIECE && !self.ended {
            let bytes = self.layer.peek(1)?;
            let room = PIECE - characters.len();
            let line = bytes.iter().take(room).take_while(|byte| is_base64(**byte)).count();
            characters.extend_from_slice(&bytes[..line]);
            self.layer.consume(line);
            if line < room && !self.layer.peek(1)?.first().is_some_and(|byte| is_base64(*byte)) {
                let between = a_break(self.layer.peek(BREAK)?);
                self.layer.consume(between.unwrap_or_default());
                self.ended = between.is_none();
            }
        }
        // The end may not be one: then the last characters say nothing.
        let whole = if characters.len() % 4 == 1 { characters.len() - 1 } else { characters.len() };
        self.decoded.clear();
        self.given = 0;
        ENGINE.decode_vec(&characters[..whole], &mut self.decoded).map_err(io::Error::other)
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

/// The length of what stands between two lines of base64, behind which it goes on.
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
        at += blank(&bytes[at..]);
    }
    (at > 0 && is_base64(*bytes.get(at)?)).then_some(at)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}
