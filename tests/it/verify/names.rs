//! Name resolution: hosts file, name servers, search list.

use std::time::{Duration, Instant};

use fake_deployment::Plan;

use crate::support::sandbox::{Sandbox, TOKEN};

use super::servers::{A, HERE, HOST, NO_PAUSE, NameServer, Reply, cause, named, with_system};

#[test]
fn ipv4_address_is_used_if_the_aaaa_query_is_not_answered() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let reply = |_: &str, kind| if kind == A { Reply::Address(HERE) } else { Reply::Silence };
    let Some(_server) = NameServer::start("127.53.0.1", NO_PAUSE, reply) else { return };
    let start = Instant::now();
    let command = "co-cred check --timeout 60s";
    let Some(ran) = with_system(&named(&deployment, HOST), "nameserver 127.53.0.1\n", "", command) else { return };
    ran.expect(0);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn nxdomain_for_aaaa_does_not_hide_the_ipv4_address() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    // Some name servers answer so to every query of a type that they do not support (RFC 4074, section 4.2).
    let reply = |_: &str, kind| if kind == A { Reply::Address(HERE) } else { Reply::NxDomain };
    let Some(_server) = NameServer::start("127.53.0.2", NO_PAUSE, reply) else { return };
    let command = "co-cred check";
    let Some(ran) = with_system(&named(&deployment, HOST), "nameserver 127.53.0.2\n", "", command) else { return };
    ran.expect(0);
}

#[test]
fn name_in_the_hosts_file_is_not_looked_up_in_dns() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let Some(server) = NameServer::start("127.53.0.3", NO_PAUSE, |_, _| Reply::Silence) else { return };
    let hosts = format!("# comment\n127.0.0.1 other {HOST}\n");
    let (resolv, command) = ("search example.net\nnameserver 127.53.0.3\n", "co-cred check --timeout 60s");
    let start = Instant::now();
    let Some(ran) = with_system(&named(&deployment, HOST), resolv, &hosts, command) else { return };
    ran.expect(0);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(server.names(), [""; 0]);
}

#[test]
fn name_with_dots_is_looked_up_before_the_search_list() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let reply = |name: &str, kind| match (name, kind) {
        (HOST, A) => Reply::Address(HERE),
        (HOST, _) => Reply::NoData,
        _ => Reply::NxDomain,
    };
    // As in Kubernetes: ndots:5, and a slow name server.
    let resolv =
        "search ns.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\nnameserver 127.53.0.4\n";
    let Some(server) = NameServer::start("127.53.0.4", Duration::from_secs(3), reply) else { return };
    let Some(ran) = with_system(&named(&deployment, HOST), resolv, "", "co-cred check --timeout 30s") else { return };
    ran.expect(0);
    assert!(server.names().iter().all(|name| name == HOST), "{:?}", server.names());
}

#[test]
fn short_name_is_completed_by_the_search_list() {
    let deployment = Plan::with_token(TOKEN).tls_for(&["ocean", "ocean.team"]).start();
    let reply = |name: &str, kind| match (name, kind) {
        ("ocean.example.net" | "ocean.team.example.net", A) => Reply::Address(HERE),
        ("ocean.example.net" | "ocean.team.example.net", _) => Reply::NoData,
        _ => Reply::NxDomain,
    };
    let Some(_server) = NameServer::start("127.53.0.5", NO_PAUSE, reply) else { return };
    let resolv = "search example.com example.net\nnameserver 127.53.0.5\n";
    for host in ["ocean", "ocean.team"] {
        let Some(ran) = with_system(&named(&deployment, host), resolv, "", "co-cred check") else { return };
        ran.expect(0);
    }
}

#[test]
fn second_name_server_is_asked_if_the_first_is_silent() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let reply = |_: &str, kind| if kind == A { Reply::Address(HERE) } else { Reply::NoData };
    let silent = ["127.53.0.6", "127.53.0.7"].map(|at| NameServer::start(at, NO_PAUSE, |_, _| Reply::Silence));
    let Some(_server) = NameServer::start("127.53.0.8", NO_PAUSE, reply) else { return };
    let resolv = "nameserver 127.53.0.6\nnameserver 127.53.0.7\nnameserver 127.53.0.8\n";
    let Some(ran) = with_system(&named(&deployment, HOST), resolv, "", "co-cred check") else { return };
    ran.expect(0);
    drop(silent);
}

