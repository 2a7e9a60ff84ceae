//! The configuration: its keys, and the command of a password manager that prints the token.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use fake_deployment::Plan;

use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, has};

const FILE: &str = "home/.config/co-cred/config.toml";

fn configured(toml: &str) -> Sandbox {
    Sandbox::new().file(FILE, toml)
}

/// One deployment with this command.
fn with_command(command: &[&str]) -> Sandbox {
    let list: Vec<String> = command.iter().map(|word| format!("{word:?}")).collect();
    configured(&format!("[[deployment]]\ndomain = \"co.example.org\"\ntoken_command = [{}]\n", list.join(", ")))
}

fn token(world: &Sandbox) -> Ran {
    world.spawn(["token", "--offline"])
}

#[test]
fn a_command_prints_the_token() {
    let world = with_command(&["printf", "%s\\nnotes: x\\n", TOKEN]);
    assert_eq!(token(&world).expect(0).out, format!("{TOKEN}\n"));
    let status = world.spawn(["status", "--json", "--offline"]).expect(0).json();
    assert_eq!(status["source"], serde_json::json!({"kind": "command", "place": "token_command (printf)"}));
    assert_eq!(status["deployment"], "https://co.example.org");
    // Whatever comes before it keeps it from being run; and it is for its own deployment alone.
    let world = with_command(&["touch", "ran"]);
    assert_eq!(token(&world.with("CODEOCEAN_TOKEN", OTHER)).expect(0).out, format!("{OTHER}\n"));
    let world = with_command(&["touch", "ran"]).with("CODEOCEAN_DOMAIN", "two.example.org");
    token(&world).expect(3);
    assert!(!world.path("work/ran").exists());
}

#[test]
fn no_shell_reads_it_and_nothing_is_on_its_standard_input() {
    let world = with_command(&["printf", "%s", "cop_$(id)`id`;x"]);
    assert_eq!(token(&world).expect(0).out, "cop_$(id)`id`;x\n");
    let world = with_command(&["sh", "-c", "cat; echo cop_Afterwards"]);
    assert_eq!(world.pipe(&["token", "--offline"], "cop_FromUs\n").expect(0).out, "cop_Afterwards\n");
}

#[test]
fn what_it_says_is_shown_and_how_it_fails_is_told() {
    let ran = token(&with_command(&["sh", "-c", "echo the vault is sealed >&2; exit 3"])).expect(6);
    assert!(ran.err.starts_with("the vault is sealed\n"), "{ran:?}");
    assert!(ran.err.contains("token_command (sh) failed (exit status: 3)"), "{ran:?}");
    for (command, told) in [
        (&["co-cred-no-such-program"][..], "is not on PATH"),
        (&["/no/such/program"], "does not exist"),
        (&["./relative"], "is a relative path"),
        (&["true"], "printed nothing"),
        (&["printf", "\\n%s", TOKEN], "printed nothing"),
        (&["head", "-c", "9000", "/dev/zero"], "printed more than 8 KiB"),
        (&["yes"], "printed more than 8 KiB"),
        (&["printf", "cop_a\\tb"], "has a line end or another control character"),
        (&["sh", "-c", "kill -9 $$"], "failed (signal: 9"),
    ] {
        let start = Instant::now();
        let ran = token(&with_command(command)).expect(6);
        assert!(ran.err.contains(told), "{command:?}: {ran:?}");
        assert!(start.elapsed() < Duration::from_secs(5), "{command:?}");
    }
}

#[test]
fn it_has_ten_seconds_and_its_children_hold_nobody_up() {
    std::thread::scope(|scope| {
        for command in [&["sleep", "60"][..], &["sh", "-c", "sleep 60 & wait"], &["sh", "-c", "trap '' TERM; sleep 60"]]
        {
            scope.spawn(move || {
                let start = Instant::now();
                let world = with_command(command);
                // Into a file: a pipe would be held open by whatever the command left running.
                let said = fs::File::create(world.path("said")).unwrap();
                let mut co_cred = world.command();
                let status = co_cred.args(["token", "--offline"]).stdout(Stdio::null()).stderr(said).status().unwrap();
                let said = fs::read_to_string(world.path("said")).unwrap();
                assert!(status.code() == Some(6) && said.contains("did not finish within 10 s"), "{command:?}: {said}");
                assert!(start.elapsed() < Duration::from_secs(12), "{command:?}: {:?}", start.elapsed());
            });
        }
    });
}

