//! The main job, on one machine and without an account: a capsule whose token is attached as `CUSTOM_KEY`, the real
//! `co-cred exec`, and a script that calls the API. The deployment is the tests' stand-in, on loopback.
//!
//! `cargo run --example quickstart`. It is its own client as well, under the name `fetch`, since not every machine has curl.
#![allow(clippy::print_stdout, reason = "this is a story told on the terminal")]

use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake_deployment::Plan;

const TOKEN: &str = "cop_QuickStart42";

const SLOTS: &str = r#"{
  "version": 1,
  "secrets": [
    {"type": "general", "id": "x1", "description": "Code Ocean API", "value": "CUSTOM_KEY"}
  ]
}
"#;

const SCRIPT: &str = r#"#!/bin/sh
# What an analysis would do: it knows CODEOCEAN_TOKEN and CODEOCEAN_DOMAIN, and nothing of slots.
set -e
./fetch "$CODEOCEAN_DOMAIN/api/v1/capsules/$1"
"#;

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args_os().next().is_some_and(|name| Path::new(&name).ends_with("fetch")) {
        return fetch();
    }
    let co_cred = build()?;
    let deployment = Plan::with_token(TOKEN).start();
    let world = tempfile::tempdir()?;
    let capsule = lay_out(world.path(), &deployment.url())?;
    let run = |arguments: &[&str]| -> Result<(), Box<dyn Error>> {
        println!("\n$ co-cred {}", arguments.join(" "));
        let mut command = Command::new(&co_cred);
        command.args(arguments).current_dir(capsule.join("code")).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", world.path()).env("CO_CAPSULE_PATH", &capsule).env("CUSTOM_KEY", TOKEN);
        command.env("CO_CRED_SECRETS_DIR", world.path().join("secrets"));
        match command.status()? {
            status if status.success() => Ok(()),
            status => Err(format!("co-cred ended with {status}").into()),
        }
    };
    println!("A capsule in {}: its slot CUSTOM_KEY has a token attached, and nothing", capsule.display());
    println!("says so but .codeocean/secrets.json. A fake deployment answers at {}.", deployment.url());
    println!("\n1. located: where the token is, and for which deployment");
    run(&["exec", "--offline", "--explain"])?;
    println!("\n2. verified: one authenticated call");
    run(&["status"])?;
    println!("\n3. delivered: the script finds it under the names that it knows");
    run(&["exec", "--", "./script.sh", deployment.capsule()])?;
    println!("\nThe deployment was asked {} times, each time with the token. That is all.", deployment.seen().len());
    Ok(())
}

/// What `curl -u "$CODEOCEAN_TOKEN:" URL` does, for a URL in the clear, and without the token among its arguments.
fn fetch() -> Result<(), Box<dyn Error>> {
    let (url, token) = (std::env::args().nth(1).unwrap_or_default(), std::env::var("CODEOCEAN_TOKEN")?);
    let (host, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).ok_or("no such URL")?;
    let basic = STANDARD.encode(format!("{token}:"));
    let mut stream = TcpStream::connect(host)?;
    let head =
        format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {basic}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => {
            println!("{body}");
            Ok(())
        }
        _ => Err(format!("it was answered {}", answer.lines().next().unwrap_or("nothing")).into()),
    }
}

/// Builds the real binary beside this example, and says where it is.
fn build() -> Result<PathBuf, Box<dyn Error>> {
    let example = std::env::current_exe()?;
    let profile = example.parent().and_then(Path::parent).ok_or("an example lies in a profile's folder")?;
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo tells a program that it runs would make build scripts run again.
    let told = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(told)) {
        cargo.env_remove(name);
    }
    // Together with this example, whose dependencies are then the same: nothing is built twice.
    cargo.args(["build", "--quiet", "--bin", "co-cred", "--example", "quickstart"]);
    cargo.args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    cargo.arg("--target-dir").arg(profile.parent().ok_or("a profile lies in a target folder")?);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    match cargo.status()? {
        status if status.success() => Ok(profile.join("co-cred")),
        status => Err(format!("the build of co-cred ended with {status}").into()),
    }
}

/// A capsule as it looks from inside: slot file, code, and a Git remote that tells the deployment.
fn lay_out(world: &Path, deployment: &str) -> Result<PathBuf, Box<dyn Error>> {
    let capsule = world.join("capsule");
    for folder in [".codeocean", ".git", "code"] {
        fs::create_dir_all(capsule.join(folder))?;
    }
    fs::write(capsule.join(".codeocean/secrets.json"), SLOTS)?;
    fs::write(capsule.join(".git/config"), format!("[remote \"origin\"]\n\turl = {deployment}/capsule-1234567.git\n"))?;
    std::os::unix::fs::symlink(std::env::current_exe()?, capsule.join("code/fetch"))?;
    let script = capsule.join("code/script.sh");
    fs::write(&script, SCRIPT)?;
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(capsule)
}
