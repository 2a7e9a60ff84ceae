//! An agent, which keeps a token fresh and serves it.

#[cfg(unix)]
mod daemon;
#[cfg(unix)]
mod files;
#[cfg(unix)]
mod hooks;
#[cfg(unix)]
mod logins;
mod responder;
#[cfg(unix)]
mod serving;
#[cfg(unix)]
mod shell;
#[cfg(unix)]
mod start;
#[cfg(unix)]
mod stop;
#[cfg(unix)]
mod support;
