//! To Git: the credential helper's protocol, its prompts, and how a child or a user's configuration is told to ask us.

mod answer;
pub mod askpass;
mod config;
mod helpers;
pub mod message;
mod pipeline;
pub mod prompt;
pub mod setup;
pub mod wiring;

pub use answer::answer;
pub use message::{Message, Refused};
