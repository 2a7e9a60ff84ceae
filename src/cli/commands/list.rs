//! `co-cred list`: the saved logins, their stores and their state.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::credential::Mode;
use crate::error::Result;
use crate::expiry::Expiry;
use crate::keyring::{self, Entry, Login};
use crate::sources;

use crate::cli::exit::Outcome;
use crate::cli::messages::{Messages, clean};
use crate::cli::{Invocation, args};

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::List,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Outcome {
    if typed.deployments {
        let deployments = sources::deployments(&invocation.options(Mode::Never)?.search)?;
        deployments
            .iter()
            .try_for_each(|deployment| writeln!(out, "{}", deployment.origin().trim_start_matches("https://")))?;
        return Ok(0);
    }
    let list = keyring::list(invocation.env)?;
    if typed.emails {
        let emails = list.logins.iter().map(|login| &login.email).filter(|email| is_plain(email.as_str()));
        emails.into_iter().try_for_each(|email| writeln!(out, "{email}"))?;
        return Ok(0);
    }
    messages.warn(&list.remarks);
    let entries = keyring::read_all(invocation.env, &list.logins);
    let logins: Vec<Row> = list.logins.into_iter().zip(entries).map(|(login, entry)| Row { login, entry }).collect();
    if logins.is_empty() && !typed.json {
        messages.done("no login is saved; co-cred login saves one");
    }
    match typed.json {
        true => writeln!(out, "{}", logins.iter().map(Row::json).collect::<Value>())?,
        false => logins.iter().try_for_each(|login| login.write(out)).and_then(|()| out.flush())?,
    }
    Ok(0)
}

/// Whether an address is safe to complete a command line with in every shell: the shell may evaluate it, and it may come
/// from a server.
fn is_plain(email: &str) -> bool {
    email.starts_with(char::is_alphanumeric) && email.chars().all(|c| c.is_alphanumeric() || "@.+_-".contains(c))
}

/// A login and its entry, or why the entry cannot be read.
struct Row {
    login: Login,
    entry: Result<Option<Entry>>,
}

impl Row {
    fn state(&self) -> String {
        match &self.entry {
            Ok(Some(entry)) => match (entry.days_left(), entry.expires) {
                (Some(..0), Some(end)) => format!("expired on {end}"),
                (_, Some(end)) => format!("good until {end}"),
                _ => String::new(),
            },
            Ok(None) => "gone: log in again".to_owned(),
            Err(error) => error.what.clone(),
        }
    }

    fn added(&self) -> Option<String> {
        Some(format!("{:.0}", self.entry.as_ref().ok()?.as_ref()?.added))
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let added = self.added().map_or_else(String::new, |added| format!(", added {}", &added[..10]));
        let Login { deployment, email, store, .. } = &self.login;
        let state = Some(self.state()).filter(|state| !state.is_empty()).map(|state| format!(", {}", clean(&state)));
        writeln!(out, "{deployment}  {email}  in {store}{added}{}", state.unwrap_or_default())
    }

    fn json(&self) -> Value {
        let entry = self.entry.as_ref().ok().and_then(Option::as_ref);
        json!({
            "deployment": self.login.deployment.origin(),
            "email": self.login.email,
            "store": self.login.store,
            "fingerprint": entry.map(|entry| entry.token.fingerprint()),
            "added": self.added(),
            "expires": entry.and_then(|entry| entry.expires).map(Expiry::day),
            "expires_at": entry.and_then(|entry| entry.expires).and_then(Expiry::end),
            "error": self.entry.as_ref().err().map(|error| clean(&error.what)),
        })
    }
}
