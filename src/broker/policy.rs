//! Which requests may pass: everything below `/api/v1/`, narrowed by `--read-only` and `--allow`.

use std::fmt;

use hyper::Method;

use crate::error::{Error, Reason, Result};

use super::path::{API, ApiPath, is_unambiguous, masked};

/// Requests that only read although they are POST: searches and listings of files (`search_*` and `list_*` in Code Ocean's
/// SDK).
const READING_POSTS: [&str; 5] = [
    "/api/v1/capsules/search",
    "/api/v1/pipelines/search",
    "/api/v1/data_assets/search",
    "/api/v1/data_assets/*/files",
    "/api/v1/computations/*/results",
];

/// The methods of an API. TRACE is not one: its response repeats the request, with the token.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// The name of the rule where none is given.
const EVERYTHING: &str = "everything";

const READ_ONLY: &str = "--read-only";

const ALLOW: &str = "--allow";

/// Which requests may pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Only those that read.
    pub read_only: bool,
    /// Only those that match one of these rules, where there are any.
    pub allow: Vec<Allow>,
}

/// One rule of `--allow`: `METHOD PATH-GLOB`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// None: any.
    method: Option<Method>,
    /// For `fast_glob`, whose `*` also matches nothing: `*` is written `?*`.
    pattern: String,
    /// The rule as it would be typed.
    rule: String,
}

/// Why the policy refuses a request.
#[derive(Debug)]
pub(super) enum Denied {
    /// No API has such a method.
    UnknownMethod,
    /// `--read-only`: the request may write. Its method, and its path as it may be shown.
    ReadOnly(Method, String),
    /// No rule of `--allow` matches. Its method, and its path as it may be shown.
    NotAllowed(Method, String),
}

impl Denied {
    /// The rule that refuses.
    pub(super) fn rule(&self) -> &'static str {
        match self {
            Denied::UnknownMethod => "method",
            Denied::ReadOnly(..) => READ_ONLY,
            Denied::NotAllowed(..) => ALLOW,
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::UnknownMethod => f.write_str("the API has no such method"),
            Denied::ReadOnly(method, path) => {
                write!(f, "{READ_ONLY} refuses {method} {path}: only GET, HEAD, searches and listings pass")
            }
            Denied::NotAllowed(method, path) => write!(f, "{ALLOW} refuses {method} {path}: no rule matches it"),
        }
    }
}

impl Allow {
    /// Parses a rule. `*` as the method is any; GET includes HEAD. In the path, `*` stands for one or more characters of a
    /// segment, `**` for any number of segments, and at the end for at least one. A slash at the end changes nothing.
    ///
    /// # Errors
    /// Usage: it is not a method and a path of the API, or has other wildcards.
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
        if endpoint.contains(OTHER_WILDCARDS) || endpoint.split('/').any(|part| part != "**" && part.contains("**")) {
            return Err(wrong("in the path, only * and ** have a meaning, and ** is a whole segment"));
        }
        if !is_unambiguous(endpoint) || endpoint.ends_with('/') {
            return Err(wrong("no request has such a path: write it without //, .., ; and percent signs"));
        }
        let rule = format!("{ALLOW} {} {path}", method.as_ref().map_or("*", Method::as_str));
        Ok(Allow { method, pattern: pattern(path), rule })
    }

    fn allows(&self, method: &Method, path: &str) -> bool {
        let is_meant = |allowed: &Method| allowed == method || (allowed == Method::GET && method == Method::HEAD);
        self.method.as_ref().is_none_or(is_meant) && fast_glob::glob_match(&self.pattern, path)
    }
}

/// Wildcards of other programs beside `*` and `**`; `?` also begins a query.
const OTHER_WILDCARDS: [char; 7] = ['?', '[', ']', '{', '}', '!', '\\'];

fn pattern(path: &str) -> String {
    let parts = path.split('/').map(|part| if part == "**" { part.to_owned() } else { part.replace('*', "?*") });
    parts.collect::<Vec<_>>().join("/")
}

impl Policy {
    /// The rule by which a request passes.
    ///
    /// # Errors
    /// It does not pass.
    pub(super) fn check(&self, method: &Method, path: &ApiPath<'_>) -> Result<&str, Denied> {
        let Policy { read_only, allow } = self;
        if !METHODS.contains(method) {
            return Err(Denied::UnknownMethod);
        }
        let shown = || masked(path.encoded()).into_owned();
        if *read_only && !is_read(method, path.decoded()) {
            return Err(Denied::ReadOnly(method.clone(), shown()));
        }
        match allow.iter().find(|allow| allow.allows(method, path.decoded())) {
            Some(allow) => Ok(&allow.rule),
            None if !allow.is_empty() => Err(Denied::NotAllowed(method.clone(), shown())),
            None if *read_only => Ok(READ_ONLY),
            None => Ok(EVERYTHING),
        }
    }

    /// The path that is forwarded to the deployment; none where the request does not pass.
    pub fn forwarded_path(&self, method: &str, path: &str) -> Option<String> {
        let (method, path) = (Method::from_bytes(method.as_bytes()).ok()?, ApiPath::parse(path).ok()?);
        self.check(&method, &path).ok().map(|_| path.encoded().to_owned())
    }

    /// The rules, as they would be typed.
    pub fn rules(&self) -> Vec<String> {
        let Policy { read_only, allow } = self;
        let read_only = read_only.then(|| READ_ONLY.to_owned());
        read_only.into_iter().chain(allow.iter().map(|allow| allow.rule.clone())).collect()
    }
}

/// Whether a request only reads, and so may be repeated. The path is decoded.
pub(super) fn is_read(method: &Method, path: &str) -> bool {
    match *method {
        Method::GET | Method::HEAD => true,
        Method::POST => READING_POSTS.iter().any(|reading| fast_glob::glob_match(reading, path)),
        _ => false,
    }
}
