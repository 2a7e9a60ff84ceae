//! Compressed files, made by the real programs at their lowest and highest levels: a token inside is found.

use std::fs;
use std::process::{Command, Stdio};

use super::support::{found, scan, world};
use crate::support::sandbox::{TOKEN, has};

/// A program, its options, and the end of the name that it gives a file.
const PROGRAMS: [(&str, &[&str], &str); 11] = [
    ("gzip", &["-1"], "gz"),
    ("gzip", &["-9"], "gz"),
    ("bzip2", &["-1"], "bz2"),
    ("bzip2", &["-9"], "bz2"),
    ("xz", &["-0"], "xz"),
    ("xz", &["-8", "--check=sha256"], "xz"),
    ("xz", &["--x86", "--lzma2"], "xz"),
    ("zstd", &["-q", "-1"], "zst"),
    ("zstd", &["-q", "-19"], "zst"),
    ("lz4", &["-q", "-1"], "lz4"),
    ("lz4", &["-q", "-9", "-B4", "-BX"], "lz4"),
];

fn compress(program: &str, options: &[&str], content: &[u8]) -> Vec<u8> {
    let (mut child, content) = {
        let mut command = Command::new(program);
        command.args(options).arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped());
        (command.spawn().unwrap(), content.to_vec())
    };
    let mut input = child.stdin.take().unwrap();
    let feed = std::thread::spawn(move || std::io::Write::write_all(&mut input, &content));
    let output = child.wait_with_output().unwrap();
    feed.join().unwrap().unwrap();
    assert!(output.status.success(), "{program} {options:?}");
    output.stdout
}

/// Text that does not compress to nothing, with a token far inside.
fn content() -> Vec<u8> {
    let lines: String =
        (0..40_000_u64).map(|number| format!("{number} {}\n", number.wrapping_mul(2_654_435_761))).collect();
    format!("{lines}token={TOKEN}\n{lines}").into_bytes()
}

#[test]
fn token_is_found_in_what_every_compressor_writes() {
    let (world, content) = (world(), content());
    let offset = content.len() as u64 / 2 - 3;
    for (number, (program, options, end)) in PROGRAMS.into_iter().enumerate() {
        if !has(program) {
            continue;
        }
        let (first, second) = content.split_at(1000);
        let file = format!("{number}-{program}.{end}");
        fs::create_dir_all(world.path("results")).unwrap();
        // Two members, as `cat a.gz b.gz` makes one file of two.
        let members = [compress(program, options, first), compress(program, options, second)].concat();
        fs::write(world.path("results").join(&file), members).unwrap();
        // LZ4 may leave the token as it is.
        let found: Vec<_> = found(&world).into_iter().filter(|(_, inside, ..)| !inside.is_empty()).collect();
        let [(name, inside, Some(at), _)] = &found[..] else { panic!("{file}: {found:?}") };
        assert_eq!((name, &inside[..]), (&file, &[format!("{number}-{program}")][..]));
        assert!(at.abs_diff(offset) < 10, "{file}: {at} and {offset}");
        fs::remove_file(world.path("results").join(&file)).unwrap();
    }
}

/// Archives inside, names of their own, and a broken end.
#[test]
fn compressed_archives_are_unpacked_and_broken_ones_are_reported() {
    let world = world();
    fs::create_dir_all(world.path("results")).unwrap();
    for (program, end, _) in [("bzip2", "tbz2", "bz2"), ("xz", "txz", "xz"), ("zstd", "tzst", "zst")] {
        if !has(program) || !has("tar") {
            continue;
        }
        let place = world.path("results").join(format!("a.{end}"));
        fs::write(world.path("work/b"), format!("{}{TOKEN}", "x".repeat(5000))).unwrap();
        let tar = world.program("tar").args(["-c", "b"]).current_dir(world.path("work")).output().unwrap().stdout;
        let packed = compress(program, &[], &tar);
        fs::write(&place, &packed).unwrap();
        let ran = scan(&world, &[]).expect(9);
        assert!(ran.out.contains(&format!("a.{end} > a.tar > b: the token at byte 5000\n")), "{ran:?}");
        fs::write(&place, &packed[..packed.len() / 2]).unwrap();
        let ran = scan(&world, &[]);
        assert!(ran.code == 1 || ran.code == 9, "{end}: {ran:?}");
        assert!(ran.out.contains("is broken"), "{end}: {ran:?}");
        fs::remove_file(&place).unwrap();
    }
}

/// What needs more memory than is allowed is reported, and counts as not searched.
#[test]
fn a_window_that_is_too_large_is_reported() {
    let world = world();
    fs::create_dir_all(world.path("results")).unwrap();
    for (program, options, end) in [("xz", &["-9"][..], "xz"), ("zstd", &["-q", "--ultra", "-22", "--long=27"], "zst")]
    {
        if !has(program) {
            continue;
        }
        let place = world.path("results").join(format!("a.{end}"));
        let large = "a line of a large file\n".repeat(8 << 20 >> 2);
        fs::write(&place, compress(program, options, large.as_bytes())).unwrap();
        let ran = scan(&world, &[]).expect(1);
        assert!(ran.out.contains("needs too much memory"), "{end}: {ran:?}");
        fs::remove_file(&place).unwrap();
    }
}