#[test]
fn a_token_command_has_the_time_of_timeout() {
    let ran = with_command(&["sleep", "60"]).run(["token", "--offline", "--timeout", "300ms"]).expect(6);
    assert!(ran.err.contains("did not finish within 300 ms") && ran.err.contains("--timeout"), "{ran:?}");
    // Typing a password, or touching a key, takes its time.
    let world = with_command(&["sh", "-c", "sleep 11; echo cop_FromTheVault"]);
    let ran = world.run(["token", "--offline", "--timeout", "1m"]).expect(0);
    assert_eq!(ran.out, "cop_FromTheVault\n");
}

/// What it leaves running is not waited for.
#[test]
fn a_program_that_stays_behind_costs_nothing() {
    let start = Instant::now();
    let world = with_command(&["sh", "-c", "sleep 30 2>/dev/null & echo cop_FromTheVault"]);
    assert_eq!(token(&world).expect(0).out, "cop_FromTheVault\n");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn one_that_calls_co_cred_ends_there() {
    let world = with_command(&["co-cred", "token", "--offline"]).on_path();
    let ran = token(&world).expect(6);
    assert!(ran.err.contains("calls co-cred, which would call it again"), "{ran:?}");
}

#[test]
fn it_is_not_run_from_a_file_that_others_may_write() {
    let world = with_command(&["touch", "ran"]);
    fs::set_permissions(world.path(FILE), fs::Permissions::from_mode(0o666)).unwrap();
    let ran = token(&world).expect(6);
    assert!(ran.err.contains("can be written by other users") && ran.err.contains("chmod go-w"), "{ran:?}");
    assert!(!world.path("work/ran").exists());
}

#[test]
fn doctor_does_not_run_what_is_not_needed() {
    let world = with_command(&["touch", "ran"]).with("CODEOCEAN_TOKEN", TOKEN);
    let ran = world.spawn(["doctor", "--offline"]).expect(0);
    assert!(ran.out.contains("touch is run for https://co.example.org"), "{ran:?}");
    assert!(!world.path("work/ran").exists());
}

#[test]
fn what_is_not_known_is_an_error_with_the_nearest_that_is() {
    let table = "[[deployment]]\ndomain = \"co.example.org\"\n";
    for (toml, told, hint) in [
        (format!("{table}token_comand = [\"x\"]\n"), "\"token_comand\"", "did you mean token_command?"),
        (format!("{table}e-mail = \"a@b\"\n"), "\"e-mail\"", "did you mean email?"),
        ("[[deployments]]\ndomain = \"x\"\n".into(), "\"deployments\"", "did you mean deployment?"),
        ("domain = \"x\"\n".into(), "\"domain\"", "did you mean deployment?"),
        ("[deployment]\ndomain = \"x\"\n".into(), "one table", "[[deployment]]"),
        ("[[deployment]]\nemail = \"a@b\"\n".into(), "no domain", "domain and email are text"),
        (format!("{table}token_command = \"pass show x\"\n"), "wrong kind", "token_command is a list"),
        (format!("{table}token_command = []\n"), "is empty", "name a program"),
        (format!("{table}email = \"ada\"\n"), "no e-mail address", "ada@example.org"),
        (format!("{table}{table}"), "is there twice", "keep one"),
        (
            format!("{table}default = true\n[[deployment]]\ndomain=\"b.org\"\ndefault = true\n"),
            "two deployments",
            "keep",
        ),
        ("[[deployment]]\ndomain = \"http://co.example.org\"\n".into(), "an http address", "codeocean.example.org"),
        ("x = \n# cop_NotShown\n".into(), "line 1 is not TOML", "quoted"),
    ] {
        let ran = token(&configured(&toml)).expect(2);
        assert!(ran.err.contains("config.toml") && ran.err.contains(told) && ran.err.contains(hint), "{toml}: {ran:?}");
        assert!(!ran.err.contains("NotShown"), "{ran:?}");
    }
    let ran = token(&configured(&format!("# {}", "x".repeat(70_000)))).expect(6);
    assert!(ran.err.contains("larger than 64 KiB"), "{ran:?}");
    // Where an earlier source answers, nobody reads it.
    token(&configured("broken").with("CODEOCEAN_TOKEN", TOKEN).with("CODEOCEAN_DOMAIN", "co.example.org")).expect(0);
}

#[test]
fn the_default_is_the_deployment_where_nothing_else_is_named() {
    let toml =
        "[[deployment]]\ndomain = \"a.example.org\"\n[[deployment]]\ndomain = \"b.example.org\"\ndefault = true\n";
    let deployment = |world: Sandbox| world.run(["status", "--json", "--offline"]).json()["deployment"].clone();
    assert_eq!(deployment(configured(toml).with("CUSTOM_KEY", TOKEN)), "https://b.example.org");
    let named = configured(toml).with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "c.example.org");
    assert_eq!(deployment(named), "https://c.example.org");
    let only = configured("[[deployment]]\ndomain = \"a.example.org\"\n").with("CUSTOM_KEY", TOKEN);
    assert_eq!(deployment(only), "https://a.example.org");
}

