//! The broker: a program talks to the deployment with all the rights that it needs, and without ever holding the token.
//!
//! It listens on loopback. Whoever shows the pass, a token drawn at random for one run, is sent on to the deployment with
//! the real one, as far as the policy lets it; nobody else is. What goes through is streamed both ways, and the framing of
//! every message is made anew, so that the deployment sees the very requests that the policy was asked about.

mod audit;
mod guard;
mod idle_timer;
mod limiter;
mod path;
mod policy;
mod proxy;
mod rate;
mod redirect;
mod refusal;
mod serve;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;
mod upstream;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::http::HttpClient;
use crate::ipc::Brokered;
use crate::token::Token;

pub use audit::AuditFile;
pub use guard::is_pass;
pub use policy::{Allow, Policy};
pub use rate::Rate;

use guard::Guard;
use proxy::Proxy;
use upstream::Upstream;

/// Where the broker has the real token from.
pub trait Supply: Send + Sync {
    /// The token of the moment.
    ///
    /// # Errors
    /// There is none, and why.
    fn held(&self) -> Result<Arc<Credential>, String>;

    /// Has it looked for once more, since the deployment did not accept it, and waits until that is done.
    fn look_again(&self);
}

/// What restrains those who have the pass.
#[derive(Debug, Default)]
pub struct Limits {
    /// What they may ask.
    pub policy: Policy,
    /// How often.
    pub rate: Option<Rate>,
    /// Where every request is noted.
    pub audit: Option<AuditFile>,
}

/// A broker that nobody is served by yet: it has an address and a pass.
#[derive(Debug)]
pub struct Broker {
    listener: TcpListener,
    address: Deployment,
    pass: Token,
    is_asked: Arc<AtomicBool>,
}

impl Limits {
    /// What restrains them, as it was typed.
    pub fn words(&self) -> Vec<String> {
        let (rate, audit) = (self.rate.as_ref().map(Rate::to_string), self.audit.as_ref().map(AuditFile::to_string));
        self.policy.words().into_iter().chain(rate).chain(audit).collect()
    }
}

impl Broker {
    /// Takes a free port on loopback, and draws a pass.
    ///
    /// # Errors
    /// The system gives no port, or no randomness.
    pub fn open() -> Result<Broker> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| unable("listen", &error))?;
        let address = listener.local_addr().map_err(|error| unable("listen", &error))?;
        let pass = guard::draw().map_err(|error| unable("draw a pass", &error))?;
        Ok(Broker { listener, address: origin(address)?, pass, is_asked: Arc::default() })
    }

    /// What its clients use in place of the deployment.
    pub fn address(&self) -> &Deployment {
        &self.address
    }

    /// What its clients use in place of the token.
    pub fn pass(&self) -> &Token {
        &self.pass
    }

    /// Whether any request has come, be it one that may not pass.
    pub fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }

    /// What others are told who are to use it.
    pub fn offer(&self, rules: Vec<String>) -> Brokered {
        let token = Zeroizing::new(self.pass.expose().to_owned());
        Brokered { domain: self.address.origin().to_owned(), token, rules }
    }

    /// Serves from now on, on a thread of its own, as long as the process lives: whoever has the pass is sent on to the
    /// deployment, with whatever token the supply has for it at the moment. A connection to it may take as long as `connect`.
    ///
    /// # Errors
    /// A proxy or authorities that are configured cannot be used, or the system has no thread left.
    pub fn serve(
        &self,
        supply: Arc<dyn Supply>,
        deployment: &Deployment,
        env: &Env,
        connect: Duration,
        limits: Limits,
    ) -> Result<()> {
        let client = HttpClient::new(env, deployment)?;
        let proxy = Proxy {
            guard: Guard::new(&self.pass, &self.address),
            limits,
            upstream: Upstream::new(client, connect, deployment.clone(), self.address.clone(), supply),
            is_asked: Arc::clone(&self.is_asked),
        };
        let listener = self.listener.try_clone().map_err(|error| unable("serve", &error))?;
        serve::start(listener, proxy).map_err(|error| unable("serve", &error))
    }
}

fn origin(address: SocketAddr) -> Result<Deployment> {
    let parsed = Deployment::parse(&format!("http://{address}"));
    parsed.map_err(|_| unable("listen", &io::ErrorKind::AddrNotAvailable.into()))
}

fn unable(what: &str, error: &io::Error) -> Error {
    Error::new(Reason::Internal, format!("the broker cannot {what} ({error})"))
        .hint("is there room for another socket and another thread?")
}
