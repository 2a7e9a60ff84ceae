//! Files on Linux and macOS, where a file has an owner and a mode.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use tempfile::NamedTempFile;

use super::access::{Access, Identity, Symlinks};

/// Who may use a file, by its owner and mode.
pub(super) fn access(meta: &Metadata) -> Access {
    let is_own = is_own(meta);
    let owned = is_own || meta.uid() == 0;
    Access {
        owned,
        shared: meta.mode() & 0o044 != 0,
        trusted: owned && meta.mode() & 0o022 == 0,
        exclusive: is_own && meta.mode() & 0o022 == 0,
        private: is_own && meta.mode() & 0o077 == 0,
    }
}

fn is_own(meta: &Metadata) -> bool {
    let user = rustix::process::geteuid().as_raw();
    meta.uid() == user && (user != UNMAPPED || is_mapped(user))
}

/// Whether this process is root, and the file belongs to another user.
pub(super) fn is_foreign(meta: &Metadata) -> bool {
    rustix::process::geteuid().is_root() && meta.uid() != 0
}

/// The user id that the kernel shows for all users that a user namespace does not map, this process's own included
/// (/proc/sys/kernel/overflowuid): two files with it may belong to two users.
const UNMAPPED: u32 = 65534;

/// Whether the user namespace maps a user id. A line of the map: first id inside, first id outside, count.
fn is_mapped(user: u32) -> bool {
    let map = fs::read_to_string("/proc/self/uid_map");
    let holds = |line: &str| {
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        matches!(numbers[..], [first, _, count] if (first..first + count).contains(&u64::from(user)))
    };
    // A kernel without this file has no user namespaces.
    map.map_or(true, |map| map.lines().any(holds))
}

/// Whether an error means that the file system does not support locks: Lustre without `-o flock`, some FUSE and NFS mounts.
pub(super) fn has_no_locks(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let none = [Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOLCK];
    Errno::from_io_error(error).is_some_and(|error| none.contains(&error))
}

/// Options to open a file with: never blocks, not even on a FIFO or a device, and creates a file 0600.
pub(super) fn options(links: Symlinks) -> OpenOptions {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = if links == Symlinks::Refuse { flags | OFlags::NOFOLLOW } else { flags };
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(flags.bits().cast_signed());
    options
}

/// Creates a folder and its ancestors, 0700, where they are missing.
pub(super) fn make_folders(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Whether an open file is a regular file: no FIFO, device or folder.
pub(super) fn is_regular(_: &File, meta: &Metadata, _: Symlinks) -> bool {
    meta.is_file()
}

/// Renames a finished copy over its original.
pub(super) fn replace_with(copy: NamedTempFile, path: &Path) -> io::Result<()> {
    copy.persist(path).map_err(|error| error.error).map(drop)
}

/// Gives a new file the owner, the attributes and the mode of the file that it replaces. The mode is set last: until then
/// the file has no permissions for other users, even where the folder has a default access list.
pub(super) fn copy_metadata(file: &File, former: &File) -> io::Result<()> {
    let (ours, theirs) = (file.metadata()?, former.metadata()?);
    if (ours.uid(), ours.gid()) != (theirs.uid(), theirs.gid()) {
        std::os::unix::fs::fchown(file, Some(theirs.uid()), Some(theirs.gid()))?;
    }
    copy_attributes(file, former)?;
    file.set_permissions(theirs.permissions())
}

/// Reads at an offset, without moving the file's position.
///
/// # Errors
/// The read fails.
pub fn read_at(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    file.read_at(into, at)
}

/// Writes all bytes at an offset.
///
/// # Errors
/// The write fails, or the file system is full.
pub fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    file.write_all_at(bytes, at)
}

/// The identity of an open file.
///
/// # Errors
/// The system call fails.
pub fn identity(file: &File) -> io::Result<Identity> {
    file.metadata().map(|meta| identity_of(&meta))
}

