//! Base85, as Python's `a85encode` and `b85encode` write it: four bytes are one number, of which five characters are the digits.

use zeroize::Zeroizing;

/// How many bytes are encoded together.
const GROUP: usize = 4;

/// What is written for each digit.
type Alphabet = fn(u32) -> u8;

/// In Adobe's alphabet and in that of RFC 1924, which Git and Mercurial use too.
const ALPHABETS: [Alphabet; 2] = [
    |digit| b'!' + digit as u8,
    |digit| b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"[digit as usize],
];

/// The base85 of `raw` in each alphabet, at each of the positions that it may have in a longer text: from the first group that
/// depends on `raw` alone to the last bytes, as they are written at the end of a text.
pub(super) fn encode_all(raw: &str) -> Vec<String> {
    let at = |alphabet| move |first| encode(&raw.as_bytes()[first..], alphabet);
    ALPHABETS.into_iter().flat_map(|alphabet| (0..GROUP.min(raw.len())).map(at(alphabet))).collect()
}

/// How many of these characters are whole groups. More text behind `raw` changes those that are not.
pub(super) fn whole_groups(characters: usize) -> usize {
    characters - characters % (GROUP + 1)
}

fn encode(bytes: &[u8], alphabet: Alphabet) -> String {
    // Allocated in full: a text that grows would leave unwiped copies behind.
    let mut text = String::with_capacity(bytes.len().div_ceil(GROUP) * (GROUP + 1));
    for group in bytes.chunks(GROUP) {
        let mut padded = Zeroizing::new([0; GROUP]);
        padded[..group.len()].copy_from_slice(group);
        let number = u32::from_be_bytes(*padded);
        let digits = [85_u32.pow(4), 85_u32.pow(3), 85_u32.pow(2), 85, 1].map(|power| alphabet(number / power % 85));
        // A last group of fewer bytes has as many characters fewer.
        text.extend(digits[..=group.len()].iter().copied().map(char::from));
    }
    text
}
