//! Where a compressed stream may begin: a first look at every pair of bytes.

use wide::u8x16;

/// The pairs of bytes that what is packed begins with, besides zlib.
const PAIRS: [[u8; 2]; 15] = [
    // gzip, bzip2, xz, zstd, lz4, lzip, zip
    [0x1f, 0x8b],
    *b"BZ",
    [0xfd, b'7'],
    [0x28, 0xb5],
    [0x04, 0x22],
    *b"LZ",
    *b"PK",
    // Blosc, texts of PDF and PostScript, patches of Git
    [2, 1],
    *b"BT",
    *b"gl",
    *b"GI",
    // filters of HDF5, columns of Parquet, arrays of MATLAB
    [2, 0],
    [0x0b, 12],
    [0x15, 8],
    [6, 0],
];

/// How many pairs are looked at together.
const LANES: usize = 16;

/// Whether a stream may begin with these bytes.
fn is_start(pair: [u8; 2]) -> bool {
    is_zlib(pair) || PAIRS.contains(&pair)
}

/// Whether a zlib stream may begin with these bytes: a method and a check. As one number they are a multiple of 31, and no
/// dictionary is needed (RFC 1950, section 2.2).
pub(super) fn is_zlib(pair: [u8; 2]) -> bool {
    let [method, check] = pair;
    method & 0x8f == 8 && check & 0x20 == 0 && u16::from_be_bytes(pair).is_multiple_of(31)
}

/// The first place between `from` and `end` where a stream may begin.
pub(super) fn first_start(bytes: &[u8], mut from: usize, end: usize) -> Option<usize> {
    while from < end {
        if bytes.get(from..from + LANES + 1).is_some_and(|block| !may_have_start(block)) {
            from += LANES;
            continue;
        }
        let until = end.min(from + LANES);
        let is_here = |at: &usize| bytes.get(*at..*at + 2).is_some_and(|pair| is_start([pair[0], pair[1]]));
        if let Some(at) = (from..until).find(is_here) {
            return Some(at);
        }
        from = until;
    }
    None
}

/// Whether some of 16 pairs may be the beginning of a stream: without the check of zlib.
fn may_have_start(block: &[u8]) -> bool {
    let load = |at: usize| block[at..].first_chunk().map_or(u8x16::ZERO, |bytes| u8x16::new(*bytes));
    let all = u8x16::splat;
    let (first, second) = (load(0), load(1));
    let zlib = (first & all(0x8f)).simd_eq(all(8)) & (second & all(0x20)).simd_eq(u8x16::ZERO);
    let pairs =
        PAIRS.iter().fold(zlib, |found, [one, other]| found | first.simd_eq(all(*one)) & second.simd_eq(all(*other)));
    pairs.any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_found_at_every_place_of_a_block() {
        for at in 0..3 * LANES {
            for pair in PAIRS.into_iter().chain([[0x78, 0x9c], [0x78, 0x01], [0x18, 0x57]]) {
                let mut bytes = vec![b'.'; 4 * LANES];
                bytes[at..at + 2].copy_from_slice(&pair);
                assert_eq!(first_start(&bytes, 0, bytes.len()), Some(at), "{pair:?}");
                assert_eq!(first_start(&bytes, 0, at), None);
            }
        }
    }

    #[test]
    fn a_block_without_a_start_is_never_passed_over_wrongly() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let mut block = [0; LANES + 1];
                block[7..9].copy_from_slice(&[first, second]);
                assert!(may_have_start(&block) || !is_start([first, second]), "{first:#x} {second:#x}");
            }
        }
    }
}
