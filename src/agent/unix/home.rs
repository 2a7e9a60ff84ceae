//! Where an agent lives: a folder of this user's alone, with its socket, and a lock that says whether one is there.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files::{self, Lock};
use crate::locate::agent::{Brokered, lock_of};

use super::super::Claim;
use super::super::keeper::Keeper;
use super::super::rounds::unable;
use super::serve;

/// A place that was claimed. Its socket is removed when dropped.
#[derive(Debug)]
pub struct Home {
    socket: PathBuf,
    notify: Option<PathBuf>,
    /// Held for as long as the agent lives; the system lets go of it, however that ends.
    lock: File,
}

impl Home {
    /// Claims a place for a socket.
    ///
    /// # Errors
    /// The folder cannot be made, or is somebody else's as well.
    pub fn claim(env: &Env, socket: &Path) -> Result<Claim> {
        // Closed to all others before a socket is put into it.
        files::private_folder(socket).map_err(|error| {
            let refused = no_place(socket, &error);
            let is_foreign = socket.parent().is_some_and(files::is_foreign);
            if is_foreign { refused.hint("run it without sudo, or with sudo -H") } else { refused }
        })?;
        let lock = files::lock(&lock_of(socket)).map_err(|error| no_place(socket, &error))?;
        match files::hold(&lock, Duration::ZERO).map_err(|error| no_place(socket, &error))? {
            Lock::Held => {}
            Lock::Busy => return Ok(Claim::Taken),
            Lock::Unsupported => return Err(no_place(socket, &io::Error::other("its file system has no locks"))),
        }
        // Nobody holds the lock: a socket that is there is left of an agent that was killed. Anything else is somebody's.
        match fs::symlink_metadata(socket) {
            Ok(meta) if meta.file_type().is_socket() => {
                fs::remove_file(socket).map_err(|error| no_place(socket, &error))?
            }
            Ok(_) => return Err(no_place(socket, &io::Error::new(io::ErrorKind::AlreadyExists, "it is another file"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(no_place(socket, &error)),
        }
        let notify = env.path("NOTIFY_SOCKET").map(Path::to_path_buf);
        Ok(Claim::Ours(Home { socket: socket.to_path_buf(), notify, lock }))
    }

    /// Marks a change: whoever watches the lock sees that its time is another.
    pub(in crate::agent) fn mark(&self) {
        let _ = self.lock.set_modified(SystemTime::now());
    }

    /// Where it listens.
    pub(in crate::agent) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Serves whoever asks, from now on, and says so to whoever waits for that.
    ///
    /// # Errors
    /// The socket cannot be made, or the system has no thread left.
    pub(in crate::agent) fn serve(&self, keeper: Arc<Keeper>, brokered: Option<Brokered>) -> Result<()> {
        serve::start(self.listener()?, keeper, brokered).map_err(|error| unable("serve", error))?;
        self.tell_systemd();
        Ok(())
    }

    /// The socket, as this user's alone.
    fn listener(&self) -> Result<UnixListener> {
        let listen = || {
            let listener = UnixListener::bind(&self.socket)?;
            fs::set_permissions(&self.socket, Permissions::from_mode(0o600))?;
            Ok(listener)
        };
        listen().map_err(|error: io::Error| no_place(&self.socket, &error))
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

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.socket);
    }
}

fn no_place(socket: &Path, error: &io::Error) -> Error {
    let what = format!("the agent cannot use the socket {} ({error})", socket.display());
    Error::new(Reason::Usage, what).hint("--socket names another one, in a folder that only you may enter (chmod 700)")
}
