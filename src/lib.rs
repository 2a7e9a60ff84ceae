//! co-cred locates a Code Ocean access token, verifies it, and delivers it; nothing takes another way.
//!
//! # The house
//!
//! A module imports only from floors below its own, and rooms on one floor do not know each other. A test reads this
//! drawing and the `use` lines, and fails where they disagree.
//!
//! ```text
//! cli          what is typed (args), what is told (tell), one short file for each command
//! deliver      hand it over, once: exec, print, env, git, docker
//! supervise    a child that stays a child, its output masked
//! broker       per request: programs that never hold it
//! agent        a token that stays fresh for whoever asks
//! gate         no file is kept with a token in it
//! credential   obtain = locate, then verify: the only constructor of a Credential
//! verify       ask the deployment; remember the verdict
//! locate       ask each Source in turn
//! keyring      logins that are kept, and the stores that keep them
//! client       the one way to it: whom it trusts, how names are found
//! deployment   where a token belongs, and to whom it may be sent
//! traces       the shapes it can leak in
//! token files  the secret · the one way in and out of files
//! email child  whose it is · a program run for its output
//! env error    the one reader of the environment · the one error
//! names        every variable name, with what its value is
//! ```
//!
//! `main.rs` stands above it all: real arguments, environment and streams in, exit code out.
//!
//! # The way of a token
//!
//! [`locate::locate`] asks each [`locate::Source`] in turn; [`verify::verify`] puts one authenticated call to its
//! [`deployment::Deployment`]; together they are [`credential::obtain`], whose [`credential::Credential`] is what
//! [`deliver`] hands over. [`cli::run`] is the program: arguments, environment and streams in, exit code out.

pub mod agent;
pub mod broker;
pub mod child;
pub mod cli;
pub mod client;
pub mod credential;
pub mod deliver;
pub mod deployment;
pub mod email;
pub mod env;
pub mod error;
pub mod files;
pub mod gate;
pub mod keyring;
pub mod locate;
pub mod names;
pub mod supervise;
pub mod token;
pub mod traces;
pub mod verify;
