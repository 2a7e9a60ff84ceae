//! Parsers for shell files and YAML. Both limit the nesting depth.

pub mod shell;
pub mod yaml;
