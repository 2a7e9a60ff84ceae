//! `exec`: the command takes our place, with the token in its environment and nowhere else.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use fake_deployment::{Fault, Plan};

use crate::support::sandbox::{OTHER, Sandbox, TOKEN, bin, has};

fn world() -> Sandbox {
    Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_URL", "co.example.org/")
}

const EXEC: [&str; 2] = ["exec", "--offline"];

fn exec(world: &Sandbox, args: &[&str]) -> crate::support::sandbox::Ran {
    world.spawn(EXEC.iter().chain(args))
}

#[test]
fn the_command_sees_token_and_deployment() {
    let ran = exec(&world(), &["--", "sh", "-c", "echo $CODEOCEAN_TOKEN $CODEOCEAN_DOMAIN $CUSTOM_KEY"]).expect(0);
    assert_eq!(ran.out, format!("{TOKEN} https://co.example.org {TOKEN}\n"));
    assert_eq!(ran.err, "");
}

#[test]
fn without_a_deployment_the_token_is_passed_on_alone() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN);
    let ran = exec(&world, &["--", "sh", "-c", "echo $CODEOCEAN_TOKEN ${CODEOCEAN_DOMAIN-none}"]).expect(0);
    assert_eq!(ran.out, format!("{TOKEN} none\n"));
}

#[test]
fn exec_ends_as_its_command_ends() {
    for code in [0, 1, 2, 5, 77, 125, 126, 127, 128, 255] {
        exec(&world(), &["--", "sh", "-c", &format!("exit {code}")]).expect(code);
    }
    for signal in [1, 2, 3, 6, 9, 11, 13, 15] {
        let status = world().command().args(EXEC).args(["--", "sh", "-c", &format!("kill -{signal} $$")]).status();
        assert_eq!(status.unwrap().signal(), Some(signal));
    }
}

#[test]
fn a_closed_pipe_ends_the_command_as_without_co_cred() {
    let ran = world().shell("bash", "co-cred exec --offline -- yes | head -1; echo ${PIPESTATUS[0]}").expect(0);
    assert_eq!(ran.out, "y\n141\n");
}

#[test]
fn the_command_replaces_co_cred() {
    let world = world();
    let child = world.command().args(EXEC).args(["--", "sh", "-c", "echo $$"]).stdout(Stdio::piped()).spawn();
    let child = child.unwrap();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), pid.to_string());
}

#[test]
fn exec_has_exit_codes_of_its_own() {
    let world = world().file("work/plain", "echo hello").file("work/orphan", "#!/no/such/interpreter\n");
    fs::set_permissions(world.path("work/orphan"), fs::Permissions::from_mode(0o755)).unwrap();
    for (args, code, word) in [
        (&["--", "no-such-command-anywhere"][..], 127, "not found"),
        (&["--", "./missing"], 127, "does not exist"),
        (&["--", "./orphan"], 127, "interpreter"),
        (&["--", "./plain"], 126, "cannot be executed"),
        (&["--", "/"], 126, "cannot be executed"),
        (&["--token-env", "MISSING", "--", "true"], 125, "unreadable"),
        (&["--as", "1x", "--", "true"], 125, "usage"),
    ] {
        let ran = exec(&world, args).expect(code);
        assert!(ran.err.starts_with("co-cred: error: ") && ran.err.contains(word), "{ran:?}");
        assert!(ran.err.contains("\nhint: "), "{ran:?}");
    }
    let ran = Sandbox::new().spawn(["exec", "--", "true"]).expect(125);
    assert!(ran.err.contains("not found"), "{ran:?}");
    let rejecting = Plan::with_token(OTHER).start();
    let ran = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&rejecting).spawn(["exec", "--", "touch", "ran"]).expect(125);
    assert!(ran.err.contains("rejected"), "{ran:?}");
    assert!(!rejecting.seen().is_empty());
}

