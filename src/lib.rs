//! co-cred locates a Code Ocean access token, verifies it, and delivers it.
//!
//! # Layers
//!
//! A module imports only from layers below its own, and modules of one layer do not know each other. A test reads this
//! drawing and the `use` lines, and fails where they disagree.
//!
//! ```text
//! cli                      what is typed (args), one file for each command (commands), what people read (messages)
//! deliver                  hand it over once: exec, print, env, git, docker
//! supervise                a child that stays a child, its output masked
//! broker                   per request: programs that never hold the token
//! agent                    a token that is kept fresh, served over a socket
//! scan                     search files for tokens before they are kept
//! credential               obtain = locate, then verify: the only constructor of a Credential
//! verify sources           ask the deployment, remember the verdict · ask each source in turn
//! keyring ipc              stored logins and their stores · the agent's protocol, client side and both systems
//! http                     trust, names, proxies; the client for calls to the deployment
//! deployment               where a token may be sent
//! patterns                 how a token may be written down, and the search for it
//! token files              the secret · bounded reads and atomic private writes
//! email expiry             the account's address · when a token ends
//! process parse            a program run for its output · shell and YAML readers
//! env error                the one reader of the environment · the one error
//! names                    every environment variable name, with its role
//! ```
//!
//! `main.rs` is above all layers: it passes the real arguments, environment and streams in, and the exit code out.
//!
//! # The way of a token
//!
//! [`sources::locate`] asks each [`sources::Source`] in turn; [`verify::verify`] puts one authenticated call to its
//! [`deployment::Deployment`]; together they are [`credential::obtain`], whose [`credential::Credential`] is what
//! [`deliver`] hands over. [`cli::run`] is the program: arguments, environment and streams in, exit code out.

pub mod agent;
pub mod broker;
pub mod cli;
pub mod credential;
pub mod deliver;
pub mod deployment;
pub mod email;
pub mod env;
pub mod error;
pub mod expiry;
pub mod files;
pub mod http;
pub mod ipc;
pub mod keyring;
pub mod names;
pub mod parse;
#[expect(clippy::cast_possible_truncation, reason = "places in a piece of a text, which has less than 4 GiB")]
pub mod patterns;
pub mod process;
#[expect(clippy::cast_possible_truncation, reason = "limits, and the fields of formats, which fit")]
pub mod scan;
pub mod sources;
pub mod supervise;
pub mod token;
pub mod verify;
