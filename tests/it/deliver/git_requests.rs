//! Requests of Git: ambiguous ones are refused, unknown attributes are ignored, and prompts are answered like requests.

use crate::support::git::{ANSWER, EMAIL, ask, get, known};
use crate::support::sandbox::{Ran, TOKEN, has};
use crate::support::workstation::piped;

/// Requests that two readers may understand differently get only `quit=1`, so that Git asks no other helper.
#[test]
fn ambiguous_requests_are_refused() {
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

/// CVE-2020-11008, without the line.
#[test]
fn get_is_silent_without_host_or_protocol() {
    for request in ["", "\n", "protocol=https\n", "host=co.example.org\n", "url=https://co.example.org\n"] {
        let ran = get(request).expect(0);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{request:?}");
    }
    // The lines after an empty one are another message.
    assert_eq!(get("protocol=https\n\nhost=co.example.org\n").expect(0).out, "");
}

/// CVE-2024-50349: a prompt for a password showed control characters of the address.
#[test]
fn messages_do_not_show_the_content_of_a_request() {
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
fn unknown_actions_are_ignored() {
    let ran = ask(known(), "future", "protocol=https\nhost=co.example.org\n").expect(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    assert_eq!(known().run(["git-credential", "capability"]).expect(0).out, "version 0\ncapability authtype\n");
}

#[test]
fn unknown_attributes_are_ignored() {
    let request = "capability[]=state\ncapability[]=future\nprotocol=https\nhost=co.example.org\nstate[]=other.x=1\n\
                   state[]=other.y=2\nwwwauth[]=Basic realm=\"x\"\nwwwauth[]=Bearer\nfuture=1\nfuture[]=2\nfuture[]=3\n\
                   oauth_refresh_token=r\npassword_expiry_utc=1\n";
    assert_eq!(get(request).expect(0).out, ANSWER);
}

/// A user that is not UTF-8 does not count as no user.
#[test]
fn users_that_are_not_utf8_are_refused() {
    let world = known();
    let mut helper = world.command();
    helper.args(["git-credential", "get"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = helper.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let request = b"protocol=https\nhost=co.example.org\nusername=someone\xff\n";
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), request).unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap()).expect(2);
    assert_eq!(ran.out, "quit=1\n");
}

#[test]
fn authtype_gives_one_ephemeral_credential() {
    let ran = get("capability[]=authtype\nprotocol=https\nhost=co.example.org\n").expect(0);
    // `ada@example.org:` and the token, as in HTTP Basic authentication.
    let credential = "YWRhQGV4YW1wbGUub3JnOmNvcF9aeDgxUW1UejU1YUI=";
    let expected = format!("capability[]=authtype\nauthtype=Basic\ncredential={credential}\nephemeral=1\n");
    assert_eq!(ran.out, expected);
}

#[test]
fn askpass_answers_prompts_for_user_and_password() {
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
        // The message gives the reason, but repeats nothing of the prompt.
        assert!(!ran.err.contains("example.org") && !ran.err.contains("evil.net"), "{prompt}: {ran:?}");
    }
}

#[test]
fn git_credential_fill_works_under_both_names() {
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
