//! `scan --staged`: the index, and the content of Git LFS that is pushed with it. Text that looks like a token counts as one.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::support::{gzip, world};
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, has, write};

/// A new repository.
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

    /// The path of the content in the folder of Git LFS.
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
fn token_like_text_fails_a_commit() {
    if !has("git") {
        return;
    }
    let repository = Repository::new();
    repository.add("code.py", format!("token = '{OTHER}'\n"));
    let ran = repository.scan(&[]).expect(9);
    assert!(ran.out.contains("code.py:1:10: something that looks like a token at byte 9"), "{ran:?}");
    assert!(ran.err.contains("git commit --no-verify"), "{ran:?}");
    assert_eq!(repository.scan(&["--json"]).expect(9).json()["suspected"].as_array().unwrap().len(), 1);
    // The hook of the README rejects it, unless Git is asked not to run it.
    repository.put(".git/hooks/pre-commit", "#!/bin/sh\nexec co-cred scan --staged\n");
    fs::set_permissions(repository.path(".git/hooks/pre-commit"), fs::Permissions::from_mode(0o755)).unwrap();
    let ran = repository.0.shell("sh", "git commit --quiet -m x").expect(1);
    assert!(!format!("{ran:?}").contains(&OTHER[4..]), "{ran:?}");
    repository.0.shell("sh", "git commit --quiet --no-verify -m x").expect(0);
    repository.scan(&[]).expect(0);
    // The content of an unsupported format is unknown.
    repository.add("data.7z", b"7z\xbc\xaf\x27\x1c\0\0");
    let ran = repository.scan(&[]).expect(1);
    assert!(ran.err.contains("data.7z is compressed") && ran.err.contains("git commit --no-verify"), "{ran:?}");
}

#[test]
fn content_of_a_git_lfs_pointer_is_searched() {
    if !has("git") {
        return;
    }
    let secret = secret();
    let secret = secret.as_bytes();
    let extended = pointer(secret).replace("oid", &format!("ext-0-foo sha256:{}\noid", id(b"x")));
    let older = pointer(secret).replace("git-lfs.github.com", "hawser.github.com");
    let carriage = pointer(secret).replace('\n', "\r\n");
    for text in [pointer(secret), pointer(secret).trim_end().to_owned(), extended, older, carriage] {
        // In the folder of Git LFS.
        let repository = Repository::new();
        repository.add("data.bin", &text);
        write(&repository.object(secret), secret);
        let ran = repository.scan(&[]).expect(9);
        assert!(ran.out.contains("data.bin: the token at byte 5000\n"), "{text}: {ran:?}");
        // From a subfolder, without the file in the working tree.
        fs::create_dir(repository.path("below")).unwrap();
        fs::remove_file(repository.path("data.bin")).unwrap();
        let below = repository.0.shell("sh", "cd below && co-cred scan --staged").expect(9);
        assert!(below.out.contains("data.bin: the token at byte 5000"), "{below:?}");
        // Only in the working tree, and then nowhere.
        fs::remove_dir_all(repository.path(".git/lfs")).unwrap();
        repository.put("data.bin", secret);
        let ran = repository.scan(&[]).expect(9);
        assert!(ran.out.contains("data.bin: the token at byte 5000\n"), "{text}: {ran:?}");
        repository.put("data.bin", &text);
        let ran = repository.scan(&[]).expect(1);
        assert!(ran.out.contains("data.bin is a Git LFS pointer, and its content does not exist here"), "{ran:?}");
    }
}

