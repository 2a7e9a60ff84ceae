//! The hosts, protocols and users for which co-cred answers Git; the token is never offered to another. Published attacks by
//! name.

use fake_deployment::{Deployment, Fault, Plan};

use crate::support::git::{ANSWER, EMAIL, ask, capsule, exec_git, get, known};
use crate::support::sandbox::{TOKEN, has};

#[test]
fn get_answers_for_the_hosts_of_a_deployment() {
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

/// No output and no error, so that Git asks other helpers.
#[test]
fn get_is_silent_for_other_hosts() {
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
fn get_is_silent_for_other_protocols() {
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
fn get_gives_no_token_for_other_users() {
    let ask_for = |user: &str| get(&format!("protocol=https\nhost=co.example.org\nusername={user}\n"));
    assert_eq!(ask_for(EMAIL).expect(0).out, ANSWER);
    assert_eq!(ask_for("ADA@example.org").expect(0).out, ANSWER);
    assert_eq!(ask_for("").expect(0).out, ANSWER);
    for user in ["grace@example.org", "ada", "ada@example.org.evil.net", "git"] {
        let ran = ask_for(user).expect(0);
        assert!(ran.out.is_empty() && ran.err.lines().count() == 1, "{user}: {ran:?}");
        assert!(ran.err.contains("no answer for Git: no login of that user"), "{user}: {ran:?}");
    }
}

/// No request to another host had an Authorization header.
#[track_caller]
fn assert_never_offered(other: &Deployment) {
    for seen in other.seen() {
        assert_eq!(seen.authorization, None, "{seen:?}");
    }
}

/// CVE-2024-53858: a helper gave its token to the host of a submodule.
#[test]
fn a_submodule_on_another_host_is_not_offered_the_token() {
    if !has("git") {
        return;
    }
    let (deployment, other) =
        (Plan::with_token(TOKEN).tls().git().start(), Plan::with_token(TOKEN).tls().git().start());
    let world = capsule(&deployment, &[&other]);
    exec_git(&world, &["clone", "-q", &deployment.clone_url(), "clone"]).expect(0);
    let modules = format!("[submodule \"x\"]\n\tpath = x\n\turl = {}\n", other.clone_url());
    std::fs::write(world.path("work/clone/.gitmodules"), modules).unwrap();
    let head = world.git(&["-C", "clone", "rev-parse", "HEAD"]).out;
    let entry = format!("160000,{},x", head.trim());
    world.git(&["-C", "clone", "update-index", "--add", "--cacheinfo", &entry]).expect(0);
    world.git(&["-C", "clone", "add", ".gitmodules"]).expect(0);
    world.git(&["-C", "clone", "commit", "-q", "-m", "a submodule"]).expect(0);
    exec_git(&world, &["-C", "clone", "push", "-q"]).expect(0);
    let ran = exec_git(&world, &["clone", "-q", "--recurse-submodules", &deployment.clone_url(), "again"]);
    assert_ne!(ran.code, 0, "{ran:?}");
    // It got requests, and asked for a login in vain.
    assert!(other.seen().iter().any(|seen| seen.status == 401));
    assert_never_offered(&other);
}

#[test]
fn a_redirect_to_another_host_is_not_offered_the_token() {
    if !has("git") {
        return;
    }
    let other = Plan::with_token(TOKEN).tls().git().start();
    let target = format!("{}/info/refs?service=git-upload-pack", other.clone_url());
    // The first request is the one for the verdict.
    let faults = [Fault::None, Fault::Redirect(target)];
    let deployment = Plan::with_token(TOKEN).tls().git().faults(faults).start();
    let world = capsule(&deployment, &[&other]);
    for follow in ["initial", "true"] {
        let config = format!("http.followRedirects={follow}");
        exec_git(&world, &["-c", &config, "clone", "-q", &deployment.clone_url(), "clone"]);
        let _ = std::fs::remove_dir_all(world.path("work/clone"));
    }
    assert!(other.seen().iter().any(|seen| seen.status == 401));
    assert_never_offered(&other);
}

#[test]
fn another_port_of_the_same_host_is_not_offered_the_token() {
    if !has("git") {
        return;
    }
    let (deployment, other) =
        (Plan::with_token(TOKEN).tls().git().start(), Plan::with_token(TOKEN).tls().git().start());
    let world = capsule(&deployment, &[&other]);
    assert_ne!(exec_git(&world, &["clone", "-q", &other.clone_url(), "x"]).code, 0);
    assert_never_offered(&other);
}

/// A deployment on loopback has no other hosts: another user's programs may listen there.
#[test]
fn loopback_deployments_have_no_other_hosts() {
    for host in ["git.localhost:8080", "localhost:8080"] {
        let world = known().with("CODEOCEAN_DOMAIN", "http://localhost:8080");
        assert_eq!(ask(world, "get", &format!("protocol=https\nhost={host}\n")).expect(0).out, "", "{host}");
    }
    let world = known().with("CODEOCEAN_DOMAIN", "http://localhost:8080").with_input("registry.localhost:8080");
    assert!(!world.run(["docker-credential", "get"]).out.contains("cop_"));
}
