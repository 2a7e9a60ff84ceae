//! The secret mount: a folder of secrets from Docker, Kubernetes, systemd or an image build of Code Ocean.
//!
//! Code Ocean mounts one shell file, `secrets`, while an image is built; the others mount one file per secret.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::files::{self, ReadError};
use crate::names::{self, DOMAINS, TOKENS, is_same};
use crate::parse::shell;
use crate::token::{self, Token};

use super::candidates::{Candidate, choose, tokens, without_line_end};
use super::source::{Found, Place, PlaceKind, Source, TokenScope};

/// The most bytes that the shell file, or a file that may hold something else than a token, may have.
const LIMIT: usize = 64 * 1024;

/// The most files that are looked at in one folder.
const MOST_FILES: usize = 1000;

/// The folder where Code Ocean, Docker and Kubernetes mount secrets. There is none on Windows, where any user may create such a folder.
const DEFAULT: &str = "/run/secrets";

/// The name of a secret that is the deployment where [`TOKEN_BESIDE_DOMAIN`] stands beside it.
const DOMAIN_BESIDE_TOKEN: &str = "domain";

/// The name of a secret that counts as the token only by the shape of its value.
const TOKEN_BESIDE_DOMAIN: &str = "token";

/// The cause of the remark for a token in [`SCRIPT`] that no variable has.
pub(super) const STRAY: &str = "not-assigned";

/// Code Ocean's shell file.
const SCRIPT: &str = "secrets";

/// The mounts, in the order in which they are asked.
pub(super) fn mounts(env: &Env) -> Vec<Mount> {
    let default = (!cfg!(windows)).then(|| Mount::new(Path::new(DEFAULT), false));
    let first = env.path("CO_CRED_SECRETS_DIR").map(|folder| Mount::new(folder, true)).or(default);
    let second = env.path("CREDENTIALS_DIRECTORY").map(|folder| Mount::new(folder, true));
    first.into_iter().chain(second).collect()
}

/// One folder of secrets.
pub(super) struct Mount {
    folder: PathBuf,
    /// A variable names the folder, so all of it is meant for this user. `/run/secrets` of a desktop or a shared container may
    /// hold other users' secrets.
    named: bool,
    secrets: OnceCell<Secrets>,
}

/// What a folder holds, and what of it could not be read. Read once.
#[derive(Default)]
struct Secrets {
    values: Vec<Value>,
    broken: Vec<Broken>,
    /// What [`SCRIPT`] holds besides assignments.
    stray: Option<Remark>,
}

struct Value {
    name: String,
    place: Place,
    bytes: Zeroizing<Vec<u8>>,
}

struct Broken {
    /// The secret that may be in it; none where it may be any.
    name: Option<String>,
    what: String,
}

impl Broken {
    /// Whether a secret may be in there.
    fn may_hold(&self, name: &str) -> bool {
        self.name.as_deref().is_none_or(|broken| is_same(broken, name))
    }

    /// Whether a token of [`TOKENS`] may be in there, which would come before all others.
    fn is_needed(&self) -> bool {
        TOKENS.iter().any(|name| self.may_hold(name))
    }

    fn is_domain(&self) -> bool {
        self.name.as_deref().is_some_and(|name| is_among(&DOMAINS, name) || is_same(name, DOMAIN_BESIDE_TOKEN))
    }

    fn error(&self) -> Error {
        Error::new(Reason::Unreadable, &self.what)
            .hint("correct the file or its permissions, or unmount it; CO_CRED_SECRETS_DIR names another folder")
    }
}

impl Mount {
    fn new(folder: &Path, named: bool) -> Mount {
        Mount { folder: folder.to_path_buf(), named, secrets: OnceCell::new() }
    }

    /// The deployment that the secrets name, where one does: `domain` counts only beside a `token` that looks like ours.
    ///
    /// # Errors
    /// One may be there, but cannot be read.
    pub(super) fn domain(&self) -> Result<Option<(&[u8], &Place)>> {
        let has_token = self.secrets().values(TOKEN_BESIDE_DOMAIN).any(|value| token::is_token_like(&value.bytes));
        let names = DOMAINS.into_iter().chain(has_token.then_some(DOMAIN_BESIDE_TOKEN));
        names.map(|name| self.value(name)).find(|found| !matches!(found, Ok(None))).unwrap_or(Ok(None))
    }

