//! The secret mount: what Docker, Kubernetes, systemd and Code Ocean's image builds lay into a folder.
//!
//! Code Ocean mounts one shell file, `secrets`, while an image is built; everyone else mounts one file per secret.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::files::{self, Trouble};
use crate::token;

use super::rung::{Candidate, choose};
use super::{Found, NAMES, Place, PlaceKind, Source, deployment, shell, variable};

/// The most bytes that the shell file may have.
const LIMIT: usize = 64 * 1024;

/// The most files that are looked at in one folder.
const MOST_FILES: usize = 1000;

/// The folder where Code Ocean, Docker and Kubernetes mount secrets.
const DEFAULT: &str = "/run/secrets";

/// The mounts, in the order in which they are asked.
pub(super) fn mounts(env: &Env) -> Vec<Mount> {
    let first = match env.path("CO_CRED_SECRETS_DIR") {
        Some(folder) => Mount::new(folder, true),
        None => Mount::new(Path::new(DEFAULT), false),
    };
    let second = env.path("CREDENTIALS_DIRECTORY").map(|folder| Mount::new(folder, true));
    std::iter::once(first).chain(second).collect()
}

/// One folder of secrets.
pub(super) struct Mount {
    folder: PathBuf,
    /// Somebody named the folder: all that is in it is meant for us. `/run/secrets` of a desktop or a shared container
    /// may well hold what is none of this user's business.
    named: bool,
    secrets: OnceCell<Secrets>,
}

/// What a folder holds: values by name, and what could not be read. Read once.
#[derive(Default)]
struct Secrets {
    values: Vec<Value>,
    broken: BTreeMap<String, String>,
}

struct Value {
    name: String,
    place: Place,
    bytes: Zeroizing<Vec<u8>>,
}

impl Mount {
    fn new(folder: &Path, named: bool) -> Mount {
        Mount { folder: folder.to_path_buf(), named, secrets: OnceCell::new() }
    }

    /// The value of a secret by its name, where it is there and readable.
    ///
    /// # Errors
    /// It is there, but cannot be read.
    pub(super) fn text(&self, name: &str) -> Result<Option<(&str, &Place)>> {
        let secrets = self.secrets();
        if let Some(what) = secrets.broken.get(name) {
            return Err(Error::new(Reason::Unreadable, what));
        }
        let value = secrets.values.iter().find(|value| value.name == name && !value.is_empty());
        Ok(value.and_then(|value| Some((std::str::from_utf8(&value.bytes).ok()?, &value.place))))
    }

    fn secrets(&self) -> &Secrets {
        self.secrets.get_or_init(|| self.read())
    }

    fn read(&self) -> Secrets {
        let mut secrets = Secrets::default();
        let names = match self.names() {
            Ok(names) => names,
            Err(error) => {
                let what = format!("the secret mount {} cannot be listed ({})", self.folder.display(), error.kind());
                secrets.broken.insert(String::new(), what);
                // A folder may be passable without being listable: names that are known can still be there.
                std::iter::once("secrets").chain(NAMES).map(OsString::from).collect()
            }
        };
        if names.len() > MOST_FILES {
            let what = format!("the secret mount {} holds more than {MOST_FILES} files", self.folder.display());
            secrets.broken.insert(String::new(), what);
        }
        for name in names {
            match name.to_str() {
                Some("secrets") => secrets.read_script(&self.folder.join("secrets")),
                Some(name) if !name.starts_with('.') && !variable::is_foreign(name) => {
                    secrets.read_file(name, &self.folder.join(name));
                }
                // Kubernetes' ..data, editors' leavings, and names that no variable can have.
                _ => {}
            }
        }
        secrets
    }

    /// The names in the folder; none where there is no folder.
    fn names(&self) -> io::Result<Vec<OsString>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names: Vec<OsString> =
            entries.take(MOST_FILES + 1).map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        names.sort();
        Ok(names)
    }
}

impl Secrets {
    fn read_script(&mut self, path: &Path) {
        let shown = path.display();
        let script = match files::read(path, LIMIT) {
            Ok(contents) => contents.bytes,
            Err(Trouble::Absent) => return,
            Err(trouble) => return self.break_script(format!("the secret mount {shown} {trouble}")),
        };
        match shell::assignments(&script) {
            Err(shell::Unterminated) => self.break_script(format!("the secret mount {shown} ends inside a quotation")),
            Ok(assignments) => self.assign_all(&shown.to_string(), assignments),
        }
    }

