//! The index of logins: `logins.json` in co-cred's data folder, 0600. It holds no token, except the entries of
//! `--insecure-storage`.
//!
//! A record that this version does not understand is reported, skipped, and written back unchanged.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::ser::{Error as _, SerializeSeq, Serializer};
use zeroize::Zeroizing;

use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::files::{self, ReadError};

use super::backend::Secret;
use super::login::Login;
use super::raw_object::{RawObject, RawText, as_value};
use super::record::Record;

/// The maximum size of the index in bytes, read or written.
pub(super) const LIMIT: usize = 1024 * 1024;

/// The format version that is written. A later version may give the same keys another meaning, so it is not written to.
pub(super) const VERSION: u64 = 1;

/// The logins of the index, and its problems.
#[derive(Debug, Default)]
pub struct LoginList {
    /// In the order in which they were added.
    pub logins: Vec<Login>,
    /// What was not understood. The cause is `unreadable`, since a login that is looked for may be missing.
    pub remarks: Vec<Remark>,
}

/// Lists all logins. No store is asked.
///
/// # Errors
/// The index exists but cannot be used.
pub fn list(env: &Env) -> Result<LoginList> {
    let Some(path) = path(env) else { return Ok(LoginList::default()) };
    if is_foreign(&path) {
        // Root has no logins in another user's folder, and does not use that user's.
        let remarks = path.exists().then(|| Remark { cause: "unreadable", ..Remark::from(&foreign(&path)) });
        return Ok(LoginList { logins: Vec::new(), remarks: remarks.into_iter().collect() });
    }
    path.parent().into_iter().for_each(files::remove_all_stale);
    let index = load(env, &path)?;
    Ok(LoginList { logins: index.records().filter_map(Record::login).collect(), remarks: index.remarks(&path) })
}

/// The logins of [`list`].
///
/// # Errors
/// As [`list`].
pub fn logins(env: &Env) -> Result<Vec<Login>> {
    list(env).map(|list| list.logins)
}

/// The files that every login and logout writes or locks: the index and its lock. The lock is released last, when the
/// store has changed too.
pub fn files(env: &Env) -> Vec<PathBuf> {
    path(env).map(|index| vec![lock_path(&index), index]).unwrap_or_default()
}

/// The entries that are in the index itself. An error is returned once, for the first login.
pub(super) fn secrets(env: &Env, logins: &[&Login]) -> Vec<Result<Vec<Secret>>> {
    let index = match path(env).map(|path| load(env, &path)).transpose() {
        Ok(index) => index.unwrap_or_default(),
        Err(error) => {
            return std::iter::once(Err(error)).chain(logins.iter().skip(1).map(|_| Ok(Vec::new()))).collect();
        }
    };
    let secret = |login: &&Login| {
        let record = index.records().find(|record| record.is_of(&login.deployment, &login.email));
        record?.entry.as_ref().map(|entry| Zeroizing::new(entry.as_bytes().to_vec()))
    };
    logins.iter().map(|login| Ok(secret(login).into_iter().collect())).collect()
}

pub(super) fn path(env: &Env) -> Option<PathBuf> {
    Some(env.data_dir()?.join("logins.json"))
}

/// The lock file of an index. The index itself cannot be locked, since it is renamed over.
pub(super) fn lock_path(index: &Path) -> PathBuf {
    index.with_extension("lock")
}

#[derive(Clone, Default)]
pub(super) struct Index {
    items: Vec<Item>,
    pub(super) version: u64,
    rest: RawObject,
}

/// An element of the index's list.
#[derive(Clone)]
enum Item {
    Record(Box<Record>),
    /// An element that this version does not understand.
    Unknown(RawText),
}

impl Index {
    fn parse(bytes: &[u8]) -> Option<Index> {
        let mut rest = RawObject::parse(bytes)?;
        // The first format had no version. A value that is no number comes from no version of co-cred.
        let version = rest.take("version").ok().flatten().unwrap_or(VERSION);
        let item = |text: RawText| match Record::parse(&text) {
            Some(record) => Item::Record(Box::new(record)),
            None => Item::Unknown(text),
        };
        let items = rest.take_elements("logins").ok()?.into_iter().map(item).collect();
        Some(Index { items, version, rest })
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.items.iter().filter_map(|item| match item {
            Item::Record(record) => Some(&**record),
            Item::Unknown(_) => None,
        })
    }