    /// The value of a secret by its name, where it is there.
    ///
    /// # Errors
    /// It may be there, but cannot be read.
    pub(super) fn value(&self, name: &str) -> Result<Option<(&[u8], &Place)>> {
        let secrets = self.secrets();
        if let Some(value) = secrets.values(name).next() {
            return Ok(Some((&value.bytes, &value.place)));
        }
        match secrets.broken.iter().find(|broken| broken.may_hold(name)) {
            Some(broken) => Err(broken.error()),
            None => Ok(None),
        }
    }

    fn secrets(&self) -> &Secrets {
        self.secrets.get_or_init(|| self.read())
    }

    fn read(&self) -> Secrets {
        let mut secrets = Secrets::default();
        let (names, listed) = match self.names() {
            Ok(names) => (names, true),
            Err(error) => {
                // Without a variable that names it, the folder may be another user's: then only known names count.
                let name = if self.named { None } else { Some(String::new()) };
                let what = format!("the secret mount {} cannot be listed ({})", self.folder.display(), error.kind());
                secrets.broken.push(Broken { name, what });
                // A folder may be passable without being listable: names that are known can still be there.
                (TOKENS.iter().chain(&DOMAINS).chain(&[SCRIPT]).map(OsString::from).collect(), false)
            }
        };
        if names.len() > MOST_FILES {
            let what = format!("the secret mount {} holds more than {MOST_FILES} files", self.folder.display());
            return Secrets { broken: vec![Broken { name: None, what }], ..secrets };
        }
        for name in names.iter().filter_map(|name| name.to_str()) {
            match name {
                SCRIPT => secrets.read_script(&self.folder.join(name), listed),
                // Kubernetes' ..data, and editors' temporary files.
                name if name.starts_with('.') || names::is_git_token(name) => {}
                name => secrets.read_file(name, &self.folder.join(name), listed),
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
        let names = entries.take(MOST_FILES + 1).map(|entry| Ok(entry?.file_name()));
        let mut names: Vec<OsString> = names.collect::<io::Result<_>>()?;
        names.sort();
        Ok(names)
    }
}

impl Secrets {
    fn read_script(&mut self, path: &Path, listed: bool) {
        let shown = path.display();
        let script = match files::read(path, LIMIT) {
            Ok(contents) => contents.bytes,
            Err(trouble) if is_nothing(&trouble, listed) => return,
            Err(trouble) => {
                return self.broken.push(Broken { name: None, what: format!("the secret mount {shown} {trouble}") });
            }
        };
        match shell::assignments(&script) {
            Ok(assignments) => {
                self.stray = holds_token(&script).then(|| stray(path));
                self.assign_all(&shown.to_string(), assignments);
            }
            Err(misread) => {
                self.broken.push(Broken { name: None, what: format!("the secret mount {shown} {misread}") });
            }
        }
    }

    fn assign_all(&mut self, path: &str, assignments: Vec<shell::Assignment>) {
        // A later assignment to a name replaces an earlier one, as it would in a shell.
        let last: BTreeMap<String, _> = assignments.into_iter().map(|one| (one.name, one.value)).collect();
        for (name, value) in last.into_iter().filter(|(name, _)| !names::is_git_token(name)) {
            match value {
                Some(bytes) => {
                    let place = Place::new(PlaceKind::Mount, format!("{path}:{name}"));
                    self.values.push(Value { name, place, bytes });
                }
                None if names::is_generic(&name) || is_among(&TOKENS, &name) || is_among(&DOMAINS, &name) => {
                    let what = format!("{path} computes {name} when it is run, and co-cred runs nothing");
                    self.broken.push(Broken { name: Some(name), what });
                }
                // `export PATH="$PATH:..."` and the like: no token and no deployment.
                None => {}
            }
        }
    }

    fn read_file(&mut self, name: &str, path: &Path, listed: bool) {
        let limit = if is_among(&TOKENS, name) { token::LIMIT } else { LIMIT };
        match files::read(path, limit) {
            Ok(contents) => {
                let place = Place::new(PlaceKind::Mount, path.display().to_string());
                let bytes = without_line_end(contents.bytes);
                self.values.push(Value { name: name.into(), place, bytes });
            }
            Err(trouble) if is_nothing(&trouble, listed) => {}
            // A folder (such as Kubernetes' own) is no secret, and what is too long is no token.
            Err(ReadError::Unusable(_))
                if !is_among(&TOKENS, name) && fs::metadata(path).is_ok_and(|meta| is_no_secret(&meta)) => {}
            Err(trouble) => {
                let what = format!("the mounted secret {} {trouble}", path.display());
                self.broken.push(Broken { name: Some(name.into()), what });
            }
        }
    }

    /// The values of that name which are not empty: the very name first, then the forms that secrets are given,
    /// `codeocean_token` or `codeocean-token`.
    fn values(&self, name: &str) -> impl Iterator<Item = &Value> {
        let mut values: Vec<&Value> =
            self.values.iter().filter(|value| is_same(&value.name, name) && !value.is_empty()).collect();
        values.sort_by_key(|value| value.name != name);
        values.into_iter()
    }

    fn named(&self) -> impl Iterator<Item = Candidate<'_>> {
        TOKENS.into_iter().flat_map(|name| self.values(name)).map(Value::candidate)
    }

    fn shaped(&self) -> impl Iterator<Item = Candidate<'_>> {
        self.values.iter().filter(|value| token::is_token_like(&value.bytes)).map(Value::candidate)
    }

