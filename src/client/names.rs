//! Host names, resolved without the C library, which a static binary cannot carry.
//!
//! `/etc/hosts` and `/etc/resolv.conf` are honoured. Where there is no resolv.conf, the name server is this machine's
//! own, as resolv.conf(5) has it, and never a public one: the name of a private deployment is nobody's business.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// How long a name may take; less than a connection may, so that it is the name that is blamed.
const PATIENCE: Duration = Duration::from_millis(2500);

/// A resolver that is set up when the first name is asked for: an address in place of a name needs none.
#[derive(Clone, Default)]
pub(super) struct Names {
    resolver: std::sync::Arc<OnceLock<TokioResolver>>,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        if name.as_str() == "localhost" {
            // Whatever /etc/hosts says: plain http is allowed to this name because it is this machine (RFC 6761, 6.3).
            let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            let here = here.map(|address| SocketAddr::new(address, 0)).into_iter();
            return Box::pin(std::future::ready(Ok(Box::new(here) as Addrs)));
        }
        let names = self.clone();
        Box::pin(async move {
            let resolver = match names.resolver.get() {
                Some(resolver) => resolver,
                None => {
                    let made = of_system()?;
                    names.resolver.get_or_init(|| made)
                }
            };
            let found = tokio::time::timeout(PATIENCE, resolver.lookup_ip(name.as_str())).await??;
            let addresses: Vec<IpAddr> = found.iter().collect();
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
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