    pub(super) fn records_mut(&mut self) -> impl Iterator<Item = &mut Record> {
        self.items.iter_mut().filter_map(|item| match item {
            Item::Record(record) => Some(&mut **record),
            Item::Unknown(_) => None,
        })
    }

    pub(super) fn add(&mut self, record: Record) {
        self.items.push(Item::Record(Box::new(record)));
    }

    pub(super) fn remove_empty_records(&mut self) {
        self.items.retain(|item| !matches!(item, Item::Record(record) if record.is_empty()));
    }

    pub(super) fn remarks(&self, path: &Path) -> Vec<Remark> {
        let unknown = self.items.len() - self.records().count();
        let shown = path.display();
        let remark = |what: String, hint: &str| Remark::new("unreadable", what).hint(hint);
        let newer = (self.version > VERSION).then(|| {
            let what = format!("the list of logins, {shown}, has version {}, of a newer co-cred", self.version);
            remark(what, "update co-cred")
        });
        let entries = if unknown == 1 { "entry" } else { "entries" };
        let skipped = (unknown > 0).then(|| {
            let what = format!("{unknown} {entries} of the list of logins, {shown}, cannot be understood");
            remark(
                what,
                "update co-cred if a newer version wrote the list; otherwise log in again and remove the entry",
            )
        });
        newer.into_iter().chain(skipped).collect()
    }

    /// Encodes the file.
    ///
    /// # Errors
    /// It would be larger than [`LIMIT`].
    pub(super) fn encode(&self) -> serde_json::Result<Zeroizing<Vec<u8>>> {
        let whole = self.rest.clone().with("version", &VERSION)?;
        let whole = whole.with("logins", &Items(&self.items))?;
        // A buffer of fixed size: growing would leave an unwiped copy behind, and the limit is checked as well.
        let mut bytes = Zeroizing::new(vec![0; LIMIT]);
        let mut left = &mut bytes[..];
        serde_json::to_writer(&mut left, &whole)?;
        let length = LIMIT - left.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

struct Items<'a>(&'a [Item]);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.0.len()))?;
        for item in self.0 {
            match item {
                Item::Record(record) => sequence.serialize_element(&record.encode().map_err(S::Error::custom)?)?,
                Item::Unknown(text) => sequence.serialize_element(as_value(text).map_err(S::Error::custom)?)?,
            }
        }
        sequence.end()
    }
}

/// Reads the index; an empty one where there is none.
///
/// # Errors
/// It is not this user's, readable or writable for other users, too large, or not an index.
pub(super) fn load(env: &Env, path: &Path) -> Result<Index> {
    match files::read(path, LIMIT) {
        Ok(contents) if !contents.owned => {
            let hint = "set XDG_DATA_HOME to a folder of your own, and log in there";
            Err(unusable(path, "is another user's").hint(hint))
        }
        Ok(contents) if contents.shared => {
            Err(unusable(path, "can be read by other users").hint(format!("chmod 600 {}", path.display())))
        }
        Ok(contents) if !contents.trusted => {
            Err(unusable(path, "can be written by other users").hint(format!("chmod 600 {}", path.display())))
        }
        Ok(contents) => Index::parse(&contents.bytes).ok_or_else(|| unusable(path, "is not a list that co-cred wrote")),
        Err(ReadError::NotFound) => Ok(Index::default()),
        Err(ReadError::Hidden) if env.is_elsewhere("XDG_DATA_HOME") => Ok(Index::default()),
        Err(error @ ReadError::Hidden) => {
            let hint = "make its folder yours (ls -ld shows the owner), or set HOME or XDG_DATA_HOME to your own";
            Err(unusable(path, &error.to_string()).hint(hint))
        }
        Err(error) => Err(unusable(path, &error.to_string())),
    }
}

/// Whether this is root in another user's home, as with `sudo -E`.
pub(super) fn is_foreign(path: &Path) -> bool {
    path.parent().is_some_and(files::is_foreign)
}

/// The error for [`is_foreign`].
pub(super) fn foreign(path: &Path) -> Error {
    Error::new(
        Reason::Usage,
        format!("the folder of the logins, {}, is another user's, and this is root", path.display()),
    )
    .hint("run it without sudo, or with sudo -H")
}

pub(super) fn unusable(path: &Path, why: &str) -> Error {
    Error::new(Reason::Keyring, format!("the list of logins, {}, {why}", path.display()))
        .hint("fix or remove it, and log in again")
}
