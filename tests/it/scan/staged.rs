//! `scan --staged`: what is about to be committed and pushed, the content of Git LFS included, and what only looks like a
//! token counted as one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, has, write};

/// A repository that was made just now.
struct Repository(Sandbox);

impl Repository {
    fn new() -> Repository {
        let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("GIT_CONFIG_NOSYSTEM", "1");
        let names = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"];
        let world = names.into_iter().fold(world, |world, name| world.with(name, "a@b.org"));
        let repository = Repository(world);
        repository.git(&["init", "--quiet"]);
        repository
    }

    fn git(&self, args: &[&str]) -> String {
        Ran::from(self.0.program("git").args(args).output().unwrap()).expect(0).out
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path("work").join(name)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        write(&self.path(name), bytes.as_ref());
    }

    fn add(&self, name: &str, bytes: impl AsRef<[u8]>) {
        self.put(name, bytes);
        self.git(&["add", name]);
    }

    fn scan(&self, args: &[&str]) -> Ran {
        self.0.spawn(["scan", "--staged"].iter().chain(args))
    }

    /// Where Git LFS keeps the content.
    fn object(&self, content: &[u8]) -> PathBuf {
        let id = id(content);
        self.path(".git/lfs/objects").join(&id[..2]).join(&id[2..4]).join(id)
    }
}

fn id(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pointer(content: &[u8]) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n", id(content), content.len())
}

fn secret() -> String {
    format!("{}{TOKEN}", "x".repeat(5000))
}

#[test]
fn what_looks_like_a_token_is_kept_out_of_a_commit() {
    if !has("git") {
        return;
    }
    let repository = Repository::new();
    repository.add("code.py", format!("token = '{OTHER}'\n"));
    let ran = repository.scan(&[]).expect(9);
    assert!(ran.out.contains("code.py: something that looks like a token at byte 9"), "{ran:?}");
    assert!(ran.err.contains("git commit --no-verify"), "{ran:?}");
    assert_eq!(repository.scan(&["--json"]).expect(9).json()["suspected"].as_array().unwrap().len(), 1);
    // The hook of the README refuses it, and lets it pass where that is asked for.
    repository.put(".git/hooks/pre-commit", "#!/bin/sh\nexec co-cred scan --staged\n");
    fs::set_permissions(repository.path(".git/hooks/pre-commit"), fs::Permissions::from_mode(0o755)).unwrap();
    let ran = repository.0.shell("sh", "git commit --quiet -m x").expect(1);
    assert!(!format!("{ran:?}").contains(&OTHER[4..]), "{ran:?}");
    repository.0.shell("sh", "git commit --quiet --no-verify -m x").expect(0);
    repository.scan(&[]).expect(0);
    // Compressed in a way that is not looked into: what is in it is not known.
    repository.add("data.xz", b"\xfd7zXZ\0\0\0");
    let ran = repository.scan(&[]).expect(1);
    assert!(ran.err.contains("data.xz is compressed") && ran.err.contains("git commit --no-verify"), "{ran:?}");
}

#[test]
fn the_content_behind_a_pointer_of_git_lfs_is_searched() {
    if !has("git") {
        return;
    }
    let secret = secret();
    let secret = secret.as_bytes();
    let extended = pointer(secret).replace("oid", &format!("ext-0-foo sha256:{}\noid", id(b"x")));
    let older = pointer(secret).replace("git-lfs.github.com", "hawser.github.com");
    let carriage = pointer(secret).replace('\n', "\r\n");
    for text in [pointer(secret), pointer(secret).trim_end().to_owned(), extended, older, carriage] {
        // In Git LFS' own folder.
        let repository = Repository::new();
        repository.add("data.bin", &text);
        write(&repository.object(secret), secret);
        let ran = repository.scan(&[]).expect(9);
        assert!(ran.out.contains("data.bin: the token at byte 5000\n"), "{text}: {ran:?}");
        // From a folder below, with another file in its place.
        fs::create_dir(repository.path("below")).unwrap();
        fs::remove_file(repository.path("data.bin")).unwrap();
        let below = repository.0.shell("sh", "cd below && co-cred scan --staged").expect(9);
        assert!(below.out.contains("data.bin: the token at byte 5000"), "{below:?}");
        // In the working tree alone, and then nowhere.
        fs::remove_dir_all(repository.path(".git/lfs")).unwrap();
        repository.put("data.bin", secret);
        let ran = repository.scan(&[]).expect(9);
        assert!(ran.out.contains("data.bin: the token at byte 5000\n"), "{text}: {ran:?}");
        repository.put("data.bin", &text);
        let ran = repository.scan(&[]).expect(1);
        assert!(ran.out.contains("data.bin is a pointer of Git LFS, and its content is not here"), "{ran:?}");
    }
}

