//! Archives in archives, and base64 in base64: a token that is packed any number of times is found, or what was not searched
//! is reported.
#![no_main]

use std::io::Write;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use co_cred::scan::{Progress, scan_stream};
use co_cred::token::Token;
use co_cred::patterns::{Encodings, Matcher};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use libfuzzer_sys::fuzz_target;

const TOKEN: &[u8] = b"cop_Fz81QmTz55aB";

static SCANNER: LazyLock<Matcher> = LazyLock::new(|| {
    let token = Token::parse(TOKEN).unwrap().token;
    Matcher::of(&[Encodings::of(&token)])
});

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// One member, stored (method 0) or deflated (8).
fn zip(bytes: &[u8], method: u16) -> Vec<u8> {
    let packed = if method == 0 { bytes.to_vec() } else { deflate(bytes) };
    let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let [low, high] = method.to_le_bytes();
    // From the needed version to the lengths of the name and the extra field. The checksum is not read.
    let common = [
        &[20, 0, 0, 0, low, high, 0, 0, 0, 0, 0, 0, 0, 0],
        &number(packed.len())[..],
        &number(bytes.len()),
        &[1, 0, 0, 0],
    ];
    let common = common.concat();
    let local = [b"PK\x03\x04", &common[..], b"a", &packed].concat();
    let directory = [b"PK\x01\x02\x14\x00", &common[..], &[0; 14], b"a"].concat();
    let end = [b"PK\x05\x06", &[0, 0, 0, 0, 1, 0, 1, 0][..], &number(directory.len()), &number(local.len()), &[0, 0]]
        .concat();
    [local, directory, end].concat()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(bytes).unwrap();
    deflate.finish().unwrap()
}

fn tar(bytes: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    header[0] = b'a';
    header[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let padding = vec![0; bytes.len().next_multiple_of(512) - bytes.len() + 1024];
    [&header, bytes, &padding].concat()
}

fn notebook(bytes: &[u8]) -> Vec<u8> {
    // A run that is too short to contain a file is not decoded.
    let bytes = [bytes, &[b' '; 64]].concat();
    format!("{{\"cells\": \"{}\"}}", STANDARD.encode(bytes)).into_bytes()
}

fuzz_target!(|layers: &[u8]| {
    let mut file = TOKEN.to_vec();
    for layer in layers.iter().take(64) {
        file = match layer % 5 {
            0 => gzip(&file),
            1 => zip(&file, 0),
            2 => zip(&file, 8),
            3 => tar(&file),
            _ => notebook(&file),
        };
        if file.len() > 1 << 20 {
            break;
        }
    }
    let report = scan_stream(&SCANNER, &mut &*file, &Progress::default());
    assert!(report.tokens.count + report.unread.count > 0, "a token was missed and nothing was reported");
});
