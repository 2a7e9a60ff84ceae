//! Each way in which a token is handed over, with the real programs.

#[cfg(unix)]
pub mod clients;
pub mod env_only;
#[cfg(unix)]
pub mod exec;
#[cfg(unix)]
pub mod formats;
#[cfg(unix)]
pub mod git;
#[cfg(unix)]
pub mod git_helper;
#[cfg(unix)]
pub mod git_old;
#[cfg(unix)]
pub mod git_pipelines;
#[cfg(unix)]
pub mod git_prompts;
#[cfg(unix)]
pub mod images;
#[cfg(unix)]
pub mod setup;
#[cfg(unix)]
pub mod setup_docker;
#[cfg(unix)]
pub mod setup_git;
