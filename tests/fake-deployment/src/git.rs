//! Git over HTTP, by the real `git http-backend`: one capsule's repository, for its owner's e-mail and token.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;

use crate::serve::{Body, reply};
use crate::{Account, api};

/// The folder of the one repository, whose name is the capsule's slug.
pub(crate) const REPOSITORY: &str = "capsule-1234567.git";

/// The repository's first commit, in the format of `git fast-import`.
const HISTORY: &str = "commit refs/heads/master
committer Ada <ada@example.org> 1700000000 +0000
data 6
first

M 100755 inline code/run
data 24
#!/bin/sh
echo a result
";

/// Repositories below one folder.
#[derive(Debug)]
pub(crate) struct Git {
    folder: tempfile::TempDir,
    /// A push is refused, as the platform does while its IDE has changes.
    pub(crate) uncommitted: bool,
}

impl Git {
    pub(crate) fn new(uncommitted: bool) -> Git {
        let git = Git { folder: tempfile::tempdir().expect("a temporary folder"), uncommitted };
        let repository = git.repository();
        run(command(&["init", "--quiet", "--bare", "--initial-branch=master"]).arg(&repository), b"");
        run(command(&["fast-import", "--quiet"]).current_dir(&repository), HISTORY.as_bytes());
        git
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.folder.path().join(REPOSITORY)
    }

    /// Answers as the platform does: to nobody without an account, and to nobody under another's name.
    pub(crate) fn answer(&self, parts: &Parts, body: &Bytes, accounts: &[Account]) -> Response<Body> {
        match login(parts) {
            None => refused("authentication required"),
            Some((user, token)) => match accounts.iter().find(|account| account.email.eq_ignore_ascii_case(&user)) {
                None => refused("user not found"),
                Some(account) if account.token != token => refused("no valid access token provided"),
                Some(account) if !account.capsules => reply(403, "text/plain", "forbidden\n".to_owned()),
                Some(_) if self.uncommitted && is_push(parts) => {
                    reply(403, "text/plain", "uncommitted changes in the Code Ocean IDE\n".to_owned())
                }
                Some(account) => backend(self.folder.path(), parts, body, &account.email),
            },
        }
    }
}

fn is_push(parts: &Parts) -> bool {
    parts.uri.path().ends_with("/git-receive-pack") || parts.uri.query() == Some("service=git-receive-pack")
}

fn login(parts: &Parts) -> Option<(String, String)> {
    let basic = api::basic(parts)?;
    let decoded = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
    let (user, token) = decoded.split_once(':')?;
    Some((user.to_owned(), token.to_owned()))
}

fn refused(text: &str) -> Response<Body> {
    let mut response = reply(401, "text/plain", format!("{text}\n"));
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Code Ocean\""));
    response
}

/// Runs the backend as a web server does (RFC 3875), and reads what it answers.
fn backend(root: &Path, parts: &Parts, body: &Bytes, user: &str) -> Response<Body> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut command = command(&["http-backend"]);
    command
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", user)
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"));
    let output = run(&mut command, body).stdout;
    let end = output.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("the head of an answer");
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let mut response =
        Response::new(Full::new(Bytes::copy_from_slice(&output[end + 4..])).map_err(|never| match never {}).boxed());
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        match name {
            "Status" => *response.status_mut() = value[..3].parse().expect("a status"),
            name => {
                let name: HeaderName = name.parse().expect("a header's name");
                response.headers_mut().insert(name, value.parse().expect("a header's value"));
            }
        }
    }
    response.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain"));
    response
}

/// Git, with nothing of the user's own configuration.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args(args).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("HOME", "/nonexistent");
    command
}

/// Runs it with this on standard input, which is written on a thread: both may wait for each other.
fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child: Child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("git is installed");
    let (mut stdin, input) = (child.stdin.take().expect("a pipe"), input.to_vec());
    // Git may have read enough before its end.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("git ends");
    writer.join().expect("the writer ends");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
