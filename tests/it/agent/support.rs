//! A running agent, and sandboxes for it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::sandbox::Sandbox;
use crate::support::workstation::wait;

/// An agent in the foreground. Commands in `sandbox` find it by its socket, and no token without it.
pub struct RunningAgent {
    pub sandbox: Sandbox,
    pub process: Child,
}

impl RunningAgent {
    /// Starts an agent, and waits until it is ready.
    pub fn new(sandbox: Sandbox) -> RunningAgent {
        RunningAgent::with(sandbox, &[])
    }

    /// The same with further arguments.
    pub fn with(sandbox: Sandbox, args: &[&str]) -> RunningAgent {
        let mut process =
            command(&sandbox).args(["agent", "--foreground"]).args(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let socket = sandbox.path("run/co-cred/agent.sock");
        assert_eq!(line, format!("CO_CRED_AGENT_SOCK='{}'; export CO_CRED_AGENT_SOCK;\n", socket.display()));
        let sandbox = sandbox.with("CO_CRED_AGENT_SOCK", socket).without("CO_CRED_SECRETS_DIR");
        RunningAgent { sandbox: sandbox.with("CO_CRED_SECRETS_DIR", "/nowhere"), process }
    }

    pub fn socket(&self) -> PathBuf {
        self.sandbox.path("run/co-cred/agent.sock")
    }

    /// The token that a client gets.
    pub fn token(&self) -> String {
        let ran = self.sandbox.run(["token", "--offline"]);
        if ran.code == 0 {
            ran.out.trim_end().to_owned()
        } else {
            format!("{ran:?}; the agent: {}", log(&self.sandbox))
        }
    }

    pub fn status(&self) -> Value {
        self.sandbox.run(["agent", "status", "--json"]).expect(0).json()
    }

    /// Waits until clients get this token.
    #[track_caller]
    pub fn wait_for(&self, token: &str) {
        wait(token, || self.token() == token);
    }

    /// The first response to these bytes.
    pub fn ask(&self, request: &[u8]) -> Option<Value> {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        let _ = stream.write_all(request);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut response = String::new();
        stream.read_to_string(&mut response).ok()?;
        serde_json::from_str(response.lines().next()?).ok()
    }
}

impl Drop for RunningAgent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A sandbox with a private folder for sockets, and no deployment.
pub fn agent_sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let run = sandbox.path("run");
    fs::create_dir(&run).unwrap();
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).unwrap();
    sandbox.with("XDG_RUNTIME_DIR", run)
}

/// co-cred, with its standard error in a file for [`log`].
pub fn command(sandbox: &Sandbox) -> Command {
    let mut command = sandbox.command();
    command.stderr(fs::File::create(sandbox.path("log")).unwrap());
    command
}

/// What a [`command`] has written to standard error.
pub fn log(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path("log")).unwrap()
}

pub fn signal(process: &Child, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &process.id().to_string()]).status().unwrap().success());
}

/// A process that is killed when dropped.
pub struct KilledOnDrop(pub Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts an agent in the foreground with this command, and waits until it is ready.
pub fn start(command: &mut Command) -> KilledOnDrop {
    let mut agent = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(agent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("CO_CRED_AGENT_SOCK="), "{line}");
    KilledOnDrop(agent)
}
