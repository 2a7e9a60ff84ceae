//! `scan --redact` in files that are compressed with gzip: the content is overwritten and compressed anew.

use std::fs;
use std::io::{Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::{Compression, GzBuilder};

use super::support::{found, scan, world};
use crate::support::sandbox::TOKEN;

/// A file in gzip with a name, a time and, with `extra`, a field of another program.
fn gzip(content: &[u8], extra: Option<&[u8]>) -> Vec<u8> {
    let builder = GzBuilder::new().filename("run.log").comment("of a run").mtime(1_700_000_000);
    let builder = match extra {
        Some(extra) => builder.extra(extra),
        None => builder,
    };
    let mut gzip = builder.write(Vec::new(), Compression::best());
    gzip.write_all(content).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn token_in_a_compressed_log_is_overwritten() {
    let line = |number: u32| format!("{number} INFO loaded 17 frames\n");
    let log: String = (0..40_000).map(line).chain([format!("token {TOKEN}\n")]).chain((0..40_000).map(line)).collect();
    // Two members, as `cat a.gz b.gz` makes them; the cut goes through the token.
    let (first, second) = log.as_bytes().split_at(log.find(TOKEN).unwrap() + 7);
    let world = world().file("results/run.log.gz", [gzip(first, None), gzip(second, None)].concat());
    let ran = scan(&world, &["--redact"]).expect(9);
    assert!(ran.err.contains("found the token once, in 1 file; each was overwritten"), "{ran:?}");
    let after = fs::read(world.path("results/run.log.gz")).unwrap();
    let mut gzip = MultiGzDecoder::new(&after[..]);
    let mut text = String::new();
    gzip.read_to_string(&mut text).unwrap();
    assert!(text == log.replace(TOKEN, &"*".repeat(TOKEN.len())));
    let header = gzip.header().unwrap();
    assert_eq!((header.filename(), header.mtime()), (Some(&b"run.log"[..]), 1_700_000_000));
    assert_eq!(header.comment(), Some(&b"of a run"[..]));
    scan(&world, &["--strict"]).expect(0);
    assert_eq!(fs::read_dir(world.path("results")).unwrap().count(), 1);
}

#[test]
fn gzip_that_cannot_be_made_anew_is_not_changed() {
    let packed = gzip(TOKEN.as_bytes(), None);
    let mut tar = vec![0; 1536];
    tar[0] = b'a';
    tar[124..135].copy_from_slice(b"00000000036");
    tar[257..263].copy_from_slice(b"ustar\0");
    tar[512..512 + TOKEN.len()].copy_from_slice(TOKEN.as_bytes());
    let sum: u32 = tar[..512].iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut cut = gzip(format!("{TOKEN}\n").repeat(3).as_bytes(), None);
    // The checksum and the length, and a little more.
    cut.truncate(cut.len() - 10);
    // Blocks that an index points to, as bgzip writes them; packed twice; an archive; cut off.
    let files = [
        ("blocks.vcf.gz", gzip(TOKEN.as_bytes(), Some(b"BC\x02\0\x1b\0"))),
        ("twice.gz", gzip(&packed, None)),
        ("archive.tar.gz", gzip(&tar, None)),
        ("cut.gz", cut),
    ];
    for (name, content) in files {
        let world = world().file(&format!("results/{name}"), &content);
        let ran = scan(&world, &["--redact"]).expect(9);
        assert!(ran.err.contains("was not changed"), "{name}: {ran:?}");
        assert!(fs::read(world.path(&format!("results/{name}"))).unwrap() == content, "{name}");
        assert_eq!(fs::read_dir(world.path("results")).unwrap().count(), 1, "{name}");
        assert!(!found(&world).is_empty(), "{name}");
    }
}
