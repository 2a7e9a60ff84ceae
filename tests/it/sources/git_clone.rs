//! Logins at several deployments, and of several users: when the user has to choose, and that a Git clone chooses.

use std::fs;
use std::path::Path;

use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, write};
use crate::support::workstation::piped;

const ADA: &str = "ada@example.org";
const GRACE: &str = "grace@example.org";

fn login(world: &Sandbox, url: &str, email: &str, token: &str) -> Ran {
    let args = ["login", "--insecure-storage", "--offline", "--email", email, "--deployment", url];
    world.pipe(&args, token).expect(0)
}

/// Two deployments, each with a login.
fn two() -> Sandbox {
    let world = Sandbox::new();
    login(&world, "https://one.example.org", ADA, TOKEN);
    login(&world, "https://two.example.org", ADA, OTHER);
    world
}

/// A clone below the work folder.
fn clone(world: &Sandbox, folder: &str, url: &str) {
    let config = format!("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = {url}\n");
    write(&world.path(&format!("work/{folder}/.git/config")), config.as_bytes());
}

/// Runs the real binary in a folder below the work folder.
fn run_in(world: &Sandbox, folder: &str, args: &[&str]) -> Ran {
    piped(world.command().args(args).current_dir(world.path("work").join(folder)), "")
}

#[test]
fn the_second_login_says_that_a_choice_is_needed_and_how_to_make_it() {
    let world = Sandbox::new();
    let ran = login(&world, "https://one.example.org", ADA, TOKEN);
    assert!(!ran.err.contains("need to know"), "{ran:?}");
    let ran = login(&world, "https://one.example.org", GRACE, OTHER);
    assert!(ran.err.contains(&format!("{ADA} and {GRACE} are both logged in at https://one.example.org")), "{ran:?}");
    assert!(ran.err.contains("commands need to know") && ran.err.contains("CODEOCEAN_EMAIL="), "{ran:?}");
    let ran = login(&two(), "https://three.example.org", ADA, OTHER);
    assert!(ran.err.contains("commands need to know") && ran.err.contains("--deployment"), "{ran:?}");
    assert!(ran.err.contains("clone"), "{ran:?}");
    // Where the configuration makes the choice, none is needed.
    let config = "[[deployment]]\ndomain = \"one.example.org\"\nemail = \"ada@example.org\"\ndefault = true\n";
    let world = two().file("home/.config/co-cred/config.toml", config);
    assert!(!login(&world, "https://one.example.org", GRACE, OTHER).err.contains("need to know"));
    assert!(!login(&world, "https://two.example.org", ADA, OTHER).err.contains("need to know"));
}

#[test]
fn inside_a_clone_the_remote_chooses_between_logins() {
    let world = two();
    run_in(&world, "", &["token", "--offline"]).expect(8);
    for (folder, url, token) in [
        ("a", "https://one.example.org/capsule-1234567.git", TOKEN),
        ("b", "https://two.example.org/capsule-1234567.git", OTHER),
        ("c", "https://git.two.example.org/capsule-1234567.git", OTHER),
        ("d", "https://ada%40example.org@two.example.org/capsule-1234567", OTHER),
        ("e", "https://TWO.example.org:443/capsule-1234567.git", OTHER),
    ] {
        clone(&world, folder, url);
        fs::create_dir_all(world.path(&format!("work/{folder}/code/deep"))).unwrap();
        for below in ["", "/code/deep"] {
            let ran = run_in(&world, &format!("{folder}{below}"), &["token", "--offline"]).expect(0);
            assert_eq!(ran.out, format!("{token}\n"), "{folder}{below}");
        }
        let script = "echo $CODEOCEAN_TOKEN $CODEOCEAN_DOMAIN";
        let ran = run_in(&world, folder, &["exec", "--offline", "--", "sh", "-c", script]).expect(0);
        let origin = if token == TOKEN { "https://one.example.org" } else { "https://two.example.org" };
        assert_eq!(ran.out, format!("{token} {origin}\n"));
    }
    for (folder, url) in [
        ("x", "https://github.com/capsule-1234567.git"),
        ("y", "https://evil-two.example.org/capsule-1234567.git"),
        ("z", "ssh://git@two.example.org/capsule-1234567.git"),
        ("u", "http://two.example.org/capsule-1234567.git"),
        ("v", "https://two.example.org:8443/capsule-1234567.git"),
        ("w", "git@two.example.org:capsule-1234567.git"),
    ] {
        clone(&world, folder, url);
        run_in(&world, folder, &["token", "--offline"]).expect(8);
    }
}

