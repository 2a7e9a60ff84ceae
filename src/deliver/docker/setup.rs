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

/// The files, whether they are there or not: `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`, and
/// `$REGISTRY_AUTH_FILE` or `containers/auth.json` below the configuration folder.
pub fn files(env: &Env) -> Vec<PathBuf> {
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
        helpers(&object).is_ok_and(|helpers| helpers.values().any(|helper| helper == HELPER))
    };
    files(env).iter().any(|file| edit::read(file).is_ok_and(names_us))
}

/// Names co-cred as the helper of these deployments' registries, and of no others; returns the files that changed.
///
/// # Errors
/// A file cannot be read, names another helper for one of the registries, or cannot be written: then none is changed, or
/// those before it.
pub fn put(env: &Env, deployments: &[Deployment]) -> Result<Vec<PathBuf>> {
    let registries: Vec<String> = deployments.iter().filter_map(Deployment::registry).collect();
    let name_us = |object: &mut Map<String, Value>| {
        let mut helpers = helpers(object)?;
        helpers.retain(|registry, helper| helper != HELPER || registries.contains(registry));
        for registry in &registries {
            match helpers.insert(registry.clone(), HELPER.into()) {
                Some(other) if other != HELPER => {
                    return Err(format!("names the helper {other} for {registry}"));
                }
                _ => {}
            }
        }
        object.insert(KEY.to_owned(), Value::Object(helpers));
        Ok(())
    };
    let files = files(env);
    // All are tried before one is touched.
    files.iter().try_for_each(|file| edit::attempt(file, name_us).map(drop))?;
    let changed = files.into_iter().map(|file| Ok(edit::json(&file, name_us)?.then_some(file)));
    changed.filter_map(Result::transpose).collect()
}

/// Takes co-cred out again; returns the files that changed. One that cannot be changed does not keep the others.
///
/// # Errors
/// A file cannot be read or written; it is left as it is.
pub fn undo(env: &Env) -> Result<Vec<PathBuf>> {
    let forget_us = |object: &mut Map<String, Value>| {
        let mut helpers = helpers(object)?;
        helpers.retain(|_, helper| helper != HELPER);
        match helpers.is_empty() {
            true => object.shift_remove(KEY),
            false => object.insert(KEY.to_owned(), Value::Object(helpers)),
        };
        Ok(())
    };
    let outcomes: Vec<_> =
        files(env).into_iter().map(|file| Ok(edit::json(&file, forget_us)?.then_some(file))).collect();
    outcomes.into_iter().filter_map(Result::transpose).collect()
}

/// The helpers that a file names, each for a registry.
fn helpers(object: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    match object.get(KEY) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(helpers)) => Ok(helpers.clone()),
        Some(_) => Err("has a credHelpers that is no object".to_owned()),
    }
}
