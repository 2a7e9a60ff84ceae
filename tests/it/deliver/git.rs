//! Git itself, against a deployment that serves Git: what is answered, and to whom the token is never offered.

use std::path::Path;

use fake_deployment::{Account, Deployment, Fault, Plan};

use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, has};
use crate::support::workstation::piped;

const EMAIL: &str = "ada@example.org";

/// A capsule: the token is attached as `CUSTOM_KEY`, its own remote tells the deployment, and nothing is set up.
pub fn capsule(deployment: &Deployment, others: &[&Deployment]) -> Sandbox {
    let all: Vec<&Deployment> = [&[deployment], others].concat();
    let remote = format!("[remote \"origin\"]\n\turl = {}\n", deployment.clone_url());
    Sandbox::new().with("CUSTOM_KEY", TOKEN).file("capsule/.git/config", remote).with_git(&all).on_path()
}

/// Runs Git under `exec --git`.
fn exec_git(world: &Sandbox, args: &[&str]) -> Ran {
    world.spawn([&["exec", "--git", "--", "git"], args].concat())
}

/// Asks the helper in this process.
fn ask(world: Sandbox, action: &str, request: &str) -> Ran {
    world.with_input(request).run(["git-credential", action])
}

/// A world in which the helper knows a deployment, a token and an e-mail, and need not ask anybody.
fn known() -> Sandbox {
    let world = Sandbox::new().with("CODEOCEAN_DOMAIN", "https://co.example.org").with("CODEOCEAN_TOKEN", TOKEN);
    world.with("CODEOCEAN_EMAIL", EMAIL)
}

fn get(request: &str) -> Ran {
    ask(known(), "get", request)
}

const ANSWER: &str = "password=cop_Zx81QmTz55aB\nusername=ada@example.org\n";