    fn remarks(&self) -> Vec<Remark> {
        let broken = self.broken.iter().filter(|broken| !broken.is_domain());
        broken.map(|broken| Remark::new("unreadable", &broken.what)).collect()
    }
}

/// Whether a name is among some, but for capitals and hyphens.
fn is_among(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| is_same(known, name))
}

/// Whether a file does not exist. One whose name was guessed, since the folder cannot be listed, may also be closed to this user.
fn is_nothing(trouble: &ReadError, listed: bool) -> bool {
    match trouble {
        ReadError::NotFound => true,
        ReadError::Hidden => !listed,
        _ => false,
    }
}

fn is_no_secret(meta: &fs::Metadata) -> bool {
    meta.is_dir() || meta.len() > LIMIT as u64
}

impl Source for &Mount {
    fn token_scope(&self) -> TokenScope {
        TokenScope::Unbound
    }

    fn named_by(&self) -> &'static [&'static str] {
        &["CO_CRED_SECRETS_DIR", "CREDENTIALS_DIRECTORY"]
    }

    fn place(&self) -> Place {
        Place::new(PlaceKind::Mount, self.folder.display().to_string())
    }

    fn files(&self) -> Vec<PathBuf> {
        // A secret may be a link to where it really lies.
        let entries = fs::read_dir(&self.folder).into_iter().flatten().take(MOST_FILES).flatten();
        std::iter::once(self.folder.clone()).chain(entries.map(|entry| entry.path())).collect()
    }

    fn find(&self) -> Result<Option<Found>> {
        let secrets = self.secrets();
        if let Some(broken) = secrets.broken.iter().find(|broken| broken.is_needed()) {
            return Err(broken.error());
        }
        if let Some(found) = choose(secrets.named())? {
            return Ok(Some(found));
        }
        let found = choose(secrets.shaped())?;
        match secrets.broken.iter().find(|broken| !broken.is_domain()) {
            Some(broken) if found.is_none() && self.named => Err(broken.error()),
            _ => Ok(found.map(|found| Found { remarks: [secrets.remarks(), found.remarks].concat(), ..found })),
        }
    }

    fn tokens(&self) -> Vec<Token> {
        let secrets = self.secrets();
        tokens(secrets.named().chain(secrets.shaped()))
    }

    fn skipped(&self) -> Vec<Remark> {
        // `find` found nothing: no assignment has the token.
        let secrets = self.secrets();
        secrets.remarks().into_iter().chain(secrets.stray.clone()).collect()
    }
}

/// Whether a word of a file looks like a token: the file may be the token alone, YAML, JSON, or `NAME = value`.
fn holds_token(file: &[u8]) -> bool {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'=' | b':' | b',');
    file.split(is_between).any(token::is_token_like)
}

fn stray(script: &Path) -> Remark {
    let what = format!("{} holds what looks like an access token, but assigns it to no variable", script.display());
    Remark::new(STRAY, what).hint("a file of this name is a shell script: write export CODEOCEAN_TOKEN=... in it, or rename it to CODEOCEAN_TOKEN if it is the token alone")
}

impl Value {
    fn is_empty(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }

    fn candidate(&self) -> Candidate<'_> {
        Candidate { place: self.place.clone(), raw: &self.bytes }
    }
}
