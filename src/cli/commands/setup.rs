//! `co-cred setup`: makes Git or Docker ask co-cred, or undoes that.

use crate::credential::Mode;
use crate::deliver::{docker, git};
use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::sources::{self, SearchContext, SearchOptions};

use crate::cli::args::Tool;
use crate::cli::messages::Messages;
use crate::cli::{Invocation, args, refuse_foreign};

pub(super) fn run(invocation: &Invocation, typed: &args::Setup, messages: &mut Messages) -> Result<u8> {
    refuse_foreign(invocation.env.home("").into_iter().chain(invocation.env.config_dir()))?;
    match (typed.tool, typed.undo) {
        (Tool::Git, false) => {
            let deployments = deployments(invocation)?;
            let file = git::setup::put(invocation.env, &deployments)?;
            messages.done(&format!("Git asks co-cred for {} ({})", hosts(&deployments, git_host), file.display()));
            messages.warn(&missing(invocation.env, "co-cred", "Git").into_iter().collect::<Vec<_>>());
            if !git::setup::is_only_helper(invocation.env, &deployments)? {
                messages.warn(&[Remark::new(
                    "other-helper",
                    "another helper comes after co-cred in Git's configuration, and gets the token as well",
                )
                .hint("git config --show-origin --get-all credential.helper shows where it is set")]);
            }
        }
        (Tool::Git, true) => {
            let was_done = git::setup::is_done(invocation.env);
            let file = git::setup::undo(invocation.env)?;
            match was_done {
                true => messages.done(&format!("Git no longer asks co-cred; {} was removed", file.display())),
                false => messages.done("nothing had to be changed"),
            }
        }
        (Tool::Docker, false) => {
            let deployments = deployments(invocation)?;
            let files = docker::setup::put(invocation.env, &deployments)?;
            let registries = hosts(&deployments, |deployment| deployment.registry().unwrap_or_default());
            messages.done(&format!("Docker, Podman and Skopeo ask co-cred for {registries}"));
            report_files(&files, messages);
            messages.warn(&missing(invocation.env, docker::setup::PROGRAM, "Docker").into_iter().collect::<Vec<_>>());
        }
        (Tool::Docker, true) => report_files(&docker::setup::undo(invocation.env)?, messages),
    }
    Ok(0)
}

/// Adds a new login's deployment to Git and Docker, if they are set up. A failure is a warning, since the login itself has
/// succeeded. A logout needs no change: co-cred does not answer for a deployment without a login.
pub(super) fn renew(invocation: &Invocation, messages: &mut Messages) {
    let renewed =
        sources::deployments(&SearchOptions::new(&SearchContext::new(invocation.env))).and_then(|deployments| {
            if git::setup::is_done(invocation.env) {
                git::setup::put(invocation.env, &deployments)?;
            }
            if docker::setup::is_done(invocation.env) {
                docker::setup::put(invocation.env, &deployments)?;
            }
            Ok(())
        });
    messages.warn(&renewed.err().iter().map(Remark::from).collect::<Vec<_>>());
}

fn deployments(invocation: &Invocation) -> Result<Vec<Deployment>> {
    let known = sources::deployments(&invocation.options(Mode::Never)?.search)?;
    match known.is_empty() {
        false => Ok(known),
        true => Err(Error::new(Reason::NoDeployment, "no deployment is known yet")
            .hint("run co-cred login first, or name one with --deployment codeocean.example.org")),
    }
}

fn report_files(files: &[std::path::PathBuf], messages: &mut Messages) {
    match files {
        [] => messages.done("nothing had to be changed"),
        files => files.iter().for_each(|file| messages.done(&format!("{} was changed", file.display()))),
    }
}

/// The names of hosts, for a message.
fn hosts(deployments: &[Deployment], host: impl Fn(&Deployment) -> String) -> String {
    deployments.iter().map(host).filter(|host| !host.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The host of a deployment, as Git is given it.
fn git_host(deployment: &Deployment) -> String {
    deployment.origin().trim_start_matches("https://").to_owned()
}

/// Problems with the setup of Git and Docker, for `doctor`.
pub(super) fn problems(env: &Env, deployments: &[Deployment]) -> Vec<Remark> {
    let git =
        git::setup::is_done(env).then(|| missing(env, "co-cred", "Git").or_else(|| other_helper(env, deployments)));
    let docker = docker::setup::is_done(env).then(|| missing(env, docker::setup::PROGRAM, "Docker"));
    [git, docker].into_iter().flatten().flatten().collect()
}

/// Another helper that gets the token from Git as well.
fn other_helper(env: &Env, deployments: &[Deployment]) -> Option<Remark> {
    let last = git::setup::is_only_helper(env, deployments).unwrap_or(true);
    let what = "another helper comes after co-cred in Git's configuration, and gets the token as well";
    let hint = "git config --show-origin --get-all credential.helper shows where it is set; co-cred setup git corrects what it can";
    (!last).then(|| Remark::new("other-helper", what).hint(hint))
}

/// A warning if a program that others start is not on `PATH`.
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
