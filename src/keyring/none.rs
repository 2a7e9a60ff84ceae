//! Stores that this build of co-cred, or this system, does not have.

use super::store::Refusal;

const MISSING: Refusal = Refusal::Absent("is not part of this co-cred");

#[cfg(not(all(feature = "keyring", target_os = "linux")))]
pub(super) mod secret_service {
    use crate::env::Env;
    use crate::keyring::Login;
    use crate::keyring::store::{Asking, Refusal, Removal, Secret};

    use super::MISSING;

    pub(in crate::keyring) fn probe(_: &Env, _: Asking) -> Result<(), Refusal> {
        Err(MISSING)
    }

    pub(in crate::keyring) fn get(_: &Env, logins: &[&Login]) -> Vec<Result<Vec<Secret>, Refusal>> {
        logins.iter().map(|_| Err(MISSING)).collect()
    }

    pub(in crate::keyring) fn set(_: &Env, _: &Login, _: &Secret, _: Asking) -> Result<(), Refusal> {
        Err(MISSING)
    }

    pub(in crate::keyring) fn delete(_: &Env, removals: &[Removal], _: Asking) -> Vec<Result<(), Refusal>> {
        removals.iter().map(|_| Err(MISSING)).collect()
    }

    pub(in crate::keyring) fn delete_all(_: &Env, _: Asking) -> Result<(), Refusal> {
        Err(MISSING)
    }
}

#[cfg(not(feature = "keyring"))]
pub(super) mod native {
    use crate::keyring::Login;
    use crate::keyring::store::{Refusal, Removal, Secret};

    use super::MISSING;

    pub(in crate::keyring) fn probe() -> Result<(), Refusal> {
        Err(MISSING)
    }

    pub(in crate::keyring) fn get(_: &Login) -> Result<Vec<Secret>, Refusal> {
        Err(MISSING)
    }

    pub(in crate::keyring) fn set(_: &Login, _: &Secret) -> Result<(), Refusal> {
        Err(MISSING)
    }

    pub(in crate::keyring) fn delete(_: &Removal) -> Result<(), Refusal> {
        Err(MISSING)
    }
}
