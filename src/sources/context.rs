//! Everything that more than one source looks at, read at most once.

use std::cell::OnceCell;

use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::keyring::{Known, Login, known as known_logins};
use crate::names::EMAIL;

use super::{ResolvedDeployment, SearchOptions, TokenScope, config, deployment, git_clone, mount, slots};

/// `CODEOCEAN_EMAIL`.
fn named_email(env: &Env) -> Result<Option<Email>> {
    let email = |value: &std::ffi::OsStr| value.to_str().and_then(Email::parse);
    let Some(value) = env.get(EMAIL) else { return Ok(None) };
    email(value).map(Some).ok_or_else(|| {
        Error::new(Reason::BadConfig, format!("{EMAIL} is no e-mail address")).hint("write it as ada@example.org")
    })
}

/// Everything that more than one source looks at, read at most once.
pub(super) struct SearchContext<'a> {
    pub(super) search: &'a SearchOptions<'a>,
    pub(super) mounts: Vec<mount::Mount>,
    slots: OnceCell<slots::Slots>,
    named: OnceCell<Option<ResolvedDeployment>>,
    resolved: OnceCell<Option<ResolvedDeployment>>,
    pub(super) clone: OnceCell<Option<git_clone::Chosen>>,
    config: OnceCell<config::Config>,
    logins: OnceCell<Known>,
}

impl<'a> SearchContext<'a> {
    pub(super) fn open(search: &'a SearchOptions<'a>) -> SearchContext<'a> {
        SearchContext {
            search,
            mounts: mount::mounts(search.env),
            slots: OnceCell::new(),
            named: OnceCell::new(),
            resolved: OnceCell::new(),
            clone: OnceCell::new(),
            config: OnceCell::new(),
            logins: OnceCell::new(),
        }
    }

    /// The deployment that was asked for, before any source of tokens is.
    ///
    /// # Errors
    /// It cannot be used.
    pub(super) fn named(&self) -> Result<Option<&ResolvedDeployment>> {
        once(&self.named, || deployment::named(self.search, &self.mounts)).map(Option::as_ref)
    }

    /// The deployment that is meant as long as no source has said otherwise.
    ///
    /// # Errors
    /// It cannot be used.
    pub(super) fn resolved(&self) -> Result<Option<&ResolvedDeployment>> {
        once(&self.resolved, || deployment::of(self, None)).map(Option::as_ref)
    }

    /// Whether nothing but the configuration or a login names the deployment.
    pub(super) fn is_assumed(&self) -> bool {
        let assumed = || self.resolved().ok().flatten().is_some_and(|resolved| resolved.assumed);
        self.search.token_scope == TokenScope::Assumed || assumed()
    }

    /// # Errors
    /// The configuration is there but cannot be used.
    pub(super) fn config(&self) -> Result<&config::Config> {
        once(&self.config, || config::Config::read(self.env()))
    }

    /// # Errors
    /// The list of logins is there but cannot be used.
    pub(super) fn logins(&self) -> Result<&[Login]> {
        self.known_logins().map(|known| known.logins.as_slice())
    }

    /// # Errors
    /// As [`SearchContext::logins`].
    pub(super) fn known_logins(&self) -> Result<&Known> {
        once(&self.logins, || known_logins(self.env()))
    }

    /// The user who was asked for.
    ///
    /// # Errors
    /// `CODEOCEAN_EMAIL` is no e-mail.
    pub(super) fn user(&self) -> Result<Option<String>> {
        match self.search.user {
            Some(user) => Ok(Some(user.to_owned())),
            None => Ok(self.named_email()?.map(String::from)),
        }
    }

    /// The same, in words. What Git was given as a user name may be anything, and is not shown.
    pub(super) fn wanted(&self) -> String {
        let email = self.named_email().ok().flatten().filter(|_| self.search.user.is_none());
        email.map_or_else(|| "the account that was asked for".to_owned(), String::from)
    }

    /// `CODEOCEAN_EMAIL`, where it speaks of this deployment.
    ///
    /// # Errors
    /// It is no e-mail.
    pub(super) fn named_email(&self) -> Result<Option<Email>> {
        match self.search.token_scope {
            TokenScope::Bound => Ok(None),
            TokenScope::Assumed | TokenScope::Anything => named_email(self.env()),
        }
    }

    pub(super) fn env(&self) -> &'a Env {
        self.search.env
    }

    pub(super) fn slots(&self) -> &slots::Slots {
        self.slots.get_or_init(|| slots::Slots::read(self.env()))
    }
}

/// The value of the cell, which is worked out the first time.
pub(super) fn once<T>(cell: &OnceCell<T>, work: impl FnOnce() -> Result<T>) -> Result<&T> {
    match cell.get() {
        Some(value) => Ok(value),
        None => work().map(|value| cell.get_or_init(|| value)),
    }
}
