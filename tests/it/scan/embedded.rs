//! Compressed data in the middle of other data, as HDF5, Git, PNG and their kin keep it: at any place, in any depth, and never
//! accused where it only happens to look like the beginning of a stream.

use std::fs;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::support::{found, plant, scan, with_memory, world};
use crate::support::sandbox::{Sandbox, TOKEN, has};

/// Lengths around what is read, kept and looked at together.
const PLACES: [usize; 9] = [0, 1, 15, 511, 4095, 65_537, 262_143, 270_000, 524_289];

/// Bytes that do not compress, the same at each run.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn write(world: &Sandbox, name: &str, parts: &[&[u8]]) {
    fs::create_dir_all(world.path("results")).unwrap();
    fs::write(world.path("results").join(name), parts.concat()).unwrap();
}

/// What Python's libraries compress of a text, in each way that they have.
fn streams(world: &Sandbox) -> Vec<(String, Vec<u8>)> {
    plant(world, "streams.py");
    let folder = world.path("results");
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let streams = entries.map(|path| {
        let stream = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        (path.file_name().unwrap().to_string_lossy().into_owned(), stream)
    });
    streams.collect()
}

#[test]
fn stream_is_found_at_every_place_of_other_data() {
    if !has("python3") {
        return;
    }
    let world = world();
    for (name, stream) in streams(&world) {
        for place in PLACES {
            write(&world, &format!("{name}-{place}"), &[&noise(place), &stream, &noise(200)]);
        }
        let found = found(&world);
        for place in PLACES {
            let is_it = |(file, inside, ..): &&(String, Vec<String>, _, _)| {
                *file == format!("{name}-{place}") && inside.last().is_some_and(|last| last.contains(" at byte "))
            };
            let is_first = place == 0 && found.iter().any(|(file, ..)| *file == format!("{name}-0"));
            assert!(is_first || found.iter().any(|found| is_it(&found)), "{name} at {place}: {found:?}");
            fs::remove_file(world.path("results").join(format!("{name}-{place}"))).unwrap();
        }
    }
}

#[test]
fn streams_are_found_one_after_another_and_in_each_other() {
    if !has("python3") {
        return;
    }
    let world = world();
    plant(&world, "nested.py");
    let found = found(&world);
    let depth = |file: &str| found.iter().filter(|(name, ..)| name == file).map(|(_, inside, ..)| inside.len()).max();
    assert_eq!(depth("nested"), Some(8));
    let chunks = found.iter().filter(|(name, inside, ..)| name == "chunks" && !inside.is_empty());
    assert_eq!(chunks.count(), 50);
    // Where it is too deep, that is told.
    let ran = scan(&world, &["--json"]);
    let json = ran.json();
    let reasons: Vec<_> =
        json["unread"].as_array().unwrap().iter().map(|entry| entry["file"].as_str().unwrap()).collect();
    assert!(matches!(&reasons[..], [file] if file.ends_with("/too-deep")), "{reasons:?}");
}

/// A stream that a format keeps in pieces, or that was cut: what comes out is searched, the rest is told, and `--strict` fails.
#[test]
fn stream_that_breaks_off_is_told_by_its_place() {
    if !has("python3") {
        return;
    }
    let world = world();
    plant(&world, "cut.py");
    let ran = scan(&world, &[]).expect(9);
    assert!(ran.out.contains("/beginning > zlib at byte 1000: the token"), "{ran:?}");
    assert!(ran.err.contains("/rest > zlib at byte 1000 breaks off"), "{ran:?}");
    fs::remove_file(world.path("results/beginning")).unwrap();
    assert!(scan(&world, &[]).expect(0).err.contains("breaks off"));
    scan(&world, &["--strict"]).expect(1);
}

