//! The search of what is about to be committed: the blobs of Git's index that differ from the last commit, and the content
//! that Git LFS pushes with them.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files;
use crate::patterns::Matcher;
use crate::process::{self, Failure, TimeoutReader};

use super::file::add_left_over;
use super::lfs::{MAX_POINTER, Pointer, Store};
use super::progress::Progress;
use super::report::{Location, Position, Report};
use super::search::Search;
use super::second_pass::TextPlaces;
use super::system::path_of;

/// How long Git may take for the list, and for each piece of a blob.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The longest list of staged files, in bytes.
const MAX_LIST: usize = 32 << 20;

/// Searches what is staged in the repository of the working directory, names included.
///
/// # Errors
/// Git is not installed or fails, or the working directory is not in a repository.
pub fn scan(scanner: &Matcher, env: &Env, progress: &Progress) -> Result<Report> {
    let list = staged_list(env)?;
    let mut search = Search::new(scanner, progress);
    let mut lfs = None;
    let mut blobs = Blobs::open(env).map_err(|error| git_failed(Failure::NotStarted(error.kind())))?;
    for (id, path) in entries(&list) {
        let mut location = Location { path: path_of(path), display: scanner.mask(path), inside: Vec::new() };
        progress.add_file();
        search.text(path, |_| Position::Name, &location);
        if location.path.file_name().is_some_and(files::is_temporary) {
            add_left_over(&mut search, &location);
        }
        match id.map(|id| blobs.search(&mut search, id, &mut location)) {
            Some(Ok(None)) => {}
            Some(Ok(Some(pointer))) => {
                lfs.get_or_insert_with(|| lfs_store(env)).search(&mut search, &pointer, &mut location);
            }
            Some(Err(error)) => search.unread(&location, format!("cannot be read from the index ({})", error.kind())),
            None => search.unread(&location, "is not merged: its staged content is unknown".to_owned()),
        }
        search.end_file();
    }
    let mut report = search.finish();
    report.sort();
    Ok(report)
}

/// What is staged, as `git diff --raw -z` lists it.
fn staged_list(env: &Env) -> Result<Zeroizing<Vec<u8>>> {
    // Without a repository, Git's error for this command is short; that for a diff is a page of options.
    let repository = run_git(env, &["rev-parse", "--git-dir"])?;
    let args = [
        "diff",
        "--cached",
        "--raw",
        "-z",
        "--no-renames",
        "--no-abbrev",
        "--no-ext-diff",
        "--diff-filter=d",
        "--no-relative",
        "--ignore-submodules",
        "--",
    ];
    let list = if repository.status.success() { run_git(env, &args)? } else { repository };
    match list.status.success() {
        true => Ok(list.stdout),
        false => Err(Error::new(Reason::Usage, "git cannot list what is staged")
            .hint("run it in a Git repository: git status says more")),
    }
}

/// Where Git LFS has its content: a folder of the repository that all its working trees share, or one from the
/// configuration.
fn lfs_store(env: &Env) -> Store {
    let answer = |args: &[&str]| {
        let output = run_git(env, args).ok().filter(|output| output.status.success())?;
        Some(path_of(output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout)))
    };
    let repository = answer(&["rev-parse", "--git-common-dir"]).unwrap_or_default();
    // A relative path is relative to the repository.
    let folder = repository.join(answer(&["config", "--get", "lfs.storage"]).unwrap_or_else(|| "lfs".into()));
    Store { folder, tree: answer(&["rev-parse", "--show-toplevel"]) }
}

/// The blobs and paths of `git diff --raw -z`: `:MODE MODE ID ID STATUS`, a NUL, the path, a NUL. A path with a merge conflict
/// has no blob.
fn entries(list: &[u8]) -> impl Iterator<Item = (Option<&str>, &[u8])> {
    let mut words = list.split(|byte| *byte == 0);
    std::iter::from_fn(move || Some((words.next()?, words.next()?))).filter_map(|(head, path)| {
        let mut head = std::str::from_utf8(head).unwrap_or_default().split(' ');
        // A submodule is a commit, not a blob.
        if head.nth(1) == Some("160000") {
            return None;
        }
        Some((head.nth(1).filter(|id| !id.bytes().all(|byte| byte == b'0')), path))
    })
}

