//! What may be asked. Without a rule, everything below `/api/v1/`; each rule that is given narrows that.
//!
//! A path is read in one way only: whatever another server might read differently (an encoded slash or dot, `..`, a
//! double slash) is refused before any rule is looked at.

use hyper::Method;
use percent_encoding::percent_decode_str;

use crate::error::{Error, Reason, Result};

use super::refusal::Refusal;

/// Where the API is; nothing else of the deployment is reached.
const API: &str = "/api/v1/";

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
    path: String,
    /// As it would be typed.
    words: String,
}

impl Allow {
    /// Reads what was typed. `*` as the method is any; GET includes HEAD. In the path, `*` stands for anything within a
    /// segment, `**` for any number of segments.
    ///
    /// # Errors
    /// Usage.
    pub fn parse(typed: &str) -> Result<Allow> {
        let wrong = |why: &str| {
            Error::new(Reason::Usage, format!("--allow takes a method and a path: {why}"))
                .hint("write it as --allow 'GET /api/v1/capsules/**'")
        };
        let (method, path) = typed.trim().split_once(' ').ok_or_else(|| wrong("one of them is missing"))?;
        let path = path.trim();
        let method = match method {
            "*" => None,
            name => match METHODS.iter().find(|method| method.as_str().eq_ignore_ascii_case(name)) {
                Some(method) => Some(method.clone()),
                None => {
                    return Err(wrong("the method must be GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, or * for any"));
                }
            },
        };
        if !path.starts_with(API) {
            return Err(wrong("the path must begin with /api/v1/"));
        }
        fast_glob::validate(path).map_err(|_| wrong("the path is no valid pattern"))?;
        let words = format!("--allow {} {path}", method.as_ref().map_or("*", Method::as_str));
        Ok(Allow { method, path: path.to_owned(), words })
    }

    fn allows(&self, method: &Method, path: &str) -> bool {
        let is_meant = |allowed: &Method| allowed == method || (allowed == Method::GET && method == Method::HEAD);
        self.method.as_ref().is_none_or(is_meant) && fast_glob::glob_match(&self.path, path)
    }
}

impl Policy {
    /// The rule by which a request may pass.
    ///
    /// # Errors
    /// It may not.
    pub(super) fn judge(&self, method: &Method, path: &str) -> Result<&str, Refusal> {
        check(method, path)?;
        if self.read_only && !reads(method, path) {
            let why = format!("{READ_ONLY} refuses {method} {path}: only GET, HEAD, searches and listings pass");
            return Err(Refusal::forbidden(READ_ONLY, &why));
        }
        match self.allow.iter().find(|allow| allow.allows(method, path)) {
            Some(allow) => Ok(&allow.words),
            None if !self.allow.is_empty() => {
                Err(Refusal::forbidden("--allow", &format!("--allow refuses {method} {path}: no rule matches it")))
            }
            None if self.read_only => Ok(READ_ONLY),
            None => Ok(EVERYTHING),
        }
    }

    /// Whether a request may pass.
    pub fn allows(&self, method: &str, path: &str) -> bool {
        Method::from_bytes(method.as_bytes()).is_ok_and(|method| self.judge(&method, path).is_ok())
    }

    /// Its rules, as they would be typed.
    pub fn words(&self) -> Vec<String> {
        let read_only = self.read_only.then(|| READ_ONLY.to_owned());
        read_only.into_iter().chain(self.allow.iter().map(|allow| allow.words.clone())).collect()
    }
}

/// Whether a request reads, and so may be repeated.
pub(super) fn reads(method: &Method, path: &str) -> bool {
    match *method {
        Method::GET | Method::HEAD => true,
        Method::POST => {
            let path = path.strip_suffix('/').unwrap_or(path);
            READING.iter().any(|reading| fast_glob::glob_match(reading, path))
        }
        _ => false,
    }
}

/// # Errors
/// The request is none of the API's, or its path could be read in several ways.
fn check(method: &Method, path: &str) -> Result<(), Refusal> {
    if !METHODS.contains(method) {
        return Err(Refusal::forbidden("method", "the API has no such method"));
    }
    let Some(endpoint) = path.strip_prefix(API) else {
        return Err(Refusal::forbidden("path", "only /api/v1/ is reached through it"));
    };
    match is_plain(endpoint) {
        true => Ok(()),
        false => Err(Refusal::forbidden(
            "path",
            "the path is refused, since servers may read it differently: it has .., //, ; or an encoded separator",
        )),
    }
}

/// Whether a path can be read in one way only, decoded or not. The SDK ends some with a slash.
fn is_plain(endpoint: &str) -> bool {
    let is_encoded =
        |rest: &str| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let decoded = percent_decode_str(endpoint).decode_utf8();
    let is_text = decoded.is_ok_and(|decoded| {
        let mut segments = decoded.strip_suffix('/').unwrap_or(&decoded).split('/');
        segments.all(|segment| !matches!(segment, "" | "." | ".."))
            && !decoded.contains(|c: char| c.is_control() || matches!(c, ';' | '\\' | '%'))
            && decoded.matches('/').count() == endpoint.matches('/').count()
    });
    endpoint.is_ascii() && endpoint.split('%').skip(1).all(is_encoded) && is_text
}