/// Each reason has its own hint: `chmod +x` only if the permission is missing.
#[test]
fn a_command_that_is_not_started_gets_a_fitting_hint() {
    let world = world()
        .file("work/plain", "echo hello")
        .file("work/busy", fs::read(bin()).unwrap())
        .file("work/bin/not-executable", "#!/bin/sh\n");
    fs::set_permissions(world.path("work/busy"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", world.path("work/bin").display(), std::env::var("PATH").unwrap());
    let world = world.with("PATH", path);
    let _open = fs::OpenOptions::new().append(true).open(world.path("work/busy")).unwrap();
    let long = format!("./{}", "x".repeat(300));
    for (program, code, what, hint) in [
        ("./plain", 126, "permission denied", "chmod +x ./plain"),
        ("not-executable", 126, "permission denied", "chmod +x"),
        ("./", 126, "is a folder", "name a program"),
        ("/usr", 126, "is a folder", "name a program"),
        ("./busy", 126, "is open for writing", "close it"),
        ("./plain/x", 126, "not a directory", "check the path"),
        (long.as_str(), 126, "cannot be executed", "check the path"),
        ("python3 code/analysis.py", 127, "does not exist", "without quotes around the whole"),
        ("python3 --version", 127, "\"python3 --version\" is not found on PATH", "without quotes around the whole"),
    ] {
        for way in [&["--"][..], &["--mask", "--"]] {
            let ran = exec(&world, &[way, &[program]].concat()).expect(code);
            assert!(ran.err.contains(what) && ran.err.contains(hint), "{program}: {ran:?}");
            assert!(hint.starts_with("chmod") || !ran.err.contains("chmod"), "{program}: {ran:?}");
        }
    }
}

/// The system limits arguments and environment together: the message blames neither the file nor co-cred.
#[test]
fn too_long_arguments_are_reported() {
    let world = Sandbox::new().with("CUSTOM_KEY", format!("cop_1{}", "x".repeat(4000)));
    let names: String = (0..100).map(|number| format!(" --as NAME{number}")).collect();
    for way in ["", "--mask", "--gate ."] {
        let script = format!("ulimit -s 1024; {} exec --offline {way}{names} -- true", bin());
        let ran = world.spawn_program("sh", &["-c", &script]).expect(126);
        assert!(ran.err.contains("too long") && !ran.err.contains("chmod"), "{way}: {ran:?}");
        assert!(!ran.err.contains("report"), "{way}: {ran:?}");
    }
}

/// A limit on the size of files (`ulimit -f`) is a warning, and ends no process.
#[test]
fn a_limit_on_the_size_of_files_ends_no_process() {
    let deployment = Plan::with_token(TOKEN).start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    let limited = |script: &str| world.spawn_program("sh", &["-c", &format!("ulimit -f 0; {script}")]);
    let co_cred = bin();
    for way in ["", "--mask", "--gate .", "--broker"] {
        // The cache cannot be written: a warning, and no signal.
        let ran = limited(&format!("{co_cred} exec {way} -- sh -c 'exit 5'")).expect(5);
        assert!(ran.err.matches("file too large").count() == 1 && !ran.err.contains("signal"), "{way}: {ran:?}");
    }
    limited(&format!("{co_cred} check")).expect(0);
    let ran = limited(&format!("{co_cred} token > out")).expect(1);
    assert!(ran.err.contains("file too large"), "{ran:?}");
    // The command has the limit as well, with the default action of its signal.
    let script = format!("ulimit -f 0; exec {co_cred} exec -- sh -c 'echo x > y'");
    let status = world.program("sh").args(["-c", &script]).status().unwrap();
    assert!(status.signal() == Some(25) || status.code() == Some(153), "{status:?}");
    // An ignored signal stays ignored.
    let ignored = "trap '' XFSZ; ulimit -f 0";
    let script = format!("{ignored}; {co_cred} exec -- sh -c 'echo x > y; echo $?' | cat");
    let alone = world.spawn_program("sh", &["-c", &format!("{ignored}; sh -c 'echo x > y; echo $?' | cat")]);
    assert_eq!(world.spawn_program("sh", &["-c", &script]).out, alone.out);
}

#[test]
fn more_names_are_set_on_request() {
    let print = ["--", "sh", "-c", "echo $A $B_2"];
    let ran = exec(&world(), &[&["--as", "A", "--as", "B_2", "--as", "A"], &print[..]].concat()).expect(0);
    assert_eq!(ran.out, format!("{TOKEN} {TOKEN}\n"));
}

#[test]
fn all_names_keeps_tokens_of_other_services() {
    let world = world().with("API_KEY", "another-service").with("API_SECRET", "");
    let print = "echo $CODEOCEAN_API_TOKEN $CODE_OCEAN_API_TOKEN $CODE_OCEAN_TOKEN $API_TOKEN $API_SECRET $CO_API_TOKEN \
                 $CO_TOKEN $CUSTOM_KEY; echo $API_KEY; echo $CODE_OCEAN_DOMAIN $CODEOCEAN_HOST $CO_DOMAIN $CODEOCEAN_API_URL";
    let ran = exec(&world, &["--all-names", "--", "sh", "-c", print]).expect(0);
    let domain = "https://co.example.org";
    assert_eq!(ran.out, format!("{}\nanother-service\n{domain} {domain} {domain} {domain}\n", [TOKEN; 8].join(" ")));
    assert!(ran.err.contains("API_KEY"), "{ran:?}");
    let ran = exec(&world, &["--all-names", "--as", "API_KEY", "--", "sh", "-c", "echo $API_KEY"]).expect(0);
    assert_eq!((ran.out, ran.err), (format!("{TOKEN}\n"), String::new()));
}

#[test]
fn clean_removes_every_other_copy_of_the_token() {
    use base64::Engine;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{TOKEN}:"));
    let world = world()
        .with("QUOTED", format!("'{TOKEN}'"))
        .with("HEADER", format!("Authorization: Basic {basic}"))
        .with("REMOTE", format!("https://ada%40example.org:{TOKEN}@co.example.org"))
        .with("INNOCENT", OTHER);
    let world = world.with("CO_CRED_TOKEN_ENV", "CUSTOM_KEY");
    let ran = exec(&world, &["--clean", "--as", "API_SECRET", "--", "env"]).expect(0);
    let holding: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| line.contains(TOKEN) || line.contains(&basic))
        .map(|line| line.split('=').next().unwrap())
        .collect();
    assert_eq!(holding.len(), 2, "{holding:?}");
    assert!(ran.out.contains("INNOCENT=") && ran.out.contains(&format!("CODEOCEAN_TOKEN={TOKEN}\n")), "{ran:?}");
}

#[test]
fn explain_shows_the_plan_and_runs_nothing() {
    let world = world().with("API_KEY", "x").with("COPY", TOKEN);
    let ran = exec(&world, &["--explain", "--clean", "--all-names", "--", "touch", "ran"]).expect(0);
    for line in [
        "set     CODEOCEAN_TOKEN = the token sha256:",
        " from CUSTOM_KEY\n",
        "set     CODEOCEAN_DOMAIN = https://co.example.org\n",
        "remove  COPY",
        "leave   API_KEY",
        "named by CODEOCEAN_URL",
    ] {
        assert!(ran.out.contains(line), "{line} in {ran:?}");
    }
    assert!(!ran.out.contains(TOKEN) && !world.path("work/ran").exists());
    exec(&world, &["--explain"]).expect(0);
}

#[test]
fn the_dashes_before_a_command_are_optional() {
    let ran = exec(&world(), &["sh", "-c", "echo $0 $1", "--as", "-v"]).expect(0);
    assert_eq!(ran.out, "--as -v\n");
    world().spawn(["exec", "--offline"]).expect(125);
    // A mistyped option is an error, not a command.
    let ran = world().spawn(["exec", "--claen", "--offline", "--", "true"]).expect(125);
    assert!(ran.err.contains("no option --claen") && ran.err.contains("did you mean --clean?"), "{ran:?}");
    world().spawn(["exec", "--verify", "sometimes", "--", "true"]).expect(125);
    world().spawn(["exec", "--help"]).expect(0);
}

#[test]
fn a_variable_that_names_another_deployment_is_changed() {
    let world = Sandbox::new()
        .with("CUSTOM_KEY", TOKEN)
        .with("CODEOCEAN_URL", "https://a.example.org")
        .with("CO_DOMAIN", "b.example.org/api/v1");
    let print = ["--deployment", "b.example.org", "--", "sh", "-c", "echo $CODEOCEAN_DOMAIN $CODEOCEAN_URL $CO_DOMAIN"];
    let ran = exec(&world, &print).expect(0);
    assert_eq!(ran.out, "https://b.example.org https://b.example.org b.example.org/api/v1\n");
    for name in ["CODEOCEAN_DOMAIN", "CO_DOMAIN", "CO_CRED_TOKEN_ENV", "PATH", "LD_PRELOAD"] {
        exec(&world, &["--as", name, "--", "true"]).expect(125);
    }
}

#[test]
fn another_co_cred_works_in_a_clean_environment() {
    let world = world().with("CO_CRED_TOKEN_ENV", "CUSTOM_KEY");
    let ran = world.shell("sh", "co-cred exec --offline --clean -- co-cred token --offline").expect(0);
    assert_eq!(ran.out, format!("{TOKEN}\n"));
}

#[test]
fn a_closed_log_does_not_stop_the_command() {
    let world = world().with("CO_CRED_LOG", "trace");
    let ran = world.shell("bash", "co-cred exec --offline -- echo ran 2>/dev/full").expect(0);
    assert_eq!(ran.out, "ran\n");
    let ran = world.shell("bash", "co-cred exec --offline -- echo ran 2> >(true); sleep 0.1").expect(0);
    assert_eq!(ran.out, "ran\n");
}

#[test]
fn the_token_is_in_no_argument_list() {
    let print = "tr '\\0' ' ' < /proc/$$/cmdline; tr '\\0' ' ' < /proc/$PPID/cmdline";
    let ran = exec(&world(), &["--all-names", "--", "sh", "-c", print]).expect(0);
    assert!(ran.out.contains("cmdline") && !ran.out.contains(TOKEN), "{ran:?}");
}

#[test]
fn core_dumps_and_debuggers_do_not_get_the_token() {
    // The kernel gives the files of an undumpable process in /proc to root: no other user may read or trace it. Seen as a
    // user who is not root, since root may always.
    let deployment = Plan::with_token(TOKEN).always(Fault::Slow(Duration::from_secs(5))).start();
    let folder = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
    let binary = folder.path().join("co-cred");
    crate::support::sandbox::copy_bin(&binary);
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = match root {
        true => world.program("setpriv"),
        false => world.program(&binary),
    };
    if root {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&binary).current_dir("/");
    }
    let mut child = command.arg("check").stderr(Stdio::null()).spawn().unwrap();
    while deployment.connections() == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it asked");
        std::thread::sleep(Duration::from_millis(5));
    }
    let owner = fs::metadata(format!("/proc/{}/environ", child.id())).unwrap().uid();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(owner, 0);
    // The command that replaces it is an ordinary process.
    let ran = Sandbox::new().with("CUSTOM_KEY", TOKEN).spawn([
        "exec",
        "--offline",
        "--",
        "stat",
        "-c",
        "%U",
        "/proc/self/environ",
    ]);
    let me = Sandbox::new().spawn_program("stat", &["-c", "%U", "/proc/self/environ"]);
    assert_eq!(ran.expect(0).out, me.out);
}

