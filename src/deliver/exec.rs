//! Delivers in the environment of a command that replaces co-cred.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::Command;

use crate::deployment::{Deployment, Form};
use crate::env::Env;
use crate::names::{self, DOMAIN, DOMAINS};
use crate::patterns::Encodings;
use crate::supervise::replace;
use crate::token::Token;

use super::{Assignment, Delivery, text, tokens};

/// What the command's environment is to have beside the token and its deployment.
#[derive(Clone, Debug, Default)]
pub struct ExecOptions {
    /// More names for the token.
    pub token_names: Vec<String>,
    /// Every name that public code reads.
    pub all_names: bool,
    /// More names for the deployment, each in its form.
    pub domain_names: Vec<(String, Form)>,
    /// Remove every other variable that holds the token.
    pub clean: bool,
    /// Variables to remove, unless the plan sets them.
    pub unset: Vec<OsString>,
    /// More variables; none holds the token.
    pub variables: Vec<Assignment>,
}

/// The changes to make to the environment for the command.
#[derive(Debug)]
pub struct Plan {
    /// Variables to set.
    pub set: Vec<Assignment>,
    /// Variables that name the deployment already, and are not changed: scripts may put `https://` before a bare host.
    pub kept: Vec<&'static str>,
    /// Variables to remove, because they hold the token in some encoding, or lead to it.
    pub removed: Vec<OsString>,
    /// Variables that are not set to the token, because they hold something else.
    pub left: Vec<&'static str>,
}

impl Plan {
    /// Plans what to set and what to remove. `token` is what the environment may hold: with a broker, not the delivered one.
    pub fn new(delivery: Delivery, token: &Token, env: &Env, options: &ExecOptions) -> Plan {
        let mut plan = Plan {
            set: tokens(delivery, &options.token_names),
            kept: Vec::new(),
            removed: Vec::new(),
            left: Vec::new(),
        };
        options.variables.iter().for_each(|variable| plan.add(variable.clone()));
        if options.all_names {
            plan.add_all_tokens(delivery, token, env);
        }
        if let Some(deployment) = delivery.deployment {
            plan.add_domains(deployment, env, options);
        }
        if options.clean {
            plan.remove_encodings(token, env);
        }
        let unset = |name: &&OsString| !name.to_str().is_some_and(|name| plan.sets(name));
        plan.removed = plan.removed.iter().chain(options.unset.iter().filter(unset)).cloned().collect();
        plan.empty_git_config_values();
        let removed = &plan.removed;
        plan.left.retain(|name| !removed.iter().any(|removed| removed == name));
        plan
    }

    /// Sets the deployment under its own name, under the requested names, and under every name that is in use: a variable
    /// that names another deployment would make a client send it this one's token.
    fn add_domains(&mut self, deployment: &Deployment, env: &Env, options: &ExecOptions) {
        for (name, form) in &options.domain_names {
            self.add(Assignment::plain(name, form.write(deployment)));
        }
        for name in DOMAINS {
            match env.get(name) {
                _ if self.sets(name) => {}
                Some(value) if is_named_by(value, deployment) => self.kept.push(name),
                Some(value) => self.add(Assignment::plain(name, Form::of(&value.to_string_lossy()).write(deployment))),
                None if name == DOMAIN || options.all_names => self.add(Assignment::plain(name, deployment.origin())),
                None => {}
            }
        }
    }

    fn remove_encodings(&mut self, token: &Token, env: &Env) {
        let (encodings, token) = (Encodings::of(token), text(token));
        let holds = |value: &OsStr| value == token.as_str() || encodings.found_within(value.as_encoded_bytes());
        let held =
            env.iter().filter(|(name, value)| !name.to_str().is_some_and(|name| self.sets(name)) && holds(value));
        self.removed = held.map(|(name, _)| name.to_owned()).collect();
        // A co-cred that the command starts would fail on the removed variable.
        let named = env.get("CO_CRED_TOKEN_ENV");
        let is_removed = |named| self.removed.iter().any(|removed| removed == named);
        if named.is_some_and(is_removed) && !self.sets("CO_CRED_TOKEN_ENV") {
            self.removed.push("CO_CRED_TOKEN_ENV".into());
        }
    }

    /// Empties a removed `GIT_CONFIG_VALUE_n` instead: Git refuses to start if one that `GIT_CONFIG_COUNT` counts is missing.
    fn empty_git_config_values(&mut self) {
        let is_value = |name: &OsString| name.to_str().is_some_and(|name| name.starts_with("GIT_CONFIG_VALUE_"));
        let emptied = self.removed.extract_if(.., |name| is_value(name)).collect::<Vec<_>>();
        for name in emptied {
            self.add(Assignment::plain(&name.to_string_lossy(), ""));
        }
    }

    fn add_all_tokens(&mut self, delivery: Delivery, token: &Token, env: &Env) {
        let token = text(token);
        for name in names::all_tokens() {
            let taken = names::is_shared(name) && env.get(name).is_some_and(|value| value != token.as_str());
            match taken && !self.sets(name) {
                true => self.left.push(name),
                false => self.add(Assignment::token(name, delivery.token)),
            }
        }
    }

    fn sets(&self, name: &str) -> bool {
        self.set.iter().any(|assignment| assignment.name == name)
    }

    fn add(&mut self, assignment: Assignment) {
        if !self.sets(&assignment.name) {
            self.set.push(assignment);
        }
    }

    /// Replaces this process by the command. Returns only if that fails.
    pub fn exec(&self, env: &Env, command: &[OsString]) -> io::Error {
        match command.split_first() {
            Some((program, args)) => replace(self.command(env, program, args)),
            None => io::ErrorKind::InvalidInput.into(),
        }
    }

    /// A program with its arguments, in this environment.
    pub fn command(&self, env: &Env, program: &OsStr, args: &[OsString]) -> Command {
        let mut command = Command::new(program);
        command.args(args).env_clear();
        command.envs(env.iter().filter(|(name, _)| self.removed.iter().all(|removed| removed != name)));
        command.envs(self.set.iter().map(|assignment| (&assignment.name, assignment.value.as_str())));
        command
    }
}

/// Whether a variable's value names this deployment.
pub(super) fn is_named_by(value: &OsStr, deployment: &Deployment) -> bool {
    value == deployment.origin()
        || value.to_str().is_some_and(|value| Deployment::parse(value).as_ref() == Ok(deployment))
}
