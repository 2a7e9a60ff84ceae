//! Verification: names, connections, proxies, TLS, responses, and the cache of verdicts.

#[cfg(unix)]
mod cache;
#[cfg(unix)]
mod certificates;
#[cfg(unix)]
mod connections;
#[cfg(unix)]
mod names;
#[cfg(unix)]
mod proxies;
#[cfg(unix)]
mod responses;
#[cfg(unix)]
mod servers;
#[cfg(unix)]
mod tls_failures;
