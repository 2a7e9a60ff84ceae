//! Resolves host names without the C library, whose resolver cannot be linked statically.
//!
//! `/etc/hosts` comes first; a name listed there is not looked up in DNS. Then the name servers of `/etc/resolv.conf` are
//! asked, in order. Without a resolv.conf the name server is 127.0.0.1, as resolv.conf(5) says, and never a public one,
//! which would learn the name of a private deployment.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::ProtoError;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Hosts, TokioResolver};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::files;

/// How long a name server may be silent before the next one is asked beside it. They are not asked all at once: the first
/// is often a private network's own, and a public one after it would answer sooner that a private name does not exist.
const ATTEMPT_DELAY: Duration = Duration::from_secs(1);

/// The most bytes of a hosts file.
const LIMIT: usize = 16 * 1024 * 1024;

/// The system's resolver configuration, read at the first lookup: a URL with an IP address does not need it.
#[derive(Clone, Debug, Default)]
pub(super) struct DnsResolver(Arc<OnceLock<System>>);

#[derive(Debug)]
struct System {
    hosts: Hosts,
    /// One resolver for each name server.
    resolvers: Vec<TokioResolver>,
    search: Vec<Name>,
}

/// An address family; each is looked up on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

/// Why a name has no address.
#[derive(Debug)]
pub(super) enum Unresolved {
    /// NXDOMAIN: the name does not exist.
    NxDomain,
    /// NODATA: the name exists, but has no address of this family.
    NoData,
    /// No name server answered, or all of them failed.
    Unanswered(NetError),
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name has no address")
    }
}

impl Error for Unresolved {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Unresolved::NxDomain | Unresolved::NoData => None,
            Unresolved::Unanswered(error) => Some(error),
        }
    }
}

impl From<NetError> for Unresolved {
    fn from(error: NetError) -> Unresolved {
        match error {
            error if error.is_nx_domain() => Unresolved::NxDomain,
            error if error.is_no_records_found() => Unresolved::NoData,
            error => Unresolved::Unanswered(error),
        }
    }
}

impl From<ProtoError> for Unresolved {
    fn from(error: ProtoError) -> Unresolved {
        Unresolved::Unanswered(error.into())
    }
}

impl DnsResolver {
    /// The addresses that need no DNS query: `host` is an IP address, is `localhost`, or is in the hosts file.
    ///
    /// # Errors
    /// `host` is not a valid name, or the system's configuration cannot be used.
    pub(super) fn known(&self, host: &str, time: Duration) -> Result<Vec<IpAddr>, Unresolved> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        if host == "localhost" {
            // Overrides /etc/hosts: plain http to this name is allowed because it is this machine (RFC 6761, section 6.3).
            return Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]);
        }
        let (name, hosts) = (Name::from_ascii(host)?, &self.system(time)?.hosts);
        let of = |family: Family| hosts.lookup_static_host(&Query::query(name.clone(), family.record()));
        let found = [of(Family::V4), of(Family::V6)].into_iter().flatten();
        Ok(found.flat_map(|lookup| addresses(lookup.answers())).collect())
    }

    /// The names to look up, in order, until one has an address: the name as it is, and completed by the search list. A
    /// name with a dot is first looked up as it is, regardless of `ndots`: under Kubernetes' `ndots:5` every public name
    /// would be tried with each search domain before.
    ///
    /// # Errors
    /// `host` is not a valid name, or the system's configuration cannot be used.
    pub(super) fn candidates(&self, host: &str, time: Duration) -> Result<Vec<Name>, Unresolved> {
        let name = Name::from_ascii(host)?;
        let mut whole = name.clone();
        whole.set_fqdn(true);
        let completed = self.system(time)?.search.iter().filter_map(|domain| name.clone().append_domain(domain).ok());
        let mut candidates: Vec<Name> = completed.collect();
        let at = if host.contains('.') { 0 } else { candidates.len() };
        candidates.insert(at, whole);
        Ok(candidates)
    }

    /// Asks the name servers for the addresses of one family. `time` is how long an answer may take.
    ///
    /// # Errors
    /// The first answer that the name has none; else the last server's failure.
    pub(super) async fn lookup(self, name: Name, family: Family, time: Duration) -> Result<Vec<IpAddr>, Unresolved> {
        let (mut asked, mut failed) = (JoinSet::new(), NetError::NoConnections);
        let mut servers = self.system(time)?.resolvers.iter();
        loop {
            let next = servers.next().cloned();
            let is_last = next.is_none();
            if let Some(server) = next {
                let name = name.clone();
                asked.spawn(async move { server.lookup(name, family.record()).await });
            }
            let answer = match is_last {
                true => Ok(asked.join_next().await),
                false => timeout(ATTEMPT_DELAY, asked.join_next()).await,
            };
            match answer {
                Ok(Some(Ok(Ok(found)))) => return Ok(addresses(found.answers())),
                Ok(Some(Ok(Err(error)))) if error.is_no_records_found() => return Err(error.into()),
                // SERVFAIL and the like: another server may know.
                Ok(Some(Ok(Err(error)))) => failed = error,
                Ok(None) => return Err(failed.into()),
                // Silent so far, or the task was cancelled.
                Err(_) | Ok(Some(Err(_))) => {}
            }
        }
    }

    fn system(&self, time: Duration) -> Result<&System, NetError> {
        if self.0.get().is_none() {
            let read = System::read(time)?;
            let _ = self.0.set(read);
        }
        self.0.get().ok_or(NetError::NoConnections)
    }
}

impl System {
    fn read(time: Duration) -> Result<System, NetError> {
        let (config, mut options) = read_system_conf().unwrap_or_else(|_| {
            let local = NameServerConfig::udp_and_tcp(IpAddr::V4(Ipv4Addr::LOCALHOST));
            (ResolverConfig::from_name_servers(vec![local]), ResolverOpts::default())
        });
        let (domain, mut search, servers) = config.into_parts();
        if search.is_empty() {
            search.extend(domain);
        }
        options.use_hosts_file = ResolveHosts::Never;
        // Half of the time is for the first query, the other half for its retry, should a packet be lost.
        (options.timeout, options.attempts) = (time / 2, 1);
        let resolver = |server| {
            let config = ResolverConfig::from_name_servers(vec![server]);
            let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
            builder.with_options(options.clone()).build()
        };
        let resolvers = servers.into_iter().map(resolver).collect::<Result<_, _>>()?;
        Ok(System { hosts: hosts(), resolvers, search })
    }
}

/// The system's hosts file, whose comments may be in any encoding.
fn hosts() -> Hosts {
    if cfg!(windows) {
        return Hosts::from_system().unwrap_or_default();
    }
    let mut hosts = Hosts::default();
    if let Ok(contents) = files::read(Path::new("/etc/hosts"), LIMIT) {
        let _ = hosts.read_hosts_conf(String::from_utf8_lossy(&contents.bytes).as_bytes());
    }
    hosts
}

impl Family {
    fn record(self) -> RecordType {
        match self {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        }
    }
}

fn addresses(records: &[Record]) -> Vec<IpAddr> {
    records.iter().filter_map(|record| RData::ip_addr(&record.data)).collect()
}
