//! The Git clone that a command runs in: its remotes choose between deployments that are configured or logged in to.
//!
//! A clone may come from an archive that another person made. It brings in no deployment that the user has not named, and it chooses only tokens
//! that are bound to a deployment. No git runs: the file is parsed, includes are not followed.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::{Position, Url};

use crate::deployment::Deployment;
use crate::error::Result;
use crate::files;

use super::context::once;
use super::git_remote;
use super::resolved::{CloneDeployment, ResolvedDeployment};
use super::search::Search;

/// The most bytes of a file that says where the repository is.
const LIMIT: usize = 4 * 1024;

impl Search<'_> {
    /// The deployment that is meant where a token is bound to its deployment: the one in question, else the one that the Git
    /// clone around the working directory belongs to.
    ///
    /// # Errors
    /// The configuration or the list of logins cannot be used.
    pub(super) fn meant(&self) -> Result<Option<ResolvedDeployment>> {
        if let Some(resolved) = self.resolved()? {
            return Ok(Some(resolved.clone()));
        }
        let chosen = self.clone()?;
        Ok(chosen.map(|chosen| ResolvedDeployment::assumed(&chosen.deployment, &chosen.place)))
    }

    /// What the Git clone around the working directory chooses.
    ///
    /// # Errors
    /// As [`Search::meant`].
    pub(super) fn clone(&self) -> Result<Option<&CloneDeployment>> {
        let look = || {
            let configured = self.config()?.deployments.iter().map(|one| &one.deployment);
            let known: Vec<&Deployment> =
                configured.chain(self.logins()?.iter().map(|login| &login.deployment)).collect();
            Ok(self.context.folder().and_then(|folder| choose(&folder, &known)))
        };
        once(&self.clone, look).map(Option::as_ref)
    }
}

/// The deployment among those known that the clone around a folder belongs to: its `origin`, else where all others agree.
fn choose(folder: &Path, known: &[&Deployment]) -> Option<CloneDeployment> {
    let path = folder.ancestors().find_map(config_of)?;
    let config = git_remote::config(&path)?;
    let mut chosen: Vec<(bool, CloneDeployment)> = Vec::new();
    for section in config.sections_by_name("remote")? {
        let is_origin = section.header().subsection_name().is_some_and(|name| name == "origin");
        let url = section.value("url").and_then(|url| Url::parse(&url.to_string()).ok());
        chosen.extend(url.and_then(|url| Some((is_origin, remote_of(&url, known, &path)?))));
    }
    if let Some(origin) = chosen.iter().position(|(is_origin, _)| *is_origin) {
        return Some(chosen.swap_remove(origin).1);
    }
    let first = chosen.first()?.1.deployment.clone();
    let agree = chosen.iter().all(|(_, other)| other.deployment == first);
    chosen.into_iter().next().filter(|_| agree).map(|(_, first)| first)
}

fn remote_of(url: &Url, known: &[&Deployment], path: &Path) -> Option<CloneDeployment> {
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let deployment = known.iter().find(|known| url.scheme() == "https" && known.serves_git(host))?;
    let user = percent_decode_str(url.username()).decode_utf8().ok()?;
    let user = Some(user.into_owned()).filter(|user| !user.is_empty());
    Some(CloneDeployment { deployment: (*deployment).clone(), user, place: path.display().to_string() })
}

/// The configuration of the repository whose work tree is this folder.
fn config_of(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    match git.symlink_metadata().ok()?.is_dir() {
        true => Some(git.join("config")),
        // A worktree or a submodule; a worktree has its configuration in common with the repository.
        false => {
            let git = folder.join(line(&git)?.strip_prefix("gitdir: ")?);
            let common = line(&git.join("commondir")).map(|common| git.join(common));
            Some(common.unwrap_or(git).join("config"))
        }
    }
}

fn line(path: &Path) -> Option<String> {
    let contents = files::read(path, LIMIT).ok()?;
    Some(std::str::from_utf8(&contents.bytes).ok()?.trim_end().to_owned())
}
