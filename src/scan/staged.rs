//! What is about to be committed: the blobs of Git's index that differ from the last commit, as Git itself gives them, and
//! what will be pushed beside them.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files;
use crate::patterns::FastScan;
use crate::process::{self, Failure, TimeoutReader};

use super::lfs::{LONGEST, Pointer, Store};
use super::system::path_of;
use super::unpack::Search;
use super::{At, Progress, Report, Site, file};

/// So long Git may take for the list, and for each piece of a blob.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest list of staged files.
const LIST: usize = 32 << 20;

/// Searches what is staged in the repository of the working directory, names included.
///
/// # Errors
/// Git is not there, fails, or this is no repository.
pub fn scan(scanner: &FastScan, env: &Env, progress: &Progress) -> Result<Report> {
    // Git's own words on what is wrong are good ones; those of a diff without a repository are a page of options.
    let here = process::output(git(env).args(["rev-parse", "--git-dir"]), PATIENCE, LIST).map_err(not_run)?;
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
    ];
    let list = match here.status.success() {
        true => {
            process::output(git(env).args(args).args(["--ignore-submodules", "--"]), PATIENCE, LIST).map_err(not_run)?
        }
        false => here,
    };
    if !list.status.success() {
        let what = "git cannot say what is staged";
        return Err(Error::new(Reason::Usage, what).hint("run it in a Git repository: git status says more"));
    }
    let mut search = Search::new(scanner, progress);
    let mut lfs = None;
    let mut blobs = Blobs::open(env).map_err(|error| not_run(Failure::NotStarted(error.kind())))?;
    for (id, path) in entries(&list.stdout) {
        let mut site = Site { path: path_of(path), file: scanner.mask(path), inside: Vec::new() };
        progress.file();
        file::look_at_text(&mut search, path, At::Name, &site);
        if site.path.file_name().is_some_and(files::is_temporary) {
            file::left_over(&mut search, &site);
        }
        match id.map(|id| blobs.look(&mut search, id, &mut site)) {
            Some(Ok(None)) => {}
            Some(Ok(Some(pointer))) => {
                lfs.get_or_insert_with(|| store(env)).look(&mut search, &pointer, &mut site);
            }
            Some(Err(error)) => search.unread(&site, format!("cannot be read from the index ({})", error.kind())),
            None => search.unread(&site, "is not merged: what will be committed is not known yet".to_owned()),
        }
        search.end_file();
    }
    let mut report = search.end();
    report.sort();
    Ok(report)
}

/// Where Git LFS keeps its content: a folder of the repository that its working trees share, or one of the user's choice.
fn store(env: &Env) -> Store {
    let answer = |args: &[&str]| {
        let output =
            process::output(git(env).args(args), PATIENCE, LIST).ok().filter(|output| output.status.success())?;
        Some(path_of(output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout)))
    };
    let repository = answer(&["rev-parse", "--git-common-dir"]).unwrap_or_default();
    // A path that is not absolute is one in the repository.
    let folder = repository.join(answer(&["config", "--get", "lfs.storage"]).unwrap_or_else(|| "lfs".into()));
    Store { folder, tree: answer(&["rev-parse", "--show-toplevel"]) }
}

/// The blobs and paths of `git diff --raw -z`: `:MODE MODE ID ID STATUS`, a NUL, the path, a NUL. A path that is not merged
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

/// Git with the environment that was handed in, which tells it where the index is. Objects that are not here stay there.
fn git(env: &Env) -> Command {
    let mut git = Command::new("git");
    git.env_clear()
        .envs(env.iter())
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("LC_ALL", "C");
    git
}

/// `git cat-file --batch`: an id in, a blob out.
struct Blobs {
    git: Child,
    asked: ChildStdin,
    answers: BufReader<TimeoutReader>,
}

impl Blobs {
    fn open(env: &Env) -> io::Result<Blobs> {
        let mut command = git(env);
        command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut git = command.spawn()?;
        match (git.stdin.take(), git.stdout.take()) {
            (Some(asked), Some(answers)) => {
                Ok(Blobs { git, asked, answers: BufReader::new(TimeoutReader::new(answers, PATIENCE)?) })
            }
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Searches one blob; returns what it points to, where it is a pointer.
    fn look(&mut self, search: &mut Search, id: &str, site: &mut Site) -> io::Result<Option<Pointer>> {
        self.asked.write_all(format!("{id}\n").as_bytes())?;
        self.asked.flush()?;
        let mut head = String::new();
        (&mut self.answers).take(256).read_line(&mut head)?;
        // `ID blob SIZE`, or `ID missing`.
        let size = head
            .strip_prefix(id)
            .and_then(|rest| rest.trim_end().strip_prefix(" blob "))
            .and_then(|size| size.parse::<u64>().ok());
        let size = size.ok_or_else(|| io::Error::other("git does not have it"))?;
        search.begin(size);
        search.report.files += 1;
        search.report.bytes += size;
        let mut blob = (&mut self.answers).take(size);
        let mut pointer = None;
        if size < LONGEST {
            let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST as usize));
            blob.read_to_end(&mut bytes)?;
            search.stream(&mut bytes.as_slice(), 0, site)?;
            pointer = Pointer::read(&bytes);
        } else {
            search.stream(&mut blob, 0, site)?;
        }
        search.progress.bytes(usize::try_from(size).unwrap_or_default());
        if blob.limit() > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        (&mut self.answers).take(1).read_exact(&mut [0])?;
        Ok(pointer)
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        let _ = self.git.kill();
        let _ = self.git.wait();
    }
}

fn not_run(failure: Failure) -> Error {
    let what = match failure {
        Failure::NotStarted(io::ErrorKind::NotFound) => "git is not found".to_owned(),
        Failure::NotStarted(kind) => format!("git cannot be started ({kind})"),
        Failure::TimedOut => "git does not say in time what is staged".to_owned(),
        Failure::TooLong => "git has more staged than can be listed".to_owned(),
    };
    Error::new(Reason::Usage, what).hint("--staged reads Git's index: git must be there, and answer")
}
