//! Formats that are recognised and not unpacked: each is told by its name.

use memchr::memmem;

use super::bytes::u32_at;
use super::format::has_suffix;

/// How they begin, and the reason that is reported.
const MAGICS: [(&[u8], &str); 4] = [
    (b"7z\xbc\xaf\x27\x1c", "is compressed (7z): this format is not unpacked"),
    (b"Rar!\x1a\x07", "is compressed (rar): this format is not unpacked"),
    (b"\x1f\x9d", "is compressed (compress): this format is not unpacked"),
    (b"PARE", "is encrypted (Parquet): it cannot be searched"),
];

const MATLAB_4: &str = "is MATLAB 4, which keeps rows of text by columns: these are not searched";
const SHUFFLED: &str = "has chunks that a filter of numcodecs shuffled: they are not searched";

/// The names of files with the metadata of a Zarr array, and how they name the filter.
const ZARR: [&str; 3] = [".zarray", ".zmetadata", "zarr.json"];
const FILTER: [&[u8]; 3] = [b"\"id\": \"shuffle\"", b"\"id\":\"shuffle\"", b"\"numcodecs.shuffle\""];

/// Why a content with these first bytes and this name is not searched completely.
pub(super) fn reason(head: &[u8], name: &str) -> Option<&'static str> {
    let magic = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, reason)| *reason);
    let is_shuffled = || has_suffix(name, &ZARR) && FILTER.iter().any(|filter| memmem::find(head, filter).is_some());
    magic.or_else(|| is_matlab_4(head).then_some(MATLAB_4)).or_else(|| is_shuffled().then_some(SHUFFLED))
}

/// Whether a matrix of MATLAB 4 begins here: its type, the numbers of rows and columns, whether it is complex, and the length of
/// its name, each in four bytes; then the name and a NUL ("MAT-File Format", "Level 4").
fn is_matlab_4(head: &[u8]) -> bool {
    let (Some(kind), Some(complex), Some(len)) = (u32_at(head, 0), u32_at(head, 12), u32_at(head, 16)) else {
        return false;
    };
    let name = head.get(20..20 + len.min(64) as usize).and_then(<[u8]>::split_last);
    let is_name = |name: &[u8]| {
        name.first().is_some_and(u8::is_ascii_alphabetic)
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    // The precision in tens, and what the matrix holds: numbers, text, or a sparse matrix.
    let is_kind = kind / 10 <= 5 && kind % 10 <= 2;
    is_kind && complex <= 1 && (2..=64).contains(&len) && name.is_some_and(|(end, name)| *end == 0 && is_name(name))
}
