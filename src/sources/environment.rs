//! Environment variables: the dedicated names, and any other variable whose value has a token's shape.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::email::Email;
use crate::env::Env;
use crate::error::{Remark, Result};
use crate::names::{GENERIC_TOKENS, GIT_TOKEN, TOKENS, is_generic, is_git_token, stem};
use crate::token::{self, Token};

use super::candidates::{Candidate, choose, tokens};
use super::search::Search;
use super::slots;
use super::source::{Found, Place, PlaceKind, Source, TokenScope};

/// The variables of [`TOKENS`].
pub(super) struct Dedicated<'a> {
    pub(super) search: &'a Search<'a>,
}

impl<'a> Dedicated<'a> {
    fn candidates(&self) -> impl Iterator<Item = Candidate<'a>> {
        let env = self.search.env();
        TOKENS.iter().filter_map(move |name| Some(candidate(name, env.get(name)?)))
    }
}

impl Source for Dedicated<'_> {
    fn token_scope(&self) -> TokenScope {
        TokenScope::Unbound
    }

    fn named_by(&self) -> &'static [&'static str] {
        &[]
    }

    fn place(&self) -> Place {
        Place::new(PlaceKind::Environment, TOKENS.join(", "))
    }

    fn find(&self) -> Result<Option<Found>> {
        choose(self.candidates())
    }

    fn tokens(&self) -> Vec<Token> {
        tokens(self.candidates())
    }

    fn skipped(&self) -> Vec<Remark> {
        TOKENS.iter().filter(|name| self.search.env().has(name)).map(|name| empty(name)).collect()
    }
}

/// The order in which other variables are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Declared by a slot whose description speaks of Code Ocean.
    Described,
    /// Declared by any other slot.
    Declared,
    /// [`GENERIC_TOKENS`].
    Generic,
    /// Everything else.
    Other,
}

impl Step {
    pub(super) const ALL: [Step; 4] = [Step::Described, Step::Declared, Step::Generic, Step::Other];
}

/// Variables of one step whose value has a token's shape.
pub(super) struct Shaped<'a> {
    pub(super) search: &'a Search<'a>,
    pub(super) step: Step,
}

impl Shaped<'_> {
    /// The step of a variable.
    fn step_of(&self, name: &str) -> Step {
        match self.search.slots().get(name) {
            Some(slot) if slot.speaks_of_code_ocean() => Step::Described,
            Some(_) => Step::Declared,
            None if is_generic(name) => Step::Generic,
            None => Step::Other,
        }
    }

    /// A warning for each variable of a later step that holds another token.
    fn outranked(&self, found: &Found) -> Vec<Remark> {
        let other =
            |value: &OsStr| Token::parse(value.as_encoded_bytes()).is_ok_and(|parsed| parsed.token != found.token);
        let others = shaped(self.search.env()).filter(|(name, value)| self.step_of(name) > self.step && other(value));
        others.map(|(name, _)| shadowed(name, &found.place.place)).collect()
    }

    fn names(&self) -> Vec<(&str, &OsStr)> {
        let mut names: Vec<_> = shaped(self.search.env()).filter(|(name, _)| self.step_of(name) == self.step).collect();
        // In the order of the table, so that the likelier of two places with the same token is named.
        let rank = |name: &str| {
            GENERIC_TOKENS.iter().position(|generic| stem(name) == *generic).unwrap_or(GENERIC_TOKENS.len())
        };
        names.sort_by_key(|(name, _)| rank(name));
        names
    }
}

impl Source for Shaped<'_> {
    fn token_scope(&self) -> TokenScope {
        TokenScope::Unbound
    }

    fn named_by(&self) -> &'static [&'static str] {
        &[]
    }

    fn files(&self) -> Vec<PathBuf> {
        slots::paths(self.search.env())
    }

    fn place(&self) -> Place {
        let place = match self.step {
            Step::Described => "variables of slots that speak of Code Ocean",
            Step::Declared => "variables of other slots",
            Step::Generic => "API_SECRET, API_KEY, CUSTOM_KEY and the like",
            Step::Other => "any other variable",
        };
        Place::new(PlaceKind::Environment, place)
    }

    fn find(&self) -> Result<Option<Found>> {
        let found = choose(self.names().into_iter().map(|(name, value)| candidate(name, value)))?;
        Ok(found.map(|mut found| {
            found.remarks.splice(0..0, self.search.slots().remarks().iter().cloned());
            found.remarks.extend(self.outranked(&found));
            found
        }))
    }

    fn skipped(&self) -> Vec<Remark> {
        let env = self.search.env();
        let here = |name: &str| self.step_of(name) == self.step && !is_git_token(name);
        let all = env.iter().filter_map(|(name, value)| Some((name.to_str()?, value)));
        let (blank, others): (Vec<_>, Vec<_>) =
            all.filter(|(name, _)| here(name)).partition(|(name, value)| candidate(name, value).is_empty());
        let blank = blank.into_iter().filter(|_| self.step != Step::Other).map(|(name, _)| empty(name));
        blank.chain(others.into_iter().filter_map(|(name, value)| begun(name, value, self.step))).collect()
    }
}