/// The number of hard links to an open file.
///
/// # Errors
/// The system call fails.
pub fn hard_links(file: &File) -> io::Result<u64> {
    file.metadata().map(|meta| meta.nlink())
}

fn identity_of(meta: &Metadata) -> Identity {
    (meta.dev(), meta.ino())
}

/// Opens a folder as a base for `openat`, not to list it.
#[cfg(target_os = "linux")]
const HANDLE: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const HANDLE: OFlags = OFlags::RDONLY;

/// The path of a log file, which another program may rotate. Its folder is opened once: a user who may write to a folder
/// above it cannot redirect the log elsewhere.
#[derive(Debug)]
pub struct Log {
    folder: OwnedFd,
    name: OsString,
}

impl Log {
    /// Resolves a path, and opens the folder of its target.
    ///
    /// # Errors
    /// The folder does not exist, or cannot be opened.
    pub fn at(path: &Path) -> io::Result<Log> {
        let path = std::path::absolute(path)?;
        let path = fs::canonicalize(&path).unwrap_or(path);
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let flags = HANDLE | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(fs::canonicalize(folder)?, flags, Mode::empty())?;
        Ok(Log { folder, name: name.to_owned() })
    }

    /// Opens the file to append to, and creates it 0600 where it is missing. A reopen (`again`) refuses links and files of
    /// other users.
    ///
    /// # Errors
    /// The file cannot be opened, or is not one to append to.
    pub fn open(&self, again: bool) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let flags = flags | OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE;
        let file = File::from(rustix::fs::openat(&self.folder, &self.name, flags, Mode::RUSR | Mode::WUSR)?);
        let meta = file.metadata()?;
        let ours = is_own(&meta) && meta.nlink() == 1;
        if !meta.is_file() || (again && !ours) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(file)
    }

    /// Whether an open file is still the one at this path.
    pub fn holds(&self, file: &File) -> bool {
        let found = rustix::fs::statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW);
        #[allow(clippy::unnecessary_cast, reason = "the type of a device number differs by system")]
        let found = found.map(|found| (found.st_dev as u64, found.st_ino as u64));
        identity(file).is_ok_and(|identity| found == Ok(identity))
    }
}

/// Copies the extended attributes, access lists included; an access list that the new file inherited from its folder is
/// removed first.
#[cfg(target_os = "linux")]
fn copy_attributes(file: &File, former: &File) -> io::Result<()> {
    if attributes(file)?.iter().any(|name| name == ACCESS) {
        rustix::fs::fremovexattr(file, ACCESS)?;
    }
    for name in attributes(former)? {
        let mut value = vec![0; 64 * 1024];
        let len = rustix::fs::fgetxattr(former, name.as_slice(), &mut value)?;
        match rustix::fs::fsetxattr(file, name.as_slice(), &value[..len], rustix::fs::XattrFlags::empty()) {
            // Security modules set these labels themselves.
            Err(_) if name.starts_with(b"security.") => {}
            done => done?,
        }
    }
    Ok(())
}

/// The attribute that holds the access list (acl(5)).
#[cfg(target_os = "linux")]
const ACCESS: &[u8] = b"system.posix_acl_access";

/// The names of a file's extended attributes; empty where the file system has none.
#[cfg(target_os = "linux")]
fn attributes(file: &File) -> io::Result<Vec<Vec<u8>>> {
    let mut names = vec![0; 64 * 1024];
    let len = match rustix::fs::flistxattr(file, &mut names) {
        Err(rustix::io::Errno::OPNOTSUPP) => 0,
        len => len?,
    };
    let names = names[..len].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Ok(names.map(<[u8]>::to_vec).collect())
}

/// Not copied: on macOS they describe how the file arrived (quarantine, colours).
#[cfg(not(target_os = "linux"))]
fn copy_attributes(_: &File, _: &File) -> io::Result<()> {
    Ok(())
}