#[test]
fn what_only_begins_like_a_stream_is_not_accused() {
    if !has("python3") {
        return;
    }
    let world = world();
    write(&world, "noise", &[&noise(30_000_000)]);
    let beginnings: &[&[u8]] = &[
        b"x\x9c",
        b"x\x01",
        b"x^",
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
        b"BZh91AY&SY",
        b"\x28\xb5\x2f\xfd",
        b"PK\x03\x04",
        b"\x04\x22\x4d\x18",
        b"\xfd7zXZ\0",
    ];
    let many = noise(2_000_000);
    let many: Vec<&[u8]> = many.chunks(40).enumerate().flat_map(|(at, noise)| [beginnings[at % 9], noise]).collect();
    write(&world, "beginnings", &many);
    write(&world, "text", &["hC hCCCC x^2 + 8C, (S), HD and BZ, PK, LZ: ".repeat(100_000).as_bytes()]);
    let ran = scan(&world, &["--json", "--strict"]).expect(0);
    let json = ran.json();
    assert_eq!((&json["unread"], &json["unopened"]), (&serde_json::json!([]), &serde_json::json!([])));
}

#[test]
fn chunk_that_is_too_large_is_told_and_the_search_goes_on() {
    if !has("gzip") {
        return;
    }
    let world = world();
    let numbers: [u32; 5] = [64 << 20, 64 << 20, 20 << 20, 20, 1000];
    let header: Vec<u8> = [2, 1, 0x21, 1].into_iter().chain(numbers.into_iter().flat_map(u32::to_le_bytes)).collect();
    write(&world, "array", &[&header, &noise(1000), &super::support::gzip(TOKEN), &noise(100)]);
    let ran = scan(&world, &[]).expect(9);
    assert!(ran.out.contains("/array > gzip at byte 1024: the token"), "{ran:?}");
    assert!(ran.err.contains("/array > Blosc at byte 0"), "{ran:?}");
}

/// Beginnings that a decoder follows for long before it sees that they are none, one behind the other.
#[test]
fn a_million_false_beginnings_take_little_memory_and_time() {
    if !has("python3") {
        return;
    }
    let world = world();
    plant(&world, "false_starts.py");
    let start = Instant::now();
    let (ran, peak) = with_memory(&world, &["scan", "--json", "../results"]);
    assert!(ran.code == 9 || ran.code == 1, "{}", ran.err);
    assert!(peak < 64 * 1024, "{peak} KiB");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    // Either all were tried out, or that is told.
    for file in ["stored", "fixed", "dynamic"] {
        assert!(ran.out.contains(&format!("/{file}\"")), "{file}: {}", ran.out);
    }
}

#[test]
fn pictures_are_searched_in_their_texts_and_pixels() {
    if !has("python3") {
        return;
    }
    let world = world();
    plant(&world, "pictures.py");
    let mut found: Vec<_> = found(&world).into_iter().map(|(file, inside, ..)| (file, inside)).collect();
    found.dedup();
    let path = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let expected = [
        ("comment.png", path(&["tEXt"])),
        ("compressed.png", path(&["zTXt", "zlib at byte 9"])),
        ("pixels.png", path(&["IDAT"])),
    ];
    assert_eq!(found, expected.map(|(file, inside)| (file.to_owned(), inside)));
    let json = scan(&world, &["--json"]).json();
    assert_eq!(json["unopened"], serde_json::json!([]));
    assert!(json["unread"].to_string().contains("broken.png"), "{json}");
}

#[test]
fn base64_of_packed_data_is_decoded_in_every_kind_of_text() {
    if !has("gzip") {
        return;
    }
    let world = world();
    let packed = STANDARD.encode(super::support::gzip(&format!("{}{TOKEN}\n", "a line of a log\n".repeat(20))));
    write(&world, "a.twice", &[b"data: ", STANDARD.encode(&packed).as_bytes(), b"\n"]);
    write(&world, "a.csv", &[b"name,value\nx,", packed.as_bytes(), b"\n"]);
    write(&world, "a.json", &[b"{\"value\":\"", packed.as_bytes(), b"\"}"]);
    write(&world, "a.md", &[b"![picture](data:application/gzip;base64,", packed.as_bytes(), b")"]);
    write(&world, "a.bin", &[&noise(1000), b"\n", packed.as_bytes(), b"\0", &noise(1000)]);
    let files: Vec<String> = found(&world).into_iter().map(|(file, ..)| file).collect();
    assert_eq!(files, ["a.bin", "a.csv", "a.json", "a.md", "a.twice"]);
}
