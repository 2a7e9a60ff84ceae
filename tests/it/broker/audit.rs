//! `--audit`: every request is recorded, and none of its secrets.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use fake_deployment::{Fault, Plan};
use serde_json::{Value, json};

use super::support::{Broker, OK, Recorder, audit_entries, audit_lines, capsule, mounted, parse};
use crate::support::sandbox::{TOKEN, is_root};
use crate::support::workstation::wait;

/// Every request that was let through, and the status with which it was answered.
fn statuses(path: &Path) -> Vec<Option<u64>> {
    audit_entries(path).iter().map(|entry| entry["status"].as_u64()).collect()
}

#[test]
fn requests_are_recorded_without_their_secrets() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = mounted(&deployment);
    let log = world.path("work/log");
    let broker = Broker::new(world, &["--offline", "--read-only", "--audit", "log"]);
    capsule(&broker, &deployment);
    broker.send(
        "POST",
        "/api/v1/capsules/search?q=secret-query",
        "x-header: secret-header\r\n",
        "{\"a\":\"secret-body\"}",
    );
    broker.send("DELETE", "/api/v1/capsules/x", "", "");
    broker.get("/elsewhere");
    // Requests without the pass are not recorded: another user could fill the disk with them.
    parse(&broker.raw(format!("GET /api/v1/x HTTP/1.1\r\nhost: {}\r\n\r\n", broker.address).as_bytes()));
    let text = fs::read_to_string(&log).unwrap();
    assert!(!text.contains("secret-") && !text.contains("cop_") && !text.contains(&broker.basic()[6..]), "{text}");
    let entries = audit_entries(&log);
    let seen: Vec<_> =
        entries.iter().map(|entry| ["method", "path", "status", "rule"].map(|key| &entry[key])).collect();
    let path = format!("/api/v1/capsules/{}", deployment.capsule());
    let expected = [
        [json!("GET"), json!(path), json!(200), json!("--read-only")],
        [json!("POST"), json!("/api/v1/capsules/search"), json!(200), json!("--read-only")],
        [json!("DELETE"), json!("/api/v1/capsules/x"), json!(403), json!("--read-only")],
        [json!("GET"), json!("/elsewhere"), json!(302), json!("page")],
    ];
    assert_eq!(seen, expected.iter().map(<[Value; 4]>::each_ref).collect::<Vec<_>>());
    assert_eq!(fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
}

/// A request that is let through has two lines, and one that is refused has one line with the keys of both.
#[test]
fn both_lines_of_a_request_share_its_id() {
    let recorder = &Recorder::new(OK);
    let world = recorder.sandbox();
    let log = world.path("work/log");
    let broker = &Broker::new(world, &["--offline", "--read-only", "--audit", "log"]);
    thread::scope(|scope| {
        scope.spawn(|| broker.get("/api/v1/held"));
        wait("its line", || audit_lines(&log).len() == 1);
        broker.get("/api/v1/other");
        broker.send("DELETE", "/api/v1/refused", "", "");
        recorder.release();
    });
    let lines = audit_lines(&log);
    let keys: Vec<Vec<&str>> =
        lines.iter().map(|line| line.as_object().unwrap().keys().map(String::as_str).collect()).collect();
    let (request, response) = (["id", "time", "method", "path", "rule"], ["id", "time", "status", "duration"]);
    let refused = [&request[..], &response[2..]].concat();
    assert_eq!(keys, [&request[..], &request, &response, &refused, &response]);
    let ids: Vec<&Value> = lines.iter().map(|line| &line["id"]).collect();
    assert!(
        ids[0] == ids[4] && ids[1] == ids[2] && ids[0] != ids[1] && ids[3] != ids[0] && ids[3] != ids[1],
        "{ids:?}"
    );
    for line in &lines {
        assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
        assert_eq!(line["duration"].is_number(), line["status"].is_number(), "{line}");
    }
    // Another run may append to the same file.
    let first = lines[0]["id"].as_str().unwrap().split('-').next().unwrap();
    let again = Broker::new(recorder.sandbox(), &["--offline", "--audit", log.to_str().unwrap()]);
    again.get("/api/v1/again");
    let last = audit_lines(&log).pop().unwrap();
    assert!(!last["id"].as_str().unwrap().starts_with(first), "{last}");
}

