//! How a token may be written down, and the search for it: in streams and files ([`Matcher`]), in the value of a variable
//! ([`holds_token`]).

pub mod base64;
mod base85;
mod decode;
mod encodings;
mod line_breaks;
mod matcher;
mod places;
mod prefilter;
mod runs;
mod signed_url;
mod spellings;
mod token_like;
mod value;

pub use encodings::{Encoding, Encodings, Extent, RawToken};
pub use matcher::{Match, Matcher, PartialMatch};
pub use value::holds_token;
