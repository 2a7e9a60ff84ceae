//! What a deployment says about a token: its owner and its scopes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::email::Email;
use crate::error::{Error, Reason, Remark, Result};

/// A permission of a token that a search can verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// Capsule, Read.
    #[serde(rename = "capsule:read")]
    CapsuleRead,
    /// Data Asset, Read.
    #[serde(rename = "data-asset:read")]
    DataAssetRead,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 2] = [Scope::CapsuleRead, Scope::DataAssetRead];

    /// Its name on the command line and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Scope::CapsuleRead => "capsule:read",
            Scope::DataAssetRead => "data-asset:read",
        }
    }

    pub(super) fn endpoint(self) -> &'static str {
        match self {
            Scope::CapsuleRead => "capsules/search",
            Scope::DataAssetRead => "data_assets/search",
        }
    }
}

/// Whether the token has a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grant {
    /// The token has it.
    Granted,
    /// The token lacks it.
    Denied,
    /// The deployment was not asked.
    Unknown,
}

/// What a deployment says about a token that it accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The owner's e-mail, if a search found an item of theirs.
    pub owner: Option<Email>,
    /// What the deployment was asked about.
    pub scopes: BTreeMap<Scope, Grant>,
    /// When the deployment answered.
    pub checked_at: Timestamp,
    /// Why the verdict could not be cached.
    #[serde(skip)]
    pub cache_failure: Option<Remark>,
}

impl Verdict {
    /// Whether the token has a scope.
    pub fn grant(&self, scope: Scope) -> Grant {
        self.scopes.get(&scope).copied().unwrap_or(Grant::Unknown)
    }

    pub(super) fn grants_anything(&self) -> bool {
        Scope::ALL.iter().any(|scope| self.grant(*scope) != Grant::Denied)
    }

    /// Checks that the token has the scopes that are needed; if `needs` is empty, that it has any scope at all.
    ///
    /// # Errors
    /// [`Reason::ScopeMissing`], with the scopes that it lacks.
    pub fn require(&self, needs: &[Scope]) -> Result<()> {
        let denied = |scope: &&Scope| self.grant(**scope) == Grant::Denied;
        let missing: Vec<&Scope> = match needs {
            [] if !self.grants_anything() => Scope::ALL.iter().collect(),
            needs => needs.iter().filter(denied).collect(),
        };
        if missing.is_empty() {
            return Ok(());
        }
        let words: Vec<&str> = missing.iter().map(|scope| scope.word()).collect();
        Err(Error::new(Reason::ScopeMissing, format!("the token is accepted, but lacks {}", words.join(" and ")))
            .hint("create a token with that scope under Account → Access Tokens, and use it in place of this one"))
    }
}