/// A file system with no space left: no request passes without a line, and recording continues once there is space.
#[test]
fn a_full_disk_refuses_requests_until_space_is_free() {
    if !is_root() {
        return;
    }
    let recorder = Recorder::new(OK);
    let world = recorder.sandbox();
    fs::create_dir(world.path("small")).unwrap();
    let mount =
        |args: &[&str]| Command::new(args[0]).args(&args[1..]).arg(world.path("small")).status().unwrap().success();
    let mounted = mount(&["mount", "-t", "tmpfs", "-o", "size=64k", "none"]);
    if !mounted {
        // Root may not mount in every container; the limit on a file's size, below, needs no rights.
        println!("not run: a small file system cannot be mounted");
        return;
    }
    let (log, fill) = (world.path("small/log"), world.path("small/fill"));
    let small = world.path("small");
    let broker = Broker::new(world, &["--offline", "--audit", log.to_str().unwrap()]);
    assert_eq!(broker.get("/api/v1/first").status, 200);
    let _ = fs::write(&fill, vec![0; 1 << 20]);
    let mut passed = 1;
    let refused = loop {
        match broker.get("/api/v1/more") {
            reply if reply.status == 200 => passed += 1,
            reply => break reply,
        }
        assert!(passed < 100, "requests pass without a line");
    };
    assert!(refused.status == 503 && refused.message().contains("--audit"), "{refused:?}");
    let before = recorder.requests().len();
    assert_eq!((before, broker.get("/api/v1/more").status), (passed, 503));
    assert_eq!(recorder.requests().len(), before);
    fs::remove_file(&fill).unwrap();
    assert_eq!(broker.get("/api/v1/last").status, 200);
    let statuses = statuses(&log);
    assert_eq!(statuses.len(), passed + 1);
    // Of the last one before the disk was full, the second line may be missing.
    assert!(statuses.iter().enumerate().all(|(at, status)| *status == Some(200) || at == passed - 1), "{statuses:?}");
    let entries = audit_entries(&log);
    assert_eq!(entries[0]["path"], "/api/v1/first");
    assert_eq!(entries.last().unwrap()["path"], "/api/v1/last");
    drop(broker);
    assert!(Command::new("umount").arg(small).status().unwrap().success());
}

/// The same where the file may not grow any more, which needs no rights; the exit code is that of the command.
#[test]
fn a_file_size_limit_refuses_requests() {
    let recorder = Recorder::new(OK);
    let world = recorder.sandbox();
    let script = r#"ulimit -f 1
exec co-cred exec --offline --broker --audit log -- sh -c 'for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
    curl -s -o /dev/null -w "%{http_code} " -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/x"
done; exit 7'"#;
    let ran = world.shell("sh", script).expect(7);
    let answers: Vec<&str> = ran.out.split_whitespace().collect();
    let passed = answers.iter().take_while(|status| **status == "200").count();
    assert!((1..12).contains(&passed) && answers[passed..].iter().all(|status| *status == "503"), "{ran:?}");
    let statuses = statuses(&world.path("work/log"));
    assert_eq!((statuses.len(), recorder.requests().len()), (passed, passed), "{statuses:?}");
    assert!(statuses[..passed - 1].iter().all(|status| *status == Some(200)), "{statuses:?}");
}

