//! Lines and columns, counted as a text passes.

use memchr::{memchr_iter, memrchr};

/// Counts the lines of a text, and the characters of its present line.
#[derive(Default)]
pub(super) struct LineCounter {
    breaks: u64,
    characters: u64,
}

impl LineCounter {
    /// Takes the next bytes of the text.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        let line = match memrchr(b'\n', bytes) {
            None => bytes,
            Some(last) => {
                self.breaks += memchr_iter(b'\n', bytes).count() as u64;
                self.characters = 0;
                &bytes[last + 1..]
            }
        };
        self.characters += line.iter().filter(|byte| !continues_character(**byte)).count() as u64;
    }

    /// The line of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.breaks + 1
    }

    /// The column of the next byte in characters, from 1.
    pub(super) fn column(&self) -> u64 {
        self.characters + 1
    }
}

/// Whether a byte is inside of a character of UTF-8.
fn continues_character(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}
