//! The helpers that Git asks for an address, from its configuration (gitcredentials(7), "Configuration options").

use std::collections::HashMap;

use crate::env::Env;
use crate::error::Result;

use super::config;

/// Every helper in Git's configuration in its order, with the addresses that each is for.
pub(super) struct Helpers(Vec<Entry>);

struct Entry {
    /// None for all addresses.
    pattern: Option<String>,
    helper: String,
}

impl Helpers {
    /// Reads them all with one call.
    ///
    /// # Errors
    /// Git cannot be run, or cannot read its configuration.
    pub(super) fn read(env: &Env) -> Result<Helpers> {
        let output = config::run(env, &["--get-regexp", r"^credential\.(.*\.)?helper$"])?;
        let text = String::from_utf8_lossy(&output).into_owned();
        let entry = |entry: &str| {
            let (key, helper) = entry.split_once('\n').unwrap_or((entry, ""));
            let pattern = key.strip_prefix("credential.")?.strip_suffix("helper")?.strip_suffix('.').map(str::to_owned);
            Some(Entry { pattern, helper: helper.to_owned() })
        };
        Ok(Helpers(text.split_terminator('\0').filter_map(entry).collect()))
    }

    /// Whether Git asks this helper for each of these addresses, and passes its answer to no other.
    pub(super) fn only(&self, helper: &str, origins: &[String]) -> bool {
        let mut own: HashMap<&str, Vec<(usize, &str)>> =
            origins.iter().map(|origin| (origin.as_str(), Vec::new())).collect();
        let mut others = Vec::new();
        for (number, Entry { pattern, helper }) in self.0.iter().enumerate() {
            match pattern.as_deref().and_then(|pattern| own.get_mut(pattern)) {
                Some(own) => own.push((number, helper)),
                None => others.push((number, pattern.as_deref(), helper.as_str())),
            }
        }
        own.into_iter().all(|(origin, mut asked)| {
            let also = others.iter().filter(|(_, pattern, _)| pattern.is_none_or(|pattern| may_match(pattern, origin)));
            asked.extend(also.map(|(number, _, helper)| (*number, *helper)));
            asked.sort_unstable();
            // An empty helper clears the list.
            let left = asked.rsplit(|(_, helper)| helper.is_empty()).next().unwrap_or_default();
            !left.is_empty() && left.iter().all(|(_, left)| *left == helper)
        })
    }
}

/// Whether an entry may apply to an https address. A part of its host may be `*`; the host and the scheme may be missing. The
/// user and the path are ignored, since Git may ask with either.
fn may_match(pattern: &str, origin: &str) -> bool {
    let (scheme, rest) = pattern.split_once("://").unwrap_or(("https", pattern));
    let (host, port) = host_and_port(rest);
    let (asked_host, asked_port) = host_and_port(origin.split_once("://").map_or(origin, |(_, rest)| rest));
    let mut parts = host.split('.').zip(asked_host.split('.'));
    let same_host = host.split('.').count() == asked_host.split('.').count()
        && parts.all(|(part, asked)| part == "*" || part.eq_ignore_ascii_case(asked));
    scheme.eq_ignore_ascii_case("https") && (host.is_empty() || (same_host && port == asked_port))
}

/// The host, and the port if it is not 443.
fn host_and_port(rest: &str) -> (&str, &str) {
    let authority = rest.split('/').next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, if port == "443" { "" } else { port })
        }
        _ => (authority, ""),
    }
}