#[test]
fn content_with_another_hash_is_reported_as_missing() {
    if !has("git") {
        return;
    }
    let repository = Repository::new();
    repository.add("data.bin", pointer(b"what will be pushed"));
    // The file has changed since, and the content in the folder of Git LFS is truncated.
    repository.put("data.bin", secret());
    write(&repository.object(b"what will be pushed"), b"what will be");
    let ran = repository.scan(&[]).expect(1);
    assert!(ran.out.contains("its content does not exist here") && !ran.out.contains("the token"), "{ran:?}");
    write(&repository.object(b"what will be pushed"), b"what will be pushed");
    repository.scan(&[]).expect(0);
    // Text that only resembles a pointer is searched as it is.
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
fn content_stored_by_real_git_lfs_is_searched() {
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
    // In a configured folder, and in a second working tree.
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
fn left_over_temporary_file_fails_a_commit() {
    if !has("git") {
        return;
    }
    let repository = Repository::new();
    repository.add("results/.co-cred-Ab3dE9.tmp", &TOKEN[..9]);
    let ran = repository.scan(&[]).expect(9);
    assert!(ran.out.contains(".co-cred-Ab3dE9.tmp is a temporary file that co-cred left behind"), "{ran:?}");
}

#[test]
fn index_is_searched_and_not_the_working_tree() {
    if !has("git") {
        return;
    }
    let world =
        world().with("GIT_CONFIG_NOSYSTEM", "1").with("GIT_AUTHOR_NAME", "a").with("GIT_AUTHOR_EMAIL", "a@b.org");
    let world = world.with("GIT_COMMITTER_NAME", "a").with("GIT_COMMITTER_EMAIL", "a@b.org");
    let git = |args: &[&str]| Ran::from(world.program("git").args(args).output().unwrap()).expect(0);
    let staged = || Ran::from(world.command().args(["scan", "--staged"]).output().unwrap());
    let put = |name: &str, bytes: &[u8]| write(&world.path("work").join(name), bytes);
    let ran = staged().expect(2);
    assert!(ran.err.contains("not a git repository") && ran.err.lines().count() < 5, "{ran:?}");
    git(&["init", "--quiet"]);
    staged().expect(0);
    put("code.py", format!("token = '{TOKEN}'").as_bytes());
    staged().expect(0);
    git(&["add", "code.py"]);
    // The staged content counts, not that of the file.
    put("code.py", b"token = os.environ");
    let ran = staged().expect(9);
    assert!(ran.out.starts_with("code.py:1:10: the token at byte 9\n"), "{ran:?}");
    git(&["add", "code.py"]);
    staged().expect(0);
    git(&["commit", "--quiet", "-m", "x"]);
    let odd = "data/\"odd\"\n\u{e9}.gz";
    put(odd, &gzip(TOKEN));
    symlink(TOKEN, world.path("work/link")).unwrap();
    git(&["add", "."]);
    let ran = staged().expect(9);
    assert!(ran.out.lines().count() == 2 && ran.out.contains("link:1:1: the token at byte 0"), "{ran:?}");
    // The hook itself, on a commit of some files only.
    put(".git/hooks/pre-commit", b"#!/bin/sh\nexec co-cred scan --staged\n");
    fs::set_permissions(world.path("work/.git/hooks/pre-commit"), fs::Permissions::from_mode(0o755)).unwrap();
    let commit = world.shell("sh", "git commit --quiet -m y");
    assert!(commit.code == 1 && commit.err.contains("found the token 2 times, in 2 files"), "{commit:?}");
    // With other settings of Git.
    git(&["config", "diff.relative", "true"]);
    fs::create_dir(world.path("work/below")).unwrap();
    world.shell("sh", "cd below && co-cred scan --staged").expect(9);
    world.shell("sh", "git replace $(git rev-parse :link) $(git rev-parse HEAD:code.py)").expect(0);
    assert_eq!(staged().expect(9).out.lines().count(), 2);
    git(&["rm", "-f", "--quiet", "--cached", "-r", "data", "link"]);
    put("clean", b"x");
    git(&["add", "clean"]);
    world.shell("sh", "git commit --quiet -m y && cd .git && co-cred scan --staged").expect(0);
    let conflict =
        "git checkout -q -b other HEAD~ && echo 1 > clean && git add clean && git commit -qm o && git merge -q master";
    world.shell("sh", &format!("git branch -m master; rm -rf data link; {conflict}")).expect(1);
    let ran = staged().expect(1);
    assert!(ran.out.contains("clean is not merged"), "{ran:?}");
}
