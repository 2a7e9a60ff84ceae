//! What a source is, and what it finds.

use std::path::PathBuf;

use serde::Serialize;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::error::{Remark, Result};
use crate::expiry::Expiry;
use crate::token::Token;

/// One way in which a token can reach co-cred.
pub trait Source {
    /// What it is and where it looks, for `doctor` and for the log.
    fn place(&self) -> Place;

    /// For which deployments it may answer.
    fn token_scope(&self) -> TokenScope;

    /// Looks. `Ok(None)`: not here, ask the next.
    ///
    /// # Errors
    /// The token is here but cannot be used, or two different ones are: no other source is asked.
    fn find(&self) -> Result<Option<Found>>;

    /// Every token that is here, even if another is used, two are different, or another place is broken.
    fn tokens(&self) -> Vec<Token> {
        self.find().ok().flatten().map(|found| found.token).into_iter().collect()
    }

    /// After `Ok(None)`: what is here but is not used, and why. A place that could not be read although no option names it has
    /// the cause `unreadable`: where no token turns up at all, it may have been there.
    fn skipped(&self) -> Vec<Remark> {
        Vec::new()
    }

    /// The variables that say where it looks, and hold no token themselves: a program that must not find the token is started
    /// without them.
    fn named_by(&self) -> &'static [&'static str];

    /// The files and folders that it reads, whether they exist or not.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// For a source that is slow or asks the user (a program that is run, a keyring): what can be said without asking it. Such
    /// a source is asked only in its turn.
    fn at_a_glance(&self) -> Option<String> {
        None
    }
}

/// For which deployments a source may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenScope {
    /// Its token says nothing of a deployment. It is for the deployment of the command, and for no other that Git or Docker
    /// asks about.
    Unbound,
    /// It says which deployment each of its tokens is for.
    Bound,
}

/// How a search came to its deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentBasis {
    /// It is named here, or will be with the token: every source is asked.
    Named,
    /// Only the configuration or a login names it: every source is asked, but sources that state a deployment come before
    /// variables that merely look like a token.
    Assumed,
    /// Git or Docker asks about another deployment than this command's: only sources that state the deployment of their
    /// tokens are asked.
    Requested,
}

impl DeploymentBasis {
    /// Whether a source may be asked.
    pub fn admits(self, scope: TokenScope) -> bool {
        match self {
            DeploymentBasis::Named | DeploymentBasis::Assumed => true,
            DeploymentBasis::Requested => scope == TokenScope::Bound,
        }
    }
}

/// A token, and where it came from.
#[derive(Debug)]
pub struct Found {
    /// The token.
    pub token: Token,
    /// Where it was found.
    pub place: Place,
    /// The deployment that it is bound to, where the source names one.
    pub deployment: Option<Deployment>,
    /// Its account, where the source names one.
    pub email: Option<Email>,
    /// When it expires, if the user or Git gave a date.
    pub expires: Option<Expiry>,
    /// Warnings about it.
    pub remarks: Vec<Remark>,
}

/// Where a token is, as people and the JSON of `status` see it.
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
    /// A file or variable that an option names.
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
    pub(super) fn new(kind: PlaceKind, place: impl Into<String>) -> Place {
        Place { kind, place: place.into() }
    }
}
