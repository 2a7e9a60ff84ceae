//! co-cred
pub mod cli;
pub mod credential;
pub mod deliver;
pub mod deployment;
pub mod env;
pub mod error;
pub mod files;
pub mod locate;
pub mod token;
pub mod traces;
pub mod verify;
