//! Obtain: locate, then verify. There is no other way to a [`Credential`].

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Kind, Reason, Remark, Result};
use crate::expiry::Expiry;
use crate::names::DOMAINS;
use crate::sources::{self, Found, Located, Place, ResolvedDeployment, SearchContext, SearchOptions};
use crate::token::Token;
use crate::verify::{self, Grant, RetryBudget, Scope, Verdict, VerifyRequest};

/// When the deployment is asked about a token before it is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Ask the deployment, and fail without a good answer.
    Always,
    /// Ask unless a good answer was given within five minutes; only a rejection fails.
    Auto,
    /// Send nothing.
    Never,
}

/// What to obtain, and how.
#[derive(Clone, Copy, Debug)]
pub struct ObtainOptions<'a> {
    /// Where to look.
    pub search: SearchOptions<'a>,
    /// When the deployment is asked.
    pub mode: Mode,
    /// How long to wait.
    pub budget: RetryBudget,
    /// Scopes that must be known in the end.
    pub needs: &'a [Scope],
    /// Whether the owner should be known in the end.
    pub owner: bool,
}

impl<'a> ObtainOptions<'a> {
    /// The same, for another context.
    pub fn with_context<'b>(&self, context: &'b SearchContext<'b>) -> ObtainOptions<'b>
    where
        'a: 'b,
    {
        ObtainOptions { search: SearchOptions { context, ..self.search }, ..*self }
    }

    fn request<'b>(&'b self, token: &'b Token, place: &'b str, deployment: &'b Deployment) -> VerifyRequest<'b> {
        let ObtainOptions { search, budget, needs, owner, .. } = *self;
        VerifyRequest { token, place, deployment, env: search.context.env, budget, needs, owner }
    }
}

/// A token that may be delivered, and all that is known about it.
#[derive(Debug)]
pub struct Credential {
    token: Token,
    deployment: Option<ResolvedDeployment>,
    place: Place,
    email: Option<Email>,
    owner: Option<Email>,
    expires: Option<Expiry>,
    proven: bool,
    remarks: Vec<Remark>,
}

impl Credential {
    /// The token.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// The deployment that it is for, where one is known, and what named it.
    pub fn deployment(&self) -> Option<&ResolvedDeployment> {
        self.deployment.as_ref()
    }

    /// Where it was found.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Its account, where the source names one.
    pub fn email(&self) -> Option<&Email> {
        self.email.as_ref()
    }

    /// When it expires, if the user or Git gave a date.
    pub fn expires(&self) -> Option<Expiry> {
        self.expires
    }

    /// Whether the deployment has accepted it.
    pub fn is_proven(&self) -> bool {
        self.proven
    }

    /// Warnings, none of which stops the command.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }
}

impl Credential {
    /// The same token, found again: its place, its account and its end may have changed.
    pub fn found_again(&self, located: Located) -> Credential {
        let Located { found: Found { token, place, email, expires, remarks, .. }, deployment } = located;
        debug_assert!(token == self.token);
        Credential { token, deployment, place, email, owner: self.owner.clone(), expires, proven: self.proven, remarks }
    }
}

/// Locates and verifies.
///
/// # Errors
/// What [`sources::locate`] fails with; a rejection; and, with [`Mode::Always`], what kept the deployment from answering.
pub fn obtain(options: &ObtainOptions) -> Result<Credential> {
    verify_located(options, sources::locate(&options.search)?)
}

/// Verifies what was located.
///
/// # Errors
/// As [`obtain`], of verifying.
pub fn verify_located(options: &ObtainOptions, located: Located) -> Result<Credential> {
    let Located { mut found, deployment } = located;
    let mut remarks = std::mem::take(&mut found.remarks);
    let (mut proven, mut owner) = (false, None);
    match verify_token(options, &found.token, &found.place.place, deployment.as_ref()) {
        Ok(verdict) => {
            proven = verdict.is_some();
            let cache_failure = verdict.as_ref().and_then(|verdict| verdict.cache_failure.clone());
            remarks.extend(cache_failure.filter(|_| options.mode == Mode::Auto));
            owner = verdict.as_ref().and_then(|verdict| verdict.owner.clone());
            remarks.extend(verdict.and_then(|verdict| verdict.require(&[]).err()).as_ref().map(Remark::from));
        }
        Err(error) if options.mode == Mode::Auto && may_be_good(&error) => remarks.push(unverified(&error)),
        Err(error) => return Err(error),
    }
    let Found { token, place, email, expires, .. } = found;
    Ok(Credential { token, deployment, place, email, owner, expires, proven, remarks })
}

