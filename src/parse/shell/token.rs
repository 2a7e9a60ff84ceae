//! The tokens of a script.

use zeroize::Zeroizing;

use super::word::Word;

/// A token of a script.
pub(super) enum Token {
    Word(Word),
    /// A line end or `;`.
    End,
    /// `<` or `>` with its file.
    Redirection,
    /// A byte of any other operator.
    Operator(u8),
}

/// A here-document that begins after the end of the current line.
pub(super) struct HereDocument {
    pub(super) delimiter: Zeroizing<Vec<u8>>,
    /// `<<-`: leading tabs of its lines are removed.
    pub(super) tabs: bool,
    /// The delimiter is quoted: a `\` at the end of a line is literal.
    pub(super) verbatim: bool,
}

/// Whether a byte is an operator, which ends a word.
pub(super) fn is_operator(byte: u8) -> bool {
    matches!(byte, b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')
}
