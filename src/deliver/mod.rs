//! Deliver: hand a credential over, once. One file for each way.

pub mod docker;
mod edit;
pub mod env;
pub mod exec;
pub mod git;
pub mod print;

use zeroize::Zeroizing;

use crate::credential::Credential;

/// The variable that every delivery sets to the token.
pub const TOKEN: &str = "CODEOCEAN_TOKEN";

/// The variable that every delivery sets to the deployment, where one is known.
pub const DOMAIN: &str = "CODEOCEAN_DOMAIN";

/// Every name under which public code looks for the deployment.
pub const DOMAIN_NAMES: [&str; 6] =
    [DOMAIN, "CODE_OCEAN_DOMAIN", "CODEOCEAN_URL", "CODEOCEAN_HOST", "CO_DOMAIN", "CODEOCEAN_API_URL"];

/// A variable to be set. Wiped when dropped.
#[derive(Clone)]
pub struct Assignment {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Zeroizing<String>,
    /// Whether the value is the token.
    pub secret: bool,
}

impl Assignment {
    fn token(name: &str, credential: &Credential) -> Assignment {
        Assignment {
            name: name.to_owned(),
            value: Zeroizing::new(credential.token().expose().to_owned()),
            secret: true,
        }
    }

    fn plain(name: &str, value: &str) -> Assignment {
        Assignment { name: name.to_owned(), value: Zeroizing::new(value.to_owned()), secret: false }
    }
}

impl std::fmt::Debug for Assignment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Assignment({})", self.name)
    }
}

/// The token under its own name and under others, and the deployment.
pub fn assignments(credential: &Credential, others: &[String]) -> Vec<Assignment> {
    let mut assignments = vec![Assignment::token(TOKEN, credential)];
    for name in others {
        if assignments.iter().all(|assignment| assignment.name != *name) {
            assignments.push(Assignment::token(name, credential));
        }
    }
    let origin = credential.deployment().map(|sited| sited.deployment.origin());
    if let Some(origin) = origin {
        assignments.push(Assignment::plain(DOMAIN, origin));
    }
    assignments
}

/// A word for a POSIX shell: within single quotes everything but a single quote stands for itself (XCU, section 2.2.2).
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