/// A request whose client leaves, whose command ends or whose broker is killed has its first line, and no second.
#[test]
fn aborted_requests_are_recorded() {
    let deployment = Plan::with_token(TOKEN).tls().always(Fault::Slow(Duration::from_secs(20))).start();
    let world = mounted(&deployment);
    for (name, end) in [("end", "exit 0"), ("kill", "kill -9 $PPID; sleep 5")] {
        let log = world.path("work").join(name);
        let script = format!(
            "curl -s -m 20 -u $CODEOCEAN_TOKEN: -X DELETE $CODEOCEAN_DOMAIN/api/v1/x >/dev/null 2>&1 &
             until test -s {}; do sleep 0.05; done; {end}",
            log.display()
        );
        world.spawn(["exec", "--offline", "--broker", "--audit", log.to_str().unwrap(), "--", "sh", "-c", &script]);
        let lines = audit_lines(&log);
        assert_eq!((lines.len(), lines[0]["method"].as_str()), (1, Some("DELETE")), "{name}");
    }
    let log = world.path("work/left");
    let broker = Broker::new(world, &["--offline", "--audit", "left"]);
    let mut stream = broker.connect();
    let (host, basic) = (&broker.address, broker.basic());
    let head = format!("GET /api/v1/left HTTP/1.1\r\nhost: {host}\r\nauthorization: {basic}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    wait("its line", || log.exists() && audit_lines(&log).len() == 1);
    drop(stream);
    assert_eq!(broker.send("TRACE", "/api/v1/x", "", "").status, 403);
    assert_eq!(statuses(&log), [None, Some(403)]);
}

/// The file is truncated, then moved, while the broker runs.
#[test]
fn recording_continues_after_a_rotation() {
    let recorder = Recorder::new(OK);
    let world = recorder.sandbox();
    let log = world.path("work/log");
    let broker = Broker::new(world, &["--offline", "--audit", "log"]);
    for _ in 0..3 {
        assert_eq!(broker.get("/api/v1/x").status, 200);
    }
    fs::File::options().write(true).open(&log).unwrap().set_len(0).unwrap();
    assert_eq!(broker.get("/api/v1/y").status, 200);
    fs::rename(&log, broker.world.path("work/log.1")).unwrap();
    assert_eq!(broker.get("/api/v1/z").status, 200);
    for (log, path) in [(broker.world.path("work/log.1"), "/api/v1/y"), (log, "/api/v1/z")] {
        let entries = audit_entries(&log);
        assert!(entries.len() == 1 && entries[0]["path"] == path && entries[0]["status"] == 200, "{entries:?}");
    }
}

/// Who may write to its folder cannot have another file written to: not by a link, and not by another name of that file.
#[test]
fn a_link_at_its_path_is_not_followed() {
    let recorder = Recorder::new(OK);
    let world = recorder.sandbox().file("home/.profile", "before\n");
    let (log, other) = (world.path("work/log"), world.path("home/.profile"));
    let broker = Broker::new(world, &["--offline", "--audit", "log"]);
    assert_eq!(broker.get("/api/v1/x").status, 200);
    let before = recorder.requests().len();
    let nowhere = broker.world.path("home/made");
    let fifo = || assert!(Command::new("mkfifo").arg(&log).status().unwrap().success());
    let ways: [&dyn Fn(); 4] = [
        &|| std::os::unix::fs::symlink(&other, &log).unwrap(),
        &|| std::os::unix::fs::symlink(&nowhere, &log).unwrap(),
        &|| fs::hard_link(&other, &log).unwrap(),
        &fifo,
    ];
    for (number, way) in ways.iter().enumerate() {
        fs::remove_file(&log).unwrap();
        way();
        assert_eq!(broker.get("/api/v1/x").status, 503, "{number}");
    }
    assert_eq!((fs::read_to_string(&other).unwrap().as_str(), nowhere.exists()), ("before\n", false));
    // Nor is the folder another one: it was opened at the start.
    fs::remove_file(&log).unwrap();
    fs::rename(broker.world.path("work"), broker.world.path("moved")).unwrap();
    std::os::unix::fs::symlink(broker.world.path("home"), broker.world.path("work")).unwrap();
    assert_eq!(broker.get("/api/v1/x").status, 200);
    assert!(broker.world.path("moved/log").exists() && !broker.world.path("home/log").exists());
    assert_eq!(recorder.requests().len(), before + 1);
}

#[test]
fn lines_are_bounded_and_masked() {
    let recorder = Recorder::new(OK);
    let world = recorder.sandbox();
    let log = world.path("work/log");
    let rule = format!("* /api/v1/{}/**", "r".repeat(30_000));
    let broker = Broker::new(world, &["--offline", "--audit", "log", "--allow", &rule, "--allow", "GET /api/v1/**"]);
    let long = "x".repeat(40_000);
    // A token at the longest recorded length must not leave its first half.
    let late = format!("/api/v1/{}/{TOKEN}", "\"".repeat(1024 - 14));
    let encoded: String = TOKEN.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for (method, path) in [
        (long.as_str(), "/api/v1/x"),
        (TOKEN, "/api/v1/x"),
        ("GET", &format!("/api/v1/{long}")),
        ("GET", &format!("/elsewhere/{long}")),
        ("GET", &format!("/api/v1/{}/x", "r".repeat(30_000))),
        ("GET", &format!("/api/v1/{TOKEN}")),
        ("GET", &format!("/api/v1/{encoded}/")),
        ("GET", &format!("/api/v1/%63op_{}", &TOKEN[4..])),
        ("POST", &format!("/api/v1/a,{TOKEN}/x")),
        ("GET", &late),
    ] {
        let before = audit_entries(&log).len();
        broker.send(method, path, "", "");
        assert_eq!(audit_entries(&log).len(), before + 1);
        let text = fs::read_to_string(&log).unwrap();
        for line in text.lines().rev().take(2) {
            assert!(line.len() < 8192, "{} bytes", line.len());
            let shows = |part: &str| line.contains(part);
            assert!(!shows(&TOKEN[4..]) && !shows(&encoded[12..]) && !shows(&TOKEN[..8]), "{line}");
        }
    }
    assert!(fs::read_to_string(&log).unwrap().contains("/api/v1/cop_"), "a masked token is still marked as one");
}