#[test]
fn content_that_is_not_the_one_of_the_pointer_is_not_taken_for_it() {
    if !has("git") {
        return;
    }
    let repository = Repository::new();
    repository.add("data.bin", pointer(b"what will be pushed"));
    // The working tree has moved on, and what Git LFS keeps is broken.
    repository.put("data.bin", secret());
    write(&repository.object(b"what will be pushed"), b"what will be");
    let ran = repository.scan(&[]).expect(1);
    assert!(ran.out.contains("its content is not here") && !ran.out.contains("the token"), "{ran:?}");
    write(&repository.object(b"what will be pushed"), b"what will be pushed");
    repository.scan(&[]).expect(0);
    // What only resembles a pointer is searched as it is.
    let text = pointer(b"x");
    let near = [
        text.replace("sha256:", "sha256:0"),
        text.replace("size 1", "size one"),
        text.replace("size 1\n", ""),
        text.replace("version", "Version"),
        format!("{text}{}", "x".repeat(1024)),
        text.replace("sha256:", "sha256:../../"),
    ];
    for text in near {
        repository.add("data.bin", &text);
        repository.scan(&[]).expect(0);
        repository.add("data.bin", format!("{text}{TOKEN}"));
        repository.scan(&[]).expect(9);
    }
}

#[test]
fn git_lfs_itself_puts_content_where_it_is_searched() {
    if !has("git") || !has("git-lfs") {
        return;
    }
    let repository = Repository::new();
    let home = |storage: &str| repository.0.path(storage).display().to_string();
    repository.git(&["lfs", "install", "--local", "--skip-smudge"]);
    repository.git(&["lfs", "track", "*.bin"]);
    repository.add("one.bin", secret());
    assert!(repository.git(&["show", ":one.bin"]).starts_with("version https://git-lfs"));
    let ran = repository.scan(&[]).expect(9);
    assert!(ran.out.contains("one.bin: the token at byte 5000\n") && ran.out.lines().count() == 1, "{ran:?}");
    // Packed content is unpacked.
    repository.git(&["rm", "-q", "--cached", "-f", "one.bin"]);
    let zip = "import sys, zipfile; zipfile.ZipFile('two.bin', 'w').writestr('a', sys.argv[1])";
    if has("python3") {
        let mut python = repository.0.program("python3");
        assert!(python.args(["-c", zip, TOKEN]).status().unwrap().success());
        repository.git(&["add", "two.bin"]);
        let ran = repository.scan(&[]).expect(9);
        assert!(ran.out.contains("two.bin > a: the token at byte 0\n"), "{ran:?}");
        repository.git(&["rm", "-q", "--cached", "-f", "two.bin"]);
    }
    // In a folder of the user's choice, and in a second working tree.
    for storage in [home("storage"), "store".to_owned()] {
        repository.git(&["config", "lfs.storage", &storage]);
        repository.add("three.bin", secret());
        fs::remove_file(repository.path("three.bin")).unwrap();
        assert!(repository.scan(&[]).expect(9).out.contains("three.bin: the token at byte 5000\n"));
        repository.git(&["rm", "-q", "--cached", "-f", "three.bin"]);
    }
    repository.git(&["config", "--unset", "lfs.storage"]);
    repository.git(&["add", ".gitattributes"]);
    repository.git(&["commit", "-q", "-m", "x"]);
    repository.git(&["worktree", "add", "-q", "../second"]);
    let script = format!(
        "cd ../second && printf '%s' '{}' > four.bin && git add four.bin && rm four.bin && \
                          co-cred scan --staged",
        secret()
    );
    let ran = repository.0.shell("sh", &script).expect(9);
    assert!(ran.out.contains("four.bin: the token at byte 5000"), "{ran:?}");
}

#[test]
fn a_temporary_file_that_was_left_behind_is_kept_out_of_a_commit() {
    if !has("git") {
        return;
    }
    let repository = Repository::new();
    repository.add("results/.co-cred-Ab3dE9.tmp", &TOKEN[..9]);
    let ran = repository.scan(&[]).expect(9);
    assert!(ran.out.contains(".co-cred-Ab3dE9.tmp is a temporary file that co-cred left behind"), "{ran:?}");
}
