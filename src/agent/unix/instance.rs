//! Where an agent lives: a folder of this user's alone, with its socket, and a lock that says whether one is there.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files::{self, Lock};
use crate::ipc::{AgentRequest, Answer, Brokered, ask, is_gone, lock_of};

use super::super::Claim;
use super::super::token_state::TokenState;
use super::super::unable;
use super::{serve, signals};

/// A place that was claimed. Its socket is removed when dropped.
#[derive(Debug)]
pub struct AgentInstance {
    place: Arc<Place>,
    notify: Option<PathBuf>,
    /// Held for as long as the agent lives; the system lets go of it, however that ends.
    lock: File,
}

impl AgentInstance {
    /// Claims a place for a socket.
    ///
    /// # Errors
    /// The folder cannot be made, or is somebody else's as well; or another program listens at the socket.
    pub fn claim(env: &Env, socket: &Path) -> Result<Claim> {
        // Closed to all others before a socket is put into it.
        files::private_folder(socket).map_err(|error| {
            let refused = no_place(socket, &error);
            let is_foreign = socket.parent().is_some_and(files::is_foreign);
            if is_foreign { refused.hint("run it without sudo, or with sudo -H") } else { refused }
        })?;
        let lock = files::open_lock(&lock_of(socket)).map_err(|error| no_place(socket, &error))?;
        match files::acquire(&lock, Duration::ZERO).map_err(|error| no_place(socket, &error))? {
            Lock::Held => {}
            Lock::Busy => return Ok(Claim::Taken),
            Lock::Unsupported => return Err(no_place(socket, &io::Error::other("its file system has no locks"))),
        }
        // No agent holds the lock. Only a socket that leads to no program is removed.
        match fs::symlink_metadata(socket) {
            Ok(meta) if meta.file_type().is_socket() => match ask(socket, &AgentRequest::Status) {
                Err(error) if is_gone(&error) => fs::remove_file(socket).map_err(|error| no_place(socket, &error))?,
                Ok(Answer::Status(_)) => return Ok(Claim::Taken),
                _ => return Err(no_place(socket, &other("another program listens there"))),
            },
            Ok(_) => return Err(no_place(socket, &other("it is another file"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(no_place(socket, &error)),
        }
        let notify = env.get("NOTIFY_SOCKET").map(PathBuf::from);
        Ok(Claim::Ours(AgentInstance { place: Arc::new(Place::new(socket)), notify, lock }))
    }

    /// Marks a change: whoever watches the lock sees that its time is another.
    pub(in crate::agent) fn mark(&self) {
        let _ = self.lock.set_modified(SystemTime::now());
    }

    /// Where it listens.
    pub(in crate::agent) fn socket(&self) -> &Path {
        &self.place.socket
    }

    /// Serves whoever asks, from now on, and says so to whoever waits for that.
    ///
    /// # Errors
    /// The socket cannot be made, or the system has no thread left.
    pub(in crate::agent) fn serve(&self, token_state: Arc<TokenState>, brokered: Option<Brokered>) -> Result<()> {
        let listener = self.listener()?;
        serve::start(listener, token_state, brokered, self.place.clone()).map_err(|error| unable("serve", error))?;
        self.tell_systemd();
        Ok(())
    }

    /// Ends the process from now on when a signal asks for that.
    ///
    /// # Errors
    /// The system does not let it, or has no thread left.
    pub(in crate::agent) fn end_on_signals(&self) -> io::Result<()> {
        let place = Arc::clone(&self.place);
        signals::on_the_first(move || place.end())
    }

    /// Does something that must not be cut off by the end of the process.
    pub(in crate::agent) fn while_it_lives<T>(&self, work: impl FnOnce() -> T) -> T {
        let _living = self.place.life();
        work()
    }

    /// The socket, as this user's alone.
    fn listener(&self) -> Result<UnixListener> {
        let listen = || {
            let listener = UnixListener::bind(self.socket())?;
            self.place.bound();
            fs::set_permissions(self.socket(), Permissions::from_mode(0o600))?;
            Ok(listener)
        };
        listen().map_err(|error: io::Error| no_place(self.socket(), &error))
    }

    /// Tells systemd, where it started us and waits for that, that the agent is ready (sd_notify(3)).
    fn tell_systemd(&self) {
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::net::{SocketAddr, UnixDatagram};
        let Some(path) = &self.notify else { return };
        let address = match path.as_os_str().as_bytes() {
            #[cfg(target_os = "linux")]
            [b'@', name @ ..] => <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name),
            _ => SocketAddr::from_pathname(path),
        };
        let told = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(b"READY=1", &address));
        tracing::info!(told = told.is_ok(), "systemd");
    }
}

impl Drop for AgentInstance {
    fn drop(&mut self) {
        self.place.leave();
    }
}

/// Where an agent listens, and the way to its end.
#[derive(Debug)]
pub(super) struct Place {
    socket: PathBuf,
    /// What our socket is known by, once it is bound.
    ours: OnceLock<(u64, u64)>,
    life: Mutex<()>,
}

impl Place {
    fn new(socket: &Path) -> Place {
        Place { socket: socket.to_path_buf(), ours: OnceLock::new(), life: Mutex::new(()) }
    }

    fn bound(&self) {
        if let Some(ours) = identity(&self.socket) {
            self.ours.get_or_init(|| ours);
        }
    }

    /// Removes the socket, if it is still ours: another agent may have been started in this place.
    pub(super) fn leave(&self) {
        if self.ours.get().is_some_and(|ours| identity(&self.socket).as_ref() == Some(ours)) {
            let _ = fs::remove_file(&self.socket);
        }
    }

    /// Ends the process at once: a look at a deployment that does not answer may take a minute.
    pub(super) fn end(&self) -> ! {
        self.leave();
        let _living = self.life();
        std::process::exit(0)
    }

    fn life(&self) -> MutexGuard<'_, ()> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a file is known by, under whatever name.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// Why a socket cannot be used, where the system has no word for it.
fn other(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, why)
}

fn no_place(socket: &Path, error: &io::Error) -> Error {
    let what = format!("the agent cannot use the socket {} ({error})", socket.display());
    Error::new(Reason::Usage, what).hint("--socket names another one, in a folder that only you may enter (chmod 700)")
}
