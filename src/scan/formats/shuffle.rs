//! Shuffled arrays: before they are compressed, the first bytes of all elements stand together, then the second ones, and so on;
//! or the first bits.

use zeroize::Zeroizing;

/// Elements that are shorter do not hold a part of a token that counts.
pub(super) const MIN_ELEMENT: usize = 12;

/// The array as it was before its bytes were shuffled. What is behind the last whole element was left as it was.
pub(in crate::scan) fn unshuffle_bytes(shuffled: &[u8], element: usize) -> Zeroizing<Vec<u8>> {
    let mut array = Zeroizing::new(shuffled.to_vec());
    let count = shuffled.len() / element.max(1);
    for (place, bytes) in shuffled.chunks_exact(count.max(1)).take(element).enumerate() {
        for (number, byte) in bytes.iter().enumerate() {
            array[number * element + place] = *byte;
        }
    }
    array
}

/// The same for bits. Where there are not eight elements to a byte, nothing was shuffled.
pub(super) fn unshuffle_bits(shuffled: &[u8], element: usize) -> Zeroizing<Vec<u8>> {
    let count = shuffled.len() / element.max(1);
    if count == 0 || !count.is_multiple_of(8) {
        return Zeroizing::new(shuffled.to_vec());
    }
    let mut array = Zeroizing::new(shuffled.to_vec());
    array[..count * element].fill(0);
    for (row, bits) in shuffled.chunks_exact(count / 8).take(8 * element).enumerate() {
        let (place, bit) = (row / 8, row % 8);
        for number in 0..count {
            array[number * element + place] |= (bits[number / 8] >> (number % 8) & 1) << bit;
        }
    }
    array
}
