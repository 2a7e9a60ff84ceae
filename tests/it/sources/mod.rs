//! Where a token and its deployment are found, and what is refused.

#[cfg(unix)]
pub mod bad_input;
#[cfg(unix)]
pub mod broken;
#[cfg(unix)]
pub mod capsules;
#[cfg(unix)]
pub mod config;
#[cfg(unix)]
pub mod credentials_file;
#[cfg(unix)]
pub mod deployment;
#[cfg(unix)]
pub mod deployment_order;
#[cfg(unix)]
pub mod environment;
#[cfg(unix)]
pub mod git_clone;
#[cfg(unix)]
pub mod here_documents;
#[cfg(unix)]
pub mod nested;
#[cfg(unix)]
pub mod order;
pub mod parsers;
#[cfg(unix)]
pub mod pasted;
