//! Which logins there are: `logins.json` among co-cred's data, 0600. It holds no token, but for logins that the user
//! keeps in a file on purpose.
//!
//! An entry that is not understood costs that entry; it is told, and written back as it was.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::ser::{Error as _, SerializeSeq, Serializer};
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::files::{self, Lock, Trouble};

use super::Login;
use super::object::{Object, Text, as_is};
use super::record::Record;
use super::store::Secret;

/// The most bytes that the index may have, read or written.
const LIMIT: usize = 1024 * 1024;

/// The version that is written. A later one may mean something else by the same words: it is not written to.
const VERSION: u64 = 1;

/// How long another command may hold the lock: it may wait for a person to type the keyring's password.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Default)]
struct Index {
    lines: Vec<Line>,
    version: u64,
    rest: Object,
}

#[derive(Clone)]
enum Line {
    Known(Box<Record>),
    Unknown(Text),
}

/// The logins that there are, and what is odd about the list.
#[derive(Debug, Default)]
pub struct Known {
    /// In the order in which they were added.
    pub logins: Vec<Login>,
    /// What was not understood; its cause is `unreadable`, since it may be the login that is looked for.
    pub remarks: Vec<Remark>,
}

pub(super) fn read(env: &Env) -> Result<Known> {
    let Some(path) = path(env) else { return Ok(Known::default()) };
    if is_foreign(&path) {
        // Root has no logins there, and another user's are not for root.
        return Ok(Known {
            logins: Vec::new(),
            remarks: path.exists().then(|| odd(&foreign(&path))).into_iter().collect(),
        });
    }
    path.parent().into_iter().for_each(files::sweep);
    let index = load(env, &path)?;
    Ok(Known { logins: index.records().filter_map(Record::login).collect(), remarks: index.remarks(&path) })
}

/// The entries of logins that are kept in the index itself.
pub(super) fn entries(env: &Env, logins: &[&Login]) -> Result<Vec<Option<Secret>>> {
    let Some(path) = path(env) else { return Ok(logins.iter().map(|_| None).collect()) };
    let index = load(env, &path)?;
    let entry = |login: &&Login| {
        let record = index.records().find(|record| record.is_of(&login.deployment, &login.email));
        record?.entry.as_ref().map(|entry| Zeroizing::new(entry.as_bytes().to_vec()))
    };
    Ok(logins.iter().map(entry).collect())
}

pub(super) fn path(env: &Env) -> Option<PathBuf> {
    Some(env.data_dir()?.join("logins.json"))
}

impl Index {
    fn parse(bytes: &[u8]) -> Option<Index> {
        let mut rest = Object::parse(bytes)?;
        // The first version was not written down; what is no number was written by none.
        let version = rest.take("version").ok().flatten().unwrap_or(VERSION);
        let line = |text: Text| match Record::parse(&text) {
            Some(record) => Line::Known(Box::new(record)),
            None => Line::Unknown(text),
        };
        let lines = rest.take_all("logins").ok()?.into_iter().map(line).collect();
        Some(Index { lines, version, rest })
    }

    fn records(&self) -> impl Iterator<Item = &Record> {
        self.lines.iter().filter_map(|line| match line {
            Line::Known(record) => Some(&**record),
            Line::Unknown(_) => None,
        })
    }

    fn records_mut(&mut self) -> impl Iterator<Item = &mut Record> {
        self.lines.iter_mut().filter_map(|line| match line {
            Line::Known(record) => Some(&mut **record),
            Line::Unknown(_) => None,
        })
    }

    fn remarks(&self, path: &Path) -> Vec<Remark> {
        let unknown = self.lines.len() - self.records().count();
        let shown = path.display();
        let remark = |what: String, hint: &str| Remark::new("unreadable", what).hint(hint);
        let newer = (self.version > VERSION).then(|| {
            let what = format!("the list of logins, {shown}, is of version {}, by a newer co-cred", self.version);
            remark(what, "update co-cred")
        });
        let entries = if unknown == 1 { "entry" } else { "entries" };
        let lost = (unknown > 0).then(|| {
            let what = format!("{unknown} {entries} of the list of logins, {shown}, cannot be understood");
            remark(what, "update co-cred where a newer one wrote it; else log in again, and remove the entry")
        });
        newer.into_iter().chain(lost).collect()
    }

    /// The bytes of the file.
    fn encode(&self) -> serde_json::Result<Zeroizing<Vec<u8>>> {
        let whole = self.rest.clone().with("version", &VERSION)?;
        let whole = whole.with("logins", &Lines(&self.lines))?;
        // Written into what may be read again, and no more: the buffer never grows, which would leave a copy behind.
        let mut bytes = Zeroizing::new(vec![0; LIMIT]);
        let mut left = &mut bytes[..];
        serde_json::to_writer(&mut left, &whole)?;
        let length = LIMIT - left.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

struct Lines<'a>(&'a [Line]);

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.0.len()))?;
        for line in self.0 {
            match line {
                Line::Known(record) => sequence.serialize_element(&record.encode().map_err(S::Error::custom)?)?,
                Line::Unknown(text) => sequence.serialize_element(as_is(text).map_err(S::Error::custom)?)?,
            }
        }
        sequence.end()
    }
}

/// The index while it is changed: no other command changes it, or a store beside it, until this is dropped.
pub(super) struct Ledger {
    path: PathBuf,
    index: Index,
    /// None where the file system has no locks.
    lock: Option<File>,
}

