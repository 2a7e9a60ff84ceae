//! Why a shell file cannot be parsed.

/// Why a file cannot be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxError {
    /// It ends inside a quoted string, which a shell would reject too.
    UnterminatedQuote,
    /// It ends inside a here-document.
    UnterminatedHereDocument,
    /// Quotes and expansions are nested too deeply.
    TooDeep,
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SyntaxError::UnterminatedQuote => "ends inside a quoted string",
            SyntaxError::UnterminatedHereDocument => "ends inside a here-document (<<)",
            SyntaxError::TooDeep => "is nested too deeply: it has too many quotes and expansions inside each other",
        })
    }
}