/// Git with our environment, which says where the index is. Missing objects are not fetched.
fn git(env: &Env) -> Command {
    let mut git = Command::new("git");
    git.env_clear()
        .envs(env.iter())
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("LC_ALL", "C");
    git
}

fn run_git(env: &Env, args: &[&str]) -> Result<process::Output> {
    process::output(git(env).args(args), TIMEOUT, MAX_LIST).map_err(git_failed)
}

/// `git cat-file --batch`: it reads ids, and writes blobs.
struct Blobs {
    git: Child,
    ids: ChildStdin,
    output: BufReader<TimeoutReader>,
}

impl Blobs {
    fn open(env: &Env) -> io::Result<Blobs> {
        let mut command = git(env);
        command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut git = command.spawn()?;
        match (git.stdin.take(), git.stdout.take()) {
            (Some(ids), Some(output)) => {
                Ok(Blobs { git, ids, output: BufReader::new(TimeoutReader::new(output, TIMEOUT)?) })
            }
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Searches one blob; returns the pointer of Git LFS, where it is one.
    fn search(&mut self, search: &mut Search, id: &str, location: &mut Location) -> io::Result<Option<Pointer>> {
        let size = self.request(id)?;
        search.begin_file(size);
        search.report.files += 1;
        search.report.bytes += size;
        let mut blob = (&mut self.output).take(size);
        let mut pointer = None;
        if size < MAX_POINTER {
            let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_POINTER as usize));
            blob.read_to_end(&mut bytes)?;
            search.stream(&mut bytes.as_slice(), 0, location)?;
            pointer = Pointer::parse(&bytes);
        } else {
            search.stream(&mut blob, 0, location)?;
        }
        search.tell_late_shuffles(location);
        search.progress.add_bytes(usize::try_from(size).unwrap_or_default());
        if blob.limit() > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.end_blob()?;
        if TextPlaces::are_wanted(&search.report) {
            let size = self.request(id)?;
            let mut blob = (&mut self.output).take(size);
            let places = TextPlaces::read(&search.report, &mut blob, &location.path);
            io::copy(&mut blob, &mut io::sink())?;
            self.end_blob()?;
            places.add_to(&mut search.report);
        }
        Ok(pointer)
    }

    /// Reads the line feed that follows a blob.
    fn end_blob(&mut self) -> io::Result<()> {
        (&mut self.output).take(1).read_exact(&mut [0])
    }

    /// Requests a blob; returns its size. Its bytes follow in the output.
    fn request(&mut self, id: &str) -> io::Result<u64> {
        self.ids.write_all(format!("{id}\n").as_bytes())?;
        self.ids.flush()?;
        let mut head = String::new();
        (&mut self.output).take(256).read_line(&mut head)?;
        // `ID blob SIZE`, or `ID missing`.
        let size = head.strip_prefix(id).and_then(|rest| rest.trim_end().strip_prefix(" blob "));
        size.and_then(|size| size.parse().ok()).ok_or_else(|| io::Error::other("git does not have it"))
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        let _ = self.git.kill();
        let _ = self.git.wait();
    }
}

fn git_failed(failure: Failure) -> Error {
    let what = match failure {
        Failure::NotStarted(io::ErrorKind::NotFound) => "git was not found".to_owned(),
        Failure::NotStarted(kind) => format!("git cannot be started ({kind})"),
        Failure::TimedOut => format!("git did not list what is staged within {} s", TIMEOUT.as_secs()),
        Failure::TooLong => format!("git lists more than {} MiB of staged files", MAX_LIST >> 20),
    };
    Error::new(Reason::Usage, what).hint("--staged reads Git's index: install git, and check that git status works")
}
