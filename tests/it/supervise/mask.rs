//! Masking: nothing of a token gets through, wherever a stream is cut, and nothing else is touched.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use co_cred::patterns::Encodings;
use co_cred::patterns::Matcher;
use co_cred::supervise::mask::{Lookout, MASK, Masker};
use co_cred::token::Token;
use proptest::prelude::*;

use crate::support::sandbox::{OTHER, TOKEN};

fn patterns(tokens: &[&str]) -> Arc<Matcher> {
    let traces: Vec<Encodings> =
        tokens.iter().map(|token| Encodings::of(&Token::parse(token.as_bytes()).unwrap().token)).collect();
    Arc::new(Matcher::of(&traces).unwrap())
}

/// What comes out where the stream comes in these pieces.
fn masked<'a>(patterns: &Arc<Matcher>, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, usize) {
    let (mut masker, mut out) = (Masker::new(patterns), Vec::new());
    pieces.into_iter().for_each(|piece| masker.feed(piece, &mut out));
    let count = masker.finish(&mut out);
    (out, count)
}

/// Twelve ways in which programs write a token down.
pub fn encodings() -> Vec<(&'static str, String)> {
    let basic = |engine: &dyn Fn(&[u8]) -> String, before: &str, after: &str| {
        engine(format!("{before}{TOKEN}{after}").as_bytes())
    };
    let standard = |bytes: &[u8]| STANDARD.encode(bytes);
    let url_safe = |bytes: &[u8]| URL_SAFE.encode(bytes);
    let hex = |upper: bool| -> String {
        TOKEN.bytes().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect()
    };
    vec![
        ("raw", TOKEN.to_owned()),
        ("in a URL", format!("https://{TOKEN}:@co.example.org/x?token={TOKEN}")),
        ("a header", format!("Authorization: Basic {}", basic(&standard, "", ":"))),
        ("base64", basic(&standard, "", "")),
        ("base64, one byte on", basic(&standard, "x", "y")),
        ("base64, two bytes on", basic(&standard, "xy", "z")),
        ("base64 of e-mail and token", basic(&standard, "ada@example.org:", "")),
        ("base64, URL-safe", basic(&url_safe, "?>", "?>")),
        ("hexadecimal", hex(false)),
        ("HEXADECIMAL", hex(true)),
        ("JSON", format!("{{\"token\": \"{TOKEN}\"}}")),
        ("twice, with nothing between", format!("{TOKEN}{TOKEN}")),
    ]
}

/// No piece of the token of eight characters or more, in any encoding that is looked for, is left.
#[track_caller]
fn clean(what: &str, out: &[u8]) {
    let traces = Encodings::of(&Token::parse(TOKEN.as_bytes()).unwrap().token);
    assert_eq!(traces.found_in(out), None, "{what}: {}", String::from_utf8_lossy(out));
    assert!(!String::from_utf8_lossy(out).contains(&TOKEN[4..]), "{what}");
}

#[test]
fn no_encoding_gets_through_wherever_it_is_cut() {
    let patterns = patterns(&[TOKEN, OTHER]);
    for (what, text) in encodings() {
        let stream = [b"before \xff\x00 ", text.as_bytes(), b" \r\n after c"].concat();
        let (whole, count) = masked(&patterns, [stream.as_slice()]);
        assert!(count > 0, "{what}");
        clean(what, &whole);
        assert!(whole.starts_with(b"before \xff\x00 ") && whole.ends_with(b" \r\n after c"), "{what}");
        for cut in 0..=stream.len() {
            assert_eq!(masked(&patterns, [&stream[..cut], &stream[cut..]]).0, whole, "{what} cut at {cut}");
        }
        assert_eq!(masked(&patterns, stream.chunks(1)).0, whole, "{what}, byte by byte");
        assert_eq!(masked(&patterns, stream.chunks(7)).0, whole, "{what}, in sevens");
    }
}

/// A token that is only found once something looks like one.
struct Renewing {
    before: Arc<Matcher>,
    after: Arc<Matcher>,
    looks: AtomicUsize,
}

