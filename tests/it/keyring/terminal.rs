//! `co-cred login` on a terminal: echo, the prompt of a locked keyring, Ctrl-C.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use fake_deployment::Deployment;

use super::{deployment, login, with_keyring, within_two_seconds, workstation};
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, has};
use crate::support::workstation::{PASSWORD, Screen};

/// A terminal in which `co-cred login` waits for the token, and its transcript.
struct Terminal {
    child: std::process::Child,
    keyboard: std::process::ChildStdin,
    transcript: PathBuf,
}

impl Terminal {
    /// Runs a script until it asks for the token.
    fn start(world: &Sandbox, deployment: &Deployment, script: &str) -> Terminal {
        let transcript = world.path("transcript");
        let mut terminal = world.program("script");
        terminal.args(["--quiet", "--flush", "--return", "--command", script]).arg(&transcript);
        terminal.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).env("TERM", "xterm");
        let mut child = terminal.spawn().unwrap();
        let keyboard = child.stdin.take().unwrap();
        let mut terminal = Terminal { child, keyboard, transcript };
        if !script.contains("--deployment") {
            terminal.wait_for("Deployment, as in the browser");
            terminal.type_line(&deployment.url());
        }
        terminal.wait_for("not shown as you type");
        // By then the terminal's echo is off.
        thread::sleep(Duration::from_millis(200));
        terminal
    }

    fn wait_for(&self, words: &str) {
        let output = || fs::read_to_string(&self.transcript).unwrap_or_default().contains(words);
        crate::support::workstation::wait(words, output);
    }

    fn type_line(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    fn end(self) -> Ran {
        drop(self.keyboard);
        self.child.wait_with_output().unwrap().into()
    }
}

#[test]
fn the_typed_token_is_not_echoed() {
    if !has("script") {
        return;
    }
    let deployment = deployment();
    let world = workstation(&deployment);
    let mut terminal = Terminal::start(&world, &deployment, "co-cred login --insecure-storage");
    terminal.type_line(TOKEN);
    terminal.wait_for("is logged in");
    let ran = terminal.end().expect(0);
    assert!(!ran.out.contains("cop_"), "{ran:?}");
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

/// The desktop shows the prompt only if the user is at a terminal.
#[test]
fn login_on_a_terminal_prompts_to_unlock_the_keyring() {
    const PROMPTER: &str = "/usr/libexec/gcr-prompter";
    const WINDOW: &str = "Unlock Login Keyring";
    if !has("script") || !has(PROMPTER) {
        return;
    }
    let deployment = deployment();
    let Some((world, mut bus)) = with_keyring(&deployment) else { return };
    let Some(screen) = Screen::start() else { return };
    bus.add(world.program(PROMPTER).env("DISPLAY", screen.name()).env("NO_AT_BRIDGE", "1"));
    bus.wait_for("org.gnome.keyring.SystemPrompter");
    login(&world, &deployment, TOKEN, &[]).expect(0);
    bus.lock();
    within_two_seconds(|| world.spawn(["token"])).expect(6);
    within_two_seconds(|| login(&world, &deployment, OTHER, &[])).expect(6);
    assert!(!screen.shows(WINDOW), "a prompt without a user");
    let script = format!("co-cred login --deployment {}", deployment.url());
    // Dismissed: the saved login does not change.
    let mut terminal = Terminal::start(&world, &deployment, &script);
    terminal.type_line(TOKEN);
    screen.answer(WINDOW, "", "Escape");
    terminal.wait_for("the Secret Service is locked");
    terminal.end().expect(6);
    // Answered after more than the two seconds that a silent keyring has.
    let mut terminal = Terminal::start(&world, &deployment, &script);
    terminal.type_line(TOKEN);
    crate::support::workstation::wait(WINDOW, || screen.shows(WINDOW));
    thread::sleep(Duration::from_millis(2500));
    screen.answer(WINDOW, PASSWORD, "Return");
    terminal.wait_for("is logged in");
    terminal.end().expect(0);
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

/// Ctrl-C or a signal restores the terminal's settings, and the shell sees the signal.
#[test]
fn ctrl_c_at_the_prompt_leaves_a_usable_terminal() {
    if !has("script") {
        return;
    }
    let deployment = deployment();
    for ending in ["\u{3}", "TERM"] {
        let world = workstation(&deployment);
        let script = "stty -a > before; sh -c 'echo $$ > pid; exec co-cred login --insecure-storage'; echo ended $?; \
                      stty -a > after; cmp before after && echo the same";
        let mut terminal = Terminal::start(&world, &deployment, script);
        match ending {
            "TERM" => {
                let pid = fs::read_to_string(world.path("work/pid")).unwrap();
                std::process::Command::new("kill").arg(pid.trim()).status().unwrap();
            }
            key => write!(terminal.keyboard, "{key}").unwrap(),
        }
        terminal.wait_for("the same");
        let ran = terminal.end();
        let code = if ending == "TERM" { 143 } else { 130 };
        assert!(ran.out.contains(&format!("ended {code}")), "{ran:?}");
    }
}
