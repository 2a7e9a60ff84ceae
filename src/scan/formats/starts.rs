//! Where a compressed stream may begin: a first look at every pair of bytes.

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
const LANES: usize = 8;

/// For each pair of bytes, as a number with its first byte below, whether a stream may begin with it.
static STARTS: [u64; 1024] = {
    let mut starts = [0; 1024];
    let mut number = 0;
    while number < PAIRS.len() {
        let pair = u16::from_le_bytes(PAIRS[number]) as usize;
        starts[pair / 64] |= 1 << (pair % 64);
        number += 1;
    }
    let mut pair = 0x0800;
    while pair < 0x8000_u16 {
        if is_zlib(pair.to_be_bytes()) {
            let pair = pair.swap_bytes() as usize;
            starts[pair / 64] |= 1 << (pair % 64);
        }
        // From one method to the next.
        pair += if pair & 0xff == 0xff { 0x0f01 } else { 1 };
    }
    starts
};

/// Whether a stream may begin with these bytes.
fn is_start(pair: [u8; 2]) -> bool {
    let pair = usize::from(u16::from_le_bytes(pair));
    STARTS[pair / 64] >> (pair % 64) & 1 != 0
}

/// Whether a zlib stream may begin with these bytes: a method and a check. As one number they are a multiple of 31, and no
/// dictionary is needed (RFC 1950, section 2.2).
pub(super) const fn is_zlib(pair: [u8; 2]) -> bool {
    let [method, check] = pair;
    method & 0x8f == 8 && check & 0x20 == 0 && u16::from_be_bytes(pair).is_multiple_of(31)
}

/// The first place between `from` and `end` where a stream may begin.
pub(super) fn first_start(bytes: &[u8], mut from: usize, end: usize) -> Option<usize> {
    while from < end {
        if bytes.get(from..).and_then(<[u8]>::first_chunk).is_some_and(|block| !has_start(block)) {
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

/// Whether one of eight pairs may be the beginning of a stream.
fn has_start(block: &[u8; LANES + 8]) -> bool {
    let [low, high] = [0, LANES].map(|at| block[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)));
    let bit = |pair: u64| STARTS[(pair as u16 / 64) as usize] >> (pair & 63);
    let last = low >> 56 | high << 8;
    let found = bit(low) | bit(low >> 8) | bit(low >> 16) | bit(low >> 24);
    (found | bit(low >> 32) | bit(low >> 40) | bit(low >> 48) | bit(last)) & 1 != 0
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
    fn starts_are_the_pairs_and_the_headers_of_zlib() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let pair = [first, second];
                assert_eq!(is_start(pair), is_zlib(pair) || PAIRS.contains(&pair), "{pair:?}");
            }
        }
    }

    #[test]
    fn a_block_has_a_start_where_one_of_its_pairs_is_one() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                for at in 0..LANES {
                    let mut block = [0xff; LANES + 8];
                    block[at..at + 2].copy_from_slice(&[first, second]);
                    let pairs = block[..=LANES].windows(2).any(|pair| is_start([pair[0], pair[1]]));
                    assert_eq!(has_start(&block), pairs, "{first:#x} {second:#x} at {at}");
                }
            }
        }
    }
}
