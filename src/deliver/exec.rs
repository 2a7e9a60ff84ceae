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

use super::{Assignment, Handed, text, tokens};

/// What was asked for on top of the two variables that are always set.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// More names for the token.
    pub names: Vec<String>,
    /// All names that public code reads.
    pub all_names: bool,
    /// More names for the deployment, each in its form.
    pub domains: Vec<(String, Form)>,
    /// Nothing else in the environment may hold the token.
    pub clean: bool,
    /// Variables that are not to be there, unless they are set.
    pub without: Vec<OsString>,
    /// Variables that have nothing to do with the token's value.
    pub others: Vec<Assignment>,
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
    pub fn new(handed: Handed, token: &Token, env: &Env, wishes: &Wishes) -> Plan {
        let mut plan =
            Plan { set: tokens(handed, &wishes.names), kept: Vec::new(), removed: Vec::new(), left: Vec::new() };
        wishes.others.iter().for_each(|other| plan.add(other.clone()));
        if wishes.all_names {
            plan.add_all_tokens(handed, token, env);
        }
        if let Some(deployment) = handed.deployment {
            plan.add_domains(deployment, env, wishes);
        }
        if wishes.clean {
            plan.remove_traces(token, env);
        }
        let unset = |name: &&OsString| !name.to_str().is_some_and(|name| plan.sets(name));
        plan.removed = plan.removed.iter().chain(wishes.without.iter().filter(unset)).cloned().collect();
        plan.empty_settings_of_git();
        let removed = &plan.removed;
        plan.left.retain(|name| !removed.iter().any(|removed| removed == name));
        plan
    }

    /// The deployment under its own name, under those that were asked for, and under every name that is in use: a variable
    /// that names another deployment would send a client there, with this one's token.
    fn add_domains(&mut self, deployment: &Deployment, env: &Env, wishes: &Wishes) {
        for (name, form) in &wishes.domains {
            self.add(Assignment::plain(name, form.write(deployment)));
        }
        for name in DOMAINS {
            match env.get(name) {
                _ if self.sets(name) => {}
                Some(value) if is_named_by(value, deployment) => self.kept.push(name),
                Some(value) => self.add(Assignment::plain(name, Form::of(&value.to_string_lossy()).write(deployment))),
                None if name == DOMAIN || wishes.all_names => self.add(Assignment::plain(name, deployment.origin())),
                None => {}
            }
        }
    }

    fn remove_traces(&mut self, token: &Token, env: &Env) {
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

    fn add_all_tokens(&mut self, handed: Handed, token: &Token, env: &Env) {
        let token = text(token);
        for name in names::all_tokens() {
            let taken = names::is_shared(name) && env.get(name).is_some_and(|value| value != token.as_str());
            match taken && !self.sets(name) {
                true => self.left.push(name),
                false => self.add(Assignment::token(name, handed.token)),
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