    fn assign_all(&mut self, path: &str, assignments: Vec<shell::Assignment>) {
        // A later assignment to a name replaces an earlier one, as it would in a shell.
        let last: BTreeMap<String, _> = assignments.into_iter().map(|one| (one.name, one.value)).collect();
        last.into_iter().for_each(|(name, value)| self.assign(path, name, value));
    }

    fn assign(&mut self, path: &str, name: String, value: Option<Zeroizing<Vec<u8>>>) {
        match value {
            _ if variable::is_foreign(&name) => {}
            Some(bytes) => {
                let place = Place::new(PlaceKind::Mount, format!("{path}:{name}"));
                self.values.push(Value { name, place, bytes });
            }
            None if NAMES.contains(&name.as_str()) || deployment::NAMES.contains(&name.as_str()) => {
                let what = format!("{path} computes {name} when it is run, and co-cred runs nothing");
                self.broken.insert(name, what);
            }
            // `export PATH="$PATH:..."` and the like is nothing that anybody would look for here.
            None => {}
        }
    }

    fn break_script(&mut self, what: String) {
        self.broken.insert("secrets".into(), what);
    }

    fn read_file(&mut self, name: &str, path: &Path) {
        let limit = if NAMES.contains(&name) { token::LIMIT } else { LIMIT };
        match files::read(path, limit) {
            Ok(contents) => {
                let place = Place::new(PlaceKind::Mount, path.display().to_string());
                let bytes = super::without_line_end(contents.bytes);
                self.values.push(Value { name: name.into(), place, bytes });
            }
            // A folder (such as Kubernetes' own) is no secret, and what is too long is no token.
            Err(Trouble::Broken(_))
                if !NAMES.contains(&name) && fs::metadata(path).is_ok_and(|meta| is_no_secret(&meta)) => {}
            Err(Trouble::Absent) => {}
            Err(trouble) => {
                self.broken.insert(name.into(), format!("the mounted secret {} {trouble}", path.display()));
            }
        }
    }
}

fn is_no_secret(meta: &fs::Metadata) -> bool {
    meta.is_dir() || meta.len() > LIMIT as u64
}

impl Source for Mount {
    fn place(&self) -> Place {
        Place::new(PlaceKind::Mount, self.folder.display().to_string())
    }

    fn find(&self) -> Result<Option<Found>> {
        let secrets = self.secrets();
        let needed = |name: &&str| NAMES.contains(name) || *name == "secrets";
        if let Some(what) = secrets.broken.keys().map(String::as_str).find(needed).map(|name| &secrets.broken[name]) {
            return Err(Error::new(Reason::Unreadable, what)
                .hint("mend or unmount it; CO_CRED_SECRETS_DIR names another folder, --token-env a variable"));
        }
        if let Some(found) = choose(secrets.named())? {
            return Ok(Some(found));
        }
        let found = choose(secrets.shaped())?;
        match secrets.broken.values().next() {
            Some(what) if found.is_none() && self.named => Err(Error::new(Reason::Unreadable, what)),
            _ => Ok(found.map(|found| Found { remarks: [self.doubts(), found.remarks].concat(), ..found })),
        }
    }

    fn doubts(&self) -> Vec<Remark> {
        self.secrets().broken.values().map(|what| Remark::new("unreadable", what)).collect()
    }
}

impl Secrets {
    fn named(&self) -> impl Iterator<Item = Candidate<'_>> {
        NAMES
            .iter()
            .flat_map(|name| self.values.iter().filter(move |value| value.name == *name && !value.is_empty()))
            .map(Value::candidate)
    }

    fn shaped(&self) -> impl Iterator<Item = Candidate<'_>> {
        self.values.iter().filter(|value| token::is_token_like(&value.bytes)).map(Value::candidate)
    }
}

impl Value {
    fn is_empty(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }

    fn candidate(&self) -> Candidate<'_> {
        Candidate { place: self.place.clone(), raw: &self.bytes }
    }
}