#[test]
fn nxdomain_of_a_later_name_server_does_not_overtake_the_first() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let reply = |_: &str, kind| if kind == A { Reply::Address(HERE) } else { Reply::NoData };
    // A failing server, a private network's own, and a public one that answers faster.
    let _broken = NameServer::start("127.53.0.12", NO_PAUSE, |_, _| Reply::Failure);
    let Some(_private) = NameServer::start("127.53.0.13", Duration::from_millis(200), reply) else { return };
    let _public = NameServer::start("127.53.0.14", NO_PAUSE, |_, _| Reply::NxDomain);
    let resolv = "nameserver 127.53.0.12\nnameserver 127.53.0.13\nnameserver 127.53.0.14\n";
    let Some(ran) = with_system(&named(&deployment, HOST), resolv, "", "co-cred check") else { return };
    ran.expect(0);
}

#[test]
fn hosts_file_with_comments_in_latin_1_is_read() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let sandbox = named(&deployment, HOST).file("work/latin", b"# f\xfcr alle\n127.0.0.1 co.example.org\n");
    let command = "sh -c \"mount --bind latin /etc/hosts && co-cred check\"";
    let Some(ran) = with_system(&sandbox, "", "", command) else { return };
    ran.expect(0);
}

#[test]
fn unknown_name_and_failing_name_servers_have_different_messages() {
    let none = |_: &str, kind| if kind == A { Reply::NxDomain } else { Reply::Silence };
    let Some(_none) = NameServer::start("127.53.0.9", NO_PAUSE, none) else { return };
    let Some(_broken) = NameServer::start("127.53.0.10", NO_PAUSE, |_, _| Reply::Failure) else { return };
    let Some(_silent) = NameServer::start("127.53.0.11", NO_PAUSE, |_, _| Reply::Silence) else { return };
    let cases =
        [("127.53.0.9", 60, "no address"), ("127.53.0.10", 60, "no name server"), ("127.53.0.11", 1, "in time")];
    for (server, timeout, words) in cases {
        let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", format!("https://{HOST}"));
        let start = Instant::now();
        let command = format!("co-cred doctor --json --timeout {timeout}s");
        let Some(ran) = with_system(&sandbox, &format!("nameserver {server}\n"), "", &command) else { return };
        let (cause, text) = cause(&ran);
        assert!(cause == "name" && text.contains(words), "{server}: {text}");
        assert!(start.elapsed() < Duration::from_secs(20), "{server}: {:?}", start.elapsed());
    }
}

#[test]
fn missing_name_server_is_reported_as_a_name_error() {
    let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "https://co.example.org");
    let sandbox = sandbox.file("work/resolv", "nameserver 127.0.0.1\n");
    if sandbox.shell("sh", "unshare -m mount --bind resolv /etc/resolv.conf").code == 0 {
        let script = "unshare -m sh -c 'mount --bind resolv /etc/resolv.conf && exec co-cred doctor --json'";
        let ran = sandbox.shell("sh", script).expect(5);
        assert_eq!(ran.json()["problems"][0]["cause"], "name", "{ran:?}");
    }
}

#[test]
fn localhost_is_loopback_even_against_the_hosts_file() {
    let hosts = "192.0.2.2 localhost\n";
    let deployment = Plan::with_token(TOKEN).start();
    let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).file("work/hosts", hosts);
    let sandbox = sandbox.with("CODEOCEAN_DOMAIN", format!("http://localhost:{}", deployment.port()));
    sandbox.run(["check"]).expect(0);
    let script = "unshare -m sh -c 'mount --bind hosts /etc/hosts && exec co-cred check'";
    if sandbox.shell("sh", "unshare -m mount --bind hosts /etc/hosts").code == 0 {
        sandbox.shell("sh", script).expect(0);
    }
}
