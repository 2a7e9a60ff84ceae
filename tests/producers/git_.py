"""Git: the text was committed and removed again, so that it is in no file of the working tree."""

import gzip
import shutil
import tempfile
from pathlib import Path

from cases import case, environment, holds, log, prose, run, word

PEOPLE = {f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
ENVIRONMENT = environment(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", **PEOPLE)


def git(path, *arguments, **options):
    return run("git", "-C", path, *arguments, env=ENVIRONMENT, **options)


def clone(path, *versions, message="add results"):
    """A clone with one commit for each version of a file, and a last one that empties it."""
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    for version in (*versions, b""):
        (path / "log.txt").write_bytes(version)
        git(path, "add", "log.txt")
        git(path, "commit", "-q", "-F", "-", input=message.encode())


def pack(path):
    git(path, "repack", "-adq")
    git(path, "prune-packed", "-q")


@case("git/loose", "git", "a loose object")
def loose(path, text):
    clone(path, prose(text))
    assert not list(path.glob(".git/objects/pack/*"))


@case("git/message", "git", "the message of a commit")
def message(path, text):
    clone(path, b"data\n", message=f"read with {text}")
    (path / ".git/COMMIT_EDITMSG").unlink(missing_ok=True)


@case("git/branch", "git", "the name of a branch")
def branch(path, text):
    clone(path, b"data\n")
    git(path, "update-ref", "--stdin", input=f"create refs/heads/{word(text)} HEAD\n".encode())


@case("git/packed_branch", "git", "the name of a branch, packed")
def packed_branch(path, text):
    branch(path, text)
    git(path, "pack-refs", "--all", "--prune")


@case("git/pack", "git", "a pack")
def packed(path, text):
    clone(path, b"data\n", prose(text), b"more\n")
    pack(path)
    assert list(path.glob(".git/objects/pack/*.pack"))


@case("git/delta", "git", "a delta in a pack")
def delta(path, text):
    # A base is the longer version: that with the text is a line shorter.
    lines = log("none")
    shorter = lines[:-9]
    shorter[100] = f"key {text}"
    clone(path, "\n".join(shorter).encode(), "\n".join(lines * 2).encode())
    pack(path)
    blob = git(path, "rev-parse", "HEAD~2:log.txt").decode().strip()
    [index] = path.glob(".git/objects/pack/*.idx")
    [row] = [row for row in git(path, "verify-pack", "-v", index).decode().splitlines() if row.startswith(blob)]
    assert len(row.split()) == 7, "the text is in no delta"


@case("git/message_packed", "git", "the message of a commit, packed")
def message_packed(path, text):
    message(path, text)
    pack(path)
    shutil.rmtree(path / ".git/logs")


@case("git/tag", "git", "the message of a tag")
def tag(path, text):
    clone(path, b"data\n")
    git(path, "tag", "-a", "-F", "-", "v1", input=f"read with {text}".encode())


@case("git/changes.bundle", "git", "a bundle")
def bundle(path, text):
    with tempfile.TemporaryDirectory() as folder:
        clone(Path(folder, "clone"), prose(text))
        git(Path(folder, "clone"), "bundle", "create", "-q", path, "--all")


@case("git/change.patch", "git", "a patch of a binary file")
def patch(path, text):
    with tempfile.TemporaryDirectory() as folder:
        clone(Path(folder, "clone"), b"\0" * 9 + prose(text))
        path.write_bytes(git(Path(folder, "clone"), "format-patch", "--stdout", "--root", "--binary", "HEAD~1"))


@case("git/archive.tar.gz", "git", "the output of git archive")
def archive(path, text):
    with tempfile.TemporaryDirectory() as folder:
        clone(Path(folder, "clone"), prose(text))
        path.write_bytes(git(Path(folder, "clone"), "archive", "--format=tar.gz", "HEAD~1"))
    holds(text, gzip.decompress(path.read_bytes()))
