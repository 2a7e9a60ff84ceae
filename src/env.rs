//! The environment, as a snapshot that `main` hands in: nothing else reads the process's, so tests run side by side.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use crate::names;

/// Variables by name, which is in capitals on Windows, where they are one and the same. `Debug` shows names only.
#[derive(Clone, Default)]
pub struct Env {
    vars: BTreeMap<OsString, OsString>,
}

impl Env {
    /// The environment of this process; for `main` alone.
    pub fn of_process() -> Env {
        std::env::vars_os().collect()
    }

    /// The value of a variable. An empty one counts as unset: that is how a slot without a secret may show.
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.vars.get(&*key(name.as_ref())).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The same, where it is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.to_str()
    }

    /// A variable that names a file or a folder: one of [`names::paths`].
    pub fn path(&self, name: &str) -> Option<&Path> {
        debug_assert!(names::paths().any(|path| path == name), "{name} is no path in names::VARIABLES");
        self.get(name).map(Path::new)
    }

    /// The same variables, with every relative path made absolute: for a process that leaves its folder.
    pub fn with_absolute_paths(&self) -> Env {
        let mut env = self.clone();
        for name in names::paths() {
            if let Some(path) = self.path(name).and_then(|path| std::path::absolute(path).ok()) {
                env.set(name, path);
            }
        }
        env
    }

    /// Whether the variable is set, even if it is empty.
    pub fn has(&self, name: &str) -> bool {
        self.vars.contains_key(&*key(OsStr::new(name)))
    }

    /// All variables, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Sets a variable in this snapshot.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.vars.insert(key(&name.into()).into_owned(), value.into());
    }

    /// Takes a variable out of this snapshot.
    pub fn remove(&mut self, name: impl AsRef<OsStr>) {
        self.vars.remove(&*key(name.as_ref()));
    }

    /// A path below the home folder, where there is one: `HOME`, or the profile on Windows.
    pub fn home(&self, below: &str) -> Option<PathBuf> {
        Some(self.path(if cfg!(windows) { "USERPROFILE" } else { "HOME" })?.join(below))
    }

    /// Whether the folder lies below a home that is closed to this user: it is another user's. A folder that the variable names
    /// counts as this user's.
    pub fn is_elsewhere(&self, base: &str) -> bool {
        let closed = |path: PathBuf| {
            path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
        };
        self.absolute(base).is_none() && self.home(".").is_none_or(closed)
    }

    /// The folder for this host alone, as long as the user is logged in: below `$XDG_RUNTIME_DIR`.
    pub fn runtime_dir(&self) -> Option<PathBuf> {
        let base = self.absolute("XDG_RUNTIME_DIR").filter(|path| path.is_dir() && !cfg!(windows))?;
        Some(base.join("co-cred"))
    }

    /// The folder for files that co-cred can do without: below `$XDG_RUNTIME_DIR`, else `$XDG_CACHE_HOME`, else
    /// `~/.cache` (on Windows, `%LOCALAPPDATA%`). Relative paths are ignored, as the XDG base directory specification asks.
    pub fn cache_dir(&self) -> Option<PathBuf> {
        self.runtime_dir().or_else(|| self.base("XDG_CACHE_HOME", "LOCALAPPDATA", ".cache"))
    }

    /// The folder of the configuration: below `$XDG_CONFIG_HOME`, else `~/.config` (on Windows, `%APPDATA%`).
    pub fn config_dir(&self) -> Option<PathBuf> {
        self.base("XDG_CONFIG_HOME", "APPDATA", ".config")
    }

    /// The folder for what co-cred must not lose: below `$XDG_DATA_HOME`, else `~/.local/share` (on Windows,
    /// `%LOCALAPPDATA%`).
    pub fn data_dir(&self) -> Option<PathBuf> {
        self.base("XDG_DATA_HOME", "LOCALAPPDATA", ".local/share")
    }

    fn base(&self, name: &str, on_windows: &str, below_home: &str) -> Option<PathBuf> {
        let home = || self.home(below_home).filter(|path| path.is_absolute());
        // On Windows, the profile's folder is what keeps other users out.
        let name = if cfg!(windows) { on_windows } else { name };
        Some(self.absolute(name).or_else(home)?.join("co-cred"))
    }

    fn absolute(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(Path::new).filter(|path| path.is_absolute()).map(Path::to_path_buf)
    }
}

/// The name by which a variable is kept.
fn key(name: &OsStr) -> Cow<'_, OsStr> {
    if cfg!(windows) { name.to_ascii_uppercase().into() } else { name.into() }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Env {
        Env { vars: pairs.into_iter().map(|(name, value)| (key(&name.into()).into_owned(), value.into())).collect() }
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.vars.keys()).finish()
    }
}
