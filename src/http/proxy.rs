//! Which proxy to use: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case, as curl reads them.

use std::net::IpAddr;

use hyper::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use ipnet::IpNet;

use crate::env::Env;
use crate::error::{Error, Reason, Result};

/// The proxy for https requests to this URI, and the variable that configures it.
///
/// # Errors
/// The variable does not hold a proxy URL.
pub(super) fn proxy(env: &Env, to: &Uri) -> Result<Option<(&'static str, Intercept)>> {
    let set = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, env.text(name)?)));
    let Some((name, url)) = set(["HTTPS_PROXY", "https_proxy"]).or_else(|| set(["ALL_PROXY", "all_proxy"])) else {
        return Ok(None);
    };
    // Only the scheme may be lowered: the rest may hold a password.
    let url = match url.split_once("://") {
        Some((scheme, rest)) => format!("{}://{rest}", scheme.to_ascii_lowercase()),
        None => url.to_owned(),
    };
    // The value may hold a password, so the message names the variable only.
    let Some(proxy) = Matcher::builder().all(url).build().intercept(to) else {
        return Err(Error::new(Reason::Proxy, format!("the proxy in {name} is not a valid address"))
            .hint("write it as http://proxy.example.org:3128, or unset it"));
    };
    let exceptions = set(["NO_PROXY", "no_proxy"]).map_or("", |(_, list)| list);
    let host = to.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_exempt = is_exempt(exceptions, host, to.port_u16().unwrap_or(443));
    Ok(Some((name, proxy)).filter(|_| !is_exempt))
}

/// The same proxy for reqwest. A SOCKS proxy resolves the deployment's name, even for `socks5` and `socks4`: reqwest would
/// resolve it to one address, which the proxy may not reach.
///
/// # Errors
/// reqwest cannot use its address.
pub(super) fn for_reqwest(proxy: &Intercept) -> reqwest::Result<reqwest::Proxy> {
    let url = proxy.uri().to_string();
    let url = match url.split_once("://") {
        Some(("socks4", rest)) => format!("socks4a://{rest}"),
        Some(("socks5", rest)) => format!("socks5h://{rest}"),
        _ => url,
    };
    let reqwest = reqwest::Proxy::all(url)?;
    Ok(match (proxy.raw_auth(), proxy.basic_auth()) {
        (Some((user, password)), _) => reqwest.basic_auth(user, password),
        (None, Some(auth)) => reqwest.custom_http_auth(auth.clone()),
        (None, None) => reqwest,
    })
}

/// Whether `NO_PROXY` exempts a host. Its entries are separated by commas or blanks: domains, which include their
/// subdomains, and IP addresses, both with an optional port; networks in CIDR notation; or `*` for all.
fn is_exempt(list: &str, host: &str, port: u16) -> bool {
    let entries = list.split([',', ' ', '\t', '\n', '\r']).filter(|entry| !entry.is_empty());
    let address: Option<IpAddr> = host.parse().ok();
    entries.into_iter().any(|entry| {
        let (name, entry_port) = split_port(entry);
        entry == "*"
            || entry_port.is_none_or(|entry_port| entry_port == port)
                && match address {
                    Some(address) => matches_address(name, address),
                    None => matches_domain(host, name),
                }
    })
}

/// Splits `host:port`. An IPv6 address has a port only after brackets.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let split = entry.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    let (name, port) = match split.and_then(|(host, port)| Some((host, port.parse().ok()?))) {
        Some((host, port)) => (host, Some(port)),
        None => (entry, None),
    };
    (name.trim_matches(['[', ']']), port)
}

fn matches_address(entry: &str, address: IpAddr) -> bool {
    entry.parse() == Ok(address) || entry.parse::<IpNet>().is_ok_and(|network| network.contains(&address))
}

fn matches_domain(host: &str, entry: &str) -> bool {
    let domain = entry.trim_start_matches('*').trim_matches('.').to_ascii_lowercase();
    let above = host.strip_suffix(domain.as_str());
    !domain.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}