impl Ledger {
    /// # Errors
    /// The index cannot be used, or another command holds it for too long.
    pub(super) fn open(env: &Env) -> Result<Ledger> {
        let path = path(env).ok_or_else(|| {
            Error::new(Reason::Keyring, "there is no folder to note the login in").hint("set HOME or XDG_DATA_HOME")
        })?;
        if is_foreign(&path) {
            return Err(foreign(&path));
        }
        let lock = lock(&path)?;
        let index = load(env, &path)?;
        if index.version > VERSION {
            let version = index.version;
            return Err(unusable(&path, &format!("is of version {version}, by a newer co-cred")).hint("update co-cred"));
        }
        Ok(Ledger { index, path, lock })
    }

    /// What is to be said about the index.
    pub(super) fn remarks(&self) -> Vec<Remark> {
        let what = format!("the file system of {} has no locks", self.path.display());
        let hint =
            "let one login or logout end before the next; XDG_DATA_HOME may name a folder on another file system";
        let unlocked = self.lock.is_none().then(|| Remark::new("no-locks", what).hint(hint));
        self.index.remarks(&self.path).into_iter().chain(unlocked).collect()
    }

    /// What is noted of a login.
    pub(super) fn record(&self, deployment: &Deployment, email: &Email) -> Option<&Record> {
        self.index.records().find(|record| record.is_of(deployment, email))
    }

    /// Everything that is noted.
    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.index.records()
    }

    /// Changes what is noted of logins, and writes it down; a login that nothing is noted of any more is taken out.
    ///
    /// # Errors
    /// The index cannot be written; then it is as it was.
    pub(super) fn change(&mut self, logins: &[(Deployment, Email)], mut change: impl FnMut(&mut Record)) -> Result<()> {
        if logins.is_empty() {
            return Ok(());
        }
        let mut index = self.index.clone();
        for (deployment, email) in logins {
            if !index.records().any(|record| record.is_of(deployment, email)) {
                index.lines.push(Line::Known(Box::new(Record::new(deployment, email))));
            }
            index.records_mut().filter(|record| record.is_of(deployment, email)).for_each(&mut change);
        }
        index.lines.retain(|line| !matches!(line, Line::Known(record) if record.is_over()));
        self.write(&index)?;
        self.index = index;
        Ok(())
    }

    fn write(&self, index: &Index) -> Result<()> {
        let bytes = index.encode().map_err(|_| {
            unusable(&self.path, &format!("would be larger than {} KiB", LIMIT / 1024))
                .hint("co-cred logout makes room: it forgets a login that is not needed any more")
        })?;
        files::write(&self.path, &bytes).map_err(|error| {
            Error::new(
                Reason::Keyring,
                format!("the list of logins, {}, cannot be written ({})", self.path.display(), files::words(&error)),
            )
            .hint("check the folder's owner, its mode and the disk")
            .caused_by(error)
        })
    }
}

/// Where the lock of an index is.
pub(super) fn lock_of(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

/// The lock, which stands beside the index: the index itself is renamed over.
fn lock(path: &Path) -> Result<Option<File>> {
    let path = lock_of(path);
    let (shown, failed) = (path.display(), |what: String| Error::new(Reason::Keyring, what));
    let file = files::lock(&path).and_then(|file| Ok((files::hold(&file, PATIENCE)?, file)));
    match file {
        Ok((Lock::Held, file)) => Ok(Some(file)),
        Ok((Lock::Unsupported, _)) => Ok(None),
        Ok((Lock::Busy, _)) => {
            let what = format!("another co-cred has held the lock {shown} for {} s", PATIENCE.as_secs());
            let hint = format!("it may wait for the keyring's password; fuser {shown} says which process it is");
            Err(failed(what).hint(hint))
        }
        Err(error) => Err(failed(format!("the lock {shown} cannot be taken ({})", files::words(&error)))
            .hint("check the folder's owner, its mode and the disk")
            .caused_by(error)),
    }
}

fn load(env: &Env, path: &Path) -> Result<Index> {
    match files::read(path, LIMIT) {
        Ok(contents) if !contents.owned => {
            let hint = "XDG_DATA_HOME names a folder of your own; log in there";
            Err(unusable(path, "is another user's").hint(hint))
        }
        Ok(contents) if contents.shared => {
            Err(unusable(path, "can be read by other users").hint(format!("chmod 600 {}", path.display())))
        }
        Ok(contents) if !contents.trusted => {
            Err(unusable(path, "can be written by other users").hint(format!("chmod 600 {}", path.display())))
        }
        Ok(contents) => Index::parse(&contents.bytes).ok_or_else(|| unusable(path, "is not what co-cred wrote")),
        Err(Trouble::Absent) => Ok(Index::default()),
        Err(Trouble::Hidden) if env.is_elsewhere("XDG_DATA_HOME") => Ok(Index::default()),
        Err(trouble @ Trouble::Hidden) => {
            let hint = "make its folder yours (ls -ld shows whose it is), or set HOME or XDG_DATA_HOME to your own";
            Err(unusable(path, &trouble.to_string()).hint(hint))
        }
        Err(trouble) => Err(unusable(path, &trouble.to_string())),
    }
}

fn is_foreign(path: &Path) -> bool {
    path.parent().is_some_and(files::is_foreign)
}

/// Root, as with `sudo -E`, in the home of a user.
fn foreign(path: &Path) -> Error {
    Error::new(
        Reason::Usage,
        format!("the folder of the logins, {}, is another user's, and this is root", path.display()),
    )
    .hint("run it without sudo, or with sudo -H")
}

/// What keeps a login from being found.
fn odd(error: &Error) -> Remark {
    Remark { cause: "unreadable", ..Remark::from(error) }
}

fn unusable(path: &Path, why: &str) -> Error {
    Error::new(Reason::Keyring, format!("the list of logins, {}, {why}", path.display()))
        .hint("mend or remove it, and log in again")
}
