//! Locate: ask each source in turn for the token, and find the deployment it belongs to.
//!
//! A source has three answers: *found*, *not here* (ask the next), and *here but broken* (stop: another identity must
//! never replace a broken one in silence). `sources` is the one list that says in which order they are asked.

mod agent;
mod candidates;
mod config;
mod context;
mod credentials_file;
pub mod deployment;
mod environment;
mod git_clone;
mod git_remote;
mod keyring;
mod mount;
mod not_found;
mod option;
pub mod slots;
mod token_command;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Remark, Result};
use crate::expiry::Expiry;
use crate::token::{Token, is_token_like};

use context::{SearchContext, once};

pub use deployment::ResolvedDeployment;
pub use environment::shadowed;

/// What was asked for on the command line, and where to look.
#[derive(Clone, Copy, Debug)]
pub struct SearchOptions<'a> {
    /// The environment.
    pub env: &'a Env,
    /// `--deployment`, as typed.
    pub deployment: Option<&'a str>,
    /// `--token-file`.
    pub token_file: Option<&'a Path>,
    /// `--token-env`, as typed.
    pub token_env: Option<&'a str>,
    /// The user whose token it must be, where sources know that.
    pub user: Option<&'a str>,
    /// Which sources are asked.
    pub token_scope: TokenScope,
    /// The folder in which the command was started, where the process is in another by now.
    pub folder: Option<&'a Path>,
    /// How long a `token_command` may take.
    pub timeout: Duration,
}

/// How far a search goes for a deployment that somebody else asked about: Git, Docker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenScope {
    /// To every source: whatever named the deployment may have brought the token, too.
    Anything,
    /// To every source, but to tokens that are bound to the deployment before variables that merely look like one: nothing
    /// here names the deployment, which is only the configuration's, or that of the only login.
    Assumed,
    /// To tokens that their source binds to the deployment: another one is in question here.
    Bound,
}

impl<'a> SearchOptions<'a> {
    /// Nothing was asked for.
    pub fn of(env: &'a Env) -> SearchOptions<'a> {
        SearchOptions {
            env,
            deployment: None,
            token_file: None,
            token_env: None,
            user: None,
            token_scope: TokenScope::Anything,
            folder: None,
            timeout: token_command::TIMEOUT,
        }
    }
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
    /// Whose it is, where the source says.
    pub email: Option<Email>,
    /// When it ends, where the user or Git said so.
    pub expires: Option<Expiry>,
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
    /// A running agent.
    Agent,
    /// An environment variable.
    Environment,
    /// A mounted secret.
    Mount,
    /// The credentials file.
    File,
    /// A command of the configuration.
    Command,
    /// The keyring.
    Keyring,
}

impl PlaceKind {
    /// The word for it, in the JSON and for people.
    pub fn word(self) -> &'static str {
        match self {
            PlaceKind::Option => "option",
            PlaceKind::Agent => "agent",
            PlaceKind::Environment => "environment",
            PlaceKind::Mount => "mount",
            PlaceKind::File => "file",
            PlaceKind::Command => "command",
            PlaceKind::Keyring => "keyring",
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

    /// Every token that is here, be it that another is used, that two are different, or that another place is broken.
    fn tokens(&self) -> Vec<Token> {
        self.find().ok().flatten().map(|found| found.token).into_iter().collect()
    }

    /// After `Ok(None)`: what is here all the same, and why it is not used. What could not be read although nobody asked
    /// for it by name has the cause `unreadable`: where no token turns up at all, it may have been there.
    fn skipped(&self) -> Vec<Remark> {
        Vec::new()
    }

    /// The variables that say where it looks, and hold no token themselves: a program that is not to find the token is not
    /// given them.
    fn named_by(&self) -> &'static [&'static str];

    /// The files and folders that it reads, whether they are there or not.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// What can be said of a source that costs something to ask (a program that is run, a keyring): one that has this is
    /// looked into only in its turn, never to complete a picture.
    fn at_a_glance(&self) -> Option<String> {
        None
    }
}

impl<S: Source> Source for &S {
    fn place(&self) -> Place {
        (**self).place()
    }

