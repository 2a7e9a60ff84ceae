//! The report of `status`, `check` and `doctor`: the credential, as far as each step succeeded.

use serde::Serialize;
use serde_json::{Value, json};

use crate::credential::{Mode, ObtainOptions, may_be_good, verify_token};
use crate::env::Env;
use crate::error::{Error, Kind, Remark};
use crate::sources::{self, Found, Place, SourceReport};
use crate::verify::{Grant, Scope, Verdict};

use super::messages::clean;

/// The credential as far as it is known, and the first error.
#[derive(Default)]
pub(super) struct Report {
    pub(super) deployment: Option<sources::ResolvedDeployment>,
    pub(super) chosen: Option<Found>,
    pub(super) verdict: Option<Verdict>,
    pub(super) error: Option<Error>,
    /// Why the deployment could not be asked, where that is only a warning.
    pub(super) doubt: Option<Error>,
    pub(super) shadowed: Vec<Place>,
    /// A warning if Git and Docker would get another account's e-mail.
    pub(super) other_account: Option<Remark>,
    pub(super) capsule: Option<Capsule>,
}

/// The capsule that co-cred runs in, from the platform's variables.
#[derive(Debug, Serialize)]
pub(super) struct Capsule {
    pub(super) id: Option<String>,
    pub(super) computation: Option<String>,
    pub(super) pipeline: Option<String>,
}

impl Capsule {
    fn of(env: &Env) -> Option<Capsule> {
        let variable = |name| env.text(name).map(clean);
        let [id, computation, pipeline] = ["CO_CAPSULE_ID", "CO_COMPUTATION_ID", "CO_PIPELINE_ID"].map(variable);
        (id.is_some() || computation.is_some() || pipeline.is_some()).then_some(Capsule { id, computation, pipeline })
    }
}

impl Report {
    /// Locates and verifies; if a step fails, the results of those before it are kept.
    pub(super) fn new(options: &ObtainOptions) -> Report {
        let mut report = Report { capsule: Capsule::of(options.search.context.env), ..Report::default() };
        match sources::locate(&options.search) {
            Ok(located) => {
                report.deployment = located.deployment;
                report.verify(options, &located.found);
                report.other_account = report.other_account(options, &located.found);
                report.chosen = Some(located.found);
            }
            Err(error) => {
                report.deployment = sources::destination(&options.search).ok().flatten();
                report.error = Some(error);
            }
        }
        report
    }

    fn verify(&mut self, options: &ObtainOptions, found: &Found) {
        match verify_token(options, &found.token, &found.place.place, self.deployment.as_ref()) {
            Ok(verdict) => {
                self.error = verdict.as_ref().and_then(|verdict| verdict.require(options.needs).err());
                self.verdict = verdict;
            }
            Err(error) if options.mode == Mode::Auto && options.needs.is_empty() && may_be_good(&error) => {
                self.doubt = Some(error);
            }
            Err(error) => self.error = Some(error),
        }
    }

    /// A warning if the configured e-mail is not the owner's.
    fn other_account(&self, options: &ObtainOptions, found: &Found) -> Option<Remark> {
        let owner = self.verdict.as_ref()?.owner.as_ref()?;
        let given = || sources::email(&options.search, &self.deployment.as_ref()?.deployment).ok()?;
        let email = found.email.clone().or_else(given).filter(|email| email != owner)?;
        let what = format!("the token belongs to {owner}, but Git and Docker get {email} as user name");
        Some(
            Remark::new("other-account", what)
                .hint("correct CODEOCEAN_EMAIL or the configuration's email, or log in again"),
        )
    }

    /// Records which sources hold another token than the chosen one.
    pub(super) fn note_shadowed(&mut self, answers: &[SourceReport]) {
        let Some(chosen) = &self.chosen else { return };
        let found = answers.iter().filter_map(|answer| answer.found.as_ref().ok()?.as_ref());
        self.shadowed = found.filter(|found| found.token != chosen.token).map(|found| found.place.clone()).collect();
    }

    /// The exit code.
    pub(super) fn code(&self) -> u8 {
        self.error.as_ref().map_or(0, |error| error.kind().code())
    }

    /// `valid`, `rejected`, `unreachable` or `unchecked`.
    pub(super) fn verdict_word(&self) -> &'static str {
        match (&self.verdict, self.error.as_ref().or(self.doubt.as_ref()).map(Error::kind)) {
            (Some(_), _) => "valid",
            (None, Some(Kind::Rejected)) => "rejected",
            (None, Some(Kind::Unreachable)) => "unreachable",
            (None, _) => "unchecked",
        }
    }

    pub(super) fn owner(&self) -> Option<String> {
        self.verdict.as_ref()?.owner.as_ref().map(|email| clean(email.as_str()))
    }

    pub(super) fn grant(&self, scope: Scope) -> Grant {
        self.verdict.as_ref().map_or(Grant::Unknown, |verdict| verdict.grant(scope))
    }

    /// Warnings about the chosen token, and about verifying it.
    pub(super) fn remarks(&self) -> Vec<Remark> {
        let found = self.chosen.iter().flat_map(|found| &found.remarks).cloned();
        found.chain(self.doubt.as_ref().map(Remark::from)).chain(self.other_account.clone()).collect()
    }

    /// The JSON of `status` and `check`.
    pub(super) fn json(&self) -> Value {
        json!({
            "deployment": self.deployment.as_ref().map(|resolved| resolved.deployment.origin()),
            "source": self.chosen.as_ref().map(|found| place(&found.place)),
            "fingerprint": self.chosen.as_ref().map(|found| found.token.fingerprint()),
            "verdict": self.verdict_word(),
            "owner": self.owner(),
            "scopes": Scope::ALL.iter().map(|scope| (scope.word(), self.grant(*scope))).collect::<std::collections::BTreeMap<_, _>>(),
            "capsule": self.capsule,
            "checked_at": self.verdict.as_ref().map(|verdict| format!("{:.0}", verdict.checked_at)),
            "shadowed": self.shadowed.iter().map(place).collect::<Vec<_>>(),
            "error": self.error.as_ref().map(error),
        })
    }
}

/// A place with its text made safe to show.
pub(super) fn place(place: &Place) -> Place {
    Place { kind: place.kind, place: clean(&place.place) }
}

fn error(error: &Error) -> Value {
    json!({
        "kind": error.kind().word(),
        "message": clean(&error.what),
        "hint": error.hint.as_deref().map(clean),
    })
}
