//! Base64 as it is found in the wild: in either alphabet, cut off anywhere.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// The fewest characters that may stand for a token.
const FEWEST: usize = 16;

/// Reads the standard alphabet, with padding or without, and whatever the last bits are.
pub const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether the byte is a character of either alphabet (RFC 4648, sections 4 and 5).
pub fn is_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The same character in the standard alphabet.
pub fn standard(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte,
    }
}

/// So many of the characters at the end of which nothing follows stand for whole bytes: one alone says nothing.
pub fn whole(characters: usize) -> usize {
    if characters % 4 == 1 { characters - 1 } else { characters }
}

/// What each run of base64 characters stands for, on one line or broken over several; together never longer than twice
/// the text.
pub fn decoded(text: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let lines = text.split(|byte| matches!(byte, b'\r' | b'\n')).map(<[u8]>::trim_ascii);
    let joined = Zeroizing::new(lines.collect::<Vec<_>>().concat());
    let mut all = decoded_runs(text);
    if joined.len() < text.trim_ascii().len() {
        all.append(&mut decoded_runs(&joined));
    }
    all
}

fn decoded_runs(text: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let runs = text.split(|byte| !is_character(*byte)).filter(|run| run.len() >= FEWEST);
    let decode = |run: &[u8]| {
        let run: Zeroizing<Vec<u8>> = Zeroizing::new(run.iter().map(|byte| standard(*byte)).collect());
        LENIENT.decode(&run[..whole(run.len())]).ok().map(Zeroizing::new)
    };
    runs.filter_map(decode).collect()
}
