//! What may be asked. Without a rule, everything below `/api/v1/`; each rule that is given narrows that.

use hyper::Method;

use crate::error::{Error, Reason, Result};

use super::path::{API, ApiPath, is_plain, masked};
use super::refusal::Refusal;

/// What is sent with POST and reads all the same: the searches, and the listings of files (Code Ocean's SDK,
/// `search_*` and `list_*`).
const READING: [&str; 5] = [
    "/api/v1/capsules/search",
    "/api/v1/pipelines/search",
    "/api/v1/data_assets/search",
    "/api/v1/data_assets/*/files",
    "/api/v1/computations/*/results",
];

/// The methods that an API has. TRACE would give back what it was sent, with the token.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// The rule that lets everything pass.
const EVERYTHING: &str = "everything";

/// The rule of `--read-only`.
const READ_ONLY: &str = "--read-only";

/// What may be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Only what reads.
    pub read_only: bool,
    /// Only what one of these allows, where there are any.
    pub allow: Vec<Allow>,
}

/// `METHOD PATH-GLOB`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// None: any.
    method: Option<Method>,
    /// For `fast_glob`, whose `*` matches nothing as well: here it is `?*`.
    pattern: String,
    /// As it would be typed.
    words: String,
}

impl Allow {
    /// Reads what was typed. `*` as the method is any; GET includes HEAD. In the path, `*` stands for one or more characters
    /// of a segment, `**` for any number of segments, and at the end for at least one. A slash at the end changes nothing.
    ///
    /// # Errors
    /// Usage.
    pub fn parse(typed: &str) -> Result<Allow> {
        let wrong = |why: &str| {
            Error::new(Reason::Usage, format!("--allow takes a method and a path: {why}"))
                .hint("write it as --allow 'GET /api/v1/capsules/**'")
        };
        let (method, path) =
            typed.trim().split_once(char::is_whitespace).ok_or_else(|| wrong("one of them is missing"))?;
        let path = path.trim_start();
        let path = path.strip_suffix('/').unwrap_or(path);
        let method = match method {
            "*" => None,
            name => match METHODS.iter().find(|method| method.as_str().eq_ignore_ascii_case(name)) {
                Some(method) => Some(method.clone()),
                None => {
                    return Err(wrong("the method must be GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, or * for any"));
                }
            },
        };
        let endpoint = path.strip_prefix(API).ok_or_else(|| wrong("the path must begin with /api/v1/, and go on"))?;
        if endpoint.contains(OTHER_GLOBS) || endpoint.split('/').any(|part| part != "**" && part.contains("**")) {
            return Err(wrong("in the path, only * and ** have a meaning, and ** is a whole segment"));
        }
        if !is_plain(endpoint) || endpoint.ends_with('/') {
            return Err(wrong("no request has such a path: write it without //, .., ; and percent signs"));
        }
        let words = format!("--allow {} {path}", method.as_ref().map_or("*", Method::as_str));
        Ok(Allow { method, pattern: pattern(path), words })
    }

    fn allows(&self, method: &Method, path: &str) -> bool {
        let is_meant = |allowed: &Method| allowed == method || (allowed == Method::GET && method == Method::HEAD);
        self.method.as_ref().is_none_or(is_meant) && fast_glob::glob_match(&self.pattern, path)
    }
}

/// What other programs' patterns know beside `*` and `**`, and what begins a query.
const OTHER_GLOBS: [char; 7] = ['?', '[', ']', '{', '}', '!', '\\'];

fn pattern(path: &str) -> String {
    let parts = path.split('/').map(|part| if part == "**" { part.to_owned() } else { part.replace('*', "?*") });
    parts.collect::<Vec<_>>().join("/")
}

impl Policy {
    /// The rule by which a request may pass.
    ///
    /// # Errors
    /// It may not.
    pub(super) fn judge(&self, method: &Method, path: &ApiPath<'_>) -> Result<&str, Refusal> {
        if !METHODS.contains(method) {
            return Err(Refusal::forbidden("method", "the API has no such method"));
        }
        let shown = || masked(path.sent());
        let judged = path.judged();
        if self.read_only && !reads(method, judged) {
            let why = format!("{READ_ONLY} refuses {method} {}: only GET, HEAD, searches and listings pass", shown());
            return Err(Refusal::forbidden(READ_ONLY, &why));
        }
        match self.allow.iter().find(|allow| allow.allows(method, judged)) {
            Some(allow) => Ok(&allow.words),
            None if !self.allow.is_empty() => {
                Err(Refusal::forbidden("--allow", &format!("--allow refuses {method} {}: no rule matches it", shown())))
            }
            None if self.read_only => Ok(READ_ONLY),
            None => Ok(EVERYTHING),
        }
    }

    /// The path that is sent on, where a request may pass.
    pub fn passes(&self, method: &str, path: &str) -> Option<String> {
        let (method, path) = (Method::from_bytes(method.as_bytes()).ok()?, ApiPath::read(path).ok()?);
        self.judge(&method, &path).ok().map(|_| path.sent().to_owned())
    }

    /// Its rules, as they would be typed.
    pub fn words(&self) -> Vec<String> {
        let read_only = self.read_only.then(|| READ_ONLY.to_owned());
        read_only.into_iter().chain(self.allow.iter().map(|allow| allow.words.clone())).collect()
    }
}

/// Whether a request reads, and so may be repeated, by its path as rules see it.
pub(super) fn reads(method: &Method, path: &str) -> bool {
    match *method {
        Method::GET | Method::HEAD => true,
        Method::POST => READING.iter().any(|reading| fast_glob::glob_match(reading, path)),
        _ => false,
    }
}
