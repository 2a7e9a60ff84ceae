//! Delivers to Git: the credential helper protocol, Git's prompts, and the setup for one command or for a user.

mod answer;
pub mod askpass;
mod config;
pub mod environment;
mod helpers;
pub mod message;
mod pipeline;
pub mod prompt;
pub mod setup;

pub use answer::answer;
pub use message::{Message, Refused};
