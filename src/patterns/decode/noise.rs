//! What may stand between two characters of a token without being read as text: line breaks and what begins the next line,
//! terminal sequences, the quotes around parts of a string, characters that are not visible.

use memchr::memrchr;

/// The longest terminal sequence, in bytes; a window title may be as long.
const MAX_SEQUENCE: usize = 256;

/// The longest break between two parts of a string, and the longest beginning of a line.
const MAX_JOIN: usize = 64;

/// The longest number and operator between two strings of PostScript or PDF.
const MAX_MOVE: usize = 32;

/// The longest tag of a markup language.
const MAX_TAG: usize = 160;

/// Characters without width: the soft hyphen, U+200B to U+200F, the word joiner, the byte order mark.
const INVISIBLE: [&[u8]; 9] = [
    b"\xc2\xad",
    b"\xe2\x80\x8b",
    b"\xe2\x80\x8c",
    b"\xe2\x80\x8d",
    b"\xe2\x80\x8e",
    b"\xe2\x80\x8f",
    b"\xe2\x81\xa0",
    b"\xef\xbb\xbf",
    b"\xcd\x8f",
];

/// How a program writes the escape character that begins a terminal sequence.
const WRITTEN_ESCAPES: [&[u8]; 8] =
    [b"\\x1b[", b"\\x1B[", b"\\u001b[", b"\\u001B[", b"\\033[", b"\\e[", b"\\E[", b"^[["];

/// How a program writes a line break inside a string.
const WRITTEN_BREAKS: [&[u8]; 3] = [b"\\n", b"\\r", b"\\t"];

/// The longest unfinished escape or separator, in bytes.
const MAX_UNFINISHED: usize = 48;

/// Where the last characters of a text begin that may be an unfinished escape, number or noise: digits and marks alone, or a tag.
pub(in crate::patterns) fn finished_end(text: &[u8]) -> usize {
    let is_mark = |byte: &&u8| {
        let is_written = byte.is_ascii_hexdigit() || byte.is_ascii_whitespace() || !byte.is_ascii();
        is_written || b"%\\&=#;xuU{}\"'`+,()<>/|-:^[_\0\x08\x1b".contains(byte)
    };
    let marks = text.len() - text.iter().rev().take(MAX_UNFINISHED).take_while(is_mark).count();
    let last = &text[text.len().saturating_sub(MAX_TAG)..];
    let tag = memrchr(b'<', last).filter(|at| !last[*at..].contains(&b'>')).map(|at| text.len() - last.len() + at);
    tag.map_or(marks, |tag| tag.min(marks))
}

/// For each byte, whether it is text wherever it stands.
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let special = b"\0\x08\x1b\r\n \t\"'`\\^=<|)%&\xc2\xcd\xe2\xef";
    let mut at = 0;
    while at < special.len() {
        plain[special[at] as usize] = false;
        at += 1;
    }
    plain
};

/// Whether a byte is text wherever it stands.
pub(super) fn is_plain(byte: u8) -> bool {
    PLAIN[usize::from(byte)]
}

/// The end of the noise at a place; `None`: what is there is text.
pub(super) fn end(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..];
    let len = match rest.first()? {
        0 => Some(1),
        b'\x1b' => sequence(rest),
        b'\r' | b'\n' => Some(line_break(rest)),
        b' ' | b'\t' => blanks(rest),
        b'"' | b'\'' | b'`' => join(rest),
        b'\\' => backslash(rest),
        b'^' => written_sequence(rest),
        b'=' => soft_break(rest),
        b'<' => tag(rest),
        b'|' => frame(rest),
        b')' => shown_string(rest),
        0xc2 | 0xcd | 0xe2 | 0xef => invisible(rest).or_else(|| frame(rest)),
        _ => None,
    };
    len.map(|len| at + len)
}

/// The length of a terminal sequence (ECMA-48, section 5.4; xterm's OSC). One that is cut off by the end of the text counts.
fn sequence(rest: &[u8]) -> Option<usize> {
    let rest = &rest[..rest.len().min(MAX_SEQUENCE)];
    match rest.get(1) {
        None => Some(1),
        Some(b'[') => Some(2 + parameters(&rest[2..])),
        Some(b']' | b'P' | b'X' | b'^' | b'_') => string(rest),
        Some(b' '..=b'/') => Some(rest.len().min(3)),
        Some(b'0'..=b'~') => Some(2),
        Some(_) => Some(1),
    }
}

/// The length of a sequence with a text, such as a window's title, on one line up to a bell or `ESC \`. Where another control
/// character ends it, it is none: what begins like one hides nothing.
fn string(rest: &[u8]) -> Option<usize> {
    let Some(len) = rest.iter().skip(2).position(u8::is_ascii_control) else {
        return (rest.len() < MAX_SEQUENCE).then_some(rest.len());
    };
    match rest[2 + len..] {
        [b'\x07', ..] | [b'\x1b'] => Some(2 + len + 1),
        [b'\x1b', b'\\', ..] => Some(2 + len + 2),
        _ => Some(2),
    }
}

/// The length of the parameters of a control sequence, and of the letter that ends it.
fn parameters(rest: &[u8]) -> usize {
    let len = rest.iter().take_while(|byte| matches!(byte, b' '..=b'?')).count();
    len + usize::from(rest.get(len).is_some_and(|byte| matches!(byte, b'@'..=b'~')))
}

/// A terminal sequence whose escape character is written out, as in JSON or by `cat -v`.
fn written_sequence(rest: &[u8]) -> Option<usize> {
    let written = WRITTEN_ESCAPES.iter().find(|written| rest.starts_with(written))?;
    Some(written.len() + parameters(&rest[written.len()..]))
}

