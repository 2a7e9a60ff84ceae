//! Sets Docker up for a user: `credHelpers` in Docker's configuration, and in that of Podman, Skopeo and Buildah, names the
//! helper of each registry.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::deliver::edit;
use crate::deliver::object::{Change, Layout, Member, Object};
use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::Result;

/// The helper's name: its program is `docker-credential-co-cred`.
const HELPER: &str = "co-cred";

/// The program that clients start from `PATH`.
pub const PROGRAM: &str = "docker-credential-co-cred";

/// The key in both files. Their readers, in Go, ignore its case, and merge duplicates.
const KEY: &str = "credHelpers";

/// The files, whether they exist or not: `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`, and
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
    let names_co_cred = |text: &str| {
        let lists =
            |object| lists(&object).is_ok_and(|lists| lists.iter().any(|(_, list)| list.members().iter().any(is_ours)));
        Object::parse(text).is_some_and(lists)
    };
    files(env).iter().any(|file| edit::read(file).is_ok_and(|text| names_co_cred(&text)))
}

/// Names co-cred as the helper for the registries of these deployments, and for no others; returns the changed files.
///
/// # Errors
/// A file cannot be read, or names another helper for one of the registries: no file is changed. A file cannot be written:
/// those before it are changed.
pub fn put(env: &Env, deployments: &[Deployment]) -> Result<Vec<PathBuf>> {
    let registries: Vec<String> = deployments.iter().filter_map(Deployment::registry).collect();
    let _lock = edit::lock(env)?;
    let files = files(env);
    // Every change is tried before the first file is written.
    files.iter().try_for_each(|file| edit::attempt(file, |text| with_co_cred(text, &registries)).map(drop))?;
    let changed =
        files.into_iter().map(|file| Ok(edit::apply(&file, |text| with_co_cred(text, &registries))?.then_some(file)));
    changed.filter_map(Result::transpose).collect()
}

/// Removes co-cred again; returns the changed files. A file that cannot be changed does not stop the others.
///
/// # Errors
/// A file cannot be read or written; it is left as it is.
pub fn undo(env: &Env) -> Result<Vec<PathBuf>> {
    let _lock = edit::lock(env)?;
    let outcomes: Vec<_> =
        files(env).into_iter().map(|file| Ok(edit::apply(&file, without_co_cred)?.then_some(file))).collect();
    outcomes.into_iter().filter_map(Result::transpose).collect()
}

/// The text of a file with co-cred as the helper for these registries.
fn with_co_cred(text: &str, registries: &[String]) -> Result<String, String> {
    let file = object(text)?;
    let lists = lists(&file)?;
    let wanted: HashSet<&str> = registries.iter().map(String::as_str).collect();
    let entries = || lists.iter().flat_map(|(_, list)| list.members());
    if let Some(other) = entries().find(|entry| wanted.contains(entry.key.as_str()) && !is_ours(entry)) {
        // Cut, since it may be anything.
        let helper: String = other.value.chars().take(64).collect();
        return Err(format!("names the helper {helper} for {}", other.key));
    }
    let named: HashSet<&str> = entries().map(|entry| entry.key.as_str()).collect();
    let missing = registries.iter().filter(|registry| !named.contains(registry.as_str()));
    let missing: Vec<_> = missing.map(|registry| (registry.clone(), format!("\"{HELPER}\""))).collect();
    let layout = file.inner_layout();
    let last = lists.last().map(|(number, _)| *number);
    let change = |number| {
        let Some((_, list)) = lists.iter().find(|(of, _)| *of == number) else { return Change::Keep };
        if list.members().is_empty() && Some(number) != last {
            return Change::Keep;
        }
        let is_stale = |entry: &Member| is_ours(entry) && !wanted.contains(entry.key.as_str());
        let added: &[_] = if Some(number) == last { &missing } else { &[] };
        Change::Replace(list.edited(|entry| remove_if(is_stale(&list.members()[entry])), added, &layout))
    };
    let added = match last {
        None if !missing.is_empty() => {
            vec![(KEY.to_owned(), object("{}")?.edited(|_| Change::Keep, &missing, &layout))]
        }
        _ => Vec::new(),
    };
    Ok(file.edited(change, &added, &Layout::of_file()))
}

/// The text of a file without co-cred, and without a list that named only co-cred.
fn without_co_cred(text: &str) -> Result<String, String> {
    let file = object(text)?;
    let lists = lists(&file)?;
    let change = |number| match lists.iter().find(|(of, _)| *of == number) {
        Some((_, list)) if list.members().is_empty() => Change::Keep,
        Some((_, list)) if list.members().iter().all(is_ours) => Change::Remove,
        Some((_, list)) => {
            Change::Replace(list.edited(|entry| remove_if(is_ours(&list.members()[entry])), &[], &file.inner_layout()))
        }
        None => Change::Keep,
    };
    Ok(file.edited(change, &[], &Layout::of_file()))
}

fn remove_if(is_removed: bool) -> Change {
    if is_removed { Change::Remove } else { Change::Keep }
}

fn is_ours(entry: &Member) -> bool {
    serde_json::from_str::<String>(entry.value).is_ok_and(|helper| helper == HELPER)
}

fn object(text: &str) -> Result<Object<'_>, String> {
    Object::parse(text).ok_or_else(|| "is not a JSON object".to_owned())
}

/// The lists of helpers, with the number of each list's member in the file.
fn lists<'a>(file: &Object<'a>) -> Result<Vec<(usize, Object<'a>)>, String> {
    let lists = file.members().iter().enumerate().filter(|(_, member)| member.key.eq_ignore_ascii_case(KEY));
    let list = |(number, member): (usize, &Member<'a>)| {
        let text = if member.value == "null" { "{}" } else { member.value };
        Some((number, Object::parse(text)?))
    };
    lists.map(|list_of| list(list_of).ok_or_else(|| "has a credHelpers that is not an object".to_owned())).collect()
}
