//! The ways in which a token is written down.

mod recognised;
#[cfg(unix)]
mod signed_urls;
mod written;
