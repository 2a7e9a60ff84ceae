//! The keyring: the stored login for the deployment of the search. The last of all sources, since it is slow and may ask the user.

use std::path::PathBuf;

use crate::email::Email;
use crate::error::{Error, Reason, Remark, Result};
use crate::keyring::{self, Entry, Login};

use super::resolved::ResolvedDeployment;
use super::search::Search;
use super::source::{Found, Place, PlaceKind, Source, TokenScope};

/// How many days before the end of a token the warning begins.
const AHEAD: i32 = 14;

/// The logins that are kept.
pub(super) struct Keyring<'a> {
    pub(super) search: &'a Search<'a>,
}

impl Keyring<'_> {
    /// The login that is meant, where there is one.
    ///
    /// # Errors
    /// There are several, and nothing says which.
    fn login(&self) -> Result<Option<&Login>> {
        let logins = self.search.logins()?;
        let Some(resolved) = self.search.meant()? else { return unresolved(logins) };
        let here: Vec<&Login> = self.here(&resolved).collect();
        if let Some(wanted) = self.search.user()? {
            return Ok(here.into_iter().find(|login| login.email.is(&wanted)));
        }
        let configured =
            self.search.config()?.of(&resolved.deployment).and_then(|configured| configured.email.as_ref());
        let meant = here.iter().find(|login| Some(&login.email) == configured);
        match (meant, &here[..]) {
            (Some(login), _) => Ok(Some(login)),
            (None, []) => Ok(None),
            (None, [login]) => Ok(Some(login)),
            (None, [one, other, ..]) => self.user_of_clone(&resolved, &here).map(Some).ok_or_else(|| {
                ambiguous(
                    format!("{} and {} are both logged in at {}", one.email, other.email, resolved.deployment),
                    format!("choose with CODEOCEAN_EMAIL={}", one.email),
                )
            }),
        }
    }

    /// The login of the user in the address of the clone's remote.
    fn user_of_clone<'b>(&self, resolved: &ResolvedDeployment, here: &[&'b Login]) -> Option<&'b Login> {
        let clone = self.search.clone().ok()?.filter(|clone| clone.deployment == resolved.deployment)?;
        here.iter().copied().find(|login| clone.user.as_ref().is_some_and(|user| login.email.is(user)))
    }

    /// The logins at a deployment.
    fn here(&self, resolved: &ResolvedDeployment) -> impl Iterator<Item = &Login> {
        let logins = self.search.logins().unwrap_or_default();
        logins.iter().filter(move |login| login.deployment == resolved.deployment)
    }

    /// A remark on a login that exists but gives no token, with the reason.
    fn unused(&self) -> Option<Remark> {
        let (logins, resolved) = (self.search.logins().ok()?, self.search.meant().ok()??);
        let remark = |cause, what: String, hint: &str| Some(Remark::new(cause, what).hint(hint));
        match (self.login(), logins.first()) {
            (Ok(Some(login)), _) => remark(
                "login-gone",
                format!("the login of {} at {} is gone from {}", login.email, login.deployment, login.store),
                "log in again with co-cred login; the kernel's keyring does not outlive a reboot",
            ),
            (Ok(None), Some(_)) if self.here(&resolved).next().is_some() => remark(
                "other-user",
                format!("{} is not logged in at {}; other accounts are", self.search.wanted(), resolved.deployment),
                "co-cred list shows the logins; CODEOCEAN_EMAIL chooses one, and co-cred login adds one",
            ),
            (Ok(None), Some(other)) => remark(
                "other-deployment",
                format!(
                    "{} is logged in at {}, and {} was asked for",
                    other.email, other.deployment, resolved.deployment
                ),
                &format!("co-cred login --deployment {} adds a login there", resolved.deployment),
            ),
            _ => None,
        }
    }
}

/// No deployment is known: logins at several of them are ambiguous.
fn unresolved(logins: &[Login]) -> Result<Option<&Login>> {
    match logins {
        [one, rest @ ..] => match rest.iter().find(|login| login.deployment != one.deployment) {
            Some(other) => Err(ambiguous(
                format!(
                    "there are logins at {} and at {}, and nothing says which is meant",
                    one.deployment, other.deployment
                ),
                format!("choose with --deployment {}", one.deployment),
            )),
            None => Ok(None),
        },
        [] => Ok(None),
    }
}

impl Source for Keyring<'_> {
    fn token_scope(&self) -> TokenScope {
        TokenScope::Bound
    }

    fn named_by(&self) -> &'static [&'static str] {
        &[]
    }

    fn place(&self) -> Place {
        Place::new(PlaceKind::Keyring, "co-cred login")
    }

    fn files(&self) -> Vec<PathBuf> {
        keyring::files(self.search.env())
    }

    fn find(&self) -> Result<Option<Found>> {
        let Some(login) = self.login()? else { return Ok(None) };
        match keyring::read(self.search.env(), login)? {
            Some(entry) => Ok(Some(found(login, entry))),
            None => Ok(None),
        }
    }

    fn skipped(&self) -> Vec<Remark> {
        let odd = self.search.known_logins().map(|known| known.remarks.clone()).unwrap_or_default();
        self.unused().into_iter().chain(odd).collect()
    }

    fn at_a_glance(&self) -> Option<String> {
        Some(match self.login() {
            Ok(Some(login)) => format!("{} is logged in at {}, in {}", login.email, login.deployment, login.store),
            Ok(None) => self.skipped().first().map_or_else(|| "nothing".to_owned(), |remark| remark.what.clone()),
            Err(error) => error.what,
        })
    }
}

fn found(login: &Login, entry: Entry) -> Found {
    let place = Place::new(PlaceKind::Keyring, format!("{} in {}", login.email, login.store));
    Found {
        remarks: entry.days_left().and_then(|days| expiry(&login.email, days)).into_iter().collect(),
        token: entry.token,
        place,
        deployment: Some(login.deployment.clone()),
        email: Some(login.email.clone()),
        expires: entry.expires,
    }
}

fn expiry(email: &Email, days: i32) -> Option<Remark> {
    let when = match days {
        ..0 => "has expired, by the date given at login".to_owned(),
        0 => "expires today".to_owned(),
        1 => "expires tomorrow".to_owned(),
        days if days <= AHEAD => format!("expires in {days} days"),
        _ => return None,
    };
    let hint = "make a new one at Account → Access Tokens, and run co-cred login";
    Some(Remark::new("expiry", format!("{email}'s token {when}")).hint(hint))
}

fn ambiguous(what: String, hint: String) -> Error {
    Error::new(Reason::Ambiguous, what).hint(hint)
}
