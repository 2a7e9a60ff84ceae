//! What is stored when a command is killed, when a write fails, and when many commands run at once.

use std::fs;
use std::path::{Path, PathBuf};

use super::desk::piped;
use super::world::{Ran, TOKEN, World, bin, has};

const LOGIN: [&str; 6] =
    ["login", "--insecure-storage", "--offline", "--email=ada@example.org", "--deployment", "https://co.example.org"];

/// The system calls that put a new file in place.
const RENAMES: &str = "rename,renameat,renameat2";

/// Runs the real binary; strace does something to its `nth` call of one of these system calls.
fn strike(world: &World, calls: &str, what: &str, nth: usize, args: &[&str], input: &str) -> Ran {
    let mut strace = world.program("strace");
    strace.args(["-f", "-o", "/dev/null", "-e", &format!("inject={calls}:{what}:when={nth}")]);
    piped(strace.arg(bin()).args(args), input)
}

/// The temporary files in a folder.
fn temporary(folder: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    names.filter(|path| path.file_name().is_some_and(co_cred::files::is_temporary)).collect()
}

#[test]
fn the_next_command_sweeps_temporary_files_of_killed_ones() {
    if !has("strace") {
        return;
    }
    let world = World::new();
    let data = world.path("home/.local/share/co-cred");
    for next in [&["list"][..], &["logout", "--all"], &LOGIN] {
        strike(&world, RENAMES, "signal=KILL", 1, &LOGIN, TOKEN);
        let left = temporary(&data);
        assert_eq!(left.len(), 1, "{:?}", fs::read_dir(&data).unwrap().collect::<Vec<_>>());
        assert!(fs::read_to_string(&left[0]).unwrap().contains(TOKEN), "the login was killed before it wrote");
        world.pipe(next, TOKEN).expect(0);
        assert_eq!(temporary(&data), [] as [PathBuf; 0], "{next:?}");
        world.spawn(["logout", "--all"]).expect(0);
    }
}

#[test]
fn logout_sweeps_temporary_files_in_every_folder_that_is_written_to() {
    if !has("strace") {
        return;
    }
    let auths = r#"{"auths": {"other.example.org": {"auth": "c2VjcmV0"}}}"#;
    let world = World::new().with("CODEOCEAN_DOMAIN", "https://co.example.org").file("home/.docker/config.json", auths);
    strike(&world, RENAMES, "signal=KILL", 1, &["setup", "docker"], "");
    let docker = world.path("home/.docker");
    assert_eq!(temporary(&docker).len(), 1);
    world.spawn(["logout", "--all"]).expect(0);
    assert_eq!(temporary(&docker), [] as [PathBuf; 0]);
}

/// A file that a running command writes is not taken from it.
#[test]
fn temporary_files_in_use_are_left_alone() {
    let world = World::new();
    let folder = world.path("home/.local/share/co-cred");
    fs::create_dir_all(&folder).unwrap();
    let (used, dead) = (folder.join(".co-cred-aaaaaa.tmp"), folder.join(".co-cred-bbbbbb.tmp"));
    let others = [".co-cred-aaaa.tmp", ".co-cred-aaaaaa.tmp.bak", "co-cred-aaaaaa.tmp", ".tmpaaaaaa"]
        .map(|name| folder.join(name));
    let file = fs::File::create(&used).unwrap();
    fs::write(&dead, "x").unwrap();
    others.iter().for_each(|other| fs::write(other, "x").unwrap());
    fs::create_dir(folder.join(".co-cred-cccccc.tmp")).unwrap();
    std::os::unix::fs::symlink("/nonexistent", folder.join(".co-cred-dddddd.tmp")).unwrap();
    file.try_lock().unwrap();
    world.spawn(["list"]).expect(0);
    assert!(used.exists() && !dead.exists() && others.iter().all(|other| other.exists()));
    drop(file);
    world.spawn(["list"]).expect(0);
    assert!(!used.exists());
}

/// Writing and sweeping at the same time lose no write.
#[test]
fn sweeping_does_not_disturb_writes() {
    let world = World::new();
    let path = world.path("work/state");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..200).for_each(|_| co_cred::files::write(&path, b"whole").unwrap()));
        }
    });
    assert_eq!(fs::read(&path).unwrap(), b"whole");
    assert_eq!(temporary(&world.path("work")), [] as [PathBuf; 0]);
}
