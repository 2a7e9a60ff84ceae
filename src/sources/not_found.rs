//! Why nothing was found: the reasons that can be seen from inside a capsule, most telling first.

use crate::error::{Error, Reason, Remark};

use super::agent::EMPTY;
use super::mount::STRAY;
use super::search::Search;
use super::slots::Slot;

/// The error for a token that no source has, given what the sources passed over.
pub(super) fn explain(search: &Search, skipped: &[Remark]) -> Error {
    let passed = |cause: &str| skipped.iter().find(|remark| remark.cause == cause);
    if let Some(remark) = passed("unreadable") {
        return error(Reason::Unreadable, remark);
    }
    if let Some(remark) = passed(STRAY) {
        return error(Reason::NotFound, remark);
    }
    let slots: Vec<&Slot> = search.slots().iter().filter(|slot| slot.kind != "aws").collect();
    if slots.is_empty() && search.env().has("CO_PIPELINE_ID") {
        return pipeline();
    }
    let unset = |slot: &&&Slot| search.env().get(&slot.variable).is_none();
    let hinted = |slot: &&&Slot| slot.speaks_of_code_ocean();
    if let Some(slot) = slots.iter().filter(unset).find(hinted) {
        return not_attached(search, slot);
    }
    if let Some(slot) = slots.iter().find(hinted) {
        return no_token(slot);
    }
    if let Some(remark) =
        ["shape", EMPTY, "login-gone", "other-user", "other-deployment", "missing-file"].into_iter().find_map(passed)
    {
        return error(Reason::NotFound, remark);
    }
    if let Some(slot) = slots.iter().find(unset) {
        return not_attached(search, slot);
    }
    if let Some(remark) = passed("empty") {
        return error(Reason::NotAttached, remark);
    }
    let looked = "no Code Ocean access token in the environment, the secret mount, the credentials file or the keyring";
    let error = Error::new(
        Reason::NotFound,
        match search.slots().remarks().first() {
            Some(remark) => format!("{looked}; {}", remark.what),
            None => looked.to_owned(),
        },
    );
    error.hint(match slots.is_empty() {
        _ if search.env().get("SUDO_COMMAND").is_some() => {
            "sudo drops variables and the keyring: run it without sudo, or keep some with sudo --preserve-env=CODEOCEAN_TOKEN,CODEOCEAN_DOMAIN"
        }
        true => {
            "in a capsule, attach the token at the gear → Credentials; elsewhere, co-cred login --deployment codeocean.example.org"
        }
        false => "the capsule's slots hold other secrets: add one for a Code Ocean token, or name it with --token-env",
    })
}

/// The error for what a source passed over.
pub(super) fn error(reason: Reason, remark: &Remark) -> Error {
    let error = Error::new(reason, &remark.what);
    match &remark.hint {
        Some(hint) => error.hint(hint),
        None => error.hint("correct it, or name what holds the token with --token-env or --token-file"),
    }
}

fn not_attached(search: &Search, slot: &Slot) -> Error {
    let state = if search.env().has(&slot.variable) { "empty" } else { "not set" };
    let description = match slot.description.as_str() {
        "" => String::new(),
        description => format!(" (\"{description}\")"),
    };
    let what = format!(
        "the slot {}{description} is declared in {}, but {} is {state}",
        slot.variable,
        slot.file.display(),
        slot.variable
    );
    Error::new(Reason::NotAttached, what).hint(
        "attach a secret to this slot (in a shared capsule, your own); if one is attached, relaunch: \
         a workstation only sees what was attached before it started",
    )
}

fn pipeline() -> Error {
    Error::new(Reason::Pipeline, "no Code Ocean access token reached this capsule, which runs in a pipeline")
        .hint("a pipeline keeps only code/ of a capsule, so no slot file tells what was declared: see that the secret is attached there")
}

fn no_token(slot: &Slot) -> Error {
    let what = format!(
        "{} is attached (\"{}\"), but does not have the shape of an access token (cop_...)",
        slot.variable, slot.description
    );
    Error::new(Reason::NotFound, what)
        .hint(format!("attach a Code Ocean access token to it, or insist with --token-env {}", slot.variable))
}
