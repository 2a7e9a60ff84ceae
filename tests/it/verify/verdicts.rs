//! What each answer of a deployment means, and what is remembered of it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, Instant};

use fake_deployment::{Account, Deployment, Fault, Plan};
use serde_json::json;

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

fn world(deployment: &Deployment) -> Sandbox {
    Sandbox::new().with("CUSTOM_KEY", TOKEN).at(deployment)
}

/// What `check` and `status` say of a deployment with these faults, and how often it was asked.
fn verdict(plan: Plan, args: &[&str]) -> (i32, serde_json::Value, usize) {
    let deployment = plan.start();
    let ran = world(&deployment).run(["check", "--json"].iter().chain(args));
    (ran.code, ran.json(), deployment.seen().len())
}

#[test]
fn every_answer_means_one_thing() {
    use Fault::{CutOff, Html, None as Fine, OtherJson, Redirect, Status, TooManyRequests};
    let good = || Plan::with_token(TOKEN);
    let table: [(&str, Plan, &[&str], i32, &str, usize); 25] = [
        ("200", good(), &[], 0, "valid", 1),
        ("401/401", Plan::with_token(OTHER), &[], 4, "rejected", 2),
        ("401/200", good().faults([Status(401)]), &[], 0, "valid", 2),
        ("401/200, needed", good().faults([Status(401)]), &["--need", "capsule:read"], 7, "valid", 2),
        ("403/200", good().faults([Status(403)]), &[], 0, "valid", 2),
        ("403/200, needed", good().faults([Status(403)]), &["--need", "capsule:read"], 7, "valid", 2),
        ("403/200, the other", good().faults([Status(403)]), &["--need", "data-asset:read"], 0, "valid", 2),
        ("200/403, needed", good().faults([Fine, Status(403)]), &["--need", "data-asset:read"], 7, "valid", 2),
        ("403/403", good().faults([Status(403), Status(403)]), &[], 7, "valid", 2),
        ("403/401", good().faults([Status(403), Status(401)]), &[], 7, "valid", 2),
        ("429 then 200", good().faults([TooManyRequests(0)]), &[], 0, "valid", 2),
        ("502 then 200", good().faults([Status(502)]), &[], 0, "valid", 2),
        ("503, 504 then 200", good().faults([Status(503), Status(504)]), &[], 0, "valid", 3),
        ("429, longer than there is time", good().faults([TooManyRequests(60)]), &[], 5, "unreachable", 1),
        ("400 to one word, 200 to the other", good().faults([Status(400)]), &[], 0, "valid", 2),
        ("400 to both", good().faults([Status(400), Status(400)]), &[], 5, "unreachable", 2),
        ("404", good().faults([Status(404)]), &[], 5, "unreachable", 1),
        ("cut off", good().faults([CutOff]), &[], 5, "unreachable", 1),
        ("cut off, then 200", good().faults([CutOff]), &["--wait", "5s"], 0, "valid", 2),
        ("401 in HTML", good().faults([Fault::HtmlStatus(401)]), &[], 5, "unreachable", 1),
        ("403 in HTML", good().faults([Fault::HtmlStatus(403)]), &[], 5, "unreachable", 1),
        ("HTML", good().faults([Html]), &[], 5, "unreachable", 1),
        ("other JSON", good().faults([OtherJson]), &[], 5, "unreachable", 1),
        ("redirect", good().faults([Redirect("/signin".into())]), &[], 5, "unreachable", 1),
        ("429, then 401/401", Plan::with_token(OTHER).faults([TooManyRequests(0)]), &[], 4, "rejected", 3),
    ];
    std::thread::scope(|scope| {
        for (name, plan, args, code, word, asked) in table {
            scope.spawn(move || {
                let (got, json, seen) = verdict(plan, args);
                assert_eq!((got, json["verdict"].as_str(), seen), (code, Some(word), asked), "{name}: {json}");
            });
        }
    });
}

