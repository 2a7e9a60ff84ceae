//! One search: what was asked for, in which context. Which deployment that means is worked out in `deployment` and `git_clone`.

use std::cell::OnceCell;
use std::path::Path;
use std::time::Duration;

use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::keyring::{Login, LoginList};
use crate::names::EMAIL;

use super::context::SearchContext;
use super::resolved::{CloneDeployment, ResolvedDeployment};
use super::source::DeploymentBasis;
use super::{config, mount, slots};

/// How long a `token_command` may take, typing a password included, where no other time is given.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What was asked for on the command line, and the context in which it is looked for.
#[derive(Clone, Copy, Debug)]
pub struct SearchOptions<'a> {
    /// What sources read.
    pub context: &'a SearchContext<'a>,
    /// `--deployment`, as typed.
    pub deployment: Option<&'a str>,
    /// `--token-file`.
    pub token_file: Option<&'a Path>,
    /// `--token-env`, as typed.
    pub token_env: Option<&'a str>,
    /// The user whose token it must be, where sources know that.
    pub user: Option<&'a str>,
    /// How the deployment came to be the one of this search, which says which sources are asked.
    pub basis: DeploymentBasis,
    /// How long a `token_command` may take.
    pub timeout: Duration,
}

impl<'a> SearchOptions<'a> {
    /// Without any option.
    pub fn new(context: &'a SearchContext<'a>) -> SearchOptions<'a> {
        SearchOptions {
            context,
            deployment: None,
            token_file: None,
            token_env: None,
            user: None,
            basis: DeploymentBasis::Named,
            timeout: TIMEOUT,
        }
    }
}

/// A search, and what is worked out for it, once.
pub(super) struct Search<'a> {
    pub(super) context: &'a SearchContext<'a>,
    pub(super) options: &'a SearchOptions<'a>,
    pub(super) named: OnceCell<Option<ResolvedDeployment>>,
    pub(super) resolved: OnceCell<Option<ResolvedDeployment>>,
    pub(super) clone: OnceCell<Option<CloneDeployment>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(options: &'a SearchOptions<'a>) -> Search<'a> {
        Search {
            context: options.context,
            options,
            named: OnceCell::new(),
            resolved: OnceCell::new(),
            clone: OnceCell::new(),
        }
    }

    /// # Errors
    /// The configuration exists but cannot be used.
    pub(super) fn config(&self) -> Result<&'a config::Config> {
        self.context.config()
    }

    /// # Errors
    /// The list of logins exists but cannot be used.
    pub(super) fn logins(&self) -> Result<&'a [Login]> {
        self.known_logins().map(|known| known.logins.as_slice())
    }

    /// # Errors
    /// As [`Search::logins`].
    pub(super) fn known_logins(&self) -> Result<&'a LoginList> {
        self.context.logins()
    }

    /// The user who was asked for.
    ///
    /// # Errors
    /// `CODEOCEAN_EMAIL` is no e-mail.
    pub(super) fn user(&self) -> Result<Option<String>> {
        match self.options.user {
            Some(user) => Ok(Some(user.to_owned())),
            None => Ok(self.named_email()?.map(String::from)),
        }
    }

    /// The same, in words. What Git was given as a user name may be anything, and is not shown.
    pub(super) fn wanted(&self) -> String {
        let email = self.named_email().ok().flatten().filter(|_| self.options.user.is_none());
        email.map_or_else(|| "the account that was asked for".to_owned(), String::from)
    }

    /// `CODEOCEAN_EMAIL`, where it speaks of this deployment.
    ///
    /// # Errors
    /// It is no e-mail.
    pub(super) fn named_email(&self) -> Result<Option<Email>> {
        match self.options.basis {
            DeploymentBasis::Requested => Ok(None),
            DeploymentBasis::Assumed | DeploymentBasis::Named => named_email(self.env()),
        }
    }

    pub(super) fn env(&self) -> &'a Env {
        self.context.env
    }

    pub(super) fn slots(&self) -> &'a slots::Slots {
        self.context.slots()
    }

    pub(super) fn mounts(&self) -> &'a [mount::Mount] {
        self.context.mounts()
    }
}

/// `CODEOCEAN_EMAIL`.
fn named_email(env: &Env) -> Result<Option<Email>> {
    let email = |value: &std::ffi::OsStr| value.to_str().and_then(Email::parse);
    let Some(value) = env.get(EMAIL) else { return Ok(None) };
    email(value).map(Some).ok_or_else(|| {
        Error::new(Reason::BadConfig, format!("{EMAIL} is no e-mail address")).hint("write it as ada@example.org")
    })
}