/// A clone may come from an archive that another person made: it brings no deployment in, and no token that is not bound to the one that it names.
#[test]
fn a_clone_leads_no_other_token_to_its_deployment() {
    let world = two();
    clone(&world, "a", "https://two.example.org/capsule-1234567.git");
    let script = "echo $CODEOCEAN_TOKEN $CODEOCEAN_DOMAIN";
    for name in ["CODEOCEAN_TOKEN", "CUSTOM_KEY", "API_SECRET"] {
        let token = "cop_Merely99Here00";
        let mut command = world.command();
        command.args(["exec", "--offline", "--", "sh", "-c", script]).env(name, token);
        let ran = piped(command.current_dir(world.path("work/a")), "").expect(0);
        assert_eq!(ran.out, format!("{token}\n"), "{name}");
    }
    // What the user named comes first.
    let one = ["token", "--offline", "--deployment", "https://one.example.org"];
    assert_eq!(run_in(&world, "a", &one).expect(0).out, format!("{TOKEN}\n"));
    let config = "[[deployment]]\ndomain = \"one.example.org\"\ndefault = true\n";
    let world = world.file("home/.config/co-cred/config.toml", config);
    assert_eq!(run_in(&world, "a", &["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
    // With one login, a clone of another deployment changes nothing.
    let world = Sandbox::new();
    login(&world, "https://one.example.org", ADA, TOKEN);
    clone(&world, "a", "https://two.example.org/capsule-1234567.git");
    assert_eq!(run_in(&world, "a", &["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

/// Between users of one deployment, the user in the remote's address chooses.
#[test]
fn inside_a_clone_the_user_of_the_remote_chooses() {
    let world = Sandbox::new();
    login(&world, "https://one.example.org", ADA, TOKEN);
    login(&world, "https://one.example.org", GRACE, OTHER);
    clone(&world, "a", "https://grace%40example.org@one.example.org/capsule-1234567.git");
    assert_eq!(run_in(&world, "a", &["token", "--offline"]).expect(0).out, format!("{OTHER}\n"));
    clone(&world, "b", "https://zed%40example.org@one.example.org/capsule-1234567.git");
    run_in(&world, "b", &["token", "--offline"]).expect(8);
    let chosen = world.with("CODEOCEAN_EMAIL", ADA);
    assert_eq!(run_in(&chosen, "a", &["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

/// The command of a password manager is bound to its deployment as a login is.
#[test]
fn inside_a_clone_the_remote_chooses_between_token_commands() {
    let configured = |number: &str, token: &str| {
        format!("[[deployment]]\ndomain = \"{number}.example.org\"\ntoken_command = [\"echo\", \"{token}\"]\n")
    };
    let config = configured("one", TOKEN) + &configured("two", OTHER);
    let world = Sandbox::new().file("home/.config/co-cred/config.toml", config);
    run_in(&world, "", &["token", "--offline"]).expect(8);
    clone(&world, "a", "https://two.example.org/capsule-1234567.git");
    assert_eq!(run_in(&world, "a", &["token", "--offline"]).expect(0).out, format!("{OTHER}\n"));
}

/// Worktrees and submodules name the repository in a file; other remotes than origin count where they agree.
#[test]
fn worktrees_submodules_and_other_remotes_count_as_well() {
    let world = two();
    let put = |below: &str, text: &str| write(&world.path("work").join(below), text.as_bytes());
    clone(&world, "a", "https://two.example.org/capsule-1234567.git");
    put("a/.git/worktrees/t/commondir", "../..\n");
    put("tree/.git", &format!("gitdir: {}\n", world.path("work/a/.git/worktrees/t").display()));
    put("a/.git/modules/s/config", "[remote \"origin\"]\n\turl = https://one.example.org/capsule-7654321.git\n");
    put("a/sub/.git", "gitdir: ../.git/modules/s\n");
    let other =
        |name: &str, host: &str| format!("[remote \"{name}\"]\n\turl = https://{host}.example.org/capsule-1.git\n");
    put("b/.git/config", &(other("origin", "github") + &other("platform", "two")));
    put("c/.git/config", &(other("first", "one") + &other("second", "two")));
    let token = |folder: &str| run_in(&world, folder, &["token", "--offline"]);
    assert_eq!(token("tree").expect(0).out, format!("{OTHER}\n"));
    assert_eq!(token("a/sub").expect(0).out, format!("{TOKEN}\n"));
    assert_eq!(token("b").expect(0).out, format!("{OTHER}\n"));
    token("c").expect(8);
    // What is no repository, or endless, says nothing.
    put("d/.git", "gitdir: .git\n");
    put("e/.git/config", "[remote \"origin\"\n");
    put("f/.git", &"x".repeat(100_000));
    for folder in ["d", "e", "f"] {
        token(folder).expect(8);
    }
}

/// Another user's repository does not choose.
#[test]
fn the_repository_of_another_user_does_not_choose() {
    let world = two();
    clone(&world, "a", "https://two.example.org/capsule-1234567.git");
    let config = world.path("work/a/.git/config");
    // Git's usual mode where a group shares the repository.
    fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o664)).unwrap();
    run_in(&world, "a", &["token", "--offline"]).expect(0);
    if chown(&config) {
        run_in(&world, "a", &["token", "--offline"]).expect(8);
    }
}

/// Gives a file to another user, which only root can.
fn chown(path: &Path) -> bool {
    std::os::unix::fs::chown(path, Some(12345), None).is_ok()
}
