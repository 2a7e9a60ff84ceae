//! Every way in which programs write a token down, one table: each is found by the search of files, and each is masked in a
//! stream, wherever that is cut.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

pub const TOKEN: &str = "cop_d23dasd312ABCdefGHI7890jklmno";

/// A way to write a token down: its name, and what it makes of the token.
pub struct Way {
    pub name: &'static str,
    pub text: Vec<u8>,
}

/// Each character, written by `write`, with `between` between two of them.
fn each(write: impl Fn(char) -> String, between: &str) -> String {
    TOKEN.chars().map(write).collect::<Vec<_>>().join(between)
}

fn hex(between: &str) -> String {
    each(|character| format!("{:02x}", character as u32), between)
}

/// Lines of `width` characters with something before and behind each.
fn lines(width: usize, before: &str, behind: &str) -> String {
    let pieces: Vec<String> =
        TOKEN.as_bytes().chunks(width).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
    let lines: Vec<String> = pieces.iter().map(|piece| format!("{before}{piece}{behind}")).collect();
    lines.join("\n")
}

/// What a dump program prints: offset, sixteen bytes, the same as text.
fn dump(group: usize, reversed: bool, offset: &str, column: bool) -> String {
    let text = format!("some text before {TOKEN} and behind it");
    let line = |(number, bytes): (usize, &[u8])| {
        let groups = bytes.chunks(group).map(|group| {
            let mut group = group.to_vec();
            if reversed {
                group.reverse();
            }
            group.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        });
        let column = if column { format!("  |{}|", String::from_utf8_lossy(bytes)) } else { String::new() };
        format!("{:08x}{offset}{}{column}", number * 16, groups.collect::<Vec<_>>().join(" "))
    };
    text.as_bytes().chunks(16).enumerate().map(line).collect::<Vec<_>>().join("\n")
}

fn base32(raw: &[u8]) -> String {
    let bits: Vec<u8> = raw.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let digit = |bits: &[u8]| (0..5).fold(0, |value, at| value << 1 | bits.get(at).copied().unwrap_or(0));
    bits.chunks(5).map(|bits| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[digit(bits) as usize])).collect()
}

/// Decimal numbers, padded with blanks to the same width.
fn dump_decimal(width: usize) -> String {
    TOKEN.bytes().map(|byte| format!(" {byte:>width$}")).collect()
}

