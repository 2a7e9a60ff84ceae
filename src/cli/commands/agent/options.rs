//! The options of an agent, as they travel to its process: one JSON value on its standard input.
//!
//! They hold no token: the process finds it as any command does. Both conversions name every field, so that an option that is
//! forgotten on the way does not compile.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cli::args::{self, Common, Verify};
use crate::cli::system;
use crate::error::Result;

use super::errors::not_started;

/// The most bytes of JSON that are read: the system's limit on arguments is lower, even with four bytes for each of theirs.
const MAX_SIZE: u64 = 16 * 1024 * 1024;

/// How long the options may take to arrive. They are written as soon as the process is started.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The options of an agent, with absolute paths. Paths are `OsString`s, since JSON has no path that is not UTF-8.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentOptions {
    socket: OsString,
    keep_file: Option<OsString>,
    on_change: Option<OsString>,
    broker: bool,
    read_only: bool,
    allow: Vec<String>,
    rate: Option<String>,
    audit: Option<OsString>,
    deployment: Option<String>,
    token_file: Option<OsString>,
    token_env: Option<String>,
    verify: Option<Verify>,
    offline: bool,
    timeout: Option<String>,
    quiet: bool,
    verbose: bool,
}

impl AgentOptions {
    /// What was typed, for an agent at this socket. Paths become absolute, since an agent leaves the folder in which it was
    /// started. `common` are the options from both sides of the command's name.
    pub(super) fn new(common: &Common, typed: &args::Agent, socket: &Path) -> AgentOptions {
        let args::Agent {
            action: _,
            foreground: _,
            socket: _,
            keep_file,
            on_change,
            json: _,
            detach: _,
            broker_options,
            common: _,
        } = typed;
        let args::BrokerOptions { broker, read_only, allow, rate, audit } = broker_options;
        let Common { deployment, token_file, token_env, verify, offline, timeout, quiet, verbose } = common;
        AgentOptions {
            socket: absolute(socket),
            keep_file: keep_file.as_deref().map(absolute),
            on_change: on_change.clone(),
            broker: *broker,
            read_only: *read_only,
            allow: allow.clone(),
            rate: rate.clone(),
            audit: audit.as_deref().map(absolute),
            deployment: deployment.clone(),
            token_file: token_file.as_deref().map(absolute),
            token_env: token_env.clone(),
            verify: *verify,
            offline: *offline,
            timeout: timeout.clone(),
            quiet: *quiet,
            verbose: *verbose,
        }
    }

    /// The agent's socket.
    pub(super) fn socket(&self) -> &Path {
        Path::new(&self.socket)
    }

    /// The same options as arguments.
    pub(super) fn to_args(&self) -> args::Agent {
        let AgentOptions {
            socket,
            keep_file,
            on_change,
            broker,
            read_only,
            allow,
            rate,
            audit,
            deployment,
            token_file,
            token_env,
            verify,
            offline,
            timeout,
            quiet,
            verbose,
        } = self;
        args::Agent {
            action: None,
            foreground: false,
            socket: Some(PathBuf::from(socket)),
            keep_file: keep_file.as_ref().map(PathBuf::from),
            on_change: on_change.clone(),
            json: false,
            detach: false,
            broker_options: args::BrokerOptions {
                broker: *broker,
                read_only: *read_only,
                allow: allow.clone(),
                rate: rate.clone(),
                audit: audit.as_ref().map(PathBuf::from),
            },
            common: Common {
                deployment: deployment.clone(),
                token_file: token_file.as_ref().map(PathBuf::from),
                token_env: token_env.clone(),
                verify: *verify,
                offline: *offline,
                timeout: timeout.clone(),
                quiet: *quiet,
                verbose: *verbose,
            },
        }
    }

    /// The options as JSON, for [`AgentOptions::receive`].
    ///
    /// # Errors
    /// They cannot be written as JSON.
    pub(super) fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|_| not_started("its options cannot be written"))
    }

    /// Reads the options from standard input.
    ///
    /// # Errors
    /// They do not arrive complete within [`TIMEOUT`] and [`MAX_SIZE`], or are no options.
    pub(super) fn receive() -> Result<AgentOptions> {
        let input = system::input().map_err(|error| not_started(&error.to_string()))?;
        let (sender, receiver) = mpsc::channel();
        let started = thread::Builder::new().spawn(move || drop(sender.send(read(input))));
        started.map_err(|error| not_started(&error.to_string()))?;
        match receiver.recv_timeout(TIMEOUT) {
            Ok(Ok(options)) => Ok(options),
            Ok(Err(error)) => Err(not_started(&format!("its options cannot be read: {error}"))),
            Err(_) => Err(not_started("its options do not arrive on standard input")),
        }
    }
}

fn read(input: File) -> io::Result<AgentOptions> {
    let mut json = Vec::new();
    input.take(MAX_SIZE).read_to_end(&mut json)?;
    // The parser's error is dropped: it may quote a URL with a password.
    serde_json::from_slice(&json).map_err(|_| io::ErrorKind::InvalidData.into())
}

fn absolute(path: &Path) -> OsString {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).into_os_string()
}
