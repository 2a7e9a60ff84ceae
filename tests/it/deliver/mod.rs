//! Each way in which a token is delivered, with the real programs.

#[cfg(unix)]
pub mod clients;
pub mod env_only;
#[cfg(unix)]
pub mod exec;
#[cfg(unix)]
pub mod formats;
#[cfg(unix)]
pub mod git_accounts;
#[cfg(unix)]
pub mod git_exec;
#[cfg(unix)]
pub mod git_helper;
#[cfg(unix)]
pub mod git_hosts;
#[cfg(unix)]
pub mod git_old;
#[cfg(unix)]
pub mod git_pipelines;
#[cfg(unix)]
pub mod git_prompts;
#[cfg(unix)]
pub mod git_requests;
#[cfg(unix)]
pub mod images;
#[cfg(unix)]
pub mod setup;
#[cfg(unix)]
pub mod setup_docker;
#[cfg(unix)]
pub mod setup_git;