/// Line breaks, and what begins the line after them.
fn line_break(rest: &[u8]) -> usize {
    let len = rest.iter().take(MAX_JOIN).take_while(|byte| byte.is_ascii_whitespace()).count();
    len + line_start(&rest[len..])
}

/// What begins a line besides its indentation: the marks of quotes and comments, the offset in a dump, the frame of a table.
fn line_start(rest: &[u8]) -> usize {
    let is_mark = |byte: &&u8| matches!(byte, b'>' | b'#' | b';' | b'%' | b'!');
    let marks = vertical_line(rest).unwrap_or_else(|| rest.iter().take(8).take_while(is_mark).count());
    // What may be text needs a blank behind it.
    let is_marked = matches!(rest, [b'/', b'/', b' ', ..] | [b'-', b'-', b' ', ..] | [b'*' | b'+' | b'-', b' ', ..]);
    let marks = if is_marked { rest.iter().take_while(|byte| **byte != b' ').count() } else { marks };
    let blanks = rest[marks..].iter().take(MAX_JOIN).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    if marks + blanks > 0 { marks + blanks } else { offset(rest) }
}

/// An offset in hexadecimal digits, a colon and a blank, as `curl --trace-ascii` writes it.
fn offset(rest: &[u8]) -> usize {
    let digits = rest.iter().take(9).take_while(|byte| byte.is_ascii_hexdigit()).count();
    if (4..=8).contains(&digits) && rest[digits..].starts_with(b": ") { digits + 2 } else { 0 }
}

/// Blanks before a line break, or before the frame of a table and a line break.
fn blanks(rest: &[u8]) -> Option<usize> {
    let len = rest.iter().take(MAX_TAG).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match rest.get(len) {
        Some(b'\r' | b'\n') => Some(len + line_break(&rest[len..])),
        Some(b'\\') if matches!(rest.get(len + 1), Some(b'\r' | b'\n')) => Some(len + 1 + line_break(&rest[len + 1..])),
        Some(b'|' | 0xe2) => frame(&rest[len..]).map(|frame| len + frame),
        _ => None,
    }
}

/// The length of a vertical line of the frame of a table: `|`, `│`, `┃` or `║`.
fn vertical_line(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'|', ..] => Some(1),
        [0xe2, 0x94, 0x82 | 0x83, ..] | [0xe2, 0x95, 0x91, ..] => Some(3),
        _ => None,
    }
}

/// The frame of a table at the end of a line, and the one at the beginning of the next.
fn frame(rest: &[u8]) -> Option<usize> {
    let frame = vertical_line(rest)?;
    let blanks = rest[frame..].iter().take(MAX_JOIN).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let end = frame + blanks;
    matches!(rest.get(end), Some(b'\r' | b'\n')).then(|| end + line_break(&rest[end..]))
}

/// The end of one part of a string, and the beginning of the next: `" + "`, `', '`, `"` and `"` on two lines.
fn join(rest: &[u8]) -> Option<usize> {
    let between =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'+' | b'.' | b'&' | b',' | b'\\' | b'(' | b')');
    let len = 1 + rest[1..].iter().take(MAX_JOIN).take_while(|byte| between(byte)).count();
    // The letter of Python's `f"..."` and its kin.
    let len = len + usize::from(len > 1 && matches!(rest.get(len), Some(b'f' | b'b' | b'r' | b'u')));
    // Where the text ends here, more of it decides.
    (len == rest.len() || matches!(rest[len], b'"' | b'\'' | b'`')).then_some((len + 1).min(rest.len()))
}

fn backslash(rest: &[u8]) -> Option<usize> {
    if matches!(rest.get(1), Some(b'\r' | b'\n')) {
        return Some(1 + line_break(&rest[1..]));
    }
    if let Some(written) = WRITTEN_BREAKS.iter().find(|written| rest.starts_with(written)) {
        let len = written.len();
        return Some(len + rest[len..].iter().take(MAX_JOIN).take_while(|byte| matches!(byte, b' ' | b'\t')).count());
    }
    written_sequence(rest)
}

/// The soft line break of quoted-printable (RFC 2045, section 6.7).
fn soft_break(rest: &[u8]) -> Option<usize> {
    [&b"=\r\n"[..], b"=\n"].iter().find(|written| rest.starts_with(written)).map(|written| written.len())
}

fn tag(rest: &[u8]) -> Option<usize> {
    let is_name = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'/';
    rest.get(1).filter(|byte| is_name(byte))?;
    let end = rest.iter().take(MAX_TAG).skip(1).position(|byte| matches!(byte, b'<' | b'>' | b'\n'))?;
    (rest[end + 1] == b'>').then_some(end + 2)
}

/// The end of a string of PostScript or PDF, a number that moves what follows, perhaps an operator, and the next string.
fn shown_string(rest: &[u8]) -> Option<usize> {
    let is_between = |byte: &&u8| {
        byte.is_ascii_digit() || byte.is_ascii_lowercase() || byte.is_ascii_whitespace() || matches!(byte, b'.' | b'-')
    };
    let between = rest[1..].iter().take(MAX_MOVE).take_while(is_between).count();
    let has_number = rest[1..=between].iter().any(u8::is_ascii_digit);
    (has_number && rest.get(1 + between) == Some(&b'(')).then_some(2 + between)
}

fn invisible(rest: &[u8]) -> Option<usize> {
    INVISIBLE.iter().find(|character| rest.starts_with(character)).map(|character| character.len())
}
