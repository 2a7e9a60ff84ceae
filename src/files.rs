//! The one way in and out of files: what is read is bounded and never waits, what is written is born 0600 and renamed.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use zeroize::Zeroizing;

/// What a file holds, wiped when dropped.
#[derive(Debug)]
pub struct Contents {
    /// The bytes, no more than the limit asked for.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Someone other than the owner may read it.
    pub shared: bool,
    /// It is this user's or root's, and nobody else may write it: what it says may be done.
    pub trusted: bool,
}

/// Why a file gave nothing.
#[derive(Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no such file.
    Absent,
    /// A folder above it may not be entered by this user: nobody can tell whether it is there.
    Hidden,
    /// It is there, but may not be read by this user.
    Denied,
    /// It is there, but cannot be used; the reason, in words that follow the path.
    Broken(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trouble::Absent => f.write_str("is not there"),
            Trouble::Hidden | Trouble::Denied => f.write_str("may not be read by this user (permission denied)"),
            Trouble::Broken(reason) => f.write_str(reason),
        }
    }
}

/// Reads a regular file of at most `limit` bytes, following links, never blocking on a FIFO or a device.
///
/// # Errors
/// [`Trouble`]: a dangling link counts as broken, not as absent.
pub fn read(path: &Path, limit: usize) -> Result<Contents, Trouble> {
    let (file, meta) = open(path, OFlags::empty())?;
    let ours = meta.uid() == rustix::process::geteuid().as_raw() || meta.uid() == 0;
    let trusted = ours && meta.mode() & 0o022 == 0;
    Ok(Contents { bytes: slurp(file, &meta, limit)?, shared: meta.mode() & 0o044 != 0, trusted })
}

/// Reads a file that co-cred itself wrote: no link, owned by this user, private to it. Anything else is not ours.
pub fn read_own(path: &Path, limit: usize) -> Option<Zeroizing<Vec<u8>>> {
    let (file, meta) = open(path, OFlags::NOFOLLOW).ok()?;
    let own = meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o077 == 0;
    if own { slurp(file, &meta, limit).ok() } else { None }
}

/// Writes a file that co-cred alone reads, where nobody else may put one: [`write()`], in a folder that is this user's and
/// writable for nobody else.
pub fn write_own(path: &Path, bytes: &[u8]) -> io::Result<()> {
    own_folder(path, 0o022)?;
    replace(path, bytes, File::flush)
}

/// Makes the folder of a file, 0700, where it is missing; it must be this user's, and give others none of these rights.
pub fn own_folder(path: &Path, rights: u32) -> io::Result<()> {
    let meta = fs::symlink_metadata(folder_of(path)?)?;
    let ours = meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw();
    if ours && meta.mode() & rights == 0 { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// Writes a file whole or not at all: created 0600 beside its place, then renamed over it. Its folder is made where it
/// is missing, 0700. A file that is there keeps its owner and its mode. A link is followed, so that what it points to is
/// replaced.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    folder_of(path)?;
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let former = fs::metadata(&path).ok();
    replace(&path, bytes, |file| {
        if let Some(former) = &former {
            take_after(file, former)?;
        }
        // It must be whole even if the machine stops as soon as it is there.
        file.sync_all()
    })
}

/// Gives a new file the owner and the mode of the one whose place it takes.
fn take_after(file: &File, former: &fs::Metadata) -> io::Result<()> {
    let ours = file.metadata()?;
    if (ours.uid(), ours.gid()) != (former.uid(), former.gid()) {
        std::os::unix::fs::fchown(file, Some(former.uid()), Some(former.gid()))?;
    }
    file.set_permissions(former.permissions())
}

/// Opens a file to hold a lock on: made where it is missing, never written, and never replaced, since whoever waits for it
/// waits for this very file.
pub fn lock(path: &Path) -> io::Result<File> {
    folder_of(path)?;
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).custom_flags(flags.bits() as i32).open(path)
}

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
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(fs::canonicalize(folder)?, flags, Mode::empty())?;
        Ok(Log { folder, name: name.to_owned() })
    }

    /// Opens it to append to, made 0600 where it is missing; and once more to read and write elsewhere in it, where it is not
    /// for appending alone. Whoever opens it again is given no link, and nobody else's file.
    pub fn open(&self, again: bool) -> io::Result<(File, Option<File>)> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let open = |flags, mode| rustix::fs::openat(&self.folder, &self.name, flags, mode).map(File::from);
        let end = open(flags | OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE, Mode::RUSR | Mode::WUSR)?;
        let meta = end.metadata()?;
        let ours = meta.uid() == rustix::process::geteuid().as_raw() && meta.nlink() == 1;
        if !meta.is_file() || (again && !ours) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let pen = open(flags | OFlags::RDWR, Mode::empty()).ok();
        Ok((end, pen.filter(|pen| pen.metadata().is_ok_and(|other| same(&meta, &other)))))
    }

    /// Whether a file is the one that stands there.
    pub fn holds(&self, file: &File) -> bool {
        let there = rustix::fs::statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW);
        let is_it =
            |meta: fs::Metadata| there.is_ok_and(|there| (there.st_dev, there.st_ino) == (meta.dev(), meta.ino()));
        file.metadata().is_ok_and(is_it)
    }
}

