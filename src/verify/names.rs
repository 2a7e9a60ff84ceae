//! Host names, resolved without the C library, which a static binary cannot carry.
//!
//! `/etc/hosts` and `/etc/resolv.conf` are honoured. Where there is no resolv.conf, the name server is this machine's
//! own, as resolv.conf(5) has it, and never a public one: the name of a private deployment is nobody's business.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::OnceLock;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A resolver that is set up when the first name is asked for: an address in place of a name needs none.
#[derive(Clone, Default)]
pub(super) struct Names {
    resolver: std::sync::Arc<OnceLock<TokioResolver>>,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let resolver = match names.resolver.get() {
                Some(resolver) => resolver,
                None => {
                    let made = of_system()?;
                    names.resolver.get_or_init(|| made)
                }
            };
            let addresses: Vec<IpAddr> = resolver.lookup_ip(name.as_str()).await?.iter().collect();
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
    builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    builder.build()
}
