//! Readers for the text formats that people and platforms write secrets in: shell files and YAML. Both are bounded in depth.

pub mod shell;
pub mod yaml;
