//! `co-cred agent status`.

use std::io::Write;
use std::path::Path;

use serde_json::json;

use crate::cli::broker::describe;
use crate::cli::exit;
use crate::cli::messages::clean;
use crate::error::Result;
use crate::ipc::{AgentRequest, AgentResponse, AgentStatus, ask};

use super::errors::{no_response, not_an_agent};

pub(super) fn run(socket: &Path, as_json: bool, out: &mut dyn Write) -> Result<u8> {
    let response = ask(socket, &AgentRequest::Status).map_err(|error| no_response(socket, &error))?;
    let AgentResponse::Status(status) = response else { return Err(not_an_agent(socket)) };
    let status = cleaned(status);
    let socket = clean(&socket.display().to_string());
    let written = if as_json { write_json(&status, &socket, out) } else { write_table(status, socket, out) };
    exit::written(written).map(|()| 0)
}

/// The status, safe to show: every text in it comes from another process.
fn cleaned(status: AgentStatus) -> AgentStatus {
    let AgentStatus { pid, deployment, place, fingerprint, since, changes, trouble, broker, rules } = status;
    let [deployment, place, fingerprint, trouble, broker] =
        [deployment, place, fingerprint, trouble, broker].map(|text| text.map(|text| clean(&text)));
    let rules = rules.iter().map(|rule| clean(rule)).collect();
    AgentStatus { pid, deployment, place, fingerprint, since, changes, trouble, broker, rules }
}

fn write_json(status: &AgentStatus, socket: &str, out: &mut dyn Write) -> std::io::Result<()> {
    let AgentStatus { pid, deployment, place, fingerprint, since, changes, trouble, broker, rules } = status;
    let json = json!({
        "pid": pid, "socket": socket, "deployment": deployment, "place": place,
        "fingerprint": fingerprint, "since": format!("{since:.0}"), "changes": changes, "trouble": trouble,
        "broker": broker.as_ref().map(|domain| json!({ "domain": domain, "rules": rules })),
    });
    writeln!(out, "{json:#}")
}

fn write_table(status: AgentStatus, socket: String, out: &mut dyn Write) -> std::io::Result<()> {
    let AgentStatus { pid, deployment, place, fingerprint, since, changes, trouble, broker, rules } = status;
    let none = || "none".to_owned();
    let token = fingerprint.map_or_else(none, |token| format!("{token} from {}", place.unwrap_or_else(none)));
    let lines = [
        ("process", pid.to_string()),
        ("socket", socket),
        ("token", token),
        ("deployment", deployment.unwrap_or_else(none)),
        ("since", format!("{since:.0}")),
        ("changes", changes.to_string()),
    ];
    let broker = broker.map(|domain| ("broker", format!("{domain}, {}", describe(&rules))));
    let trouble = trouble.map(|trouble| ("trouble", trouble));
    lines.into_iter().chain(broker).chain(trouble).try_for_each(|(name, value)| writeln!(out, "{name:<12} {value}"))
}
