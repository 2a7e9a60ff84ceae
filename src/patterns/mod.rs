//! How a token may be written down, and the search for it: in a stream ([`Matcher`]), in files ([`FastScan`]), in the value
//! of a variable ([`holds_token`]). Not found: encodings of encodings, other character sets, a token cut into pieces.

mod automaton;
pub mod base64;
mod encodings;
mod fast_scan;
mod line_breaks;
mod matcher;
mod token_like;
mod value;

pub use encodings::{Encoding, Encodings};
pub use fast_scan::{FastScan, Match};
pub use matcher::{Matcher, Matches, PartialMatch};
pub use value::holds_token;