    fn find(&self) -> Result<Option<Found>> {
        (**self).find()
    }

    fn tokens(&self) -> Vec<Token> {
        (**self).tokens()
    }

    fn skipped(&self) -> Vec<Remark> {
        (**self).skipped()
    }

    fn named_by(&self) -> &'static [&'static str] {
        (**self).named_by()
    }

    fn files(&self) -> Vec<PathBuf> {
        (**self).files()
    }

    fn at_a_glance(&self) -> Option<String> {
        (**self).at_a_glance()
    }
}

/// What [`locate`] found.
#[derive(Debug)]
pub struct Located {
    /// The token and its place.
    pub found: Found,
    /// The deployment, where one is known, and what named it.
    pub deployment: Option<ResolvedDeployment>,
}

/// Finds the token and its deployment. Sources after the first that answers are not asked.
///
/// # Errors
/// Not found (with the reason, where one can be seen), unreadable, ambiguous, or a deployment that cannot be used.
pub fn locate(search: &SearchOptions) -> Result<Located> {
    let context = SearchContext::open(search);
    let mut skipped = Vec::new();
    let named = context.named()?;
    for source in sources(&context, named) {
        let place = source.place();
        match source.find()? {
            Some(mut found) => {
                tracing::info!(kind = ?place.kind, place = found.place.place, "token located");
                let deployment =
                    deployment::of(&context, found.deployment.as_ref().map(|bound| (bound, &found.place)))?;
                found.remarks.extend(deployment.iter().filter_map(|resolved| resolved.remark.clone()));
                // The agent was named, and another source answers in its place.
                found.remarks.extend(skipped.into_iter().filter(|remark: &Remark| remark.cause == agent::EMPTY));
                return Ok(Located { found, deployment });
            }
            None => {
                tracing::info!(kind = ?place.kind, place = place.place, "not here");
                skipped.extend(source.skipped());
            }
        }
    }
    Err(not_found::explain(&context, &skipped))
}

/// What one source has to say.
#[derive(Debug)]
pub struct Answer {
    /// Where it looked.
    pub place: Place,
    /// What it found.
    pub found: Result<Option<Found>>,
    /// Where it found nothing: what is here all the same.
    pub skipped: Vec<Remark>,
    /// Where it was not asked: what can be said without.
    pub glance: Option<String>,
}

/// Asks every source that costs nothing, whatever the others say; for `status` and `doctor`. A deployment that cannot be
/// used counts as none.
pub fn survey(search: &SearchOptions) -> Vec<Answer> {
    let context = SearchContext::open(search);
    let named = context.named().ok().flatten();
    let ask = |source: Box<dyn Source>| {
        let (place, glance) = (source.place(), source.at_a_glance());
        if glance.is_some() {
            return Answer { place, found: Ok(None), skipped: Vec::new(), glance };
        }
        let found = source.find();
        let skipped = if matches!(found, Ok(None)) { source.skipped() } else { Vec::new() };
        Answer { place, found, skipped, glance }
    };
    sources(&context, named).map(ask).collect()
}

/// The files and folders that the sources read: a change of one may mean another token.
pub fn files(search: &SearchOptions) -> Vec<PathBuf> {
    let context = SearchContext::open(search);
    let named = context.named().ok().flatten();
    sources(&context, named).flat_map(|source| source.files()).collect()
}

/// The variables that say where sources look.
pub fn named_by(search: &SearchOptions) -> Vec<&'static str> {
    let context = SearchContext::open(search);
    sources(&context, None).flat_map(|source| source.named_by()).copied().collect()
}

/// Every token that can be seen here at no cost, whichever is used: none of them is to be printed.
pub fn tokens(search: &SearchOptions) -> Vec<Token> {
    let context = SearchContext::open(search);
    let named = context.named().ok().flatten();
    let found =
        sources(&context, named).filter(|source| source.at_a_glance().is_none()).flat_map(|source| source.tokens());
    let variables = search.env.iter().filter(|(_, value)| is_token_like(value.as_encoded_bytes()));
    let parsed = variables.filter_map(|(_, value)| Some(Token::parse(value.as_encoded_bytes()).ok()?.token));
    found.chain(parsed).collect()
}