fn same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    Ok(folder)
}

fn replace(path: &Path, bytes: &[u8], settle: impl Fn(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut file = beside(path)?;
    file.write_all(bytes)?;
    settle(file.as_file_mut())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A file that is to take another's place; it is gone when dropped.
#[derive(Debug)]
pub struct Copy {
    file: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Copy {
    /// Takes the place.
    pub fn take_place(self) -> io::Result<()> {
        self.file.persist(self.path).map_err(|error| error.error).map(drop)
    }
}

/// A file beside one that is open, with its owner, its mode and its attributes; `fill` writes what it holds.
pub fn copy_beside(path: &Path, former: &File, fill: impl FnOnce(&File) -> io::Result<()>) -> io::Result<Copy> {
    let file = beside(path)?;
    fill(file.as_file())?;
    take_after(file.as_file(), &former.metadata()?)?;
    take_attributes(file.as_file(), former)?;
    file.as_file().sync_all()?;
    Ok(Copy { file, path: path.to_path_buf() })
}

fn beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    // The parent of a bare name is an empty path.
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    tempfile::NamedTempFile::new_in(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

/// Copies the extended attributes, access control lists among them.
#[cfg(target_os = "linux")]
fn take_attributes(file: &File, former: &File) -> io::Result<()> {
    let mut names = vec![0; 64 * 1024];
    let len = match rustix::fs::flistxattr(former, &mut names) {
        Err(rustix::io::Errno::OPNOTSUPP) => return Ok(()),
        len => len?,
    };
    for name in names[..len].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0; 64 * 1024];
        let len = rustix::fs::fgetxattr(former, name, &mut value)?;
        match rustix::fs::fsetxattr(file, name, &value[..len], rustix::fs::XattrFlags::empty()) {
            // A security module sets its labels itself.
            Err(_) if name == b"security.selinux" => {}
            done => done?,
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn take_attributes(_: &File, _: &File) -> io::Result<()> {
    Ok(())
}

/// Opens a regular file for reading, never blocking on a FIFO or a device.
///
/// # Errors
/// [`Trouble`].
pub fn open(path: &Path, flags: OFlags) -> Result<(File, fs::Metadata), Trouble> {
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)
        .map_err(|error| trouble(path, &error))?;
    let meta = file.metadata().map_err(|error| trouble(path, &error))?;
    match meta.is_file() {
        true => Ok((file, meta)),
        false if meta.is_dir() => Err(Trouble::Broken("is a folder, not a file".into())),
        false => Err(Trouble::Broken("is not a regular file".into())),
    }
}

fn slurp(file: File, meta: &fs::Metadata, limit: usize) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    // Some file systems do not know a size before they are read.
    let size = usize::try_from(meta.len()).ok().filter(|size| (1..=limit).contains(size)).unwrap_or(limit);
    // Room for all that may come, so that no half-filled buffer is left behind unwiped by a reallocation.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
    file.take(size as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Trouble::Broken(format!("cannot be read ({})", error.kind())))?;
    match bytes.len() > size {
        true if size < limit => Err(Trouble::Broken("grew while it was read".into())),
        true => Err(Trouble::Broken(format!("is larger than {} KiB", limit / 1024))),
        false => Ok(bytes),
    }
}

fn trouble(path: &Path, error: &io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::NotFound if fs::symlink_metadata(path).is_ok() => Trouble::Broken("is a link to nothing".into()),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Trouble::Absent,
        io::ErrorKind::PermissionDenied if fs::symlink_metadata(path).is_err() => Trouble::Hidden,
        io::ErrorKind::PermissionDenied => Trouble::Denied,
        kind => Trouble::Broken(format!("cannot be opened ({kind})")),
    }
}
