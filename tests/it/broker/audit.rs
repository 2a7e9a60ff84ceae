//! The file of `--audit`: no request passes without a line, and no line holds a secret.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread;
use std::time::Duration;

use fake_deployment::{Fault, Plan};
use serde_json::Value;

use crate::broker::access::{Broker, FINE, Recorder, capsule, mounted, parse};
use crate::support::sandbox::TOKEN;
use crate::support::workstation::wait;

pub fn lines(path: &std::path::Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_request_is_noted_and_none_of_its_secrets() {
    let deployment = Plan::with_token(TOKEN).tls().faults([Fault::Slow(Duration::from_secs(5))]).start();
    let world = mounted(&deployment);
    let log = world.path("work/log");
    let broker = Broker::new(world, &["--offline", "--read-only", "--audit", "log"]);
    // One who leaves before the answer is there has asked all the same.
    let mut left = broker.connect();
    let head =
        format!("GET /api/v1/left HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\n\r\n", broker.address, broker.basic());
    left.write_all(head.as_bytes()).unwrap();
    wait("the request", || deployment.connections() > 0);
    thread::sleep(Duration::from_millis(100));
    drop(left);
    wait("its line", || lines(&log).len() == 1);
    let early = fs::read_to_string(&log).unwrap();
    capsule(&broker, &deployment);
    broker.ask(
        "POST",
        "/api/v1/capsules/search?q=secret-query",
        "x-header: secret-header\r\n",
        "{\"a\":\"secret-body\"}",
    );
    broker.ask("DELETE", "/api/v1/capsules/x", "", "");
    broker.get("/elsewhere");
    // A stranger is not: they could fill the disk.
    parse(&broker.raw(format!("GET /api/v1/x HTTP/1.1\r\nhost: {}\r\n\r\n", broker.address).as_bytes()));
    let text = fs::read_to_string(&log).unwrap();
    assert!(!text.contains("secret-") && !text.contains("cop_") && !text.contains(&broker.basic()[6..]), "{text}");
    assert!(text.starts_with(&early), "what nobody waited for stays as it was begun");
    let lines = lines(&log);
    let seen: Vec<_> =
        lines.iter().map(|line| (&line["method"], &line["path"], &line["status"], &line["rule"])).collect();
    let path = format!("/api/v1/capsules/{}", deployment.capsule());
    let expected: Vec<[Value; 4]> = vec![
        ["GET".into(), "/api/v1/left".into(), Value::Null, "--read-only".into()],
        ["GET".into(), path.into(), 200.into(), "--read-only".into()],
        ["POST".into(), "/api/v1/capsules/search".into(), 200.into(), "--read-only".into()],
        ["DELETE".into(), "/api/v1/capsules/x".into(), 403.into(), "--read-only".into()],
        ["GET".into(), "/elsewhere".into(), 302.into(), "page".into()],
    ];
    let expected: Vec<_> = expected.iter().map(|[method, path, status, rule]| (method, path, status, rule)).collect();
    assert_eq!(seen, expected);
    for line in &lines {
        assert!(
            line["time"].as_str().unwrap().ends_with('Z') && (line["duration"].is_number() || line["status"].is_null()),
            "{line}"
        );
        assert_eq!(line.as_object().unwrap().len(), 6, "{line}");
    }
    assert_eq!(fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
}

/// A file system with room for nothing more: nothing passes unnoted, and no line is lost once there is room.
#[test]
fn with_a_full_disk_nothing_passes_until_there_is_room() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let recorder = Recorder::new(FINE);
    let world = recorder.world();
    fs::create_dir(world.path("small")).unwrap();
    let mount =
        |args: &[&str]| Command::new(args[0]).args(&args[1..]).arg(world.path("small")).status().unwrap().success();
    let mounted = mount(&["mount", "-t", "tmpfs", "-o", "size=64k", "none"]);
    if !mounted {
        // Not everywhere may root mount; the limit on a file's size, below, is everybody's.
        println!("not run: no small file system can be had");
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
        assert!(passed < 100, "it passes unnoted");
    };
    assert!(refused.status == 503 && refused.message().contains("--audit"), "{refused:?}");
    let heard = recorder.heard().len();
    assert_eq!(broker.get("/api/v1/more").status, 503);
    assert_eq!(recorder.heard().len(), heard);
    fs::remove_file(&fill).unwrap();
    assert_eq!(broker.get("/api/v1/last").status, 200);
    let noted = lines(&log);
    let statuses: Vec<_> = noted.iter().map(|line| line["status"].as_u64()).collect();
    assert_eq!(statuses, vec![Some(200); passed + 1]);
    assert_eq!(noted[0]["path"], "/api/v1/first");
    assert_eq!(noted.last().unwrap()["path"], "/api/v1/last");
    drop(broker);
    assert!(Command::new("umount").arg(small).status().unwrap().success());
}

/// The same where the file may not grow any more, which needs no rights; and the command ends as it ends.
#[test]
fn with_a_file_that_may_not_grow_nothing_passes() {
    let recorder = Recorder::new(FINE);
    let world = recorder.world();
    let script = r#"ulimit -f 1
exec co-cred exec --offline --broker --audit log -- sh -c 'for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
    curl -s -o /dev/null -w "%{http_code} " -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/x"
done; exit 7'"#;
    let ran = world.shell("sh", script).expect(7);
    let statuses: Vec<&str> = ran.out.split_whitespace().collect();
    let passed = statuses.iter().take_while(|status| **status == "200").count();
    assert!((1..12).contains(&passed) && statuses[passed..].iter().all(|status| *status == "503"), "{ran:?}");
    let noted = lines(&world.path("work/log"));
    assert_eq!((noted.len(), recorder.heard().len()), (passed, passed), "{noted:?}");
    assert!(noted.iter().all(|line| line["status"] == 200), "{noted:?}");
}

/// What is under way when the command ends, or when we are killed, is noted.
#[test]
fn what_is_not_answered_any_more_is_noted_all_the_same() {
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
        let lines = lines(&log);
        assert_eq!((lines.len(), lines[0]["method"].as_str()), (1, Some("DELETE")), "{name}");
    }
}