/// One line of uuencode: its length, and four characters for three bytes.
fn uuencode(raw: &[u8]) -> String {
    let character = |bits: u32| char::from(if bits == 0 { b'`' } else { b' ' + bits as u8 });
    let group = |three: &[u8]| {
        let value = (0..3).fold(0, |value, at| value << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        [18, 12, 6, 0].map(|shift| character(value >> shift & 63))
    };
    std::iter::once(character(raw.len() as u32)).chain(raw.chunks(3).flat_map(group)).collect()
}

fn utf16(order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    TOKEN.encode_utf16().flat_map(order).collect()
}

/// The table.
pub fn ways() -> Vec<Way> {
    interrupted_ways().into_iter().chain(encoded_ways()).filter(|way| !way.text.is_empty()).collect()
}

fn way(name: &'static str, text: String) -> Way {
    Way { name, text: text.into_bytes() }
}

/// The characters as they are, with something between them.
#[rustfmt::skip]
fn interrupted_ways() -> Vec<Way> {
    let (head, tail) = TOKEN.split_at(17);
    let body = &TOKEN[4..];
    let sgr = |code: u32, text: &str| format!("\x1b[{code}m{text}\x1b[0m");
    vec![
        way("plain", TOKEN.to_owned()),
        way("grep --color", format!("X=\x1b[01;31m\x1b[Kcop_\x1b[m\x1b[K{body}")),
        way("every character coloured", each(|c| sgr(31, &c.to_string()), "")),
        way("a window title inside", format!("{head}\x1b]0;a title\x07{tail}")),
        way("cursor moves inside", format!("{head}\x1b[1C\x1b[2K{tail}")),
        way("coloured in a JSON string", format!("{head}\\u001b[0m\\u001b[31m{tail}")),
        way("coloured, shown by cat -v", format!("{head}^[[0m{tail}")),
        way("fold -w 10", lines(10, "", "")),
        way("fold -w 1", lines(1, "", "")),
        way("fold -w 3", lines(3, "", "")),
        way("DOS lines", lines(9, "", "\r")),
        way("indented, as in YAML", lines(12, "      ", "")),
        way("trailing blanks", lines(12, "  ", "   ")),
        way("quoted, as in a mail", lines(12, "> ", "")),
        way("commented with #", lines(12, "# ", "")),
        way("commented with //", lines(12, "  // ", "")),
        way("a diff", lines(12, "+ ", "")),
        way("a frame", lines(12, "│ ", " │")),
        way("a Markdown table", lines(12, "| ", " |")),
        way("curl --trace-ascii", format!("0000: {head}\n0011: {tail}")),
        way("quoted-printable, soft break", format!("{head}=\n{tail}")),
        way("a shell's line continuation", format!("{head}\\\n{tail}")),
        way("strings in a row", format!("'{head}'\n    '{tail}'")),
        way("strings with a plus", format!("\"{head}\" + \"{tail}\"")),
        way("strings in a list", format!("\"{head}\",\n  \"{tail}\"")),
        way("an f-string", format!("\"{head}\" f\"{tail}\"")),
        way("a line break in a JSON string", format!("{head}\\n  {tail}")),
        way("strings of a page in PDF", format!("[({head}) 50 ({tail})] TJ")),
        way("strings in PostScript", format!("({head}) 0 ta\n-0.700 ({tail}) tb")),
        way("invisible characters", each(|c| c.to_string(), "\u{200b}")),
        way("soft hyphens", each(|c| c.to_string(), "\u{ad}")),
        way("a word joiner", format!("{head}\u{2060}{tail}")),
        way("bold by overstrike", each(|c| format!("{c}\x08{c}"), "")),
        way("underlined by overstrike", each(|c| format!("_\x08{c}"), "")),
        Way { name: "UTF-16, low byte first", text: utf16(u16::to_le_bytes) },
        Way { name: "UTF-16, high byte first", text: utf16(u16::to_be_bytes) },
        Way { name: "UTF-32, low byte first", text: TOKEN.chars().flat_map(|c| (c as u32).to_le_bytes()).collect() },
        Way { name: "UTF-32, high byte first", text: TOKEN.chars().flat_map(|c| (c as u32).to_be_bytes()).collect() },
        way("without its prefix", body.to_owned()),
        way("LaTeX", format!("cop\\_{body}")),
        way("an entity for the underscore", format!("cop&#95;{body}")),
        way("a percent sign for the underscore", format!("cop%5F{body}")),
        way("HTML tags inside", format!("<span class=\"s1\">{head}</span><span class=\"s2\">{tail}</span>")),
    ]
}

/// The characters as something else.
#[rustfmt::skip]
fn encoded_ways() -> Vec<Way> {
    vec![
        way("percent signs", each(|c| format!("%{:02X}", c as u32), "")),
        way("some percent signs", TOKEN.replace('_', "%5f").replace('d', "%64")),
        way("\\x", each(|c| format!("\\x{:02x}", c as u32), "")),
        way("\\u", each(|c| format!("\\u{:04x}", c as u32), "")),
        way("\\U", each(|c| format!("\\U{:08x}", c as u32), "")),
        way("\\u{}", each(|c| format!("\\u{{{:x}}}", c as u32), "")),
        way("octal escapes", each(|c| format!("\\{:03o}", c as u32), "")),
        way("decimal entities", each(|c| format!("&#{};", c as u32), "")),
        way("hexadecimal entities", each(|c| format!("&#x{:x};", c as u32), "")),
        way("quoted-printable, whole", each(|c| format!("={:02X}", c as u32), "")),
        way("hex", hex("")),
        way("hex in capitals", hex("").to_uppercase()),
        way("hex, blanks", hex(" ")),
        way("hex, colons", hex(":")),
        way("hex, commas", hex(", ")),
        way("hex, hyphens", hex("-")),
        way("a C array", each(|c| format!("0x{:02x}", c as u32), ", ")),
        way("a C array, xxd -i", format!("  0x{}", each(|c| format!("{:02x}", c as u32), ", 0x"))),
        way("hexdump -C", dump(1, false, "  ", true)),
        way("xxd", dump(2, false, ": ", false)),
        way("xxd with text", format!("00000000: {}  {}", TOKEN.as_bytes()[..16].chunks(2).map(|two| format!("{:02x}{:02x}", two[0], two[1])).collect::<Vec<_>>().join(" "), &TOKEN[..16])),
        way("hexdump", dump(2, true, " ", false)),
        way("od -t x4", dump(4, true, " ", false)),
        way("od -t x8", dump(8, true, " ", false)),
        way("od -t x1", dump(1, false, " ", false)),
        way("od -b", each(|c| format!("{:03o}", c as u32), " ")),
        way("od", TOKEN.as_bytes().chunks(2).map(|two| format!("{:06o}", u16::from_le_bytes([two[0], *two.get(1).unwrap_or(&0)]))).collect::<Vec<_>>().join(" ")),
        way("od -c", each(|c| c.to_string(), "   ")),
        way("od -t u1", dump_decimal(4)),
        way("an array as numpy prints it", format!("[{}]", dump_decimal(3).trim_start())),
        way("uuencode", format!("begin 644 a\n{}\n`\nend", uuencode(TOKEN.as_bytes()))),
        way("uuencode in the middle", uuencode(format!("a={TOKEN};").as_bytes())),
        way("a list of numbers", each(|c| (c as u32).to_string(), ", ")),
        way("numbers on lines", each(|c| (c as u32).to_string(), "\n")),
        way("numbers, blanks", each(|c| (c as u32).to_string(), " ")),
        way("base64", STANDARD.encode(TOKEN)),
        way("base64 of a header", STANDARD.encode(format!("{TOKEN}:"))),
        way("base64 in the middle", STANDARD.encode(format!("password: {TOKEN}, and more"))),
        way("base64 for URLs", URL_SAFE_NO_PAD.encode(format!("a={TOKEN}"))),
        way("base64, wrapped", STANDARD.encode(format!("some text before it {TOKEN}")).as_bytes().chunks(20).map(|line| String::from_utf8_lossy(line).into_owned()).collect::<Vec<_>>().join("\n  ")),
        way("base64 in base64", STANDARD.encode(STANDARD.encode(format!("a:{TOKEN}")))),
        way("base64 in base64 in JSON", STANDARD.encode(format!("{{\"auth\":\"{}\"}}", STANDARD.encode(format!("u:{TOKEN}"))))),
        way("PowerShell's encoded command", STANDARD.encode("$t='".encode_utf16().chain(TOKEN.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<u8>>())),
        way("base32", base32(format!("ab{TOKEN}:").as_bytes())),
        way("ascii85", r"@rH<nA25rO@<5s80eu$]6Y'b?7n?313&r[-CM[j*DZ".to_owned()),
        way("ascii85 in the middle", r"E+*g/GAgu0E*m-21Lsp8A2>qq5sdqLAS+G'8N/Uh0PYB>D/O8C+CT.u+Dl%;AH".to_owned()),
        way("ascii85, printed by Python", r#"b'E+*g/GAhM3DfB&o1,EHLF(@\']1-n5oA7]@C84ba"3A>2`Ci+\'./0JA=A0>`-Eb,'"#.to_owned()),
        way("ascii85, wrapped, in PostScript", [r"<~F)Po,+EV1>F<G%(AoD", r"^$+DGp?@rH<nA25rO@<5", r"s80eu$]6Y'b?7n?313&r", r"[-CM[j*DZ~>"].join("\n")),
        way("base85", r"V{dR@WHK{kVRK|NF)~3yLu6%UM@UIGI5{wCYiw<9Zv".to_owned()),
        way("base85 in the middle", r"aA9+EcW-iJV{dR@WHK{kVRK|NF)~3yLu6%UM@UIGI5{wCYiw<9Z!92TZe$>BZ*pY".to_owned()),
        way("the first twenty", TOKEN[..20].to_owned()),
        way("all but the last four", TOKEN[..TOKEN.len() - 4].to_owned()),
        way("twelve from the middle", TOKEN[10..22].to_owned()),
    ]
}

/// The ways, in the order of the table, in which a token that is not known is not suspected: its prefix is not there, or the text
/// may be several words.
pub const NOT_SUSPECTED: &[&str] = &[
    "every character coloured",
    "fold -w 10",
    "fold -w 1",
    "fold -w 3",
    "DOS lines",
    "without its prefix",
    "xxd",
    "hexdump",
    "od -t x4",
    "od -t x8",
    "od -t x1",
    "od -c",
    "uuencode",
    "uuencode in the middle",
    "numbers on lines",
    "base64, wrapped",
    "base64 in base64",
    "base64 in base64 in JSON",
    "PowerShell's encoded command",
    "base32",
    "ascii85",
    "ascii85 in the middle",
    "ascii85, printed by Python",
    "ascii85, wrapped, in PostScript",
    "base85",
    "base85 in the middle",
    "twelve from the middle",
];
