//! A fresh world for one test: a home, a capsule, a mount and a cache that nothing else sees.

#![cfg_attr(windows, allow(dead_code, reason = "fewer tests are for Windows"))]

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use co_cred::cli::{self, Streams};
use co_cred::env::Env;
use serde_json::Value;
use tempfile::TempDir;

/// A token of the right shape that no test file holds otherwise.
pub const TOKEN: &str = "cop_Zx81QmTz55aB";

/// Another one.
pub const OTHER: &str = "cop_Kp37LwRv92cD";

pub struct Sandbox {
    root: TempDir,
    pub env: Env,
    input: String,
}

/// What a run gave.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// Fails, with all that was said, unless the code is this.
    #[track_caller]
    pub fn expect(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Sandbox {
    pub fn new() -> Sandbox {
        let root = tempfile::tempdir().unwrap();
        let mut env = Env::default();
        let at = |name: &str| root.path().join(name);
        for folder in ["home", "capsule", "cache", "work"] {
            fs::create_dir(at(folder)).unwrap();
        }
        env.set("HOME", at("home"));
        env.set("XDG_CACHE_HOME", at("cache"));
        env.set("CO_CAPSULE_PATH", at("capsule"));
        env.set("CO_CRED_SECRETS_DIR", at("mount"));
        env.set("PATH", std::env::var_os("PATH").unwrap());
        if cfg!(windows) {
            for (name, folder) in [("USERPROFILE", "home"), ("APPDATA", "work"), ("LOCALAPPDATA", "cache")] {
                env.set(name, at(folder));
            }
        }
        // Without it, Windows starts no program.
        if let Some(root) = std::env::var_os("SystemRoot") {
            env.set("SystemRoot", root);
        }
        Sandbox { root, env, input: String::new() }
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    /// Sets a variable.
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Sandbox {
        self.env.set(name, value);
        self
    }

    /// Puts something on standard input, for what runs in this process.
    pub fn with_input(mut self, input: &str) -> Sandbox {
        input.clone_into(&mut self.input);
        self
    }

    /// Removes a variable.
    pub fn without(mut self, name: &str) -> Sandbox {
        self.env.remove(name);
        self
    }

    /// Writes a file, 0600, with its folders.
    pub fn file(self, below: &str, contents: impl AsRef<[u8]>) -> Sandbox {
        write(&self.path(below), contents.as_ref());
        self
    }

    /// The credentials file.
    pub fn credentials(self, domain: &str, token: &str) -> Sandbox {
        let json = serde_json::json!({ "domain": domain, "token": token });
        self.file("home/.codeocean/credentials.json", json.to_string())
    }

    /// Points to a fake deployment, with its authority where it has one.
    pub fn at(self, deployment: &fake_deployment::Deployment) -> Sandbox {
        let world = self.with("CODEOCEAN_DOMAIN", deployment.url());
        match deployment.url().starts_with("https:") {
            true => world.with("SSL_CERT_FILE", deployment.authority()),
            false => world,
        }
    }

    /// Runs in this process.
    pub fn run<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = std::iter::once("co-cred".to_owned()).chain(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        let mut input = self.input.as_bytes();
        let mut streams =
            Streams { input: &mut input, interactive: false, out: &mut out, err: &mut err, colour: false };
        let args: Vec<OsString> = args.map(OsString::from).collect();
        let code = cli::run(&args, &self.env, &mut streams);
        Ran { code: code.into(), out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
    }

    /// The real binary, in this world's environment and work folder.
    pub fn command(&self) -> Command {
        self.program(bin())
    }

    /// Any program, in this world's environment and work folder.
    pub fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.env.iter()).current_dir(self.path("work")).stdin(Stdio::null());
        command
    }

    /// Runs the real binary.
    pub fn spawn<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        self.command().args(args).output().unwrap().into()
    }

    /// Runs another program.
    pub fn spawn_program(&self, program: &str, args: &[&str]) -> Ran {
        self.program(program).args(args).output().unwrap().into()
    }

    /// Runs a script that calls `co-cred`.
    pub fn shell(&self, shell: &str, script: &str) -> Ran {
        let folder = Path::new(bin()).parent().unwrap();
        let path = std::env::join_paths(
            std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(self.env.get("PATH").unwrap())),
        );
        self.program(shell).env("PATH", path.unwrap()).arg("-c").arg(script).output().unwrap().into()
    }
}

/// Writes a file, 0600, with its folders.
pub fn write(path: &Path, contents: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// The real binary.
pub fn bin() -> &'static str {
    env!("CARGO_BIN_EXE_co-cred")
}

/// A copy of the binary. Another process writes it: a file that this one had open is busy while another test starts a program.
#[cfg(unix)]
pub fn copy_bin(to: &Path) {
    assert!(Command::new("cp").arg(bin()).arg(to).status().unwrap().success());
}

/// Whether the tests run as root.
#[cfg(unix)]
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0)
}

/// Whether a program is installed. `tests/run` installs what can be, and a missing one is then a failure of the test;
/// `tests/run --quick` prints the tests that were skipped for one.
pub fn has(program: &str) -> bool {
    let here = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap().status.success();
    assert!(here || std::env::var_os("CO_CRED_TESTS_ALL").is_none(), "{program} is not installed");
    if !here {
        skipped(&format!("{program} is not installed"));
    }
    here
}

/// Notes that this test is skipped, and why, in the file that `CO_CRED_TESTS_SKIPPED` names.
pub fn skipped(why: &str) {
    let Some(path) = std::env::var_os("CO_CRED_TESTS_SKIPPED") else { return };
    let line = format!("skipped: {}: {why}\n", std::thread::current().name().unwrap_or("a test"));
    fs::OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(line.as_bytes()).unwrap();
}
