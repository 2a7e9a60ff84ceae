//! Git's prompts under `exec --git`: co-cred answers for its deployment, and passes other prompts on to the user's program.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use fake_deployment::{Account, Deployment, Plan};

use crate::support::git::{capsule, executable};
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, bin, has};
use crate::support::workstation::wait;

/// Answers for another host, as an editor or a desktop does, and records the prompt.
const ASKPASS: &str = "#!/bin/sh\necho \"$1|$GIT_ASKPASS\" >> \"$HOME/asked\"\ncase $1 in\n  Username*) echo grace@example.org ;;\n  *) echo cop_Kp37LwRv92cD ;;\nesac\n";

/// A deployment, another host with another login, and an askpass that knows that login.
fn two_hosts() -> (Deployment, Deployment, Sandbox) {
    let deployment = Plan::with_token(TOKEN).tls().git().start();
    let grace = Account { email: "grace@example.org".to_owned(), ..Account::new(OTHER) };
    let other = Plan::default().account(grace).tls().git().start();
    let world = executable(capsule(&deployment, &[&other]), "home/ask pass", ASKPASS);
    (deployment, other, world)
}

fn clone(world: &Sandbox, url: &str, name: &str) -> Ran {
    world.spawn(["exec", "--git", "--", "git", "clone", "-q", url, name])
}

/// Each way in which a user names an askpass.
fn ways(world: &Sandbox) -> Vec<(&'static str, Box<dyn Fn(Sandbox) -> Sandbox>)> {
    let path = world.path("home/ask pass");
    let named = move |name: &'static str| {
        let path = path.clone();
        Box::new(move |world: Sandbox| world.with(name, &path)) as Box<dyn Fn(Sandbox) -> Sandbox>
    };
    let config = "[core]\n\taskPass = ~/ask pass\n";
    vec![
        ("GIT_ASKPASS", named("GIT_ASKPASS")),
        ("core.askPass", Box::new(move |world| world.file("home/.gitconfig", config))),
        ("SSH_ASKPASS", named("SSH_ASKPASS")),
    ]
}

#[test]
fn the_users_askpass_answers_for_other_hosts() {
    if !has("git") {
        return;
    }
    for number in 0..3 {
        let (deployment, other, world) = two_hosts();
        let (way, set) = ways(&world).remove(number);
        let world = set(world);
        let ran = clone(&world, &other.clone_url(), "theirs");
        assert_eq!(ran.code, 0, "{way}: {ran:?}");
        assert_eq!(ran.err, "", "{way}");
        clone(&world, &deployment.clone_url(), "ours").expect(0);
        // Also where the command line empties the helpers.
        let url = deployment.clone_url();
        world.spawn(["exec", "--git", "--", "git", "-c", "credential.helper=", "clone", "-q", &url, "again"]).expect(0);
        let asked = fs::read_to_string(world.path("home/asked")).unwrap();
        let own = if way == "GIT_ASKPASS" { world.path("home/ask pass").display().to_string() } else { String::new() };
        for line in asked.lines() {
            assert!(line.contains(&other.url()) || line.contains(&other.url()[8..]), "{way}: {asked}");
            assert!(line.ends_with(&format!("|{own}")), "{way}: it sees GIT_ASKPASS as it was: {asked}");
        }
        assert_eq!(asked.lines().count(), 2, "{way}: {asked}");
        for seen in other.seen() {
            assert!(!format!("{seen:?}").contains(&basic(TOKEN)), "{way}: {seen:?}");
        }
    }
}

/// The login as HTTP's Basic authentication has it.
fn basic(token: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(format!("ada@example.org:{token}"))
}