/// `GIT_ACCESS_TOKEN` of the one form that only exported pipelines have: `e-mail:cop_...`, the e-mail as it is or
/// percent-encoded. Any other value is the Git provider's token.
pub(super) struct Exported<'a> {
    pub(super) search: &'a Search<'a>,
}

impl Source for Exported<'_> {
    fn token_scope(&self) -> TokenScope {
        TokenScope::Unbound
    }

    fn named_by(&self) -> &'static [&'static str] {
        &[]
    }

    fn place(&self) -> Place {
        Place::new(PlaceKind::Environment, format!("{GIT_TOKEN} of an exported pipeline"))
    }

    fn find(&self) -> Result<Option<Found>> {
        let Some((user, token)) = self.search.env().text(GIT_TOKEN).and_then(|value| value.trim().rsplit_once(':'))
        else {
            return Ok(None);
        };
        let user = percent_encoding::percent_decode_str(user).decode_utf8().ok();
        let email = user.and_then(|user| Email::parse(&user)).filter(|_| token::is_token_like(token.as_bytes()));
        let Some(email) = email else { return Ok(None) };
        let candidate = Candidate { place: Place::new(PlaceKind::Environment, GIT_TOKEN), raw: token.as_bytes() };
        Ok(choose([candidate])?.map(|found| Found { email: Some(email), ..found }))
    }
}

/// A variable that should hold the token and is empty.
fn empty(name: &str) -> Remark {
    Remark::new("empty", format!("{name} is set, but empty"))
        .hint("in a capsule, attach a secret to the slot of that name; a workstation sees it after a relaunch")
}

/// A value that begins with `cop_` but is no token. A file's name may begin so too: where more follows, it counts only if the name
/// of the variable, or the beginning, makes a token likely.
fn begun(name: &str, value: &OsStr, step: Step) -> Option<Remark> {
    let value = value.as_encoded_bytes();
    let (prefix, rest) = value.split_at_checked(4)?;
    if !prefix.eq_ignore_ascii_case(b"cop_") || token::is_token_like(value) {
        return None;
    }
    let is_short = rest.iter().filter(|byte| byte.is_ascii_alphanumeric()).count() < token::SHORTEST - prefix.len();
    let (goes_on, hint) = match is_short {
        true => ("goes on with fewer than eight letters and digits", "store the whole token; if this is one"),
        false if step == Step::Other && token::token_at(value, 0).is_none() => return None,
        false => ("holds more than a token", "store the token alone; if all of this is one"),
    };
    let remark = Remark::new("shape", format!("{name} begins as an access token does, but {goes_on}"));
    Some(remark.hint(format!("{hint}, name it with --token-env {name}")))
}

/// The warning about a place whose token is not used because another place comes first.
pub fn shadowed(place: &str, chosen: &str) -> Remark {
    Remark::new("shadowed", format!("{place} holds another token, which is not used: {chosen} comes first"))
        .hint("remove the one that is not meant, or name the one that is with --token-env or --token-file")
}

/// Variables whose value has a token's shape, without those of a step of their own.
fn shaped(env: &Env) -> impl Iterator<Item = (&str, &OsStr)> {
    env.iter()
        .filter(|(_, value)| token::is_token_like(value.as_encoded_bytes()))
        .filter_map(|(name, value)| Some((name.to_str()?, value)))
        .filter(|(name, _)| !is_git_token(name) && !TOKENS.contains(name) && !name.starts_with("CO_CRED_"))
}

fn candidate<'a>(name: &str, value: &'a OsStr) -> Candidate<'a> {
    Candidate { place: Place::new(PlaceKind::Environment, name), raw: value.as_encoded_bytes() }
}