impl Lookout for Renewing {
    fn patterns(&self, in_doubt: bool) -> Arc<Matcher> {
        let looks = self.looks.fetch_add(in_doubt.into(), Relaxed) + usize::from(in_doubt);
        Arc::clone(if looks == 0 { &self.before } else { &self.after })
    }
}

#[test]
fn a_token_that_is_new_does_not_get_through_wherever_it_is_cut() {
    let (before, after) = (patterns(&[OTHER]), patterns(&[OTHER, TOKEN]));
    for (what, text) in encodings() {
        let stream = [b"before ", text.as_bytes(), b" after"].concat();
        for cut in 0..=stream.len() {
            let lookout =
                Renewing { before: Arc::clone(&before), after: Arc::clone(&after), looks: AtomicUsize::new(0) };
            let (mut masker, mut out) = (Masker::new(&lookout), Vec::new());
            masker.feed(&stream[..cut], &mut out);
            masker.feed(&stream[cut..], &mut out);
            masker.finish(&mut out);
            clean(&format!("{what} cut at {cut}"), &out);
        }
    }
}

/// What is no token is looked for once, however often it comes.
#[test]
fn the_sources_are_looked_at_once_for_what_is_no_token() {
    let known = patterns(&[OTHER]);
    let lookout = Renewing { before: Arc::clone(&known), after: known, looks: AtomicUsize::new(0) };
    let (mut masker, mut out) = (Masker::new(&lookout), Vec::new());
    (0..100).for_each(|_| masker.feed(b"cop_count_of_all = 7\n", &mut out));
    assert_eq!(lookout.looks.load(Relaxed), 1);
    masker.feed(b"cop_sum_of_all = 1\n", &mut out);
    assert_eq!(lookout.looks.load(Relaxed), 2);
    // What is too short to be a token, not once.
    masker.feed(b"cop_sum = 1\n", &mut out);
    assert_eq!(lookout.looks.load(Relaxed), 2);
}

/// Programs break long lines, and so a trace.
#[test]
fn a_trace_over_several_lines_does_not_get_through() {
    let patterns = patterns(&[TOKEN]);
    let encoded = STANDARD.encode(format!("ada@example.org:{TOKEN} and more"));
    for (width, end) in (5..40).flat_map(|width| [(width, "\n"), (width, "\r\n")]) {
        let lines: Vec<&str> =
            encoded.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let stream = format!("first line\n{}\nlast line\n", lines.join(end));
        let (whole, count) = masked(&patterns, [stream.as_bytes()]);
        assert!(count > 0, "{width}");
        clean(&format!("lines of {width}"), &whole);
        for cut in 0..=stream.len() {
            let (cut_up, _) = masked(&patterns, [&stream.as_bytes()[..cut], &stream.as_bytes()[cut..]]);
            assert_eq!(cut_up, whole, "lines of {width}, cut at {cut}");
        }
    }
}

/// Every character on a line of its own, and a carriage return alone, too.
#[test]
fn a_trace_in_many_pieces_does_not_get_through() {
    let patterns = patterns(&[TOKEN]);
    let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    for (text, end) in [(TOKEN, "\n"), (TOKEN, "\r\n"), (TOKEN, "\r"), (&hex, "\r\n")] {
        let stream: String = text.chars().map(|c| format!("{c}{end}")).collect::<String>() + "|";
        for size in [1, 2, 3, 5, 1000] {
            let (out, count) = masked(&patterns, stream.as_bytes().chunks(size));
            assert_eq!(count, 1, "{end:?} in {size}s: {}", String::from_utf8_lossy(&out));
        }
    }
}

/// What is held back behind a trace is no less a secret for that.
#[test]
fn the_beginning_of_a_second_token_is_kept_back_too() {
    let (one, two, three) = ("cop_11112222cop_AA", "cop_AAcop_ZZZZ1111xx", "cop_ZZZZ9999yyyy");
    let patterns = patterns(&[one, two, three]);
    let (mut masker, mut out) = (Masker::new(&patterns), Vec::new());
    masker.feed(format!("{one}cop_ZZZZ").as_bytes(), &mut out);
    assert!(!masker.may_let_go(), "{}", String::from_utf8_lossy(&out));
    masker.feed(b"9999yyyy|", &mut out);
    masker.finish(&mut out);
    assert_eq!(String::from_utf8_lossy(&out), "******|");
}