/// The account's e-mail, from the first of these that has one: the source of the token, `CODEOCEAN_EMAIL`, the configuration,
/// the cached owner, and the deployment unless nothing may be sent. The deployment names an account only by the items that it
/// owns: none where it owns none.
///
/// # Errors
/// An e-mail that was given is none, the token is rejected, or the deployment cannot be asked.
pub fn account(options: &ObtainOptions, credential: &Credential) -> Result<Option<Email>> {
    let Some(ResolvedDeployment { deployment, .. }) = &credential.deployment else {
        return Ok(credential.email.clone());
    };
    if let Some(email) = &credential.email {
        return Ok(Some(email.clone()));
    }
    if let Some(email) = sources::email(&options.search, deployment)? {
        return Ok(Some(email));
    }
    if let Some(owner) = &credential.owner {
        return Ok(Some(owner.clone()));
    }
    let options = ObtainOptions { owner: true, ..*options };
    let request = options.request(&credential.token, &credential.place.place, deployment);
    match (verify::cached_owner(&request), options.mode) {
        (None, Mode::Always | Mode::Auto) => Ok(verify::verify(&request)?.owner),
        (owner, _) => Ok(owner),
    }
}

/// The deployment's verdict on a token that was found at a place, or just typed; none where nothing may be sent.
///
/// # Errors
/// The token is rejected, was accepted by another deployment, the deployment cannot be asked, or none is known.
pub fn verify_token(
    options: &ObtainOptions,
    token: &Token,
    place: &str,
    deployment: Option<&ResolvedDeployment>,
) -> Result<Option<Verdict>> {
    // Also where the deployment is not asked: the program that gets the token sends it to the deployment that it is given.
    if let Some(resolved) = deployment.filter(|resolved| !resolved.is_explicit()) {
        check_accepted(options.search.context.env, token, &resolved.deployment, &resolved.place)?;
    }
    if options.mode == Mode::Never {
        return Ok(None);
    }
    let resolved = deployment.ok_or_else(|| no_deployment(options.search.context.env))?;
    let deployment = &resolved.deployment;
    let request = options.request(token, place, deployment);
    let remembered = match options.mode {
        Mode::Auto => verify::cached_verdict(&request).filter(|verdict| suffices(verdict, options.needs)),
        _ => None,
    };
    match remembered {
        Some(verdict) => Ok(Some(verdict)),
        None => verify::verify(&request).map(Some),
    }
}

/// A token that one deployment has accepted is not sent to another: the other one may be named by a file that another program
/// wrote, or by an old variable.
///
/// # Errors
/// It was accepted elsewhere.
pub fn check_accepted(env: &Env, token: &Token, deployment: &Deployment, place: &str) -> Result<()> {
    match verify::accepted_elsewhere(env, token, deployment) {
        None => Ok(()),
        Some(home) => Err(Error::new(
            Reason::OtherDeployment,
            format!("the token was accepted by {home}, and {place} names {deployment}: it is not sent there"),
        )
        .hint(format!(
            "correct {place} to {home}; only if the token belongs to both, say so once: co-cred check --deployment {deployment}"
        ))),
    }
}

fn suffices(verdict: &Verdict, needs: &[Scope]) -> bool {
    needs.iter().all(|scope| verdict.grant(*scope) != Grant::Unknown)
}

/// Whether the error says nothing about the token: the deployment did not answer, or is not known.
pub fn may_be_good(error: &Error) -> bool {
    error.kind() == Kind::Unreachable || error.reason == Reason::NoDeployment
}

fn unverified(error: &Error) -> Remark {
    let mut remark = Remark::from(error);
    remark.what = format!("the token is passed on unverified: {}", error.what);
    remark
}

fn no_deployment(env: &Env) -> Error {
    let empty = DOMAINS.into_iter().find(|name| env.has(name));
    let empty = empty.map(|name| format!("; {name} is set, but empty")).unwrap_or_default();
    Error::new(Reason::NoDeployment, format!("there is a token, but its deployment is not known{empty}"))
        .hint("name it with --deployment https://codeocean.example.org or CODEOCEAN_DOMAIN")
}
