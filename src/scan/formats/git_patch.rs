//! Binary patches of Git (`git diff --binary`): a zlib stream, or a delta in one, in lines of base 85.

use std::io;

use flate2::read::ZlibDecoder;
use zeroize::Zeroizing;

use super::bytes::append;
use super::embedded::{Embedded, Start};
use super::format::Visitor;
use super::stream::Stream;

const HEADER: &[u8] = b"GIT binary patch\n";
const KINDS: [&[u8]; 2] = [b"literal ", b"delta "];

const ALPHABET: &[u8; 85] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// The longest line: a letter with the number of bytes, 52 bytes in groups of five characters, and a line feed.
const MAX_LINE: usize = 72;

/// How much of one patch is read.
const MAX_PATCH: usize = 16 << 20;

pub(super) const EMBEDDED: Embedded =
    Embedded::certain("binary patch", &[Start::new(HEADER)], |bytes| bytes.starts_with(HEADER), read);

fn read(stream: &mut dyn Stream, name: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    stream.consume(HEADER.len());
    // The change, and the way back.
    while KINDS.iter().any(|kind| stream.peek(MAX_LINE).is_ok_and(|bytes| bytes.starts_with(kind))) {
        skip_line(stream)?;
        let mut packed = Zeroizing::new(Vec::new());
        while packed.len() < MAX_PATCH {
            let Some(len) = decode_line(stream.peek(MAX_LINE)?, &mut packed) else { break };
            stream.consume(len);
        }
        visitor.unpacked(name.as_bytes(), &mut ZlibDecoder::new(packed.as_slice()))?;
        skip_line(stream)?;
    }
    Ok(())
}

fn skip_line(stream: &mut dyn Stream) -> io::Result<()> {
    let line = stream.peek(MAX_LINE)?;
    let len = line.iter().take(MAX_LINE).position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    stream.consume(len);
    Ok(())
}

/// Decodes a line; returns its length. `None`: it is none.
fn decode_line(bytes: &[u8], packed: &mut Zeroizing<Vec<u8>>) -> Option<usize> {
    let (letter, rest) = bytes.split_first()?;
    let count = match letter {
        b'A'..=b'Z' => letter - b'A' + 1,
        b'a'..=b'z' => letter - b'a' + 27,
        _ => return None,
    };
    let groups = usize::from(count).div_ceil(4);
    let (text, end) = rest.split_at_checked(5 * groups)?;
    let start = packed.len();
    for group in text.chunks_exact(5) {
        let digit = |character: &u8| ALPHABET.iter().position(|known| known == character);
        let number = group.iter().try_fold(0_u64, |number, character| Some(85 * number + digit(character)? as u64))?;
        append(packed, &u32::try_from(number).ok()?.to_be_bytes());
    }
    packed.truncate(start + usize::from(count));
    end.starts_with(b"\n").then_some(1 + text.len() + 1)
}
