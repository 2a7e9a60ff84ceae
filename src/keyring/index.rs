//! Which logins there are: `logins.json` among co-cred's data, 0600. It holds no token, but for logins that the user
//! keeps in a file on purpose.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files::{self, Trouble};

use super::store::Secret;
use super::{Login, Store};

/// The most bytes that the index may have.
const LIMIT: usize = 1024 * 1024;

#[derive(Default, Deserialize, Serialize)]
struct Index {
    logins: Vec<Record>,
}

#[derive(Deserialize, Serialize)]
struct Record {
    deployment: String,
    email: Email,
    store: Store,
    /// The entry itself, for [`Store::File`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<Zeroizing<String>>,
}

impl Record {
    fn is_of(&self, login: &Login) -> bool {
        self.deployment == login.deployment.origin() && self.email == login.email
    }

    fn login(&self) -> Option<Login> {
        let deployment = Deployment::parse(&self.deployment).ok()?;
        Some(Login { deployment, email: self.email.clone(), store: self.store })
    }
}

pub(super) fn path(env: &Env) -> Option<PathBuf> {
    Some(env.data_dir()?.join("logins.json"))
}

pub(super) fn read(env: &Env) -> Result<Vec<Login>> {
    let Some(path) = path(env) else { return Ok(Vec::new()) };
    path.parent().into_iter().for_each(files::sweep);
    let index = load(&path)?;
    index.logins.iter().map(|record| record.login().ok_or_else(|| unusable(&path, "is not ours"))).collect()
}

/// The entry of a login that is kept in the index itself.
pub(super) fn entry(env: &Env, login: &Login) -> Result<Option<Secret>> {
    let Some(path) = path(env) else { return Ok(None) };
    let record = load(&path)?.logins.into_iter().find(|record| record.is_of(login));
    Ok(record.and_then(|record| record.entry).map(|entry| Zeroizing::new(entry.as_bytes().to_vec())))
}

/// The index while it is changed: nobody else changes it, or a store beside it, until this is dropped.
pub(super) struct Ledger {
    path: PathBuf,
    index: Index,
    _lock: File,
}

impl Ledger {
    /// # Errors
    /// The index cannot be used, or somebody else holds it for more than two seconds.
    pub(super) fn open(env: &Env) -> Result<Ledger> {
        let path = path(env).ok_or_else(|| {
            Error::new(Reason::Keyring, "there is no folder to note the login in").hint("set HOME or XDG_DATA_HOME")
        })?;
        let lock = lock(&path).map_err(|error| unwritable(&path, error))?;
        Ok(Ledger { index: load(&path)?, path, _lock: lock })
    }

    /// Where the login is kept so far.
    pub(super) fn former(&self, login: &Login) -> Option<Login> {
        self.index.logins.iter().find(|record| record.is_of(login))?.login()
    }

    /// Notes a login, in the place of a former one.
    ///
    /// # Errors
    /// The index cannot be written; then it is as it was.
    pub(super) fn put(&mut self, login: &Login, encoded: &[u8]) -> Result<()> {
        let text = || Zeroizing::new(String::from_utf8_lossy(encoded).into_owned());
        let record = Record {
            deployment: login.deployment.origin().to_owned(),
            email: login.email.clone(),
            store: login.store,
            entry: (login.store == Store::File).then(text),
        };
        match self.index.logins.iter_mut().find(|record| record.is_of(login)) {
            Some(former) => *former = record,
            None => self.index.logins.push(record),
        }
        self.save()
    }

    /// Takes a login out.
    ///
    /// # Errors
    /// As [`Ledger::put`].
    pub(super) fn remove(&mut self, login: &Login) -> Result<()> {
        self.index.logins.retain(|record| !record.is_of(login));
        self.save()
    }

    fn save(&self) -> Result<()> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT));
        let written = serde_json::to_writer_pretty(&mut *bytes, &self.index).map_err(io::Error::from);
        written.and_then(|()| files::write(&self.path, &bytes)).map_err(|error| unwritable(&self.path, error))
    }
}

/// A lock that is held until the file is dropped. It stands beside the index, which is renamed over.
fn lock(path: &Path) -> io::Result<File> {
    let file = files::lock(&path.with_extension("lock"))?;
    // Held for a moment, or while somebody types a keyring's password; nobody waits for that.
    for _ in 0..200 {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(std::time::Duration::from_millis(10)),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

fn load(path: &Path) -> Result<Index> {
    match files::read(path, LIMIT) {
        Ok(contents) if contents.shared => {
            Err(unusable(path, "can be read by other users").hint(format!("chmod 600 {}", path.display())))
        }
        Ok(contents) if !contents.trusted => {
            Err(unusable(path, "can be written by other users").hint(format!("chmod 600 {}", path.display())))
        }
        Ok(contents) => {
            serde_json::from_slice(&contents.bytes).map_err(|_| unusable(path, "is not what co-cred wrote"))
        }
        Err(Trouble::Absent | Trouble::Hidden) => Ok(Index::default()),
        Err(trouble) => Err(unusable(path, &trouble.to_string())),
    }
}

fn unusable(path: &Path, why: &str) -> Error {
    Error::new(Reason::Keyring, format!("the list of logins, {}, {why}", path.display()))
        .hint("mend or remove it, and log in again")
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    Error::new(Reason::Keyring, format!("the list of logins, {}, cannot be written ({})", path.display(), error.kind()))
        .hint("check the folder's owner, its mode and the disk")
        .caused_by(error)
}