#[test]
fn a_token_that_begins_another_hides_neither() {
    let longer = format!("{TOKEN}XYZ9");
    let patterns = patterns(&[TOKEN, &longer]);
    let stream = format!("a {longer} b {TOKEN} c");
    for cut in 0..=stream.len() {
        let (out, count) = masked(&patterns, [&stream.as_bytes()[..cut], &stream.as_bytes()[cut..]]);
        assert_eq!((String::from_utf8_lossy(&out).as_ref(), count), ("a *** b *** c", 2), "{cut}");
    }
    let (out, _) = masked(&patterns, [TOKEN.as_bytes()]);
    assert_eq!(out, MASK);
}

/// Nothing that a program prints makes masking slow, or hold much back.
#[test]
fn no_output_is_slow() {
    let patterns = patterns(&[TOKEN]);
    let size = 8 * 1024 * 1024;
    let start = std::time::Instant::now();
    for unit in ["\n", "\r\n", "cop_Zx81", "c\n", "Y29w\n", "c\no\np\n_\n", "\0", "6"] {
        let stream = unit.repeat(size / unit.len());
        let (out, count) = masked(&patterns, stream.as_bytes().chunks(128 * 1024));
        assert!(count == 0 && out == stream.as_bytes(), "{unit:?}");
    }
    // In a build without optimisation; a quadratic search would take minutes.
    assert!(start.elapsed() < std::time::Duration::from_secs(30), "{:?}", start.elapsed());
    assert!(!format!("{patterns:?}").contains("cop_"));
}

/// A prompt that ends as a token begins is seen before anything else comes; and the token is masked all the same.
#[test]
fn what_says_nothing_is_let_go() {
    let patterns = patterns(&[TOKEN]);
    let (mut masker, mut out) = (Masker::new(&patterns), Vec::new());
    masker.feed(b"Enter your topic", &mut out);
    assert_eq!(out, b"Enter your topi");
    assert!(masker.may_let_go());
    masker.let_go(&mut out);
    assert_eq!(out, b"Enter your topic");
    assert!(!masker.may_let_go());
    masker.feed(&TOKEN.as_bytes()[1..], &mut out);
    masker.feed(b" done", &mut out);
    assert_eq!(masker.finish(&mut out), 1);
    assert_eq!(out, b"Enter your topic*** done");
    // More than what every token begins with is kept back for as long as it takes.
    let (mut masker, mut out) = (Masker::new(&patterns), Vec::new());
    masker.feed(&TOKEN.as_bytes()[..6], &mut out);
    assert!(out.is_empty() && !masker.may_let_go());
    masker.finish(&mut out);
    assert_eq!(out, &TOKEN.as_bytes()[..6]);
}

proptest! {
    /// Bytes without a trace pass as they are, however they are cut; near misses too.
    #[test]
    fn nothing_else_is_touched(
        parts in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                (0..TOKEN.len()).prop_map(|end| TOKEN.as_bytes()[..end].to_vec()),
                (1..TOKEN.len()).prop_map(|start| TOKEN.as_bytes()[start..].to_vec()),
                Just(b"\n".to_vec()),
                Just(b"\r\n".to_vec()),
            ],
            0..12,
        ),
        size in 1usize..50,
    ) {
        let patterns = patterns(&[TOKEN]);
        let stream = parts.concat();
        let traces = Encodings::of(&Token::parse(TOKEN.as_bytes()).unwrap().token);
        let (out, count) = masked(&patterns, stream.chunks(size));
        if traces.found_in(&stream).is_none() {
            prop_assert_eq!(count, 0);
            prop_assert_eq!(out, stream);
        } else {
            prop_assert!(traces.found_in(&out).is_none());
        }
    }
}