/// The system calls of a run, one a line, without those of the command.
fn calls(world: &Sandbox, args: &[&str]) -> String {
    let log = world.path("work/strace");
    let output = world.program("strace").args(["-f", "-o"]).arg(&log).arg(bin()).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(log).unwrap();
    let ours: Vec<&str> = text.lines().skip(1).take_while(|line| !line.contains(" execve(")).collect();
    ours.join("\n")
}

#[test]
fn the_fast_path_opens_only_its_sources() {
    if !has("strace") {
        return;
    }
    let deployment = Plan::with_token(TOKEN).start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).file("mount/x", "y");
    world.spawn(["exec", "--", "true"]).expect(0);
    for args in [&["exec", "--verify", "never", "--", "true"][..], &["exec", "--", "true"]] {
        let calls = calls(&world, args);
        for call in ["clone", "fork", "socket(", "connect("] {
            assert!(!calls.contains(call), "{call} in {calls}");
        }
        let opened = calls.lines().filter(|line| line.contains(" open")).filter_map(|line| line.split('"').nth(1));
        let root = world.path("").display().to_string();
        // A dynamic test binary opens its libraries, and the runtime looks up its own stack.
        let own = ["/etc/ld.so.cache", "/proc/self/maps", "/lib/", "/lib64/", "/usr/lib/"];
        for path in opened {
            assert!(path.starts_with(&root) || own.iter().any(|own| path.starts_with(own)), "{path} is opened");
        }
    }
    assert_eq!(deployment.seen().len(), 1);
}
