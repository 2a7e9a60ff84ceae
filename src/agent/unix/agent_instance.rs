//! An agent's claim on a socket path: a private folder, and a lock that at most one agent holds.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::agent::error::unable;
use crate::agent::responder::Responder;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files::{self, Lock};
use crate::ipc::{AgentRequest, AgentResponse, ask, is_not_running, lock_path};

use super::socket_file::SocketFile;
use super::{server, signals};

/// The right to serve at a socket path. The socket is removed when this is dropped.
#[derive(Debug)]
pub struct AgentInstance {
    socket: Arc<SocketFile>,
    /// The socket of systemd that waits for the agent to be ready.
    notify_socket: Option<PathBuf>,
    /// Locked for as long as the agent runs: the system releases the lock of a process that is killed.
    lock: File,
}

impl AgentInstance {
    /// Claims a socket path; returns none where an agent serves there already.
    ///
    /// # Errors
    /// The folder cannot be created or is not private, or another program listens at the socket.
    pub fn claim(env: &Env, path: &Path) -> Result<Option<AgentInstance>> {
        // The folder is made private before a socket is created in it.
        files::private_folder(path).map_err(|error| {
            let refused = unusable(path, &error);
            let is_foreign = path.parent().is_some_and(files::is_foreign);
            if is_foreign { refused.hint("run it without sudo, or with sudo -H") } else { refused }
        })?;
        let lock = files::open_lock(&lock_path(path)).map_err(|error| unusable(path, &error))?;
        match files::acquire(&lock, Duration::ZERO).map_err(|error| unusable(path, &error))? {
            Lock::Held => {}
            Lock::Busy => return Ok(None),
            Lock::Unsupported => return Err(unusable(path, &io::Error::other("its file system has no locks"))),
        }
        if !remove_stale(path)? {
            return Ok(None);
        }
        let notify_socket = env.get("NOTIFY_SOCKET").map(PathBuf::from);
        Ok(Some(AgentInstance { socket: Arc::new(SocketFile::new(path)), notify_socket, lock }))
    }

    /// Records a change of the token as the modification time of the lock file, which clients watch.
    pub(in crate::agent) fn record_change(&self) {
        let _ = self.lock.set_modified(SystemTime::now());
    }

    /// The path of the socket.
    pub(in crate::agent) fn socket(&self) -> &Path {
        self.socket.path()
    }

    /// Creates the socket, answers requests on threads of its own from now on, and notifies systemd.
    ///
    /// # Errors
    /// The socket cannot be created, or the system has no thread left.
    pub(in crate::agent) fn serve(&self, responder: Responder) -> Result<()> {
        let listener = self.socket.bind().map_err(|error| unusable(self.socket(), &error))?;
        server::start(listener, responder, Arc::clone(&self.socket)).map_err(|error| unable("serve", error))?;
        self.notify_systemd();
        Ok(())
    }

    /// Ends the process at the first signal that asks for it, from now on.
    ///
    /// # Errors
    /// The system does not allow it, or has no thread left.
    pub(in crate::agent) fn exit_on_signals(&self) -> io::Result<()> {
        let socket = Arc::clone(&self.socket);
        signals::on_first(move || socket.exit())
    }

    /// Does work that the end of the process must not interrupt.
    pub(in crate::agent) fn finish_before_exit<T>(&self, work: impl FnOnce() -> T) -> T {
        let _no_exit = self.socket.exit_lock();
        work()
    }

    /// Tells systemd that the agent is ready (sd_notify(3)), if systemd started it and waits for that.
    fn notify_systemd(&self) {
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::net::{SocketAddr, UnixDatagram};
        let Some(path) = &self.notify_socket else { return };
        let address = match path.as_os_str().as_bytes() {
            #[cfg(target_os = "linux")]
            [b'@', name @ ..] => <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name),
            _ => SocketAddr::from_pathname(path),
        };
        let sent = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(b"READY=1", &address));
        tracing::info!(sent = sent.is_ok(), "systemd notification");
    }
}

impl Drop for AgentInstance {
    fn drop(&mut self) {
        self.socket.remove();
    }
}

/// Removes a socket at which no program listens; returns false where an agent listens. To be called with the lock held.
///
/// # Errors
/// Another program listens, the path is another kind of file, or the socket cannot be removed.
fn remove_stale(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.file_type().is_socket() => match ask(path, &AgentRequest::Status) {
            Err(error) if is_not_running(&error) => fs::remove_file(path).map_err(|error| unusable(path, &error))?,
            Ok(AgentResponse::Status(_)) => return Ok(false),
            _ => return Err(unusable(path, &occupied("another program listens there"))),
        },
        Ok(_) => return Err(unusable(path, &occupied("the path is a file that is not a socket"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(path, &error)),
    }
    Ok(true)
}

/// Why a socket path cannot be used, where the system reports no error.
fn occupied(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, why)
}

fn unusable(path: &Path, error: &io::Error) -> Error {
    Error::new(Reason::Usage, format!("the agent cannot use the socket {} ({error})", path.display()))
        .hint("name another with --socket, in a folder that only you can enter (chmod 700)")
}