/// The order is Git's: `GIT_ASKPASS`, then `core.askPass`, then `SSH_ASKPASS`; an empty one asks no program.
#[test]
fn the_askpass_is_chosen_in_the_order_of_git() {
    if !has("git") {
        return;
    }
    let world = || {
        let world = Sandbox::new().with("GIT_CONFIG_NOSYSTEM", "1").with("CODEOCEAN_TOKEN", TOKEN);
        ["one", "two", "three"].iter().fold(world, |world, name| {
            executable(world, &format!("work/{name}"), &format!("#!/bin/sh\necho {name} \"$1\"\n"))
        })
    };
    let at = |world: &Sandbox, name: &str| world.path("work").join(name);
    let config = |world: &Sandbox, name: &str| format!("[core]\n\taskPass = {}\n", at(world, name).display());
    for (git, core, ssh, answer) in [
        (Some("one"), Some("two"), Some("three"), "one"),
        (None, Some("two"), Some("three"), "two"),
        (None, None, Some("three"), "three"),
        (Some(""), Some("two"), Some("three"), ""),
        (None, Some(""), Some("three"), ""),
        (None, None, None, ""),
        // A program that does not exist gives no answer, and Git asks on the terminal.
        (Some("missing"), Some("two"), None, ""),
    ] {
        let mut world = world().with("CODEOCEAN_DOMAIN", "co.example.org");
        let named = |world: &Sandbox, name: &str| if name.is_empty() { "".into() } else { at(world, name) };
        if let Some(core) = core {
            let text = if core.is_empty() { "[core]\n\taskPass =\n".to_owned() } else { config(&world, core) };
            world = world.file("home/.gitconfig", text);
        }
        for (name, value) in [("GIT_ASKPASS", git), ("SSH_ASKPASS", ssh)] {
            if let Some(value) = value {
                let path = named(&world, value);
                world = world.with(name, path);
            }
        }
        // What Git and its own programs ask, in their own words.
        for question in ["Password for 'https://x@github.com': ", "Passphrase for 'cert.pem': ", "Continue (y/n)? "] {
            let ask = "\"$GIT_ASKPASS\" \"$1\"";
            let ran = world.spawn(["exec", "--git", "--offline", "--", "sh", "-c", ask, "sh", question]);
            let expected = if answer.is_empty() { String::new() } else { format!("{answer} {question}\n") };
            assert_eq!(ran.out, expected, "{git:?} {core:?} {ssh:?}: {ran:?}");
            assert_eq!(ran.code == 0, !answer.is_empty(), "{ran:?}");
        }
    }
}

/// Under another `exec --git`, and where a user has set co-cred as the askpass by hand.
#[test]
fn co_cred_does_not_start_itself_in_a_loop() {
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).with("CODEOCEAN_DOMAIN", "co.example.org").on_path();
    let world = executable(world, "work/mine", "#!/bin/sh\necho mine\n");
    let wrapper = executable(world, "work/wrapper", "#!/bin/sh\nexec co-cred \"$1\"\n");
    let ask = "\"$GIT_ASKPASS\" \"Password for 'https://x@github.com': \"";
    let nested = |world: &Sandbox| {
        let exec = ["exec", "--git", "--offline", "--"];
        world.spawn([&exec[..], &[bin()], &exec, &["sh", "-c", ask]].concat())
    };
    let mine = wrapper.path("work/mine");
    assert_eq!(nested(&wrapper.with("GIT_ASKPASS", mine)).expect(0).out, "mine\n");
    for name in ["GIT_ASKPASS", "SSH_ASKPASS"] {
        for loops in ["work/wrapper", "bin/co-cred"] {
            let world =
                Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).with("CODEOCEAN_DOMAIN", "co.example.org").on_path();
            let world = executable(world, "work/wrapper", "#!/bin/sh\nexec co-cred \"$1\"\n");
            let path = world.path(loops);
            assert_eq!(nested(&world.with(name, path)).expect(1).out, "", "{name} {loops}");
        }
    }
}

/// Without an askpass, Git asks on the terminal for other hosts.
#[test]
fn the_terminal_is_asked_for_other_hosts() {
    if !has("git") || !has("script") {
        return;
    }
    let (_deployment, other, world) = two_hosts();
    let world = world.without("GIT_TERMINAL_PROMPT").with("LC_ALL", "C");
    let command = format!("{} exec --git -- git clone -q {} theirs", bin(), other.clone_url());
    let transcript = world.path("transcript");
    let mut script = world.program("script");
    script.args(["--quiet", "--flush", "--return", "--command", &command]).arg(&transcript);
    let mut script = script.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut keyboard = script.stdin.take().unwrap();
    let mut answer = |question: &str, line: &str| {
        let asked = || fs::read_to_string(&transcript).unwrap_or_default().contains(question);
        wait(question, asked);
        writeln!(keyboard, "{line}").unwrap();
    };
    answer("Username for 'https://localhost:", "grace@example.org");
    answer("Password for 'https://grace%40example.org@localhost:", OTHER);
    assert!(script.wait().unwrap().success(), "{}", fs::read_to_string(&transcript).unwrap());
    assert!(world.path("work/theirs/code/run").exists());
}

/// A configuration that cannot be read is a warning; prompts for other hosts are still answered.
#[test]
fn the_users_askpass_answers_despite_an_unreadable_configuration() {
    let world = Sandbox::new().file("home/.config/co-cred/config.toml", "broken = [");
    let world = executable(world, "work/mine", "#!/bin/sh\necho mine\n");
    let mine = world.path("work/mine");
    let ran = world.with("SSH_ASKPASS", mine).spawn(["Password for 'https://x@github.com': "]).expect(0);
    assert_eq!(ran.out, "mine\n");
    assert!(ran.err.contains("config.toml"), "{ran:?}");
}
