//! The index while a login or logout changes it, under a lock that other commands wait for.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::files::{self, Lock};

use super::index::{self, Index, LIMIT, VERSION, unusable};
use super::record::Record;

/// How long to wait for the lock: the command that holds it may wait for the user to type the keyring's password.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The index and its lock, released when dropped. Stores are changed under this lock too.
pub(super) struct LockedIndex {
    path: PathBuf,
    index: Index,
    /// None where the file system does not support locks.
    lock: Option<File>,
}

impl LockedIndex {
    /// Takes the lock, and reads the index.
    ///
    /// # Errors
    /// The index cannot be used, or another command holds the lock for longer than [`TIMEOUT`].
    pub(super) fn open(env: &Env) -> Result<LockedIndex> {
        let path = index::path(env).ok_or_else(|| {
            Error::new(Reason::Keyring, "there is no folder for the list of logins").hint("set HOME or XDG_DATA_HOME")
        })?;
        if index::is_foreign(&path) {
            return Err(index::foreign(&path));
        }
        let lock = lock(&path)?;
        let index = index::load(env, &path)?;
        if index.version > VERSION {
            let version = index.version;
            return Err(unusable(&path, &format!("has version {version}, of a newer co-cred")).hint("update co-cred"));
        }
        Ok(LockedIndex { path, index, lock })
    }

    /// Warnings about the index.
    pub(super) fn remarks(&self) -> Vec<Remark> {
        let what = format!("the file system of {} has no locks", self.path.display());
        let hint = "do not run two logins or logouts at once, or set XDG_DATA_HOME to a folder on another file system";
        let unlocked = self.lock.is_none().then(|| Remark::new("no-locks", what).hint(hint));
        self.index.remarks(&self.path).into_iter().chain(unlocked).collect()
    }

    /// The record of a login.
    pub(super) fn record(&self, deployment: &Deployment, email: &Email) -> Option<&Record> {
        self.index.records().find(|record| record.is_of(deployment, email))
    }

    /// All records.
    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.index.records()
    }

    /// Changes the records of some logins and writes the index. A record is added where there is none, and dropped when it
    /// is empty afterwards.
    ///
    /// # Errors
    /// The index cannot be written; then nothing has changed.
    pub(super) fn change(&mut self, logins: &[(Deployment, Email)], mut change: impl FnMut(&mut Record)) -> Result<()> {
        if logins.is_empty() {
            return Ok(());
        }
        let mut index = self.index.clone();
        for (deployment, email) in logins {
            if !index.records().any(|record| record.is_of(deployment, email)) {
                index.add(Record::new(deployment, email));
            }
            index.records_mut().filter(|record| record.is_of(deployment, email)).for_each(&mut change);
        }
        index.remove_empty_records();
        self.write(&index)?;
        self.index = index;
        Ok(())
    }

    fn write(&self, index: &Index) -> Result<()> {
        let bytes = index.encode().map_err(|_| {
            unusable(&self.path, &format!("would be larger than {} KiB", LIMIT / 1024))
                .hint("remove a login that is no longer needed with co-cred logout")
        })?;
        files::write(&self.path, &bytes).map_err(|error| {
            let why = files::describe(&error);
            cannot_write(format!("the list of logins, {}, cannot be written ({why})", self.path.display()), error)
        })
    }
}

fn lock(index: &Path) -> Result<Option<File>> {
    let path = index::lock_path(index);
    let shown = path.display();
    let file = files::open_lock(&path).and_then(|file| Ok((files::acquire(&file, TIMEOUT)?, file)));
    match file {
        Ok((Lock::Held, file)) => Ok(Some(file)),
        Ok((Lock::Unsupported, _)) => Ok(None),
        Ok((Lock::Busy, _)) => {
            let what = format!("another co-cred has held the lock {shown} for {} s", TIMEOUT.as_secs());
            let hint = format!("it may wait for the keyring's password; fuser {shown} shows the process");
            Err(Error::new(Reason::Keyring, what).hint(hint))
        }
        Err(error) => {
            let what = format!("the lock {shown} cannot be taken ({})", files::describe(&error));
            Err(cannot_write(what, error))
        }
    }
}

fn cannot_write(what: String, error: std::io::Error) -> Error {
    Error::new(Reason::Keyring, what).hint("check the folder's owner, its mode and the disk").caused_by(error)
}
