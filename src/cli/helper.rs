//! What the credential helpers for Git and for Docker share: the deployment of a request, the login for it, and storing a
//! login that Git or Docker used with success.

use jiff::Timestamp;

use crate::credential::{Credential, Mode, ObtainOptions, account, check_accepted, obtain, verify_token};
use crate::deployment::Deployment;
use crate::email::Email;
use crate::error::{Error, Kind, Reason, Result};
use crate::expiry::Expiry;
use crate::keyring::{self, Entry, UnlockPrompt};
use crate::sources::{self, DeploymentBasis, Found, PlaceKind, SearchOptions};
use crate::token::Token;

use super::Invocation;
use super::messages::Messages;

/// The deployment of a request, and the tokens that may be sent to it.
pub(super) struct Target {
    pub(super) deployment: Deployment,
    basis: DeploymentBasis,
}

impl Target {
    /// The known deployment that matches, if there is one. It is determined before any token is located.
    pub(super) fn find(invocation: &Invocation, wanted: impl Fn(&Deployment) -> bool) -> Result<Option<Target>> {
        let known = sources::known(&invocation.options(Mode::Never)?.search, wanted)?;
        Ok(known.map(|(deployment, basis)| Target { deployment, basis }))
    }

    fn options<'a>(&'a self, invocation: &'a Invocation, user: Option<&'a str>) -> Result<ObtainOptions<'a>> {
        let options = invocation.options(Mode::Auto)?;
        let deployment = Some(self.deployment.origin());
        Ok(ObtainOptions { search: SearchOptions { deployment, basis: self.basis, user, ..options.search }, ..options })
    }

    /// The user and the token; none if there is no token, or it belongs to another user.
    pub(super) fn login(&self, invocation: &Invocation, user: Option<&str>) -> Result<Option<(String, Credential)>> {
        let options = self.options(invocation, user)?;
        // Git and Docker use the token at once, which verifies it: a call before that would only take time.
        let proof = if options.mode == Mode::Always { Mode::Always } else { Mode::Never };
        let credential = match obtain(&ObtainOptions { mode: proof, ..options }) {
            Ok(credential) => credential,
            // Git names a user for whom no token is known.
            Err(error) if error.kind() == Kind::NotFound && user.is_some() => return Ok(None),
            Err(error) => return Err(error),
        };
        if invocation.common.deployment.is_none() {
            check_accepted(invocation.env, credential.token(), &self.deployment, "the request")?;
        }
        let email = account(&options, &credential)?;
        match (email, user) {
            (Some(email), Some(user)) if !email.is(user) => Ok(None),
            (Some(email), _) => Ok(Some((email.as_str().to_owned(), credential))),
            // The owner is not known here; the deployment checks the user when it gets both.
            (None, Some(user)) => Ok(Some((user.to_owned(), credential))),
            (None, None) => Err(Error::new(Reason::NotFound, "the e-mail of the token's account is not known")
                .hint("set CODEOCEAN_EMAIL: Git and the image registry need it as user name")),
        }
    }

    /// The account's e-mail, if the environment or the configuration names it.
    pub(super) fn email(&self, invocation: &Invocation) -> Result<Option<Email>> {
        sources::email(&self.options(invocation, None)?.search, &self.deployment)
    }

    /// The source that holds this token, if one does.
    pub(super) fn holder(&self, invocation: &Invocation, user: Option<&str>, token: &Token) -> Result<Option<Found>> {
        let options = self.options(invocation, user)?;
        let holds = |found: &Found| found.token == *token;
        match sources::locate(&options.search) {
            Ok(located) if holds(&located.found) => return Ok(Some(located.found)),
            Err(error) if error.kind() == Kind::Unreadable => return Err(error),
            _ => {}
        }
        let answers = sources::survey(&options.search);
        Ok(answers.into_iter().filter_map(|answer| answer.found.ok().flatten()).find(holds))
    }

    /// Whether the deployment accepts a token; none if it cannot be asked, or nothing may be sent.
    pub(super) fn accepts(&self, invocation: &Invocation, token: &Token) -> Result<Option<bool>> {
        let options = ObtainOptions { mode: Mode::Always, ..self.options(invocation, None)? };
        if invocation.common.offline {
            return Ok(None);
        }
        let resolved = sources::destination(&options.search)?;
        Ok(match verify_token(&options, token, "", resolved.as_ref()) {
            Ok(verdict) => verdict.map(|_| true),
            Err(error) if error.kind() == Kind::Rejected => Some(false),
            Err(_) => None,
        })
    }

    /// Stores a login that Git or Docker used with success, unless a source holds its token already: a capsule's token must
    /// not be copied into a keyring, and a stored login must not lose its expiry. A login whose expiry has changed is stored
    /// again.
    pub(super) fn keep(
        &self,
        invocation: &Invocation,
        email: Email,
        token: Token,
        expires: Option<Expiry>,
        messages: &mut Messages,
    ) -> Result<()> {
        let end = expires.and_then(Expiry::end);
        let has_new_expiry = |found: &Found| end.is_some() && end != found.expires.and_then(Expiry::end);
        match self.holder(invocation, Some(email.as_str()), &token)? {
            Some(found) if found.place.kind != PlaceKind::Keyring || !has_new_expiry(&found) => return Ok(()),
            _ => {}
        }
        let entry = Entry { token, email, added: Timestamp::now(), expires };
        let store = keyring::choose_store(invocation.env, false, UnlockPrompt::Never)?;
        let remarks = keyring::save(invocation.env, &self.deployment, &entry, store, UnlockPrompt::Never)?;
        messages.warn(&remarks);
        messages.done(&format!("{} is logged in at {}; the token is in {store}", entry.email, self.deployment));
        Ok(())
    }
}
