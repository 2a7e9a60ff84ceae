//! Host names, resolved without the C library, which a static binary cannot carry.
//!
//! `/etc/hosts` and `/etc/resolv.conf` are honoured. Where there is no resolv.conf, the name server is this machine's
//! own, as resolv.conf(5) has it, and never a public one: the name of a private deployment is nobody's business.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

/// How long a name may take; less than a connection may, so that it is the name that is blamed.
const PATIENCE: Duration = Duration::from_millis(2500);

/// A resolver that is set up when the first name is asked for: an address in place of a name needs none.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    resolver: std::sync::Arc<OnceLock<TokioResolver>>,
}

/// No address for a name.
#[derive(Debug)]
pub(super) struct Unresolved(Box<dyn Error + Send + Sync>);

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name has no address")
    }
}

impl Error for Unresolved {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

impl Service<Name> for Names {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unresolved>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if name.as_str() == "localhost" {
            // Whatever /etc/hosts says: plain http is allowed to this name because it is this machine (RFC 6761, 6.3).
            let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            return Box::pin(std::future::ready(Ok(without_port(here))));
        }
        let names = self.clone();
        Box::pin(async move { names.lookup(name.as_str()).await.map_err(Unresolved) })
    }
}

impl Names {
    async fn lookup(&self, name: &str) -> Result<std::vec::IntoIter<SocketAddr>, Box<dyn Error + Send + Sync>> {
        let resolver = match self.resolver.get() {
            Some(resolver) => resolver,
            None => {
                let made = of_system()?;
                self.resolver.get_or_init(|| made)
            }
        };
        let found = tokio::time::timeout(PATIENCE, resolver.lookup_ip(name)).await??;
        Ok(without_port(found.iter()))
    }
}

fn without_port(addresses: impl IntoIterator<Item = IpAddr>) -> std::vec::IntoIter<SocketAddr> {
    let addresses: Vec<SocketAddr> = addresses.into_iter().map(|address| SocketAddr::new(address, 0)).collect();
    addresses.into_iter()
}

fn of_system() -> Result<TokioResolver, hickory_resolver::net::NetError> {
    let mut builder = TokioResolver::builder_tokio().unwrap_or_else(|_| {
        let local = NameServerConfig::udp_and_tcp(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let config = ResolverConfig::from_name_servers(vec![local]);
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    });
    let options = builder.options_mut();
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    // Some name servers never answer for IPv6: what came for IPv4 must still be of use within the time for a connection.
    options.timeout = Duration::from_secs(1);
    options.attempts = 2;
    builder.build()
}
