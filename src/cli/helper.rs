//! What the helpers for Git and for images have in common: which deployment is asked about, who may have which token, and
//! what is kept of a login that somebody else found good.

use jiff::Timestamp;

use crate::credential::{Credential, Mode, Order, account, check_home, obtain, prove};
use crate::deployment::Deployment;
use crate::email::Email;
use crate::error::{Error, Kind, Reason, Result};
use crate::keyring::{self, Asking, Entry, Expiry};
use crate::locate::{self, Found, PlaceKind, Reach, Request};
use crate::token::Token;

use super::Call;
use super::tell::Tell;

/// A deployment that was asked about, and which tokens may go there.
pub(super) struct Target {
    pub(super) deployment: Deployment,
    reach: Reach,
}

impl Target {
    /// The deployment that is wanted, if it is known. It is settled before any token is looked for.
    pub(super) fn find(call: &Call, wanted: impl Fn(&Deployment) -> bool) -> Result<Option<Target>> {
        let known = locate::known(&call.order(Mode::Never)?.request, wanted)?;
        Ok(known.map(|(deployment, reach)| Target { deployment, reach }))
    }

    fn order<'a>(&'a self, call: &'a Call, user: Option<&'a str>) -> Result<Order<'a>> {
        let order = call.order(Mode::Auto)?;
        let deployment = Some(self.deployment.origin());
        Ok(Order { request: Request { deployment, reach: self.reach, user, ..order.request }, ..order })
    }

    /// The user and the token; none where there is no token, or where the user is another.
    pub(super) fn login(&self, call: &Call, user: Option<&str>) -> Result<Option<(String, Credential)>> {
        let order = self.order(call, user)?;
        // Whoever is given the token proves it at once: asking beforehand would only take time, unless it is asked for.
        let proof = if order.mode == Mode::Always { Mode::Always } else { Mode::Never };
        let credential = match obtain(&Order { mode: proof, ..order }) {
            Ok(credential) => credential,
            // Another user's, of whom nothing is known.
            Err(error) if error.kind() == Kind::NotFound && user.is_some() => return Ok(None),
            Err(error) => return Err(error),
        };
        if call.common.deployment.is_none() {
            check_home(call.env, credential.token(), &self.deployment, "the request")?;
        }
        let email = account(&order, &credential)?;
        match (email, user) {
            (Some(email), Some(user)) if !email.is(user) => Ok(None),
            (Some(email), _) => Ok(Some((email.as_str().to_owned(), credential))),
            // The deployment does not say whose token it is, and will say whether it is this user's.
            (None, Some(user)) => Ok(Some((user.to_owned(), credential))),
            (None, None) => Err(Error::new(Reason::NotFound, "the e-mail of the token's account is not known")
                .hint("set CODEOCEAN_EMAIL: Git and the image registry want it as user name")),
        }
    }

    /// The account's e-mail, as far as the environment or the configuration gives it.
    pub(super) fn email(&self, call: &Call) -> Result<Option<Email>> {
        locate::email(&self.order(call, None)?.request, &self.deployment)
    }

    /// Where a token is already, if it is anywhere.
    pub(super) fn holder(&self, call: &Call, user: Option<&str>, token: &Token) -> Result<Option<Found>> {
        let order = self.order(call, user)?;
        let holds = |found: &Found| found.token == *token;
        match locate::locate(&order.request) {
            Ok(located) if holds(&located.found) => return Ok(Some(located.found)),
            Err(error) if error.kind() == Kind::Unreadable => return Err(error),
            _ => {}
        }
        let answers = locate::survey(&order.request);
        Ok(answers.into_iter().filter_map(|answer| answer.found.ok().flatten()).find(holds))
    }

    /// Whether the deployment accepts a token; none where it cannot be asked, or nothing may be sent.
    pub(super) fn accepts(&self, call: &Call, token: &Token) -> Result<Option<bool>> {
        let order = Order { mode: Mode::Always, ..self.order(call, None)? };
        if call.common.offline {
            return Ok(None);
        }
        let sited = locate::destination(&order.request)?;
        Ok(match prove(&order, token, "", sited.as_ref()) {
            Ok(verdict) => verdict.map(|_| true),
            Err(error) if error.kind() == Kind::Rejected => Some(false),
            Err(_) => None,
        })
    }

    /// Keeps a login that Git or Docker found good, unless its token is here already: a token that a capsule was lent is not
    /// to be kept, and a login is not to lose its end. A login whose end is another one now is kept anew.
    pub(super) fn keep(
        &self,
        call: &Call,
        email: Email,
        token: Token,
        expires: Option<Expiry>,
        tell: &mut Tell,
    ) -> Result<()> {
        let end = expires.and_then(Expiry::end);
        let is_news = |found: &Found| end.is_some() && end != found.expires.and_then(Expiry::end);
        match self.holder(call, Some(email.as_str()), &token)? {
            Some(found) if found.place.kind != PlaceKind::Keyring || !is_news(&found) => return Ok(()),
            _ => {}
        }
        let entry = Entry { token, email, added: Timestamp::now(), expires };
        let store = keyring::choose(call.env, false, Asking::Nobody)?;
        let remarks = keyring::keep(call.env, &self.deployment, &entry, store, Asking::Nobody)?;
        tell.warn(&remarks);
        tell.done(&format!("{} is logged in at {}; the token is in {store}", entry.email, self.deployment));
        Ok(())
    }
}
