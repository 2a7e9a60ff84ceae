//! The ways in which a token is written down.

mod recognised;
mod written;
