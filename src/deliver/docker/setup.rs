//! For a user: `credHelpers` in the files that name the helper of each registry: Docker's, and that of Podman, Skopeo and
//! Buildah.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::deliver::edit;
use crate::deliver::object::{Fate, Layout, Member, Object};
use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::Result;

/// The helper: its program is `docker-credential-` and this.
const HELPER: &str = "co-cred";

/// The program that clients look for on `PATH`.
pub const PROGRAM: &str = "docker-credential-co-cred";

/// The key of both files. Their readers, in Go, do not look at its case, and take all of them where it stands twice.
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
    let names_us = |text: &str| {
        let lists =
            |object| lists(&object).is_ok_and(|lists| lists.iter().any(|(_, list)| list.members().iter().any(is_ours)));
        Object::parse(text).is_some_and(lists)
    };
    files(env).iter().any(|file| edit::read(file).is_ok_and(|text| names_us(&text)))
}

/// Names co-cred as the helper of these deployments' registries, and of no others; returns the files that changed.
///
/// # Errors
/// A file cannot be read, names another helper for one of the registries, or cannot be written: then none is changed, or
/// those before it.
pub fn put(env: &Env, deployments: &[Deployment]) -> Result<Vec<PathBuf>> {
    let registries: Vec<String> = deployments.iter().filter_map(Deployment::registry).collect();
    let _turn = edit::turn(env)?;
    let files = files(env);
    // All are tried before one is touched.
    files.iter().try_for_each(|file| edit::attempt(file, |text| with_us(text, &registries)).map(drop))?;
    let changed =
        files.into_iter().map(|file| Ok(edit::apply(&file, |text| with_us(text, &registries))?.then_some(file)));
    changed.filter_map(Result::transpose).collect()
}

/// Takes co-cred out again; returns the files that changed. One that cannot be changed does not keep the others.
///
/// # Errors
/// A file cannot be read or written; it is left as it is.
pub fn undo(env: &Env) -> Result<Vec<PathBuf>> {
    let _turn = edit::turn(env)?;
    let outcomes: Vec<_> =
        files(env).into_iter().map(|file| Ok(edit::apply(&file, without_us)?.then_some(file))).collect();
    outcomes.into_iter().filter_map(Result::transpose).collect()
}

/// The text of a file in which co-cred is the helper of these registries.
fn with_us(text: &str, registries: &[String]) -> Result<String, String> {
    let file = object(text)?;
    let lists = lists(&file)?;
    let wanted: HashSet<&str> = registries.iter().map(String::as_str).collect();
    let entries = || lists.iter().flat_map(|(_, list)| list.members());
    if let Some(other) = entries().find(|entry| wanted.contains(entry.key.as_str()) && !is_ours(entry)) {
        // It is shown as far as it may be a helper's name.
        let helper: String = other.value.chars().take(64).collect();
        return Err(format!("names the helper {helper} for {}", other.key));
    }
    let named: HashSet<&str> = entries().map(|entry| entry.key.as_str()).collect();
    let missing = registries.iter().filter(|registry| !named.contains(registry.as_str()));
    let missing: Vec<_> = missing.map(|registry| (registry.clone(), format!("\"{HELPER}\""))).collect();
    let layout = file.inner_layout();
    let last = lists.last().map(|(number, _)| *number);
    let fate = |number| {
        let Some((_, list)) = lists.iter().find(|(of, _)| *of == number) else { return Fate::Stay };
        if list.members().is_empty() && Some(number) != last {
            return Fate::Stay;
        }
        let is_stale = |entry: &Member| is_ours(entry) && !wanted.contains(entry.key.as_str());
        let added: &[_] = if Some(number) == last { &missing } else { &[] };
        Fate::Become(list.edited(|entry| go_if(is_stale(&list.members()[entry])), added, &layout))
    };
    let added = match last {
        None if !missing.is_empty() => vec![(KEY.to_owned(), object("{}")?.edited(|_| Fate::Stay, &missing, &layout))],
        _ => Vec::new(),
    };
    Ok(file.edited(fate, &added, &Layout::of_file()))
}

/// The text of a file without co-cred, and without a list that only named co-cred.
fn without_us(text: &str) -> Result<String, String> {
    let file = object(text)?;
    let lists = lists(&file)?;
    let fate = |number| match lists.iter().find(|(of, _)| *of == number) {
        Some((_, list)) if list.members().is_empty() => Fate::Stay,
        Some((_, list)) if list.members().iter().all(is_ours) => Fate::Go,
        Some((_, list)) => {
            Fate::Become(list.edited(|entry| go_if(is_ours(&list.members()[entry])), &[], &file.inner_layout()))
        }
        None => Fate::Stay,
    };
    Ok(file.edited(fate, &[], &Layout::of_file()))
}

fn go_if(goes: bool) -> Fate {
    if goes { Fate::Go } else { Fate::Stay }
}

fn is_ours(entry: &Member) -> bool {
    serde_json::from_str::<String>(entry.value).is_ok_and(|helper| helper == HELPER)
}

fn object(text: &str) -> Result<Object<'_>, String> {
    Object::parse(text).ok_or_else(|| "is no JSON object".to_owned())
}

/// The lists of helpers, each for a registry, and which member of the file each is.
fn lists<'a>(file: &Object<'a>) -> Result<Vec<(usize, Object<'a>)>, String> {
    let lists = file.members().iter().enumerate().filter(|(_, member)| member.key.eq_ignore_ascii_case(KEY));
    let list = |(number, member): (usize, &Member<'a>)| {
        let text = if member.value == "null" { "{}" } else { member.value };
        Some((number, Object::parse(text)?))
    };
    lists.map(|list_of| list(list_of).ok_or_else(|| "has a credHelpers that is no object".to_owned())).collect()
}
