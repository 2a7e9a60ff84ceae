//! The broker: a program calls the deployment's API through it, with all the rights that it needs, and never has the token.
//!
//! It listens on loopback. A request that shows the pass, a token drawn at random for one run, is forwarded to the
//! deployment with the real one, as far as the restrictions let it; no other request is. Bodies are streamed both ways, and
//! the framing of every message is made anew, so that the deployment sees the very requests that the policy has seen.
//!
//! `serve` accepts connections, `limiter` and `idle_timer` bound their number and time, and `proxy` is the path of one
//! request: `pass`, `policy`, `rate`, `audit`, `upstream`. Their errors become HTTP in `refusal`.

mod audit;
mod headers;
mod idle_timer;
mod limiter;
mod pass;
mod path;
mod policy;
mod proxy;
mod rate;
mod redirect;
mod refusal;
mod restrictions;
mod serve;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;
mod token_supply;
mod upstream;
mod upstream_error;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::http::ForwardClient;
use crate::ipc::BrokerOffer;
use crate::token::Token;

pub use audit::AuditFile;
pub use pass::is_pass;
pub use policy::{Allow, Policy};
pub use rate::RateLimit;
pub use restrictions::Restrictions;
pub use token_supply::TokenSupply;

use pass::PassCheck;
use proxy::Proxy;
use upstream::Upstream;

/// A broker with an address and a pass, which serves once [`Broker::serve`] is called.
#[derive(Debug)]
pub struct Broker {
    listener: TcpListener,
    address: Deployment,
    pass: Token,
    has_requests: Arc<AtomicBool>,
}

impl Broker {
    /// Takes a free port on loopback, and draws a pass.
    ///
    /// # Errors
    /// The system gives no port, or no randomness.
    pub fn open() -> Result<Broker> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| unable("listen", &error))?;
        let address = listener.local_addr().map_err(|error| unable("listen", &error))?;
        let pass = pass::draw().map_err(|error| unable("draw a pass", &error))?;
        Ok(Broker { listener, address: origin(address)?, pass, has_requests: Arc::default() })
    }

    /// What its clients use in place of the deployment.
    pub fn address(&self) -> &Deployment {
        &self.address
    }

    /// What its clients use in place of the token.
    pub fn pass(&self) -> &Token {
        &self.pass
    }

    /// Whether any request has come, with the pass or without.
    pub fn has_requests(&self) -> bool {
        self.has_requests.load(Ordering::Relaxed)
    }

    /// The address, the pass and the rules, for the process that starts its clients.
    pub fn access(&self, rules: Vec<String>) -> BrokerOffer {
        let token = Zeroizing::new(self.pass.expose().to_owned());
        BrokerOffer { domain: self.address.origin().to_owned(), token, rules }
    }

    /// Serves on a thread of its own, as long as the process lives: requests with the pass are forwarded to the deployment,
    /// with the current token of the supply. A new connection to the deployment may take as long as `connect_timeout`.
    ///
    /// # Errors
    /// A proxy or authorities that are configured cannot be used, or the system has no thread left.
    pub fn serve(
        &self,
        supply: Arc<dyn TokenSupply>,
        deployment: &Deployment,
        env: &Env,
        connect_timeout: Duration,
        restrictions: Restrictions,
    ) -> Result<()> {
        let client = ForwardClient::new(env, deployment)?;
        let upstream = Upstream::new(client, connect_timeout, deployment.clone(), self.address.clone(), supply);
        let pass = PassCheck::new(&self.pass, &self.address);
        let proxy = Proxy::new(pass, restrictions, upstream, Arc::clone(&self.has_requests));
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
        .hint("check the limits on open files and threads: ulimit -a")
}
