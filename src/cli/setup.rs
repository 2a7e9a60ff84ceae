//! `co-cred setup`: wires Git or Docker to co-cred, and out again.

use crate::credential::Mode;
use crate::deliver::{docker, git};
use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::locate::{self, Request};

use super::args::Tool;
use super::tell::Tell;
use super::{Call, args, refuse_foreign};

pub(super) fn run(call: &Call, typed: &args::Setup, tell: &mut Tell) -> Result<u8> {
    refuse_foreign(call.env.home("").into_iter().chain(call.env.config_dir()))?;
    match (typed.tool, typed.undo) {
        (Tool::Git, false) => {
            let deployments = deployments(call)?;
            let file = git::setup::put(call.env, &deployments)?;
            tell.done(&format!("Git asks co-cred, as {} says", file.display()));
            tell.warn(&missing(call.env, "co-cred", "Git").into_iter().collect::<Vec<_>>());
            if !git::setup::is_only_helper(call.env, &deployments)? {
                tell.warn(&[Remark::new(
                    "other-helper",
                    "another helper comes after co-cred, and is told the token as well",
                )
                .hint("git config --show-origin --get-all credential.helper shows where it is set")]);
            }
        }
        (Tool::Git, true) => {
            let was_done = git::setup::is_done(call.env);
            let file = git::setup::undo(call.env)?;
            match was_done {
                true => tell.done(&format!("Git does not ask co-cred any more; {} is gone", file.display())),
                false => tell.done("nothing had to be changed"),
            }
        }
        (Tool::Docker, false) => {
            tell_files(&docker::setup::put(call.env, &deployments(call)?)?, tell);
            tell.warn(&missing(call.env, docker::setup::PROGRAM, "Docker").into_iter().collect::<Vec<_>>());
        }
        (Tool::Docker, true) => tell_files(&docker::setup::undo(call.env)?, tell),
    }
    Ok(0)
}

/// After a login: what is wired follows. The login itself has succeeded, whatever this says. A logout changes nothing
/// there: a deployment without a login is answered with silence.
pub(super) fn renew(call: &Call, tell: &mut Tell) {
    let renewed = locate::deployments(&Request::of(call.env)).and_then(|deployments| {
        if git::setup::is_done(call.env) {
            git::setup::put(call.env, &deployments)?;
        }
        if docker::setup::is_done(call.env) {
            docker::setup::put(call.env, &deployments)?;
        }
        Ok(())
    });
    tell.warn(&renewed.err().iter().map(Remark::from).collect::<Vec<_>>());
}

fn deployments(call: &Call) -> Result<Vec<Deployment>> {
    let known = locate::deployments(&call.order(Mode::Never)?.request)?;
    match known.is_empty() {
        false => Ok(known),
        true => Err(Error::new(Reason::NoDeployment, "no deployment is known that could be asked about")
            .hint("run co-cred login first, or name one with --deployment codeocean.example.org")),
    }
}

fn tell_files(files: &[std::path::PathBuf], tell: &mut Tell) {
    match files {
        [] => tell.done("nothing had to be changed"),
        files => files.iter().for_each(|file| tell.done(&format!("{} was changed", file.display()))),
    }
}

/// What is wrong with what is wired, for `doctor`.
pub(super) fn problems(env: &Env, deployments: &[Deployment]) -> Vec<Remark> {
    let git = git::setup::is_done(env).then(|| missing(env, "co-cred", "Git").or_else(|| outdone(env, deployments)));
    let docker = docker::setup::is_done(env).then(|| missing(env, docker::setup::PROGRAM, "Docker"));
    [git, docker].into_iter().flatten().flatten().collect()
}

/// Another helper that Git tells the token as well.
fn outdone(env: &Env, deployments: &[Deployment]) -> Option<Remark> {
    let last = git::setup::is_only_helper(env, deployments).unwrap_or(true);
    let what = "another helper comes after co-cred in Git's configuration, and is told the token as well";
    let hint = "git config --show-origin --get-all credential.helper shows where it is set; co-cred setup git mends what it can";
    (!last).then(|| Remark::new("other-helper", what).hint(hint))
}

/// A program that is not on `PATH`, where others look for it.
fn missing(env: &Env, program: &str, tool: &str) -> Option<Remark> {
    let folders = || env.get("PATH").into_iter().flat_map(std::env::split_paths);
    let with = |name: &str| folders().find(|folder| folder.join(name).is_file());
    if with(program).is_some() {
        return None;
    }
    let hint = match with("co-cred") {
        Some(folder) => format!("make a link: ln -s co-cred {}", folder.join(program).display()),
        None => "put the folder that has co-cred on PATH".to_owned(),
    };
    Some(Remark::new("not-on-path", format!("{program} is not on PATH, where {tool} looks for it")).hint(hint))
}
