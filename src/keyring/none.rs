//! A store that this build of co-cred, or this system, does not have.

use crate::env::Env;

use super::Login;
use super::store::{Asking, Refusal, Secret};

const MISSING: Refusal = Refusal::Absent("is not part of this co-cred");

pub(super) fn get(_: &Env, _: &Login) -> Result<Vec<Secret>, Refusal> {
    Err(MISSING)
}

pub(super) fn set(_: &Env, _: &Login, _: &Secret, _: Asking) -> Result<(), Refusal> {
    Err(MISSING)
}

pub(super) fn delete(_: &Env, _: &Login, _: Asking) -> Result<(), Refusal> {
    Err(MISSING)
}