#[test]
fn errors_to_the_end_are_unreachable_within_the_timeout() {
    for fault in [Fault::TooManyRequests(0), Fault::Status(500), Fault::Slow(Duration::from_secs(60))] {
        let start = Instant::now();
        let (code, json, seen) = verdict(Plan::with_token(TOKEN).always(fault.clone()), &["--timeout", "1s"]);
        assert_eq!((code, json["verdict"].as_str()), (5, Some("unreachable")), "{fault:?}: {json}");
        assert!(start.elapsed() < Duration::from_secs(3), "{fault:?} took {:?}", start.elapsed());
        assert!(matches!(fault, Fault::Slow(_)) || (2..20).contains(&seen), "{fault:?} was asked {seen} times");
    }
}

/// Answers each connection with these bytes, as slowly as asked, until dropped.
fn raw_server(head: &'static [u8], drip: Option<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(head);
                while let Some(drip) = drip {
                    std::thread::sleep(Duration::from_millis(if drip.len() > 1000 { 0 } else { 50 }));
                    if stream.write_all(drip).is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}

#[test]
fn a_server_that_drips_or_floods_is_given_up() {
    static FLOOD: [u8; 64 * 1024] = [b' '; 64 * 1024];
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
    for (name, drip, slow) in [("drip", &b" "[..], true), ("flood", &FLOOD[..], false)] {
        let url = raw_server(head, Some(drip));
        let start = Instant::now();
        let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", url);
        let ran = world.run(["check", "--timeout", "2s"]).expect(5);
        assert!(start.elapsed() < Duration::from_secs(4), "{name}: {ran:?} after {:?}", start.elapsed());
        assert_eq!(ran.err.contains("in time"), slow, "{name}: {ran:?}");
    }
    let url = raw_server(b"SSH-2.0-OpenSSH_9.2\r\n", None);
    Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", url).run(["check"]).expect(5);
}

#[test]
fn no_header_of_a_server_makes_it_panic_or_wait_for_ever() {
    for value in ["18446744073709551615", "-1", "soon", "", "99999999999999999999999", "Wed, 21 Oct 2115 07:28:00 GMT"]
    {
        let head = format!("HTTP/1.1 429 Too Many\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n");
        let url = raw_server(head.leak().as_bytes(), None);
        let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", url);
        let start = Instant::now();
        let ran = world.spawn(["check", "--timeout", "1s"]).expect(5);
        assert!(ran.err.contains("429") && start.elapsed() < Duration::from_secs(3), "{value}: {ran:?}");
    }
}

#[test]
fn a_server_that_echoes_the_token_is_not_repeated() {
    use base64::Engine;
    // No shape by which it could be known again.
    let token = "a-token-of-an-older-make";
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{token}:"));
    for email in
        [token.to_owned(), format!("{token}@example.org"), format!("{basic}@example.org"), "a\u{202e}b@c".to_owned()]
    {
        let deployment = Plan::default().account(Account { email: email.clone(), ..Account::new(token) }).start();
        let world = Sandbox::new().with("CODEOCEAN_TOKEN", token).at(&deployment);
        let status = world.run(["status", "--json"]).expect(0).json();
        assert_eq!(status["owner"], json!(null), "{email:?}");
        assert!(!fs::read_to_string(&kept(&world)[0]).unwrap().contains(&email));
    }
}

#[test]
fn an_image_without_authorities_gets_the_built_in_ones() {
    // A mount namespace of its own hides the system's; where none is to be had, there is nothing to see.
    let hide = "for d in /etc/ssl /etc/pki /usr/local/share/certs; do [ ! -d $d ] || mount -t tmpfs none $d; done";
    let try_out = Sandbox::new().spawn_program("unshare", &["-m", "sh", "-c", hide]);
    if try_out.code != 0 {
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = world(&deployment).without("SSL_CERT_FILE");
    let ran = world.shell("sh", &format!("unshare -m sh -c '{hide}; CO_CRED_LOG=debug exec co-cred check'")).expect(5);
    assert!(ran.err.contains("using the built-in ones") && ran.err.contains("authority"), "{ran:?}");
}

#[test]
fn a_name_server_that_is_silent_is_told_from_a_deployment_that_is() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "https://co.example.org");
    let world = world.file("work/resolv", "nameserver 127.0.0.1\n");
    if world.shell("sh", "unshare -m mount --bind resolv /etc/resolv.conf").code == 0 {
        let script = "unshare -m sh -c 'mount --bind resolv /etc/resolv.conf && exec co-cred doctor --json'";
        let ran = world.shell("sh", script).expect(5);
        assert_eq!(ran.json()["problems"][0]["cause"], "name", "{ran:?}");
    }
}

