//! A workstation: co-cred on `PATH` under all of its names, Git that does not prompt, and where a test wants one, a bus and
//! the real GNOME Keyring of its own.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fake_deployment::Deployment;

use crate::support::sandbox::{Ran, Sandbox, bin, has};

/// What a bus needs, and nothing that would start a service by itself.
const CONFIG: &str = r#"<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// The password of every keyring here.
pub const PASSWORD: &str = "pw";

/// A private bus; it ends when dropped, and with it what was started on it.
pub struct Bus {
    socket: PathBuf,
    children: Vec<Child>,
}

impl Bus {
    /// A bus with nothing on it.
    pub fn start(world: &Sandbox) -> Option<Bus> {
        if !has("dbus-daemon") {
            return None;
        }
        let (socket, config) = (world.path("bus"), world.path("bus.conf"));
        fs::write(&config, CONFIG.replace("SOCKET", socket.to_str().unwrap())).unwrap();
        let mut daemon = Command::new("dbus-daemon");
        daemon.arg("--nofork").arg("--config-file").arg(config).stdin(Stdio::null()).stderr(Stdio::null());
        let children = vec![daemon.spawn().unwrap()];
        wait("the bus", || socket.exists());
        Some(Bus { socket, children })
    }

    /// A bus with the real GNOME Keyring, unlocked.
    pub fn with_keyring(world: &Sandbox) -> Option<Bus> {
        let mut bus = Bus::start(world)?;
        if !has("gnome-keyring-daemon") {
            return None;
        }
        let mut daemon = world.program("gnome-keyring-daemon");
        daemon
            .args(["--foreground", "--unlock", "--components=secrets"])
            .env("DBUS_SESSION_BUS_ADDRESS", bus.address());
        daemon.env("XDG_RUNTIME_DIR", world.path("work")).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut daemon = daemon.stderr(Stdio::null()).spawn().unwrap();
        daemon.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        bus.children.push(daemon);
        bus.wait_for("org.freedesktop.secrets");
        Some(bus)
    }

    /// Waits until a process on it owns a name.
    pub fn wait_for(&self, name: &str) {
        let (method, name) = ("org.freedesktop.DBus.NameHasOwner", format!("string:{name}"));
        wait(&name, || self.call("org.freedesktop.DBus", "/", method, &[&name]).contains("true"));
    }

    pub fn address(&self) -> String {
        format!("unix:path={}", self.socket.display())
    }

    /// Starts a program on it, which ends with it.
    pub fn add(&mut self, program: &mut Command) {
        let program = program.env("DBUS_SESSION_BUS_ADDRESS", self.address());
        let child = program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The keyring's daemon stays the last.
        self.children.insert(0, child);
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    fn call(&self, destination: &str, object: &str, method: &str, args: &[&str]) -> String {
        let mut call = Command::new("dbus-send");
        call.arg(format!("--bus={}", self.address())).args(["--print-reply", &format!("--dest={destination}")]);
        String::from_utf8(call.arg(object).arg(method).args(args).output().unwrap().stdout).unwrap()
    }

    /// Locks every keyring.
    pub fn lock(&self) {
        let (service, object) = ("org.freedesktop.secrets", "/org/freedesktop/secrets");
        let collection = "array:objpath:/org/freedesktop/secrets/collection/login";
        let answer = self.call(service, object, "org.freedesktop.Secret.Service.Lock", &[collection]);
        assert!(answer.contains("collection/login"), "{answer}");
    }

    /// Sends the keyring's daemon a signal, by its name.
    pub fn signal(&self, name: &str) {
        let daemon = self.children.last().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &daemon]).status().unwrap().success());
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A virtual screen, and a keyboard.
pub struct Screen {
    server: Child,
    name: String,
}

impl Screen {
    pub fn start() -> Option<Screen> {
        if !["Xvfb", "xdotool"].iter().all(|program| has(program)) {
            return None;
        }
        let mut server = Command::new("Xvfb");
        server.args(["-displayfd", "1", "-screen", "0", "800x600x24"]).stdin(Stdio::null()).stderr(Stdio::null());
        let mut server = server.stdout(Stdio::piped()).spawn().unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Some(Screen { server, name: format!(":{}", number.trim()) })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    fn xdotool(&self, args: &[&str]) -> String {
        let output = Command::new("xdotool").args(args).env("DISPLAY", &self.name).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Whether a window of that name is seen.
    pub fn shows(&self, name: &str) -> bool {
        !self.xdotool(&["search", "--onlyvisible", "--name", name]).is_empty()
    }

    /// Types into a window of that name once it is there, and ends with a key.
    pub fn answer(&self, name: &str, text: &str, key: &str) {
        wait(name, || self.shows(name));
        let window = self.xdotool(&["search", "--onlyvisible", "--name", name]);
        self.xdotool(&["windowfocus", "--sync", &window]);
        // A window takes its keyboard a moment after it is seen.
        std::thread::sleep(Duration::from_millis(500));
        if !text.is_empty() {
            self.xdotool(&["type", "--delay", "30", text]);
        }
        self.xdotool(&["key", key]);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Waits until something is so.
#[track_caller]
pub fn wait(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} does not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Sandbox {
    /// Puts co-cred on `PATH`, under its own name and those of a helper.
    pub fn on_path(self) -> Sandbox {
        let folder = self.path("bin");
        fs::create_dir_all(&folder).unwrap();
        for name in ["co-cred", "git-credential-co-cred", "docker-credential-co-cred"] {
            std::os::unix::fs::symlink(bin(), folder.join(name)).unwrap();
        }
        let path = self.env.get("PATH").unwrap().to_owned();
        let path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path))).unwrap();
        self.with("PATH", path)
    }

    /// Lets Git trust these deployments, know who commits, and ask no questions.
    pub fn with_git(self, deployments: &[&Deployment]) -> Sandbox {
        let bundle = self.path("bundle.pem");
        let authorities: Vec<u8> =
            deployments.iter().flat_map(|deployment| fs::read(deployment.authority()).unwrap()).collect();
        fs::write(&bundle, authorities).unwrap();
        let world = self.with("SSL_CERT_FILE", &bundle).with("GIT_SSL_CAINFO", &bundle);
        let world = world.with("GIT_TERMINAL_PROMPT", "0").with("GIT_CONFIG_NOSYSTEM", "1");
        ["AUTHOR", "COMMITTER"].iter().fold(world, |world, who| {
            let name = format!("GIT_{who}_NAME");
            world.with(&name, "Ada").with(&format!("GIT_{who}_EMAIL"), "ada@example.org")
        })
    }

    /// Runs Git.
    pub fn git(&self, args: &[&str]) -> Ran {
        self.spawn_program("git", args)
    }

    /// Runs the real binary with this on standard input.
    pub fn pipe(&self, args: &[&str], input: &str) -> Ran {
        piped(self.command().args(args), input)
    }
}

/// Runs a command with this on standard input.
pub fn piped(command: &mut Command, input: &str) -> Ran {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may have refused before it read everything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap().into()
}
