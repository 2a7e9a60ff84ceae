//! Locate: ask each source in turn for the token, and find the deployment it belongs to.
//!
//! A source has three answers: *found*, *not here* (ask the next), and *here but broken* (stop: another identity must
//! never replace a broken one in silence). `sources` is the one list that says in which order they are asked.

mod absent;
pub mod deployment;
mod file;
mod mount;
mod option;
mod remote;
mod rung;
pub mod shell;
pub mod slots;
mod variable;

use std::cell::OnceCell;
use std::path::Path;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Remark, Result};
use crate::token::Token;

pub use deployment::Sited;
pub use variable::{NAMES, shadowed};

/// What was asked for on the command line, and where to look.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The environment.
    pub env: &'a Env,
    /// `--deployment`, as typed.
    pub deployment: Option<&'a str>,
    /// `--token-file`.
    pub token_file: Option<&'a Path>,
    /// `--token-env`, as typed.
    pub token_env: Option<&'a str>,
}

/// A token, and where it came from.
#[derive(Debug)]
pub struct Found {
    /// The token.
    pub token: Token,
    /// Where it stood.
    pub place: Place,
    /// The deployment that it is bound to, where the source names one.
    pub deployment: Option<Deployment>,
    /// What was odd about it.
    pub remarks: Vec<Remark>,
}

/// Where a token stands, as people and the JSON of `status` are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The kind of source.
    pub kind: PlaceKind,
    /// The variable, the file, or both as `file:NAME`.
    pub place: String,
}

/// The kinds of sources, by the words of `status --json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlaceKind {
    /// Asked for by name.
    Option,
    /// An environment variable.
    Environment,
    /// A mounted secret.
    Mount,
    /// The credentials file.
    File,
}

impl PlaceKind {
    /// The word for it, in the JSON and for people.
    pub fn word(self) -> &'static str {
        match self {
            PlaceKind::Option => "option",
            PlaceKind::Environment => "environment",
            PlaceKind::Mount => "mount",
            PlaceKind::File => "file",
        }
    }
}

impl Place {
    fn new(kind: PlaceKind, place: impl Into<String>) -> Place {
        Place { kind, place: place.into() }
    }
}

/// One way for a token to be here.
pub trait Source {
    /// What it is and where it looks, for `doctor` and for the log.
    fn place(&self) -> Place;

    /// Looks. `Ok(None)`: not here, ask the next.
    ///
    /// # Errors
    /// It is here but cannot be used, or two different tokens are: nobody else is asked.
    fn find(&self) -> Result<Option<Found>>;

    /// After `Ok(None)`: what is here all the same, and why it is not used. What could not be read although nobody asked
    /// for it by name has the cause `unreadable`: where no token turns up at all, it may have been there.
    fn passed_over(&self) -> Vec<Remark> {
        Vec::new()
    }
}

impl<S: Source> Source for &S {
    fn place(&self) -> Place {
        (**self).place()
    }

    fn find(&self) -> Result<Option<Found>> {
        (**self).find()
    }

    fn passed_over(&self) -> Vec<Remark> {
        (**self).passed_over()
    }
}

/// What [`locate`] found.
#[derive(Debug)]
pub struct Located {
    /// The token and its place.
    pub found: Found,
    /// The deployment, where one is known, and what named it.
    pub deployment: Option<Sited>,
}

/// Finds the token and its deployment. Sources after the first that answers are not asked.
///
/// # Errors
/// Not found (with the reason, where one can be seen), unreadable, ambiguous, or a deployment that cannot be used.
pub fn locate(request: &Request) -> Result<Located> {
    let house = House::open(request);
    let mut passed_over = Vec::new();
    let named = house.named()?;
    for source in sources(&house, named) {
        let place = source.place();
        match source.find()? {
            Some(found) => {
                tracing::info!(kind = ?place.kind, place = found.place.place, "token located");
                let deployment = deployment::of(&house, found.deployment.as_ref().map(|bound| (bound, &found.place)))?;
                return Ok(Located { found, deployment });
            }
            None => {
                tracing::info!(kind = ?place.kind, place = place.place, "not here");
                passed_over.extend(source.passed_over());
            }
        }
    }
    Err(absent::explain(&house, &passed_over))
}

/// What one source has to say.
#[derive(Debug)]
pub struct Answer {
    /// Where it looked.
    pub place: Place,
    /// What it found.
    pub found: Result<Option<Found>>,
    /// Where it found nothing: what is here all the same.
    pub passed_over: Vec<Remark>,
}

/// Asks every source, whatever the others say; for `status` and `doctor`. A deployment that cannot be used counts as
/// none.
pub fn survey(request: &Request) -> Vec<Answer> {
    let house = House::open(request);
    let named = house.named().ok().flatten();
    let ask = |source: Box<dyn Source>| {
        let found = source.find();
        let passed_over = if matches!(found, Ok(None)) { source.passed_over() } else { Vec::new() };
        Answer { place: source.place(), found, passed_over }
    };
    sources(&house, named).into_iter().map(ask).collect()
}

/// The deployment for whatever token may be found; for `status`, where none was.
///
/// # Errors
/// The one that was named cannot be used.
pub fn destination(request: &Request) -> Result<Option<Sited>> {
    deployment::of(&House::open(request), None)
}

/// Everything that more than one source looks at, read at most once.
struct House<'a> {
    request: &'a Request<'a>,
    mounts: Vec<mount::Mount>,
    slots: OnceCell<slots::Slots>,
    named: OnceCell<Option<Sited>>,
}

impl<'a> House<'a> {
    fn open(request: &'a Request<'a>) -> House<'a> {
        House { request, mounts: mount::mounts(request.env), slots: OnceCell::new(), named: OnceCell::new() }
    }

    /// The deployment that was asked for, before any source of tokens is.
    ///
    /// # Errors
    /// It cannot be used.
    fn named(&self) -> Result<Option<&Sited>> {
        if self.named.get().is_none() {
            let named = deployment::named(self.request, &self.mounts)?;
            return Ok(self.named.get_or_init(|| named).as_ref());
        }
        Ok(self.named.get().and_then(Option::as_ref))
    }

    fn env(&self) -> &'a Env {
        self.request.env
    }

    fn slots(&self) -> &slots::Slots {
        self.slots.get_or_init(|| slots::Slots::read(self.env()))
    }
}

/// The order of the sources. A new source is one line here.
fn sources<'a>(house: &'a House<'a>, named: Option<&'a Sited>) -> Vec<Box<dyn Source + 'a>> {
    let mut sources: Vec<Box<dyn Source>> = vec![Box::new(option::Named { request: house.request })];
    sources.push(Box::new(variable::Dedicated { env: house.env() }));
    sources.extend(house.mounts.iter().map(|mount| Box::new(mount) as Box<dyn Source>));
    sources.extend(variable::Step::ALL.map(|step| Box::new(variable::Shaped { house, step }) as Box<dyn Source>));
    sources.push(Box::new(file::CredentialsFile { env: house.env(), named }));
    sources
}

/// What a file holds, less the line end that editors and `echo` leave behind: nothing worth a remark.
fn without_line_end(mut bytes: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    bytes
}