#[test]
fn plain_http_to_localhost_stays_on_this_machine() {
    let hosts = "192.0.2.2 localhost\n";
    let deployment = Plan::with_token(TOKEN).start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).file("work/hosts", hosts);
    let world = world.with("CODEOCEAN_DOMAIN", format!("http://localhost:{}", deployment.port()));
    world.run(["check"]).expect(0);
    let script = "unshare -m sh -c 'mount --bind hosts /etc/hosts && exec co-cred check'";
    if world.shell("sh", "unshare -m mount --bind hosts /etc/hosts").code == 0 {
        world.shell("sh", script).expect(0);
    }
}

#[test]
fn a_redirect_is_not_followed_and_the_other_host_sees_nothing() {
    let other = Plan::with_token(TOKEN).start();
    for status in ["check", "status", "doctor"] {
        let target = format!("{}/api/v1/capsules/search", other.url());
        let deployment = Plan::with_token(TOKEN).faults([Fault::Redirect(target)]).start();
        let ran = world(&deployment).run([status]).expect(5);
        assert!((ran.out + &ran.err).contains("not a Code Ocean deployment"));
    }
    assert!(other.seen().is_empty());
}

#[test]
fn one_authenticated_call_is_made_and_nothing_else() {
    use base64::Engine;
    let deployment = Plan::with_token(TOKEN).start();
    world(&deployment).run(["check"]).expect(0);
    let seen = deployment.seen();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{TOKEN}:"));
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].request, "POST /api/v1/capsules/search");
    assert_eq!(seen[0].authorization.as_deref(), Some(format!("Basic {basic}").as_str()));
}

#[test]
fn the_owner_is_found_even_without_a_capsule() {
    let deployment = Plan::default().account(Account { has_capsule: false, ..Account::new(TOKEN) }).start();
    let status = world(&deployment).run(["status", "--json"]).expect(0).json();
    assert_eq!(status["owner"], "ada@example.org");
    assert_eq!(status["scopes"], json!({ "capsule:read": "granted", "data-asset:read": "granted" }));
}

#[test]
fn tls_trusts_the_authorities_that_it_is_told_to() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let reason = |world: &Sandbox| {
        let ran = world.run(["doctor", "--json", "--timeout", "5s"]);
        (ran.code, ran.json()["problems"][0]["cause"].as_str().map(str::to_owned))
    };
    // The file, with and without a folder beside it.
    world(&deployment).run(["check"]).expect(0);
    let folder = deployment.authority().parent().unwrap();
    let by_folder = world(&deployment).without("SSL_CERT_FILE").with("SSL_CERT_DIR", folder);
    by_folder.run(["check"]).expect(0);
    // The system's authorities do not know it; another authority does not either.
    let by_system = world(&deployment).without("SSL_CERT_FILE");
    assert_eq!(reason(&by_system), (5, Some("private-ca".into())));
    let another = Plan::default().tls().start();
    let by_another = world(&deployment).with("SSL_CERT_FILE", another.authority());
    assert_eq!(reason(&by_another), (5, Some("private-ca".into())));
    // None where some were asked for: nobody else is trusted in their place. And nothing that never ends is read.
    for file in ["/nowhere", "/dev/zero", "/dev/null", "/etc/passwd"] {
        let by_none = world(&deployment).with("SSL_CERT_FILE", file);
        assert_eq!(reason(&by_none), (5, Some("tls".into())), "{file}");
    }
    // The wrong name.
    let by_name = world(&deployment).with("CODEOCEAN_DOMAIN", format!("https://127.0.0.2:{}", deployment.port()));
    assert_eq!(reason(&by_name), (5, Some("connection".into())));
    // Not TLS at all.
    let plain = Plan::with_token(TOKEN).start();
    let not_tls =
        Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", format!("localhost:{}", plain.port()));
    assert_eq!(reason(&not_tls), (5, Some("tls".into())));
}