#[test]
fn in_a_capsule_clone_fetch_and_push_need_nothing_set_up() {
    if !has("git") {
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().git().start();
    // Every Git that is here: some machines have two.
    let others = ["/usr/bin/git", "/usr/local/bin/git"].into_iter().filter(|git| Path::new(git).exists());
    for git in std::iter::once("git").chain(others) {
        let world = capsule(&deployment, &[]);
        let run = |args: &[&str]| world.spawn([&["exec", "--git", "--", git], args].concat()).expect(0);
        run(&["clone", "-q", &deployment.clone_url(), "clone"]);
        assert!(world.path("work/clone/code/run").exists());
        run(&["-C", "clone", "commit", "-q", "--allow-empty", "-m", "again"]);
        run(&["-C", "clone", "push", "-q"]);
        run(&["-C", "clone", "fetch", "-q"]);
        let ours = world.git(&["-C", "clone", "rev-parse", "HEAD"]).expect(0).out;
        let theirs = world.git(&["-C", deployment.repository().to_str().unwrap(), "rev-parse", "master"]).out;
        assert_eq!(ours, theirs, "{git}");
        // No trace of it is left for a Git that is not under `exec`.
        assert_ne!(world.git(&["-C", "clone", "fetch", "-q"]).code, 0);
        assert!(!world.git(&["-C", "clone", "config", "--list"]).out.contains(TOKEN));
    }
}

#[test]
fn what_the_platform_says_reaches_the_user() {
    if !has("git") {
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().uncommitted().start();
    let world = capsule(&deployment, &[]);
    exec_git(&world, &["clone", "-q", &deployment.clone_url(), "clone"]).expect(0);
    world.git(&["-C", "clone", "commit", "-q", "--allow-empty", "-m", "again"]).expect(0);
    let ran = exec_git(&world, &["-C", "clone", "push", "-q"]);
    assert!(ran.code != 0 && ran.err.contains("uncommitted changes in the Code Ocean IDE"), "{ran:?}");
    let world = world.with("CODEOCEAN_EMAIL", "someone.else@example.org");
    let ran = exec_git(&world, &["-C", "clone", "fetch", "-q"]);
    assert!(ran.err.contains("user not found"), "{ran:?}");
    // Where it came from is told; nothing of it is touched.
    assert!(ran.err.contains("refused the user or the token that came from CODEOCEAN_TOKEN"), "{ran:?}");
    assert!(!ran.err.contains(TOKEN));
}

#[test]
fn a_generated_pipeline_empties_the_helpers_and_names_the_user() {
    if !has("git") {
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().git().start();
    let world = capsule(&deployment, &[]);
    for url in [deployment.clone_url(), deployment.clone_url().replace("https://", "https://ada%40example.org@")] {
        let args = ["-c", "credential.helper=", "clone", "-q", &url, "clone"];
        exec_git(&world, &args).expect(0);
        std::fs::remove_dir_all(world.path("work/clone")).unwrap();
    }
}

#[test]
fn configuration_in_variables_that_is_there_stays() {
    if !has("git") {
        return;
    }
    let world = known().with("GIT_CONFIG_COUNT", "1").with("GIT_CONFIG_KEY_0", "user.name");
    let world = world.with("GIT_CONFIG_VALUE_0", "Grace");
    let ran = world.spawn(["exec", "--git", "--offline", "--", "git", "config", "user.name"]).expect(0);
    assert_eq!(ran.out, "Grace\n");
}

#[test]
fn exec_hands_its_own_choice_to_the_helper() {
    if !has("git") {
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().git().start();
    // Two tokens with the same claim: the option decides, for the helper below as well.
    let world = capsule(&deployment, &[]).with("CODEOCEAN_API_TOKEN", OTHER).file("work/token", OTHER);
    let file = world.path("work/token");
    let world = world.with("CO_CRED_TOKEN_FILE", file);
    let url = deployment.clone_url();
    world.spawn(["exec", "--git", "--token-env", "CUSTOM_KEY", "--", "git", "clone", "-q", &url, "x"]).expect(0);
}

#[test]
fn these_hosts_are_answered() {
    for host in [
        "co.example.org",
        "git.co.example.org",
        "CO.example.ORG",
        "co.example.org:443",
        "git.co.example.org:0443",
        "co.example.org:",
    ] {
        let ran = get(&format!("protocol=https\nhost={host}\n\n")).expect(0);
        assert_eq!(ran.out, ANSWER, "{host}");
    }
    let world = known().with("CODEOCEAN_DOMAIN", "https://bücher.example:8443");
    for host in ["bücher.example:8443", "xn--bcher-kva.example:8443", "git.BÜCHER.example:8443"] {
        let ran = ask(
            known().with("CODEOCEAN_DOMAIN", "https://bücher.example:8443"),
            "get",
            &format!("protocol=https\nhost={host}\n"),
        );
        assert_eq!(ran.expect(0).out, ANSWER, "{host}");
    }
    let ran = ask(world, "get", "protocol=https\nhost=bücher.example\n").expect(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
}

/// Silence, so that other helpers get their turn.
#[test]
fn no_other_host_is_answered() {
    for host in [
        "example.org",
        "evilco.example.org",
        "evil-co.example.org",
        "co.example.org.evil.net",
        "co.example.org.",
        "git.git.co.example.org",
        "registry.co.example.org",
        "www.co.example.org",
        "co.example.org:8443",
        "co.example.org:80",
        "co.example.org:443:443",
        "co.example.org@evil.net",
        "evil.net@co.example.org",
        "ada@co.example.org",
        "co.example.org/evil",
        "evil.net#co.example.org",
        "evil.net\\co.example.org",
        "co.example.org ",
        " co.example.org",
        "co.example.org\t",
        "co%2eexample.org",
        "co.example.org%00.evil.net",
        "co。example。org.evil.net",
        "co_example.org",
        "[co.example.org]",
        "127.0.0.1",
        "*",
        "co.example.org\u{202e}",
    ] {
        let ran = get(&format!("protocol=https\nhost={host}\n\n")).expect(0);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{host:?}");
    }
}

#[test]
fn no_other_protocol_is_answered() {
    for protocol in ["http", "HTTPS", "https ", "ssh", "ftp", "ftps", "file", "imap", "smtp", "cert", "https\t", ""] {
        let ran = get(&format!("protocol={protocol}\nhost=co.example.org\n\n")).expect(0);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{protocol:?}");
    }
    // A deployment on loopback may speak http to us; Git is given no token for it.
    let world = known().with("CODEOCEAN_DOMAIN", "http://127.0.0.1:8080");
    let ran = ask(world, "get", "protocol=http\nhost=127.0.0.1:8080\n").expect(0);
    assert_eq!(ran.out, "");
}

#[test]
fn another_user_is_not_answered() {
    let ask_for = |user: &str| get(&format!("protocol=https\nhost=co.example.org\nusername={user}\n"));
    assert_eq!(ask_for(EMAIL).expect(0).out, ANSWER);
    assert_eq!(ask_for("ADA@example.org").expect(0).out, ANSWER);
    assert_eq!(ask_for("").expect(0).out, ANSWER);
    for user in ["grace@example.org", "ada", "ada@example.org.evil.net", "git"] {
        let ran = ask_for(user).expect(0);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{user}");
    }
}

/// Requests that two readers may understand differently: nothing but `quit=1`, which keeps Git from asking others.
#[test]
fn a_request_in_doubt_is_refused_as_a_whole() {
    let long = format!("protocol=https\nhost=co.example.org\npath={}\n", "x".repeat(64 * 1024));
    let many = format!("protocol=https\nhost=co.example.org\n{}", "wwwauth[]=x\n".repeat(100_000));
    for request in [
        // CVE-2020-5260: a line end in a URL became one in the request, and with it another host.
        "protocol=https\nhost=evil.net\nhost=co.example.org\n",
        "protocol=https\nhost=co.example.org\nhost=evil.net\n",
        "protocol=http\nprotocol=https\nhost=co.example.org\n",
        // CVE-2020-11008: a URL without a host matched any.
        "protocol=https\nhost=\n",
        "protocol=https\nhost=\nhost=co.example.org\n",
        // CVE-2024-52006: some readers take a carriage return for the end of a line.
        "protocol=https\nhost=co.example.org\rhost=evil.net\n",
        "protocol=https\r\nhost=co.example.org\r\n\r\n",
        "protocol=https\nhost=co.example.org\nusername=ada@example.org\rhost=evil.net\n",
        // CVE-2024-53263: Git LFS passed on line ends and NULs that a repository's configuration held.
        "protocol=https\nhost=co.example.org\npath=x\0host=evil.net\n",
        "protocol=https\nhost=evil.net\npath=x\nhost=co.example.org\n",
        "protocol=https\nhost=co.example.org\npath=x\npath=y\n",
        "unknown=x\nunknown=y\nprotocol=https\nhost=co.example.org\n",
        "protocol=https\nhost=co.example.org\nno key\n",
        "=https\nhost=co.example.org\n",
        // The rest of the line may be missing.
        "protocol=https\nhost=co.example.org",
        &long,
        &many,
    ] {
        let shown: String = request.chars().take(80).collect();
        let ran = get(request).expect(2);
        assert_eq!(ran.out, "quit=1\n", "{shown:?}");
        assert!(ran.err.contains("Git's request is refused"), "{shown:?}: {ran:?}");
        assert!(!ran.err.contains("evil.net"), "{ran:?}");
        for action in ["store", "erase"] {
            assert!(!ask(known(), action, request).expect(2).out.contains("cop_"));
        }
    }
}

/// CVE-2020-11008, without the line altogether.
#[test]
fn a_request_without_host_or_protocol_is_not_answered() {
    for request in ["", "\n", "protocol=https\n", "host=co.example.org\n", "url=https://co.example.org\n"] {
        let ran = get(request).expect(0);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{request:?}");
    }
    // What stands behind the empty line is another message.
    assert_eq!(get("protocol=https\n\nhost=co.example.org\n").expect(0).out, "");
}

/// CVE-2024-50349: what an address held was shown to whoever was asked for a password.
#[test]
fn what_a_request_holds_is_not_shown() {
    let world = known().with("CODEOCEAN_DOMAIN", "https://co.example.org/\u{1b}[2J");
    let ran = ask(world, "get", "protocol=https\nhost=co.example.org\u{1b}[2J\nusername=\u{1b}]0;x\u{7}\n");
    assert!(!ran.err.contains('\u{1b}') && !ran.err.contains('\u{7}'), "{ran:?}");
    for prompt in [
        "Password for 'https://co.example.org%1b[2J': ",
        "Password for 'https://ada%40example.org%1b%5b2J@co.example.org': ",
        "Username for 'https://co.example.org\u{1b}[2J': ",
    ] {
        let ran = known().run([prompt]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{prompt:?}");
        assert!(!ran.err.contains('\u{1b}') && !ran.err.contains("co.example"), "{prompt:?}: {ran:?}");
    }
}

#[test]
fn an_unknown_action_is_for_others() {
    let ran = ask(known(), "future", "protocol=https\nhost=co.example.org\n").expect(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    assert_eq!(known().run(["git-credential", "capability"]).expect(0).out, "version 0\ncapability authtype\n");
}

#[test]
fn unknown_keys_are_kept_out_of_the_way() {
    let request = "capability[]=state\ncapability[]=future\nprotocol=https\nhost=co.example.org\nstate[]=other.x=1\n\
                   state[]=other.y=2\nwwwauth[]=Basic realm=\"x\"\nwwwauth[]=Bearer\nfuture=1\nfuture[]=2\nfuture[]=3\n\
                   oauth_refresh_token=r\npassword_expiry_utc=1\n";
    assert_eq!(get(request).expect(0).out, ANSWER);
}

#[test]
fn a_git_that_can_gets_one_credential_that_nobody_keeps() {
    let ran = get("capability[]=authtype\nprotocol=https\nhost=co.example.org\n").expect(0);
    // `ada@example.org:` and the token, as HTTP's Basic authentication has them.
    let credential = "YWRhQGV4YW1wbGUub3JnOmNvcF9aeDgxUW1UejU1YUI=";
    let expected = format!("capability[]=authtype\nauthtype=Basic\ncredential={credential}\nephemeral=1\n");
    assert_eq!(ran.out, expected);
}

#[test]
fn as_askpass_it_answers_two_questions() {
    let ask = |prompt: &str| known().run([prompt]);
    assert_eq!(ask("Username for 'https://co.example.org': ").expect(0).out, "ada@example.org\n");
    assert_eq!(ask("Username for 'https://git.co.example.org': ").expect(0).out, "ada@example.org\n");
    assert_eq!(ask("Password for 'https://ada%40example.org@co.example.org': ").expect(0).out, format!("{TOKEN}\n"));
    for prompt in [
        "Password for 'https://grace%40example.org@co.example.org': ",
        "Password for 'https://ada%40example.org@evil.net': ",
        "Password for 'https://ada%40example.org@evil.net@co.example.org.evil.net': ",
        "Password for 'http://ada%40example.org@co.example.org': ",
        "Password for 'https://co.example.org:8443': ",
        "Username for 'https://evilco.example.org': ",
        "Username for 'ssh://co.example.org': ",
    ] {
        let ran = ask(prompt);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{prompt}");
        // Why is said, and not whom it was asked about.
        assert!(!ran.err.contains("example.org") && !ran.err.contains("evil.net"), "{prompt}: {ran:?}");
    }
}

#[test]
fn git_credential_fill_is_answered_under_either_name() {
    if !has("git") {
        return;
    }
    let world = known().on_path();
    for helper in ["co-cred", "!co-cred git-credential"] {
        let config = format!("credential.helper={helper}");
        let fill = |host: &str| {
            let request = format!("protocol=https\nhost={host}\n\n");
            piped(
                world.program("git").args(["-c", &config, "credential", "fill"]).env("GIT_TERMINAL_PROMPT", "0"),
                &request,
            )
        };
        let ran = fill("co.example.org").expect(0);
        assert!(ran.out.contains(&format!("username={EMAIL}\npassword={TOKEN}\n")), "{ran:?}");
        let ran = fill("evil.net").expect(128);
        assert!(!ran.out.contains("cop_") && ran.err.contains("terminal prompts disabled"), "{ran:?}");
    }
}

/// What a stranger saw of the token: nothing, in any request.
#[track_caller]
fn never_offered(stranger: &Deployment) {
    for seen in stranger.seen() {
        assert_eq!(seen.authorization, None, "{seen:?}");
    }
}

/// CVE-2024-53858: a helper gave its token to the host of a submodule.
#[test]
fn a_submodule_on_another_host_is_not_offered_the_token() {
    if !has("git") {
        return;
    }
    let (deployment, stranger) =
        (Plan::with_token(TOKEN).tls().git().start(), Plan::with_token(TOKEN).tls().git().start());
    let world = capsule(&deployment, &[&stranger]);
    exec_git(&world, &["clone", "-q", &deployment.clone_url(), "clone"]).expect(0);
    let modules = format!("[submodule \"x\"]\n\tpath = x\n\turl = {}\n", stranger.clone_url());
    std::fs::write(world.path("work/clone/.gitmodules"), modules).unwrap();
    let head = world.git(&["-C", "clone", "rev-parse", "HEAD"]).out;
    let entry = format!("160000,{},x", head.trim());
    world.git(&["-C", "clone", "update-index", "--add", "--cacheinfo", &entry]).expect(0);
    world.git(&["-C", "clone", "add", ".gitmodules"]).expect(0);
    world.git(&["-C", "clone", "commit", "-q", "-m", "a submodule"]).expect(0);
    exec_git(&world, &["-C", "clone", "push", "-q"]).expect(0);
    let ran = exec_git(&world, &["clone", "-q", "--recurse-submodules", &deployment.clone_url(), "again"]);
    assert_ne!(ran.code, 0, "{ran:?}");
    // It was asked, and it asked for a login in vain.
    assert!(stranger.seen().iter().any(|seen| seen.status == 401));
    never_offered(&stranger);
}

#[test]
fn a_redirect_to_another_host_is_not_offered_the_token() {
    if !has("git") {
        return;
    }
    let stranger = Plan::with_token(TOKEN).tls().git().start();
    let target = format!("{}/info/refs?service=git-upload-pack", stranger.clone_url());
    // The first request is the one for the verdict.
    let faults = [Fault::None, Fault::Redirect(target)];
    let deployment = Plan::with_token(TOKEN).tls().git().faults(faults).start();
    let world = capsule(&deployment, &[&stranger]);
    for follow in ["initial", "true"] {
        let config = format!("http.followRedirects={follow}");
        exec_git(&world, &["-c", &config, "clone", "-q", &deployment.clone_url(), "clone"]);
        let _ = std::fs::remove_dir_all(world.path("work/clone"));
    }
    assert!(stranger.seen().iter().any(|seen| seen.status == 401));
    never_offered(&stranger);
}

#[test]
fn another_port_of_the_same_host_is_not_offered_the_token() {
    if !has("git") {
        return;
    }
    let (deployment, stranger) =
        (Plan::with_token(TOKEN).tls().git().start(), Plan::with_token(TOKEN).tls().git().start());
    let world = capsule(&deployment, &[&stranger]);
    assert_ne!(exec_git(&world, &["clone", "-q", &stranger.clone_url(), "x"]).code, 0);
    never_offered(&stranger);
}

#[test]
fn the_account_is_looked_up_once() {
    if !has("git") {
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().git().start();
    let world = capsule(&deployment, &[]);
    let request = format!("protocol=https\nhost={}\n", &deployment.url()["https://".len()..]);
    for _ in 0..3 {
        let ran = world.pipe(&["git-credential", "get"], &request).expect(0);
        assert!(ran.out.contains("username=ada@example.org\n"), "{ran:?}");
    }
    assert_eq!(deployment.seen().len(), 1);
    // With nothing sent, and nothing remembered, there is no user name to give.
    let fresh = capsule(&deployment, &[]);
    let ran = fresh.pipe(&["git-credential", "get", "--offline"], &request).expect(3);
    assert!(ran.out.is_empty() && ran.err.contains("CODEOCEAN_EMAIL"), "{ran:?}");
}

#[test]
fn an_account_that_owns_nothing_is_told_by_nobody() {
    let owner = Account { has_capsule: false, data_assets: false, ..Account::new(TOKEN) };
    let deployment = Plan::default().account(owner).tls().start();
    let host = deployment.url()["https://".len()..].to_owned();
    let world = || Sandbox::new().at(&deployment).with("CUSTOM_KEY", TOKEN);
    let ran = ask(world(), "get", &format!("protocol=https\nhost={host}\n")).expect(3);
    assert!(ran.out.is_empty() && ran.err.contains("CODEOCEAN_EMAIL"), "{ran:?}");
    // Where Git names the user, the deployment will say whether it is theirs.
    let ran = ask(world(), "get", &format!("protocol=https\nhost={host}\nusername=x@example.org\n")).expect(0);
    assert!(ran.out.contains("username=x@example.org\n"), "{ran:?}");
}

/// A token that is merely here is for the deployment in question, not for another that is known as well.
#[test]
fn another_deployment_is_given_its_own_token_alone() {
    let config = "[[deployment]]\ndomain = \"two.example.org\"\nemail = \"ada@example.org\"\n";
    let two = "protocol=https\nhost=two.example.org\n";
    let world = || known().file("home/.config/co-cred/config.toml", config);
    let ran = ask(world(), "get", two);
    assert!(!ran.out.contains("cop_"), "{ran:?}");
    // Nor is one in a file that does not say where it belongs.
    let file = |json: String| world().file("home/.codeocean/credentials.json", json);
    let ran = ask(file(format!("{{\"token\": \"{OTHER}\"}}")), "get", two);
    assert!(!ran.out.contains("cop_"), "{ran:?}");
    let ran = ask(file(format!("{{\"token\": \"{OTHER}\", \"domain\": \"two.example.org\"}}")), "get", two).expect(0);
    assert_eq!(ran.out, format!("password={OTHER}\nusername={EMAIL}\n"));
}

/// A name that cannot be read is not taken for none.
#[test]
fn a_user_that_is_no_text_is_refused() {
    let world = known();
    let mut helper = world.command();
    helper.args(["git-credential", "get"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = helper.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let request = b"protocol=https\nhost=co.example.org\nusername=someone\xff\n";
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), request).unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap()).expect(2);
    assert_eq!(ran.out, "quit=1\n");
}

/// Where only the configuration names the deployment, a token that is bound to it comes before one that merely looks like a
/// token: for Git, for Docker and for exec alike.
#[test]
fn a_bound_token_comes_before_one_that_merely_looks_like_one_where_the_deployment_is_assumed() {
    let config = format!(
        "[[deployment]]\ndomain = \"co.example.org\"\nemail = \"ada@example.org\"\ntoken_command = [\"echo\", \"{TOKEN}\"]\n"
    );
    let desk =
        |config: &str| Sandbox::new().file("home/.config/co-cred/config.toml", config).with("SRC_CO_TOKEN", OTHER);
    let request = "protocol=https\nhost=co.example.org\n";
    let given = |world: fn(Sandbox) -> Sandbox, config: &str| {
        let git = ask(world(desk(config)), "get", request).out;
        let image = world(desk(config)).with_input("registry.co.example.org").run(["docker-credential", "get"]).out;
        let token = world(desk(config)).run(["token", "--offline"]).out;
        [git, image, token].map(|out| [TOKEN, OTHER].into_iter().find(|token| out.contains(token)))
    };
    assert_eq!(given(|world| world, &config), [Some(TOKEN); 3]);
    // One that is meant for us comes first, and so does one beside which its deployment is named.
    assert_eq!(given(|world| world.with("CODEOCEAN_TOKEN", OTHER), &config), [Some(OTHER); 3]);
    assert_eq!(given(|world| world.with("CODEOCEAN_DOMAIN", "co.example.org"), &config), [Some(OTHER); 3]);
    // Where none is bound, one rule holds for all as well.
    let config = "[[deployment]]\ndomain = \"co.example.org\"\nemail = \"ada@example.org\"\n";
    assert_eq!(given(|world| world, config), [Some(OTHER); 3]);
}

/// On loopback a deployment has no other hosts: they might be anybody's.
#[test]
fn a_deployment_on_loopback_has_no_siblings() {
    for host in ["git.localhost:8080", "localhost:8080"] {
        let world = known().with("CODEOCEAN_DOMAIN", "http://localhost:8080");
        assert_eq!(ask(world, "get", &format!("protocol=https\nhost={host}\n")).expect(0).out, "", "{host}");
    }
    let world = known().with("CODEOCEAN_DOMAIN", "http://localhost:8080").with_input("registry.localhost:8080");
    assert!(!world.run(["docker-credential", "get"]).out.contains("cop_"));
}

/// `CODEOCEAN_EMAIL` speaks of the deployment in question, not of every other.
#[test]
fn the_user_of_another_deployment_is_its_own() {
    let config = format!(
        "[[deployment]]\ndomain = \"two.example.org\"\nemail = \"grace@example.org\"\ntoken_command = [\"echo\", {OTHER:?}]\n"
    );
    let world = known().file("home/.config/co-cred/config.toml", config);
    let ran = ask(world, "get", "protocol=https\nhost=two.example.org\n").expect(0);
    assert_eq!(ran.out, format!("password={OTHER}\nusername=grace@example.org\n"));
}
