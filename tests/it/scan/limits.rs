//! Files that are huge, hostile, or changing: a search of them ends, in limited memory.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::{plant, scan, with_memory, world};
use crate::support::sandbox::{TOKEN, has};

#[test]
fn huge_and_sparse_files_take_little_memory_and_time() {
    if !has("python3") {
        return;
    }
    let world = world();
    fs::create_dir_all(world.path("results")).unwrap();
    let sparse = File::create(world.path("results/sparse")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    sparse.write_all_at(TOKEN.as_bytes(), (1 << 39) + 4090).unwrap();
    let script = "import gzip, sys, zipfile\n\
                  open(sys.argv[1] + '/long', 'wb').write((b'cop_d23dasd312 ' * 7 + b'\\n') * 200000)\n\
                  gzip.open(sys.argv[1] + '/zeros.gz', 'wb', 1).write(bytes(90 << 20))\n\
                  archive = zipfile.ZipFile(sys.argv[1] + '/many.zip', 'w')\n\
                  [archive.writestr('member-%d' % number, b'x') for number in range(70000)]\n\
                  archive.close()\n\
                  open(sys.argv[1] + '/name.tar', 'wb').write(__import__('tarfile').TarInfo('n').tobuf() + b'')\n";
    assert!(world.program("python3").args(["-c", script]).arg(world.path("results")).status().unwrap().success());
    let start = Instant::now();
    let (ran, peak) = with_memory(&world, &["scan", "--json", "../results"]);
    assert_eq!(ran.code, 9, "{}", ran.err);
    assert!(peak < 64 * 1024, "{peak} KiB");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let json: Value = serde_json::from_str(ran.out.split("peak ").next().unwrap()).unwrap();
    assert_eq!(json["found"].as_array().unwrap().len(), 1);
    assert_eq!(json["found"][0]["offset"], (1_u64 << 39) + 4090);
    assert_eq!(json["counts"]["suspected"], 1_400_000);
    assert_eq!(json["unread"], serde_json::json!([]));
}

/// Many members, long names, one thing broken after the other.
#[test]
fn hostile_archives_take_little_memory_and_time() {
    if !has("python3") {
        return;
    }
    let world = world();
    plant(&world, "expensive.py");
    for (folder, code) in [("a", 9), ("b", 1), ("c", 9)] {
        let start = Instant::now();
        let (ran, peak) = with_memory(&world, &["scan", "--json", &format!("../results/{folder}")]);
        assert_eq!(ran.code, code, "{folder}: {}", ran.err);
        assert!(peak < 64 * 1024, "{folder}: {peak} KiB");
        assert!(start.elapsed() < Duration::from_secs(30), "{folder}: {:?}", start.elapsed());
    }
}

/// Stops the other thread, also where the test fails.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn files_that_keep_changing_are_reported() {
    let world = &world();
    let results = world.path("results");
    fs::create_dir_all(&results).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let line = [b'x'; 4096];
            for round in (0_u64..).take_while(|_| !over.load(Ordering::Relaxed)) {
                let grows = File::options().append(true).create(true).open(results.join("grows")).unwrap();
                (&grows).write_all(&line).unwrap();
                let shrinks = File::create(results.join("shrinks")).unwrap();
                shrinks.write_all_at(&line, round % 7 * 1_000_000).unwrap();
                fs::write(results.join(format!("comes-{}", round % 50)), line).unwrap();
                let _ = fs::remove_file(results.join(format!("comes-{}", (round + 25) % 50)));
            }
        });
        let _end = Until(&over);
        for _ in 0..30 {
            let start = Instant::now();
            let ran = scan(world, &[]);
            assert!([0, 1].contains(&ran.code), "{ran:?}");
            let is_expected = |line: &str| ["keeps changing", "does not exist"].iter().any(|why| line.contains(why));
            assert!(ran.out.lines().all(is_expected), "{ran:?}");
            assert!(start.elapsed() < Duration::from_secs(20));
        }
    });
    // A file that changes all the time.
    let (over, begun) = (AtomicBool::new(false), std::sync::Barrier::new(2));
    std::thread::scope(|scope| {
        fs::write(results.join("busy"), vec![b'x'; 200_000_000]).unwrap();
        scope.spawn(|| {
            let busy = File::options().write(true).open(results.join("busy")).unwrap();
            begun.wait();
            while !over.load(Ordering::Relaxed) {
                busy.write_all_at(b"y", 5).unwrap();
            }
        });
        let _end = Until(&over);
        begun.wait();
        let ran = scan(world, &[]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.out.contains("busy keeps changing"), "{ran:?}");
    });
}