#[test]
fn what_keeps_a_deployment_from_answering_is_named() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [
        ("https://no-such-host.invalid".to_owned(), None, "name"),
        (format!("http://{closed}"), None, "connection"),
        ("https://co.example.org".to_owned(), Some(format!("http://me:proxy-password@{closed}")), "proxy"),
        ("https://co.example.org".to_owned(), Some("not a proxy".to_owned()), "proxy"),
    ];
    for (url, proxy, cause) in cases {
        let mut world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", &url);
        if let Some(proxy) = proxy {
            world = world.with("https_proxy", proxy);
        }
        let ran = world.run(["doctor", "--json", "--timeout", "5s"]).expect(5);
        assert_eq!(ran.json()["problems"][0]["cause"], cause, "{url}: {ran:?}");
        assert!(!ran.out.contains("proxy-password"), "{ran:?}");
    }
}

#[test]
fn a_proxy_passes_what_is_encrypted_and_never_sees_the_token() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let target = deployment.port();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for client in proxy.incoming() {
            let mut client = client.unwrap();
            let mut head = [0; 4096];
            let length = client.read(&mut head).unwrap();
            sender.send(String::from_utf8_lossy(&head[..length]).into_owned()).unwrap();
            let mut server = std::net::TcpStream::connect(("127.0.0.1", target)).unwrap();
            client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || std::io::copy(&mut server, &mut client));
        }
    });
    let world = world(&deployment).with("HTTPS_PROXY", format!("http://{address}"));
    world.run(["check"]).expect(0);
    let head = receiver.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(head.starts_with(&format!("CONNECT localhost:{target} ")), "{head}");
    assert!(!head.to_ascii_lowercase().contains("\r\nauthorization"), "{head}");
    // Where nothing is encrypted, there is no proxy; and NO_PROXY is honoured.
    world.with("NO_PROXY", "localhost").run(["check"]).expect(0);
    let plain = Plan::with_token(TOKEN).start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&plain);
    world
        .with("ALL_PROXY", format!("http://{address}"))
        .with("http_proxy", format!("http://{address}"))
        .run(["check"])
        .expect(0);
    assert!(receiver.try_recv().is_err());
}

#[test]
fn only_what_is_asked_for_is_sent() {
    let deployment = Plan::with_token(OTHER).start();
    for mode in [&["--offline"][..], &["--verify", "never"]] {
        for command in ["token", "env", "status", "check", "doctor"] {
            world(&deployment).run([command].iter().chain(mode)).expect(0);
        }
    }
    assert!(deployment.seen().is_empty());
}

#[test]
fn auto_fails_on_a_rejection_and_warns_of_the_rest() {
    let rejecting = Plan::with_token(OTHER).start();
    world(&rejecting).run(["token"]).expect(4);
    let closed = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "http://127.0.0.1:9");
    let ran = closed.run(["token"]).expect(0);
    assert!(ran.err.contains("warning") && ran.err.contains("unverified"), "{ran:?}");
    closed.run(["token", "--verify", "always"]).expect(5);
    let homeless = Sandbox::new().with("CUSTOM_KEY", TOKEN);
    let ran = homeless.run(["token"]).expect(0);
    assert!(ran.err.contains("CODEOCEAN_DOMAIN"), "{ran:?}");
    homeless.run(["token", "--verify", "always"]).expect(3);
    homeless.run(["check"]).expect(3);
    let poor = Plan::default().account(Account { capsules: false, data_assets: false, ..Account::new(TOKEN) }).start();
    let ran = world(&poor).run(["token"]).expect(0);
    assert!(ran.err.contains("capsule:read"), "{ran:?}");
}

/// The files of the verdict cache.
fn kept(world: &Sandbox) -> Vec<std::path::PathBuf> {
    let folder = world.path("cache/co-cred/verdicts");
    fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}

