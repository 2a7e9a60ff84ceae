//! Not every test is for every system: what asks for a shell, a mode or a signal is for Unix.

#[cfg(unix)]
mod agent;
#[cfg(unix)]
mod agent_hooks;
#[cfg(unix)]
mod agent_logins;
#[cfg(unix)]
mod agent_shell;
#[cfg(unix)]
mod agent_start;
#[cfg(unix)]
mod bad_input;
#[cfg(unix)]
mod broker;
#[cfg(unix)]
mod broker_audit;
#[cfg(unix)]
mod broker_crowd;
#[cfg(unix)]
mod broker_faults;
#[cfg(unix)]
mod broker_paths;
#[cfg(unix)]
mod broker_renewal;
#[cfg(unix)]
mod broker_rules;
#[cfg(unix)]
mod capsules;
#[cfg(unix)]
mod clients;
#[cfg(unix)]
mod clones;
#[cfg(unix)]
mod config;
#[cfg(unix)]
mod deployments;
#[cfg(unix)]
mod desk;
#[cfg(unix)]
mod durability;
mod env_only;
#[cfg(unix)]
mod environment;
#[cfg(unix)]
mod exec;
#[cfg(unix)]
mod floors;
#[cfg(unix)]
mod formats;
#[cfg(unix)]
mod gate;
#[cfg(unix)]
mod gate_names;
#[cfg(unix)]
mod gate_unreadable;
#[cfg(unix)]
mod git;
#[cfg(unix)]
mod git_helper;
#[cfg(unix)]
mod git_old;
#[cfg(unix)]
mod git_pipelines;
#[cfg(unix)]
mod git_prompts;
#[cfg(unix)]
mod herd;
#[cfg(unix)]
mod here_documents;
#[cfg(unix)]
mod images;
#[cfg(unix)]
mod keyring;
#[cfg(unix)]
mod leak;
#[cfg(unix)]
mod locate;
#[cfg(unix)]
mod logins;
mod mask;
#[cfg(unix)]
mod nested;
#[cfg(unix)]
mod network;
#[cfg(unix)]
mod other_users;
#[cfg(unix)]
mod packaging;
mod parsers;
#[cfg(unix)]
mod pasted;
#[cfg(unix)]
mod readme;
#[cfg(unix)]
mod redact_interrupted;
#[cfg(unix)]
mod renewed;
#[cfg(unix)]
mod setup;
#[cfg(unix)]
mod setup_docker;
#[cfg(unix)]
mod setup_git;
#[cfg(unix)]
mod staged;
mod streams;
#[cfg(unix)]
mod supervise;
#[cfg(unix)]
mod tell;
#[cfg(unix)]
mod terminal;
mod units;
#[cfg(unix)]
mod usage;
#[cfg(unix)]
mod verdicts;
#[cfg(windows)]
mod windows;
mod world;
