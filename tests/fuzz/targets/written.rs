//! A token that is written down in any way of the table of the tests is found, with any bytes on the lines
//! around it.
#![no_main]

#[path = "../../it/patterns/written.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod written;

use std::sync::LazyLock;

use co_cred::patterns::{Encodings, Matcher};
use co_cred::scan::{Progress, scan_stream};
use co_cred::token::Token;
use libfuzzer_sys::fuzz_target;
use written::{TOKEN, Way, ways};

static MATCHER: LazyLock<Matcher> = LazyLock::new(|| {
    let token = Token::parse(TOKEN.as_bytes()).unwrap().token;
    Matcher::of(&[Encodings::of(&token)])
});

static WAYS: LazyLock<Vec<Way>> = LazyLock::new(ways);

fuzz_target!(|data: &[u8]| {
    let [number, cut, around @ ..] = data else { return };
    let way = &WAYS[usize::from(*number) % WAYS.len()];
    let (before, behind) = around.split_at(around.len() * usize::from(*cut) / 256);
    let text = [before, b"\n\n", &way.text, b"\n\n", behind].concat();
    let place = before.len()..text.len() - behind.len();
    let is_here = |range: &std::ops::Range<usize>| range.start < place.end && place.start < range.end;
    let matches = MATCHER.find(&text);
    assert!(matches.iter().any(|found| found.token.is_some() && is_here(&found.range)), "{} was missed", way.name);
    let report = scan_stream(&MATCHER, &mut &*text, &Progress::default());
    assert!(report.tokens.count > 0, "the gate missed {}", way.name);
});
