//! Delivers a credential once; one file or folder for each way.

pub mod broker_env;
pub mod docker;
mod edit;
pub mod env;
pub mod exec;
pub mod git;
mod object;
pub mod print;

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::deployment::Deployment;
use crate::names::{DOMAIN, TOKEN};
use crate::token::Token;

/// A variable to set. Its value is wiped when dropped.
#[derive(Clone)]
pub struct Assignment {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Zeroizing<String>,
    /// Whether the value is the token.
    pub secret: bool,
}

/// What a program is given: the token and its deployment, or the broker's pass and address in their place.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The token.
    pub token: &'a Token,
    /// The deployment, where one is known.
    pub deployment: Option<&'a Deployment>,
}

impl<'a> From<&'a Credential> for Delivery<'a> {
    fn from(credential: &'a Credential) -> Delivery<'a> {
        let deployment = credential.deployment().map(|resolved| &resolved.deployment);
        Delivery { token: credential.token(), deployment }
    }
}

impl Assignment {
    fn token(name: &str, token: &Token) -> Assignment {
        Assignment { name: name.to_owned(), value: text(token), secret: true }
    }

    /// A variable that holds no secret.
    pub fn plain(name: &str, value: &str) -> Assignment {
        Assignment { name: name.to_owned(), value: Zeroizing::new(value.to_owned()), secret: false }
    }
}

impl std::fmt::Debug for Assignment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Assignment({})", self.name)
    }
}

/// The token as text, wiped when dropped: every delivery takes it from here.
fn text(token: &Token) -> Zeroizing<String> {
    Zeroizing::new(token.expose().to_owned())
}

/// The token under its own name and under others.
fn tokens(delivery: Delivery, others: &[String]) -> Vec<Assignment> {
    let mut assignments = vec![Assignment::token(TOKEN, delivery.token)];
    for name in others {
        if assignments.iter().all(|assignment| assignment.name != *name) {
            assignments.push(Assignment::token(name, delivery.token));
        }
    }
    assignments
}

/// The token under its own name and under others, and the deployment.
pub fn assignments(delivery: Delivery, others: &[String]) -> Vec<Assignment> {
    let mut assignments = tokens(delivery, others);
    if let Some(deployment) = delivery.deployment {
        assignments.push(Assignment::plain(DOMAIN, deployment.origin()));
    }
    assignments
}

/// Quotes a word for a POSIX shell: within single quotes, only a single quote is special (XCU, section 2.2.2).
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
