//! Files where they have an owner and a mode: Linux, macOS.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use tempfile::NamedTempFile;

use super::{Identity, Links, Rights};

/// What the owner and the mode say.
pub(super) fn rights(meta: &Metadata) -> Rights {
    let is_own = is_own(meta);
    let owned = is_own || meta.uid() == 0;
    Rights {
        owned,
        shared: meta.mode() & 0o044 != 0,
        trusted: owned && meta.mode() & 0o022 == 0,
        closed: is_own && meta.mode() & 0o022 == 0,
        private: is_own && meta.mode() & 0o077 == 0,
    }
}

fn is_own(meta: &Metadata) -> bool {
    let user = rustix::process::geteuid().as_raw();
    meta.uid() == user && (user != UNMAPPED || is_mapped(user))
}

/// Whether this is root, and the file another user's.
pub(super) fn is_foreign(meta: &Metadata) -> bool {
    rustix::process::geteuid().is_root() && meta.uid() != 0
}

/// What the kernel shows for each user that a user namespace does not map (/proc/sys/kernel/overflowuid), this process's own
/// included: two of them may be two users.
const UNMAPPED: u32 = 65534;

/// Whether a user is one of the namespace's: each line of the map is the first user in it, the first outside, and how many.
fn is_mapped(user: u32) -> bool {
    let map = fs::read_to_string("/proc/self/uid_map");
    let holds = |line: &str| {
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        matches!(numbers[..], [first, _, count] if (first..first + count).contains(&u64::from(user)))
    };
    // Without a map there are no namespaces.
    map.map_or(true, |map| map.lines().any(holds))
}

/// Whether an error says that the file system has no locks: Lustre without `-o flock`, some FUSE and NFS mounts.
pub(super) fn has_no_locks(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let none = [Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOLCK];
    Errno::from_io_error(error).is_some_and(|error| none.contains(&error))
}

/// What a file is opened with: never waited for, not even where it is a FIFO or a device, and born 0600.
pub(super) fn options(links: Links) -> OpenOptions {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = if links == Links::Refused { flags | OFlags::NOFOLLOW } else { flags };
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(flags.bits() as i32);
    options
}

/// Makes a folder and those above it, 0700, where they are missing.
pub(super) fn make_folders(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Whether it is a file, and nothing that could be waited for.
pub(super) fn is_regular(_: &File, meta: &Metadata, _: Links) -> bool {
    meta.is_file()
}

/// Puts a whole copy in the place of what it is a copy of.
pub(super) fn take_place(copy: NamedTempFile, path: &Path) -> io::Result<()> {
    copy.persist(path).map_err(|error| error.error).map(drop)
}

/// Gives a new file the owner, the attributes and the mode of the one whose place it takes. The mode comes last: until
/// then the file is this user's alone, whatever access list the folder gives to new files.
pub(super) fn take_after(file: &File, former: &File) -> io::Result<()> {
    let (ours, theirs) = (file.metadata()?, former.metadata()?);
    if (ours.uid(), ours.gid()) != (theirs.uid(), theirs.gid()) {
        std::os::unix::fs::fchown(file, Some(theirs.uid()), Some(theirs.gid()))?;
    }
    take_attributes(file, former)?;
    file.set_permissions(theirs.permissions())
}

/// Reads from a place in a file, wherever it stands.
pub fn read_at(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    file.read_at(into, at)
}

/// Writes all of it to a place in a file.
pub fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    file.write_all_at(bytes, at)
}

/// What an open file is known by.
pub fn identity(file: &File) -> io::Result<Identity> {
    file.metadata().map(|meta| known_by(&meta))
}

/// How many names an open file has.
pub fn names(file: &File) -> io::Result<u64> {
    file.metadata().map(|meta| meta.nlink())
}

fn known_by(meta: &Metadata) -> Identity {
    (meta.dev(), meta.ino())
}

/// Open to find names in, and for nothing else.
#[cfg(target_os = "linux")]
const HANDLE: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const HANDLE: OFlags = OFlags::RDONLY;

/// A file to be appended to, which may be moved away, to begin a new one. Its folder is settled once: nobody who may write
/// there can have another file written to.
#[derive(Debug)]
pub struct Log {
    folder: OwnedFd,
    name: OsString,
}

impl Log {
    /// Where a path leads at the moment.
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

    /// Opens it to append to, made 0600 where it is missing. Whoever opens it again is given no link, and nobody else's file.
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

    /// Whether a file is the one that stands there.
    pub fn holds(&self, file: &File) -> bool {
        let there = rustix::fs::statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW);
        #[allow(clippy::unnecessary_cast, reason = "a volume's number is another type on each system")]
        let there = there.map(|there| (there.st_dev as u64, there.st_ino as u64));
        identity(file).is_ok_and(|identity| there == Ok(identity))
    }
}

/// Copies the extended attributes, an access list among them; one that the folder gave to the new file goes.
#[cfg(target_os = "linux")]
fn take_attributes(file: &File, former: &File) -> io::Result<()> {
    if attributes(file)?.iter().any(|name| name == ACCESS) {
        rustix::fs::fremovexattr(file, ACCESS)?;
    }
    for name in attributes(former)? {
        let mut value = vec![0; 64 * 1024];
        let len = rustix::fs::fgetxattr(former, name.as_slice(), &mut value)?;
        match rustix::fs::fsetxattr(file, name.as_slice(), &value[..len], rustix::fs::XattrFlags::empty()) {
            // A security module sets its labels itself.
            Err(_) if name.starts_with(b"security.") => {}
            done => done?,
        }
    }
    Ok(())
}

/// The access list (acl(5)).
#[cfg(target_os = "linux")]
const ACCESS: &[u8] = b"system.posix_acl_access";

/// The names of a file's extended attributes; none where the file system has no such thing.
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

/// They stay behind: what macOS keeps in them (quarantine, colours) is about how a file came here.
#[cfg(not(target_os = "linux"))]
fn take_attributes(_: &File, _: &File) -> io::Result<()> {
    Ok(())
}
