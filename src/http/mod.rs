//! HTTP: trust, names and proxies for connections to a deployment, and the two clients that share them. [`HttpClient`] makes
//! co-cred's own calls with reqwest; [`ForwardClient`] forwards what the broker lets through with hyper. No redirects, no
//! cookies, and no environment variable but those of the [`Env`](crate::env::Env) that is passed in.

mod authorization;
mod client;
mod connection;
mod dns;
mod failure;
mod forward;
mod gate;
mod progress;
mod proxy;
mod race;
mod roots;
mod route;
mod tcp;
mod tls_failure;
mod transport;
mod trust;

use std::io;

pub use authorization::{basic, basic_credentials, bearer};
pub use client::HttpClient;
pub use failure::{disconnected, timeout};
pub use forward::{Body, ForwardClient};
pub use roots::authorities;

/// A runtime for a client, on the current thread.
///
/// # Errors
/// The process has no file descriptor left.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()
}