#[test]
fn a_good_verdict_is_remembered_and_a_rejection_is_not() {
    let deployment = Plan::with_token(TOKEN).start();
    let here = world(&deployment);
    for _ in 0..3 {
        here.run(["token"]).expect(0);
    }
    assert_eq!(deployment.seen().len(), 1);
    // What proves, asks; what needs more than is known, asks.
    here.run(["check"]).expect(0);
    here.run(["check", "--verify", "auto", "--need", "data-asset:read"]).expect(0);
    assert_eq!(deployment.seen().len(), 4);
    // Another token and another deployment are other questions.
    here.run([
        "token",
        "--token-env",
        "CUSTOM_KEY",
        "--deployment",
        &format!("http://localhost:{}", deployment.port()),
    ])
    .expect(0);
    assert_eq!(deployment.seen().len(), 5);
    let rejecting = Plan::with_token(OTHER).start();
    let here = world(&rejecting);
    for _ in 0..2 {
        here.run(["token"]).expect(4);
    }
    assert_eq!(rejecting.seen().len(), 4);
    assert!(kept(&here).is_empty());
}

#[test]
fn a_rejection_ends_what_was_remembered() {
    let deployment = Plan::with_token(TOKEN).faults([Fault::None, Fault::Status(401), Fault::Status(401)]).start();
    let here = world(&deployment);
    here.run(["token"]).expect(0);
    assert_eq!(kept(&here).len(), 1);
    here.run(["check"]).expect(4);
    assert!(kept(&here).is_empty());
}

#[test]
fn the_cache_holds_no_token_and_is_private() {
    let deployment = Plan::with_token(TOKEN).start();
    let here = world(&deployment);
    here.run(["token"]).expect(0);
    for path in [&kept(&here)[0], &here.path("cache/co-cred/key")] {
        let bytes = fs::read(path).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"cop_"));
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::metadata(here.path("cache/co-cred")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn what_is_not_ours_in_the_cache_is_ignored() {
    let spoil: [(&str, fn(&std::path::Path)); 6] = [
        ("corrupt", |path| fs::write(path, "{\"owner\"").unwrap()),
        ("empty", |path| fs::write(path, "").unwrap()),
        ("huge", |path| fs::write(path, " ".repeat(1 << 20)).unwrap()),
        ("readable by others", |path| fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap()),
        ("a link", |path| {
            fs::rename(path, path.with_extension("x")).unwrap();
            symlink(path.with_extension("x"), path).unwrap();
        }),
        ("old", |path| {
            let text = fs::read_to_string(path).unwrap();
            let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let then = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(301);
            json["checked_at"] = json!(then.to_string());
            fs::write(path, json.to_string()).unwrap();
        }),
    ];
    for (name, spoil) in spoil {
        let deployment = Plan::with_token(TOKEN).start();
        let here = world(&deployment);
        here.run(["token"]).expect(0);
        spoil(&kept(&here)[0]);
        here.run(["token"]).expect(0);
        assert_eq!(deployment.seen().len(), 2, "{name}");
    }
    // From the future, too.
    let deployment = Plan::with_token(TOKEN).start();
    let here = world(&deployment);
    here.run(["token"]).expect(0);
    let path = &kept(&here)[0];
    let mut json: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    json["checked_at"] = json!((jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string());
    fs::write(path, json.to_string()).unwrap();
    here.run(["token"]).expect(0);
    assert_eq!(deployment.seen().len(), 2);
}

#[test]
fn a_cache_that_cannot_be_written_stops_nothing() {
    let deployment = Plan::with_token(TOKEN).start();
    for place in ["/proc/nothing", "/dev/null"] {
        let here = world(&deployment).with("XDG_CACHE_HOME", place);
        here.run(["token"]).expect(0);
    }
    let here = world(&deployment).without("XDG_CACHE_HOME").without("HOME");
    here.run(["token"]).expect(0);
}

#[test]
fn check_waits_for_a_deployment_that_comes_up() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", format!("http://127.0.0.1:{port}"));
    world.run(["check"]).expect(5);
    let later = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        Plan::with_token(TOKEN).port(port).start()
    });
    let ran = world.run(["check", "--wait", "30s"]).expect(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    drop(later.join().unwrap());
    // What cannot pass is not waited for.
    let start = Instant::now();
    Sandbox::new().run(["check", "--wait", "30s"]).expect(3);
    let rejecting = Plan::with_token(OTHER).start();
    self::world(&rejecting).run(["check", "--wait", "30s"]).expect(4);
    assert!(start.elapsed() < Duration::from_secs(5));
}
