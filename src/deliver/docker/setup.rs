//! For a user: `credHelpers` in the files that name the helper of each registry: Docker's, and that of Podman, Skopeo and
//! Buildah.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::deliver::edit;
use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::Result;

/// The helper: its program is `docker-credential-` and this.
const HELPER: &str = "co-cred";

/// The program that clients look for on `PATH`.
pub const PROGRAM: &str = "docker-credential-co-cred";

/// The key of both files.
const KEY: &str = "credHelpers";

const NO_OBJECT: &str = "has a credHelpers that is no object";

/// The files, whether they are there or not: `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`, and
/// `$REGISTRY_AUTH_FILE` or `containers/auth.json` below the configuration folder.
fn files(env: &Env) -> Vec<PathBuf> {
    let docker = match env.path("DOCKER_CONFIG") {
        Some(folder) => Some(folder.join("config.json")),
        None => env.home(".docker/config.json"),
    };
    let beside = || Some(env.config_dir()?.parent()?.join("containers/auth.json"));
    let containers = env.path("REGISTRY_AUTH_FILE").map(PathBuf::from).or_else(beside);
    [docker, containers].into_iter().flatten().collect()
}

/// Whether a file names co-cred.
pub fn is_done(env: &Env) -> bool {
    let names_us = |object: Map<String, Value>| {
        let helpers = object.get(KEY).and_then(Value::as_object);
        helpers.is_some_and(|helpers| helpers.values().any(|helper| helper == HELPER))
    };
    files(env).iter().any(|file| edit::read(file).is_ok_and(names_us))
}

/// Names co-cred as the helper of these deployments' registries, and of no others; returns the files that changed.
///
/// # Errors
/// A file cannot be read or written; it is left as it is.
pub fn put(env: &Env, deployments: &[Deployment]) -> Result<Vec<PathBuf>> {
    let registries: Vec<String> = deployments.iter().filter_map(Deployment::registry).collect();
    change(env, |object| {
        let helpers = object.entry(KEY).or_insert_with(|| Value::Object(Map::new()));
        let helpers = helpers.as_object_mut().ok_or(NO_OBJECT)?;
        helpers.retain(|registry, helper| helper != HELPER || registries.contains(registry));
        for registry in &registries {
            helpers.insert(registry.clone(), HELPER.into());
        }
        Ok(())
    })
}

/// Takes co-cred out again.
///
/// # Errors
/// As [`put`].
pub fn undo(env: &Env) -> Result<Vec<PathBuf>> {
    change(env, |object| {
        let Some(helpers) = object.get_mut(KEY) else { return Ok(()) };
        let helpers = helpers.as_object_mut().ok_or(NO_OBJECT)?;
        helpers.retain(|_, helper| helper != HELPER);
        if helpers.is_empty() {
            object.shift_remove(KEY);
        }
        Ok(())
    })
}

fn change(env: &Env, change: impl Fn(&mut Map<String, Value>) -> Result<(), &'static str>) -> Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    for file in files(env) {
        if edit::json(&file, &change)? {
            changed.push(file);
        }
    }
    Ok(changed)
}