/// The deployment for whatever token may be found; for `status`, where none was.
///
/// # Errors
/// The one that was named cannot be used.
pub fn destination(search: &SearchOptions) -> Result<Option<ResolvedDeployment>> {
    deployment::of(&SearchContext::open(search), None)
}

/// The e-mail that the environment or the configuration gives for the account at a deployment. The environment's is for
/// the deployment in question, and for no other.
///
/// # Errors
/// It is no e-mail, or the configuration cannot be used.
pub fn email(search: &SearchOptions, deployment: &Deployment) -> Result<Option<Email>> {
    let context = SearchContext::open(search);
    match context.named_email()? {
        Some(email) => Ok(Some(email)),
        None => Ok(context.config()?.of(deployment).and_then(|configured| configured.email.clone())),
    }
}

/// The first deployment known here that is wanted, and which tokens may go there. The one in question comes first; a token
/// that is merely here is for that one, and for no other.
///
/// # Errors
/// What names a deployment cannot be read, or names none.
pub fn known(search: &SearchOptions, wanted: impl Fn(&Deployment) -> bool) -> Result<Option<(Deployment, TokenScope)>> {
    let context = SearchContext::open(search);
    if let Some(resolved) = context.resolved()?.filter(|resolved| wanted(&resolved.deployment)) {
        let token_scope = if resolved.assumed { TokenScope::Assumed } else { TokenScope::Anything };
        return Ok(Some((resolved.deployment.clone(), token_scope)));
    }
    Ok(deployment::bound(&context)?.into_iter().find(wanted).map(|deployment| (deployment, TokenScope::Bound)))
}

/// Every deployment that is known here, the one in question first.
///
/// # Errors
/// As [`known`].
pub fn deployments(search: &SearchOptions) -> Result<Vec<Deployment>> {
    let context = SearchContext::open(search);
    let mut all: Vec<Deployment> =
        context.resolved()?.map(|resolved| resolved.deployment.clone()).into_iter().collect();
    for deployment in deployment::bound(&context)? {
        if !all.contains(&deployment) {
            all.push(deployment);
        }
    }
    Ok(all)
}

/// The order of the sources: those whose token is meant for us, then the others. What that order turns on is read only
/// where none of the first has one.
fn sources<'a>(
    context: &'a SearchContext<'a>,
    named: Option<&'a ResolvedDeployment>,
) -> impl Iterator<Item = Box<dyn Source + 'a>> {
    let bound = context.search.token_scope == TokenScope::Bound;
    let mut first: Vec<Box<dyn Source>> = Vec::new();
    if !bound {
        first.push(Box::new(option::Named { search: context.search }));
    }
    first.push(Box::new(agent::Agent::new(context, named, bound)));
    if !bound {
        first.push(Box::new(environment::Dedicated { env: context.env() }));
        first.extend(context.mounts.iter().map(|mount| Box::new(mount) as Box<dyn Source>));
    }
    first.into_iter().chain(std::iter::once_with(move || others(context, named)).flatten())
}

/// A new source is one line here, or above.
fn others<'a>(context: &'a SearchContext<'a>, named: Option<&'a ResolvedDeployment>) -> Vec<Box<dyn Source + 'a>> {
    let bound = context.search.token_scope == TokenScope::Bound;
    let mut likely: Vec<Box<dyn Source>> = Vec::new();
    if !bound {
        likely.extend(
            environment::Step::ALL.map(|step| Box::new(environment::Shaped { context, step }) as Box<dyn Source>),
        );
        likely.push(Box::new(environment::Exported { env: context.env() }));
    }
    likely.push(Box::new(credentials_file::CredentialsFile { env: context.env(), named, bound }));
    let kept: Vec<Box<dyn Source>> =
        vec![Box::new(token_command::TokenCommand { context }), Box::new(keyring::Keyring { context })];
    match context.is_assumed() {
        true => kept.into_iter().chain(likely).collect(),
        false => likely.into_iter().chain(kept).collect(),
    }
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
