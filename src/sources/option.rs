//! `--token-file`, `--token-env` and their variables. A failure here is final: no other source is asked.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result};
use crate::names::is_git_token;
use crate::{files, token};

use super::candidates::{Candidate, choose, without_line_end};
use super::search::{Search, SearchOptions};
use super::source::{Found, Place, PlaceKind, Source, TokenScope};

/// The file and the variable that were named; an option outranks its variable.
pub(super) struct Named<'a> {
    pub(super) search: &'a Search<'a>,
}

impl Source for Named<'_> {
    fn token_scope(&self) -> TokenScope {
        TokenScope::Unbound
    }

    fn named_by(&self) -> &'static [&'static str] {
        &["CO_CRED_TOKEN_FILE", "CO_CRED_TOKEN_ENV"]
    }

    fn place(&self) -> Place {
        Place::new(PlaceKind::Option, "--token-file, --token-env")
    }

    fn files(&self) -> Vec<PathBuf> {
        let named = self.search.options.token_file.or_else(|| self.search.env().path("CO_CRED_TOKEN_FILE"));
        named.map(Path::to_path_buf).into_iter().collect()
    }

    fn find(&self) -> Result<Option<Found>> {
        let SearchOptions { token_file, token_env, .. } = *self.search.options;
        let env = self.search.env();
        // An option outranks both CO_CRED_ variables.
        let (file, variable) = match (token_file, token_env) {
            (None, None) => (env.path("CO_CRED_TOKEN_FILE"), env.get("CO_CRED_TOKEN_ENV")),
            (file, variable) => (file, variable.map(OsStr::new)),
        };
        let file = file.map(|path| Ok((path, read(path)?))).transpose()?;
        let variable = variable.map(|name| self.look_up(name)).transpose()?;
        let from_file = file.iter().map(|(path, bytes)| Candidate { place: place(path.display()), raw: bytes });
        let from_variable = variable.iter().map(|(name, value)| Candidate { place: place(name), raw: value });
        let named: Vec<Candidate> = from_file.chain(from_variable).collect();
        match named.iter().find(|candidate| candidate.is_empty()) {
            Some(candidate) => Err(empty(&candidate.place)),
            None => choose(named),
        }
    }
}

impl Named<'_> {
    fn look_up(&self, name: &OsStr) -> Result<(String, Zeroizing<Vec<u8>>)> {
        let shown = name.to_string_lossy().into_owned();
        if token::is_token_like(shown.as_bytes()) {
            return Err(Error::new(Reason::Usage, "the name of a variable is wanted, and this looks like a token")
                .hint("give the name of the variable that holds the token, such as --token-env CUSTOM_KEY"));
        }
        if is_git_token(&shown) {
            return Err(foreign(&shown));
        }
        match self.search.env().get(name) {
            Some(value) => Ok((shown, Zeroizing::new(value.as_encoded_bytes().to_vec()))),
            None => {
                let state = if self.search.env().has(&shown) { "empty" } else { "not set" };
                Err(Error::new(Reason::Unreadable, format!("{shown} was asked for by name, but it is {state}")).hint(
                    "in a capsule, attach a secret to the slot of that name; a workstation sees it after a relaunch",
                ))
            }
        }
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let shown = path.display();
    if token::is_token_like(path.as_os_str().as_encoded_bytes()) {
        return Err(Error::new(Reason::Usage, "the path of a file is wanted, and this looks like a token")
            .hint("put the token into a file that only you can read, and give the file's path"));
    }
    if path.file_name().and_then(OsStr::to_str).is_some_and(is_git_token) {
        return Err(foreign(&shown.to_string()));
    }
    let contents = files::read(path, token::LIMIT).map_err(|trouble| {
        Error::new(Reason::Unreadable, format!("the token file {shown} {trouble}"))
            .hint("give the path of a file that holds the token alone and that only you can read")
    })?;
    Ok(without_line_end(contents.bytes))
}

fn empty(place: &Place) -> Error {
    Error::new(Reason::Unreadable, format!("{} was asked for by name, but it is empty", place.place))
        .hint("store the token there, as one line that begins with cop_")
}

fn foreign(name: &str) -> Error {
    Error::new(Reason::Usage, format!("{name} holds the Git provider's token, not Code Ocean's"))
        .hint("name the variable or the file that holds the Code Ocean token")
}

fn place(name: impl std::fmt::Display) -> Place {
    Place::new(PlaceKind::Option, name.to_string())
}