/// The user of the configuration, unless the environment names one.
#[test]
fn the_e_mail_is_told_to_git() {
    let toml = format!(
        "[[deployment]]\ndomain = \"co.example.org\"\nemail = \"ada@example.org\"\ntoken_command = [\"echo\", {TOKEN:?}]\n"
    );
    let ask = |world: Sandbox| world.with_input("protocol=https\nhost=co.example.org\n").run(["git-credential", "get"]);
    assert!(ask(configured(&toml)).expect(0).out.contains("username=ada@example.org\n"));
    let named = configured(&toml).with("CODEOCEAN_EMAIL", "grace@example.org");
    assert!(ask(named).expect(0).out.contains("username=grace@example.org\n"));
    let wrong = configured(&toml).with("CODEOCEAN_EMAIL", "grace");
    let ran = ask(wrong).expect(2);
    assert!(ran.out.is_empty() && ran.err.contains("CODEOCEAN_EMAIL is no e-mail address"), "{ran:?}");
}

/// A real password store, with a key of its own.
#[test]
fn pass_is_asked() {
    if !["pass", "gpg"].iter().all(|program| has(program)) {
        return;
    }
    let deployment = Plan::with_token(TOKEN).start();
    let toml = format!(
        "[[deployment]]\ndomain = {:?}\ntoken_command = [\"pass\", \"show\", \"code-ocean\"]\n",
        deployment.url()
    );
    let world = configured(&toml);
    // gpg's sockets want a short path.
    let short = tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap();
    let world = world.with("GNUPGHOME", short.path()).with("PASSWORD_STORE_DIR", short.path().join("store"));
    let script = format!(
        "gpg --batch --quiet --passphrase '' --quick-generate-key ada@example.org default default never 2>/dev/null\n\
         pass init ada@example.org >/dev/null\n\
         printf '%s\\nurl: x\\n' {TOKEN} | pass insert --multiline --force code-ocean >/dev/null"
    );
    world.shell("sh", &format!("set -e\n{script}")).expect(0);
    let status = world.spawn(["status", "--json"]).expect(0).json();
    assert_eq!((&status["verdict"], &status["source"]["kind"]), (&"valid".into(), &"command".into()));
    world.shell("sh", "gpgconf --kill all").expect(0);
}

/// Two commands, and nothing that says which is meant: never a guess, and never "not found".
#[test]
fn two_commands_are_not_chosen_between() {
    let one = |domain: &str, more: &str| {
        format!("[[deployment]]\ndomain = {domain:?}\ntoken_command = [\"echo\", {TOKEN:?}]\n{more}")
    };
    let both = one("a.example.org", "") + &one("b.example.org", "");
    let ran = token(&configured(&both)).expect(8);
    assert!(ran.err.contains("https://a.example.org and https://b.example.org both have a token_command"), "{ran:?}");
    token(&configured(&both).with("CODEOCEAN_DOMAIN", "b.example.org")).expect(0);
    token(&configured(&(one("a.example.org", "") + &one("b.example.org", "default = true\n")))).expect(0);
}

/// An e-mail that is another's would make Git fail, with a token that is good.
#[test]
fn the_e_mail_of_another_account_is_told() {
    let deployment = Plan::with_token(TOKEN).start();
    let world = Sandbox::new().at(&deployment).with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_EMAIL", "bob@example.org");
    let told = "the token belongs to ada@example.org, but Git and Docker get bob@example.org as user name";
    assert!(world.run(["doctor"]).expect(0).out.contains(told));
    assert!(world.run(["status"]).expect(0).err.contains(told));
    let world = world.with("CODEOCEAN_EMAIL", "Ada@example.org");
    assert!(world.run(["doctor"]).expect(0).out.contains("no problem found"));
}

#[test]
fn a_rejected_token_is_named_by_its_place() {
    let deployment = Plan::with_token(OTHER).start();
    let ran = Sandbox::new().at(&deployment).with("CUSTOM_KEY", TOKEN).run(["check"]).expect(4);
    assert!(ran.err.contains("does not accept the token from CUSTOM_KEY (401)"), "{ran:?}");
    assert!(!ran.err.contains("shape"), "{ran:?}");
    let ran = Sandbox::new().at(&deployment).with("CODEOCEAN_TOKEN", "changeme").run(["check"]).expect(4);
    assert!(ran.err.contains("from CODEOCEAN_TOKEN (401), which does not have the shape of one (cop_...)"), "{ran:?}");
}