/// Somebody else cuts the file short to begin a new one.
#[test]
fn a_log_that_is_rotated_goes_on() {
    let recorder = Recorder::new(FINE);
    let world = recorder.world();
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
        let lines = lines(&log);
        assert!(lines.len() == 1 && lines[0]["path"] == path && lines[0]["status"] == 200, "{lines:?}");
    }
}

/// Whoever may write to its folder can have no other file written to: not by a link, not by another name of it.
#[test]
fn a_log_that_is_replaced_by_a_link_is_not_followed() {
    let recorder = Recorder::new(FINE);
    let world = recorder.world().file("home/.profile", "before\n");
    let (log, other) = (world.path("work/log"), world.path("home/.profile"));
    let broker = Broker::new(world, &["--offline", "--audit", "log"]);
    assert_eq!(broker.get("/api/v1/x").status, 200);
    let heard = recorder.heard().len();
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
    // Nor does the folder lead elsewhere.
    fs::remove_file(&log).unwrap();
    fs::rename(broker.world.path("work"), broker.world.path("moved")).unwrap();
    std::os::unix::fs::symlink(broker.world.path("home"), broker.world.path("work")).unwrap();
    assert_eq!(broker.get("/api/v1/x").status, 200);
    assert!(broker.world.path("moved/log").exists() && !broker.world.path("home/log").exists());
    assert_eq!(recorder.heard().len(), heard + 1);
}

/// One that was begun before the file was cut short is noted once more, and no line is written over.
#[test]
fn a_line_is_filled_in_only_where_it_stands() {
    let recorder = &Recorder::new(FINE);
    let world = recorder.world();
    let log = world.path("work/log");
    let broker = &Broker::new(world, &["--offline", "--audit", "log"]);
    for _ in 0..2 {
        broker.get("/api/v1/early");
    }
    thread::scope(|scope| {
        scope.spawn(|| broker.get("/api/v1/held"));
        wait("its line", || lines(&log).len() == 3);
        fs::File::options().write(true).open(&log).unwrap().set_len(0).unwrap();
        for number in 0..6 {
            broker.get(&format!("/api/v1/another/{}", "x".repeat(number * 7)));
        }
        recorder.release();
    });
    let paths: Vec<String> = lines(&log).iter().map(|line| line["path"].as_str().unwrap().to_owned()).collect();
    assert_eq!((paths.len(), paths.last().unwrap().as_str()), (7, "/api/v1/held"), "{paths:?}");
}

/// However long a request is, its line has an end, and shows nothing of a token's shape.
#[test]
fn a_line_is_bounded_whole_and_masks_what_looks_like_a_token() {
    let recorder = Recorder::new(FINE);
    let world = recorder.world();
    let log = world.path("work/log");
    let rule = format!("* /api/v1/{}/**", "r".repeat(30_000));
    let broker = Broker::new(world, &["--offline", "--audit", "log", "--allow", &rule, "--allow", "GET /api/v1/**"]);
    let long = "x".repeat(40_000);
    // What is cut off at the most that is shown must not leave half a token.
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
        let before = lines(&log).len();
        broker.ask(method, path, "", "");
        let text = fs::read_to_string(&log).unwrap();
        let line = text.lines().last().unwrap();
        assert_eq!(lines(&log).len(), before + 1);
        assert!(line.len() < 8192, "{} bytes", line.len());
        assert!(!line.contains(&TOKEN[4..]) && !line.contains(&encoded[12..]) && !line.contains(&TOKEN[..8]), "{line}");
    }
    assert!(fs::read_to_string(&log).unwrap().contains("/api/v1/cop_"), "nothing shows that one was there");
}
