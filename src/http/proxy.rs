//! The proxy on the way, by the variables that curl and others read.

use std::net::IpAddr;

use hyper::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use ipnet::IpNet;

use crate::env::Env;
use crate::error::{Error, Reason, Result};

/// The proxy for https, and the variable that names it.
///
/// # Errors
/// It cannot be used.
pub(super) fn proxy(env: &Env, to: &Uri) -> Result<Option<(&'static str, Intercept)>> {
    let set = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, env.text(name)?)));
    let Some((name, url)) = set(["HTTPS_PROXY", "https_proxy"]).or_else(|| set(["ALL_PROXY", "all_proxy"])) else {
        return Ok(None);
    };
    // Only the scheme's case says nothing: the rest may hold a password.
    let url = match url.split_once("://") {
        Some((scheme, rest)) => format!("{}://{rest}", scheme.to_ascii_lowercase()),
        None => url.to_owned(),
    };
    // The value may hold a password: it is named, never shown.
    let Some(proxy) = Matcher::builder().all(url).build().intercept(to) else {
        return Err(Error::new(Reason::Proxy, format!("the proxy in {name} is no usable address"))
            .hint("write it as http://proxy.example.org:3128, or unset it"));
    };
    let exceptions = set(["NO_PROXY", "no_proxy"]).map_or("", |(_, list)| list);
    let host = to.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_excepted = is_excepted(exceptions, host, to.port_u16().unwrap_or(443));
    Ok(Some((name, proxy)).filter(|_| !is_excepted))
}

/// Whether a host is reached without the proxy. The list has commas or blanks between its entries: host names, which
/// stand for all below them too, addresses, networks, each but the last with a port or without, or `*`.
fn is_excepted(list: &str, host: &str, port: u16) -> bool {
    let entries = list.split([',', ' ', '\t', '\n', '\r']).filter(|entry| !entry.is_empty());
    let address: Option<IpAddr> = host.parse().ok();
    entries.into_iter().any(|entry| {
        let (name, only) = split_port(entry);
        entry == "*"
            || only.is_none_or(|only| only == port)
                && match address {
                    Some(address) => covers(name, address),
                    None => is_below(host, name),
                }
    })
}

/// The host of an entry, and its port where it has one. A bare IPv6 address has none.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let split = entry.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    let (name, port) = match split.and_then(|(host, port)| Some((host, port.parse().ok()?))) {
        Some((host, port)) => (host, Some(port)),
        None => (entry, None),
    };
    (name.trim_matches(['[', ']']), port)
}

fn covers(entry: &str, address: IpAddr) -> bool {
    entry.parse() == Ok(address) || entry.parse::<IpNet>().is_ok_and(|network| network.contains(&address))
}

fn is_below(host: &str, entry: &str) -> bool {
    let domain = entry.trim_start_matches('*').trim_matches('.').to_ascii_lowercase();
    let above = host.strip_suffix(domain.as_str());
    !domain.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}
