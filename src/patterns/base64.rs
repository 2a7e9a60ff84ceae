//! Base64 as it occurs in files and variables: in either alphabet, with padding or without, truncated anywhere.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::line_breaks::is_break;

/// The fewest characters that may encode a token.
const MIN_RUN: usize = 16;

/// How often base64 in base64 is decoded.
const MAX_DEPTH: usize = 4;

/// Decodes the standard alphabet, with padding or without, and with any trailing bits.
pub const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// For each byte that is a character of either alphabet (RFC 4648, sections 4 and 5), the same character in the standard
/// alphabet; 0 for every other byte. A table, since every byte of a notebook is looked up.
const STANDARD: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => byte,
            b'-' => b'+',
            b'_' => b'/',
            _ => 0,
        };
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

/// Whether the byte is a character of either alphabet.
pub fn is_character(byte: u8) -> bool {
    STANDARD[usize::from(byte)] != 0
}

/// The same character in the standard alphabet.
pub fn to_standard(character: u8) -> u8 {
    STANDARD[usize::from(character)]
}

/// How many of these characters can be decoded: a last group of one character encodes no whole byte.
pub fn decodable(characters: usize) -> usize {
    if characters % 4 == 1 { characters - 1 } else { characters }
}

/// The base64 of `raw`, of its base64, and of its UTF-16 (as PowerShell takes a command), in both alphabets and at each of the
/// positions that it may have in a longer text.
pub(super) fn encode_all(raw: &str) -> Vec<String> {
    let mut wide = Zeroizing::new(Vec::with_capacity(2 * raw.len()));
    wide.extend(raw.encode_utf16().flat_map(u16::to_le_bytes));
    let mut all = encode_at_all(raw.as_bytes());
    let twice: Vec<String> = all.iter().flat_map(|text| encode_at_all(text.as_bytes())).collect();
    all.extend(twice);
    all.extend(encode_at_all(&wide));
    all
}

fn encode_at_all(raw: &[u8]) -> Vec<String> {
    let at = |before| [encode_after(&STANDARD_NO_PAD, before, raw), encode_after(&URL_SAFE_NO_PAD, before, raw)];
    (0..3).flat_map(at).collect()
}

/// Base64 of `raw` where `before` bytes, modulo 3, precede it: only the characters that depend on `raw` alone.
fn encode_after(engine: &impl Engine, before: usize, raw: &[u8]) -> String {
    let mut bytes = Zeroizing::new(vec![0; before]);
    bytes.extend_from_slice(raw);
    let encoded = Zeroizing::new(engine.encode(&*bytes));
    let first = [0, 2, 3][before];
    // The last character of a partial group also depends on what follows.
    let last = encoded.len() - usize::from(!bytes.len().is_multiple_of(3));
    encoded[first.min(last)..last].to_owned()
}

/// Whether `test` is true of the bytes, or of what the base64 in them decodes to, up to [`MAX_DEPTH`] times.
pub(super) fn any_layer(bytes: &[u8], test: &dyn Fn(&[u8]) -> bool) -> bool {
    let mut layers = vec![Zeroizing::new(bytes.to_vec())];
    for _ in 0..=MAX_DEPTH {
        if layers.iter().any(|layer| test(layer)) {
            return true;
        }
        layers = layers.iter().flat_map(|layer| decode_runs(layer)).collect();
    }
    false
}

/// What each run of base64 characters decodes to, on one line or wrapped over several. Together never longer than twice the
/// text.
fn decode_runs(text: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let lines = text.split(|byte| is_break(*byte)).map(<[u8]>::trim_ascii);
    let joined = Zeroizing::new(lines.collect::<Vec<_>>().concat());
    let mut all = decode_unwrapped_runs(text);
    if joined.len() < text.trim_ascii().len() {
        all.append(&mut decode_unwrapped_runs(&joined));
    }
    all
}

fn decode_unwrapped_runs(text: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let runs = text.split(|byte| !is_character(*byte)).filter(|run| run.len() >= MIN_RUN);
    let decode = |run: &[u8]| {
        let run: Zeroizing<Vec<u8>> = Zeroizing::new(run.iter().map(|byte| to_standard(*byte)).collect());
        LENIENT.decode(&run[..decodable(run.len())]).ok().map(Zeroizing::new)
    };
    runs.filter_map(decode).collect()
}
