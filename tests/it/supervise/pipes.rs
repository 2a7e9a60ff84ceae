//! A command on pipes: its output is masked and otherwise unchanged, its input is not touched.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::commands::{masked, sandbox};
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, bin, has};
use crate::support::workstation::wait;

#[test]
fn closed_reader_ends_the_command() {
    let sandbox = sandbox();
    let start = Instant::now();
    for command in ["yes", "exec yes", "while :; do echo y; done"] {
        let pipe =
            format!("{} exec --offline --mask -- sh -c '{command}' | head -1; echo \"${{PIPESTATUS[0]}}\"", bin());
        let ran = sandbox.spawn_program("bash", &["-c", &pipe]).expect(0);
        let alone = sandbox
            .spawn_program("bash", &["-c", &format!("sh -c '{command}' | head -1; echo \"${{PIPESTATUS[0]}}\"")]);
        assert_eq!(ran.out, alone.out, "{command}");
    }
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn standard_input_is_passed_unread() {
    let sandbox = sandbox();
    let input: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
    let mut child = masked(&sandbox, &["cat"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let sent = input.clone();
    let writer = thread::spawn(move || stdin.write_all(&sent).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success() && output.stdout == input && output.stderr.is_empty());
    // What the command does not read is left for the next program.
    let script = format!("printf 'a\\nb\\n' | {{ {} exec --offline --mask -- head -c 2; cat; }}", bin());
    assert_eq!(sandbox.spawn_program("sh", &["-c", &script]).expect(0).out, "a\nb\n");
}

#[test]
fn both_streams_are_masked_separately() {
    let sandbox = sandbox().with("ANOTHER", OTHER);
    let script = "echo out $CODEOCEAN_TOKEN; echo err $CODEOCEAN_TOKEN >&2; echo other $ANOTHER; printf %s $CODEOCEAN_TOKEN: | base64 >&2";
    let ran = Ran::from(masked(&sandbox, &["sh", "-c", script]).output().unwrap()).expect(0);
    assert_eq!(ran.out, "out ***\nother ***\n");
    assert!(ran.err.contains("\nerr ***\n***"), "{ran:?}");
    assert!(ran.err.contains("masked 4 times"), "{ran:?}");
    // Where both go to the same place, their order is kept.
    let lines = "for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i >&2; done";
    let both = format!("{} exec --quiet --offline --mask -- sh -c '{lines}' 2>&1", bin());
    let alone = sandbox.spawn_program("sh", &["-c", &format!("({lines}) 2>&1")]);
    assert_eq!(sandbox.spawn_program("sh", &["-c", &both]).expect(0).out, alone.out);
}

/// A `c` may begin a token, and is held back for a moment only.
#[test]
fn prompt_is_written_while_the_command_waits() {
    let sandbox = sandbox();
    let said = sandbox.path("work/said");
    let mut command = masked(&sandbox, &["sh", "-c", "printf 'Enter your topic'; read -r answer; echo got $answer"]);
    let mut child = command.stdin(Stdio::piped()).stdout(fs::File::create(&said).unwrap()).spawn().unwrap();
    wait("the prompt", || fs::read_to_string(&said).unwrap() == "Enter your topic");
    child.stdin.take().unwrap().write_all(b"x\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(fs::read_to_string(&said).unwrap(), "Enter your topicgot x\n");
}

#[test]
fn command_that_cannot_start_is_reported() {
    let sandbox = sandbox().file("work/script", "#!/bin/sh\n");
    for (program, code) in [("no-such-command", 127), ("./nowhere", 127), ("./script", 126)] {
        let ran = Ran::from(masked(&sandbox, &[program]).output().unwrap());
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.err.contains("co-cred: error:"), "{ran:?}");
    }
    // Our own failures are 125, and nothing is run.
    let ran = Sandbox::new().spawn(["exec", "--mask", "--", "touch", "ran"]);
    assert_eq!(ran.code, 125, "{ran:?}");
}

/// A notebook prints the token, and so does the program that runs it.
#[test]
fn notebook_output_is_masked() {
    let Some(python) = crate::support::clients::python() else { return };
    let cell = "import os, base64\nt = os.environ['CODEOCEAN_TOKEN']\n\
                print({'Authorization': 'Basic ' + base64.b64encode((t + ':').encode()).decode()})\nt";
    let notebook = serde_json::json!({
        "cells": [{"cell_type": "code", "execution_count": null, "id": "a", "metadata": {}, "outputs": [], "source": cell}],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4, "nbformat_minor": 5,
    });
    let sandbox = sandbox().file("work/notebook.ipynb", notebook.to_string());
    let convert = ["-m", "nbconvert", "--to", "markdown", "--execute", "--stdout", "notebook.ipynb"];
    let args = [&[python.to_str().unwrap()], &convert[..]].concat();
    let ran = Ran::from(masked(&sandbox, &args).output().unwrap()).expect(0);
    assert!(ran.out.contains("'Basic ***") && ran.out.contains("'***'"), "{ran:?}");
    assert!(!ran.out.contains(&TOKEN[4..]), "{ran:?}");
}

/// Real programs whose debug output holds the token.
#[test]
fn verbose_programs_are_masked() {
    let deployment = fake_deployment::Plan::with_token(TOKEN).tls().git().start();
    let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).with_git(&[&deployment]).on_path();
    let sandbox = sandbox.with("CURL_CA_BUNDLE", deployment.authority()).with("URL", deployment.clone_url());
    let mut scripts = vec![
        "set -x; echo $CODEOCEAN_TOKEN",
        "curl -sv -u \"$CODEOCEAN_TOKEN:\" \"$CODEOCEAN_DOMAIN/api/v1/capsules/search\"",
        "env",
        "cat /proc/self/environ",
    ];
    if has("git") {
        scripts.push("GIT_TRACE_REDACT=0 GIT_CURL_VERBOSE=1 GIT_TRACE_CURL=1 git clone \"$URL\" clone");
    }
    for script in scripts {
        let mut command = sandbox.command();
        command.args(["exec", "--git", "--mask", "--", "bash", "-c", script]);
        let ran = Ran::from(command.output().unwrap());
        let encodings =
            co_cred::patterns::Encodings::of(&co_cred::token::Token::parse(TOKEN.as_bytes()).unwrap().token);
        assert_eq!(encodings.found_in(ran.out.as_bytes()), None, "{script}: {ran:?}");
        assert_eq!(encodings.found_in(ran.err.as_bytes()), None, "{script}: {ran:?}");
        assert!(ran.err.contains("in the command's output"), "{script}: {ran:?}");
    }
    if let Some(python) = crate::support::clients::python() {
        let program = "import os\nfrom codeocean import CodeOcean\n\
                       client = CodeOcean(domain=os.environ['CODEOCEAN_DOMAIN'], token=os.environ['CODEOCEAN_TOKEN'])\n\
                       print(client.session.headers, client.session.auth, client.token)\nraise ValueError(client.token)\n";
        let sandbox = sandbox.file("work/run.py", program);
        let mut command = sandbox.command();
        command.args(["exec", "--mask", "--"]).arg(python).arg("run.py");
        let ran = Ran::from(command.output().unwrap());
        assert!(ran.code == 1 && ran.err.contains("ValueError: ***"), "{ran:?}");
        assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "{ran:?}");
    }
}
