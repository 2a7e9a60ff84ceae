//! The one way in and out of files: what is read is bounded and never waits, what is written is born 0600 and renamed.
//!
//! Whose a file is and who may read it, each system says in its own way: `unix.rs`, `windows.rs`.

mod copy;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;

mod lock;
mod temporary;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

pub use copy::{Copy, abandon_copies, copy_beside};
pub use lock::{Lock, hold, lock};
pub use system::{Log, identity, names, read_at, write_all_at};
pub use temporary::{is_left_over, is_temporary, remove_left_over, sweep};

/// What a file is known by, under whatever name: its volume, and its number there.
pub type Identity = (u64, u64);

/// What says nothing in UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Who may do what with a file or a folder.
struct Rights {
    /// It is this user's or root's.
    owned: bool,
    /// Someone other than the owner may read it.
    shared: bool,
    /// It is this user's or root's, and nobody else may write it.
    trusted: bool,
    /// It is this user's, and nobody else may write it.
    closed: bool,
    /// It is this user's, and nobody else may do anything with it.
    private: bool,
}

/// Whether a link is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// To the file that it leads to.
    Followed,
    /// What is asked for must be the file itself.
    Refused,
}

/// What a file holds, wiped when dropped.
#[derive(Debug)]
pub struct Contents {
    /// The bytes, no more than the limit asked for.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Someone other than the owner may read it.
    pub shared: bool,
    /// It is this user's or root's.
    pub owned: bool,
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

/// Reads a regular file of at most `limit` bytes, following links, never blocking on a FIFO or a device. A byte order mark
/// at its beginning, as some editors and PowerShell write one, is left out.
///
/// # Errors
/// [`Trouble`]: a dangling link counts as broken, not as absent.
pub fn read(path: &Path, limit: usize) -> Result<Contents, Trouble> {
    let (file, meta) = open(path, Links::Followed)?;
    let Rights { owned, shared, trusted, .. } = system::rights(&meta);
    let mut bytes = slurp(file, &meta, limit)?;
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(Contents { bytes, owned, shared, trusted })
}

/// Reads a file that co-cred itself wrote: no link, owned by this user, private to it. Anything else is not ours.
pub fn read_own(path: &Path, limit: usize) -> Option<Zeroizing<Vec<u8>>> {
    let (file, meta) = open(path, Links::Refused).ok()?;
    if system::rights(&meta).private { slurp(file, &meta, limit).ok() } else { None }
}

/// Writes a file that co-cred alone reads, where nobody else may put one: [`write()`], in a folder that is this user's and
/// writable for nobody else.
pub fn write_own(path: &Path, bytes: &[u8]) -> io::Result<()> {
    closed_folder(path)?;
    replace(path, bytes, File::flush)
}

/// Removes a file where [`write_own`] would write it, if there is one.
pub fn remove_own(path: &Path) -> io::Result<()> {
    closed_folder(path)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn closed_folder(path: &Path) -> io::Result<()> {
    let rights = system::rights(&made_folder_of(path)?);
    if rights.closed { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// Makes the folder of a file, 0700, where it is missing; it must be this user's, and nobody else may so much as enter it.
pub fn private_folder(path: &Path) -> io::Result<()> {
    let rights = system::rights(&made_folder_of(path)?);
    if rights.private { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

fn made_folder_of(path: &Path) -> io::Result<fs::Metadata> {
    let meta = fs::symlink_metadata(folder_of(path)?)?;
    if meta.is_dir() { Ok(meta) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

/// Writes a file whole or not at all: created 0600 beside its place, then renamed over it. Its folder is made where it
/// is missing, 0700. A file that is there keeps its owner, its mode and its attributes. A link is followed, so that what it
/// points to is replaced.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    folder_of(path)?;
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let former = match system::options(Links::Followed).read(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        former => Some(former?),
    };
    replace(&path, bytes, |file| {
        if let Some(former) = &former {
            system::take_after(file, former)?;
        }
        // It must be whole even if the machine stops as soon as it is there.
        file.sync_all()
    })
}

/// Whether this is root, and a folder, or the nearest one above it that exists, is another user's. What root makes there,
/// that user can neither use nor replace.
pub fn is_foreign(folder: &Path) -> bool {
    folder.ancestors().find_map(|folder| fs::metadata(folder).ok()).is_some_and(|meta| system::is_foreign(&meta))
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    if is_foreign(folder) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "its folder is another user's, and this is root"));
    }
    system::make_folders(folder)?;
    Ok(folder)
}

fn replace(path: &Path, bytes: &[u8], settle: impl Fn(&mut File) -> io::Result<()>) -> io::Result<()> {
    path.parent().into_iter().for_each(sweep);
    let mut file = beside(path)?;
    file.write_all(bytes)?;
    settle(file.as_file_mut())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    // The parent of a bare name is an empty path.
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    temporary::create(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

/// Opens a regular file for reading, never blocking on a FIFO or a device.
///
/// # Errors
/// [`Trouble`].
pub fn open(path: &Path, links: Links) -> Result<(File, fs::Metadata), Trouble> {
    let file = system::options(links).read(true).open(path).map_err(|error| trouble(path, &error))?;
    let meta = file.metadata().map_err(|error| trouble(path, &error))?;
    match system::is_regular(&file, &meta, links) {
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
        .map_err(|error| Trouble::Broken(format!("cannot be read ({})", words(&error))))?;
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
        _ => Trouble::Broken(format!("cannot be opened ({})", words(error))),
    }
}

/// An error of the system in its own words, such as "input/output error".
pub fn words(error: &io::Error) -> String {
    let Some(code) = error.raw_os_error() else { return error.to_string() };
    let told = io::Error::from_raw_os_error(code).to_string();
    let told = told.split(" (os error").next().unwrap_or_default();
    let mut letters = told.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
