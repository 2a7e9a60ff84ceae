//! What the helpers for Git and for images have in common: which deployment is asked about, who may have which token, and
//! what is kept of a login that somebody else found good.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::credential::{Credential, Mode, Order, account, check_home, obtain};
use crate::deployment::Deployment;
use crate::email::Email;
use crate::error::{Error, Kind, Reason, Result};
use crate::keyring::{self, Asking, Entry};
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

    /// The place where a token is already, if it is anywhere.
    pub(super) fn holder(&self, call: &Call, user: Option<&str>, token: &Token) -> Result<Option<String>> {
        let order = self.order(call, user)?;
        let holds = |found: &Found| found.token == *token;
        match locate::locate(&order.request) {
            Ok(located) if holds(&located.found) => return Ok(Some(located.found.place.place)),
            Err(error) if error.kind() == Kind::Unreadable => return Err(error),
            _ => {}
        }
        let answers = locate::survey(&order.request);
        let found = answers.iter().filter_map(|answer| answer.found.as_ref().ok()?.as_ref()).find(|found| holds(found));
        Ok(found.filter(|found| found.place.kind != PlaceKind::Keyring).map(|found| found.place.place.clone()))
    }

    /// Keeps a login that somebody found good, unless its token is here already: what a capsule was lent is not to be kept,
    /// and what is kept is not to lose its date.
    pub(super) fn keep(
        &self,
        call: &Call,
        email: Email,
        token: Token,
        expires: Option<Date>,
        tell: &mut Tell,
    ) -> Result<()> {
        if self.holder(call, Some(email.as_str()), &token)?.is_some() {
            return Ok(());
        }
        let entry = Entry { token, email, added: Timestamp::now(), expires };
        let (store, remarks) = keyring::keep(call.env, &self.deployment, &entry, false, Asking::Nobody)?;
        tell.warn(&remarks);
        tell.done(&format!("{} is logged in at {}; the token is in {store}", entry.email, self.deployment));
        Ok(())
    }
}
