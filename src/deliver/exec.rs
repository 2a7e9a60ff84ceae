//! In the environment of a command that takes co-cred's place.

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

/// What the command's environment will be, beside what it is.
#[derive(Debug)]
pub struct Plan {
    /// Variables that are set.
    pub set: Vec<Assignment>,
    /// Variables that name the deployment already, and stay as they are: scripts may put `https://` before them.
    pub kept: Vec<&'static str>,
    /// Variables that are removed, because they hold a trace of the token.
    pub removed: Vec<OsString>,
    /// Variables that are left alone, because they hold something else.
    pub left: Vec<&'static str>,
}

impl Plan {
    /// Works out what to set and what to remove, where the environment may hold `token`.
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
            plan.remove_traces(token, env);
        }
        let unset = |name: &&OsString| !name.to_str().is_some_and(|name| plan.sets(name));
        plan.removed = plan.removed.iter().chain(options.unset.iter().filter(unset)).cloned().collect();
        plan.empty_settings_of_git();
        let removed = &plan.removed;
        plan.left.retain(|name| !removed.iter().any(|removed| removed == name));
        plan
    }

    /// The deployment under its own name, under those that were asked for, and under every name that is in use: a variable
    /// that names another deployment would send a client there, with this one's token.
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
        // A co-cred further down would look for the variable that is gone.
        let named = env.get("CO_CRED_TOKEN_ENV");
        let gone = |named| self.removed.iter().any(|removed| removed == named);
        if named.is_some_and(gone) && !self.sets("CO_CRED_TOKEN_ENV") {
            self.removed.push("CO_CRED_TOKEN_ENV".into());
        }
    }

    /// Git refuses to start where one of the values that it was told to count is not there.
    fn empty_settings_of_git(&mut self) {
        let is_value = |name: &OsString| name.to_str().is_some_and(|name| name.starts_with("GIT_CONFIG_VALUE_"));
        let emptied = self.removed.extract_if(.., |name| is_value(name)).collect::<Vec<_>>();
        emptied.iter().for_each(|name| self.add(Assignment::plain(&name.to_string_lossy(), "")));
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

    /// Becomes the command. Returns only where that fails.
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

/// Whether a variable's value names this very deployment.
pub(super) fn is_named_by(value: &OsStr, deployment: &Deployment) -> bool {
    value == deployment.origin()
        || value.to_str().is_some_and(|value| Deployment::parse(value).as_ref() == Ok(deployment))
}
