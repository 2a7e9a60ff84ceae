//! Masking: no encoding of a token passes, wherever a stream is cut, and no other byte is changed.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use co_cred::patterns::{Encodings, Matcher};
use co_cred::supervise::mask::{MASK, Masker, MatcherProvider};
use co_cred::token::Token;
use proptest::prelude::*;

use crate::support::sandbox::{OTHER, TOKEN};

fn matcher(tokens: &[&str]) -> Arc<Matcher> {
    let encodings: Vec<Encodings> =
        tokens.iter().map(|token| Encodings::of(&Token::parse(token.as_bytes()).unwrap().token)).collect();
    Arc::new(Matcher::of(&encodings))
}

/// The masked stream, fed in these pieces, and how many matches were masked.
fn masked<'a>(matcher: &Arc<Matcher>, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, usize) {
    let (mut masker, mut out) = (Masker::new(matcher), Vec::new());
    pieces.into_iter().for_each(|piece| masker.feed(piece, &mut out));
    let count = masker.finish(&mut out);
    (out, count)
}

/// Twelve encodings in which programs write a token.
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

/// Fails where the output holds an encoding of the token, or its last characters.
#[track_caller]
fn assert_masked(what: &str, out: &[u8]) {
    let encodings = Encodings::of(&Token::parse(TOKEN.as_bytes()).unwrap().token);
    assert_eq!(encodings.found_in(out), None, "{what}: {}", String::from_utf8_lossy(out));
    assert!(!String::from_utf8_lossy(out).contains(&TOKEN[4..]), "{what}");
}

#[test]
fn every_encoding_is_masked_wherever_it_is_cut() {
    // With few tokens and with many, for which the matcher takes another algorithm.
    let many: Vec<String> = (0..8).map(|number| format!("cop_Wq6vNb{number}xHt7sL")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).chain([TOKEN, OTHER]).collect();
    let matchers = [matcher(&[TOKEN, OTHER]), matcher(&many)];
    let cases = encodings().into_iter().flat_map(|case| matchers.iter().map(move |matcher| (matcher, case.clone())));
    for (matcher, (what, text)) in cases {
        let stream = [b"before \xff\x00 ", text.as_bytes(), b" \r\n after c"].concat();
        let (whole, count) = masked(matcher, [stream.as_slice()]);
        assert!(count > 0, "{what}");
        assert_masked(what, &whole);
        assert!(whole.starts_with(b"before \xff\x00 ") && whole.ends_with(b" \r\n after c"), "{what}");
        for cut in 0..=stream.len() {
            assert_eq!(masked(matcher, [&stream[..cut], &stream[cut..]]).0, whole, "{what} cut at {cut}");
        }
        assert_eq!(masked(matcher, stream.chunks(1)).0, whole, "{what}, byte by byte");
        assert_eq!(masked(matcher, stream.chunks(7)).0, whole, "{what}, in sevens");
    }
}

/// A matcher that is renewed when it is refreshed.
struct Renewing {
    before: Arc<Matcher>,
    after: Arc<Matcher>,
    refreshes: AtomicUsize,
}

impl MatcherProvider for Renewing {
    fn current(&self) -> Arc<Matcher> {
        Arc::clone(if self.refreshes.load(Relaxed) == 0 { &self.before } else { &self.after })
    }

    fn refreshed(&self) -> Arc<Matcher> {
        self.refreshes.fetch_add(1, Relaxed);
        self.current()
    }
}

#[test]
fn renewed_token_is_masked_wherever_it_is_cut() {
    let (before, after) = (matcher(&[OTHER]), matcher(&[OTHER, TOKEN]));
    for (what, text) in encodings() {
        let stream = [b"before ", text.as_bytes(), b" after"].concat();
        for cut in 0..=stream.len() {
            let (before, after) = (Arc::clone(&before), Arc::clone(&after));
            let provider = Renewing { before, after, refreshes: AtomicUsize::new(0) };
            let (mut masker, mut out) = (Masker::new(&provider), Vec::new());
            masker.feed(&stream[..cut], &mut out);
            masker.feed(&stream[cut..], &mut out);
            masker.finish(&mut out);
            assert_masked(&format!("{what} cut at {cut}"), &out);
        }
    }
}

/// A word that may be a token and is none asks for one search, however often it occurs.
#[test]
fn unknown_words_refresh_the_matcher_once() {
    let known = matcher(&[OTHER]);
    let provider = Renewing { before: Arc::clone(&known), after: known, refreshes: AtomicUsize::new(0) };
    let (mut masker, mut out) = (Masker::new(&provider), Vec::new());
    (0..100).for_each(|_| masker.feed(b"cop_count_of_all = 7\n", &mut out));
    assert_eq!(provider.refreshes.load(Relaxed), 1);
    masker.feed(b"cop_sum_of_all = 1\n", &mut out);
    assert_eq!(provider.refreshes.load(Relaxed), 2);
    // A word that is too short to be a token asks for none.
    masker.feed(b"cop_sum = 1\n", &mut out);
    assert_eq!(provider.refreshes.load(Relaxed), 2);
}

/// Programs wrap long lines.
#[test]
fn wrapped_encoding_is_masked() {
    let matcher = matcher(&[TOKEN]);
    let encoded = STANDARD.encode(format!("ada@example.org:{TOKEN} and more"));
    for (width, end) in (5..40).flat_map(|width| [(width, "\n"), (width, "\r\n")]) {
        let lines: Vec<&str> =
            encoded.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let stream = format!("first line\n{}\nlast line\n", lines.join(end));
        let (whole, count) = masked(&matcher, [stream.as_bytes()]);
        assert!(count > 0, "{width}");
        assert_masked(&format!("lines of {width}"), &whole);
        for cut in 0..=stream.len() {
            let (cut_up, _) = masked(&matcher, [&stream.as_bytes()[..cut], &stream.as_bytes()[cut..]]);
            assert_eq!(cut_up, whole, "lines of {width}, cut at {cut}");
        }
    }
}

/// Every character on its own line, also where lines end in a carriage return only.
#[test]
fn token_with_one_character_a_line_is_masked() {
    let matcher = matcher(&[TOKEN]);
    let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    for (text, end) in [(TOKEN, "\n"), (TOKEN, "\r\n"), (TOKEN, "\r"), (&hex, "\r\n")] {
        let stream: String = text.chars().map(|c| format!("{c}{end}")).collect::<String>() + "|";
        for size in [1, 2, 3, 5, 1000] {
            let (out, count) = masked(&matcher, stream.as_bytes().chunks(size));
            assert_eq!(count, 1, "{end:?} in {size}s: {}", String::from_utf8_lossy(&out));
        }
    }
}

/// The bytes behind a match may begin another one.
#[test]
fn beginning_of_a_second_token_is_held_back() {
    let (one, two, three) = ("cop_11112222cop_AA", "cop_AAcop_ZZZZ1111xx", "cop_ZZZZ9999yyyy");
    let matcher = matcher(&[one, two, three]);
    let (mut masker, mut out) = (Masker::new(&matcher), Vec::new());
    masker.feed(format!("{one}cop_ZZZZ").as_bytes(), &mut out);
    assert!(!masker.can_release(), "{}", String::from_utf8_lossy(&out));
    masker.feed(b"9999yyyy|", &mut out);
    masker.finish(&mut out);
    assert_eq!(String::from_utf8_lossy(&out), "******|");
}

#[test]
fn token_that_begins_another_hides_neither() {
    let longer = format!("{TOKEN}XYZ9");
    let matcher = matcher(&[TOKEN, &longer]);
    let stream = format!("a {longer} b {TOKEN} c");
    for cut in 0..=stream.len() {
        let (out, count) = masked(&matcher, [&stream.as_bytes()[..cut], &stream.as_bytes()[cut..]]);
        assert_eq!((String::from_utf8_lossy(&out).as_ref(), count), ("a *** b *** c", 2), "{cut}");
    }
    let (out, _) = masked(&matcher, [TOKEN.as_bytes()]);
    assert_eq!(out, MASK);
}

/// No output makes masking quadratic, nor has it hold much back.
#[test]
fn masking_takes_linear_time() {
    let matcher = matcher(&[TOKEN]);
    let size = 8 * 1024 * 1024;
    let start = std::time::Instant::now();
    for unit in ["\n", "\r\n", "cop_Zx81", "c\n", "Y29w\n", "c\no\np\n_\n", "\0", "6"] {
        let stream = unit.repeat(size / unit.len());
        let (out, count) = masked(&matcher, stream.as_bytes().chunks(128 * 1024));
        assert!(count == 0 && out == stream.as_bytes(), "{unit:?}");
    }
    // In a build without optimisation; a quadratic search would take minutes.
    assert!(start.elapsed() < std::time::Duration::from_secs(30), "{:?}", start.elapsed());
    assert!(!format!("{matcher:?}").contains("cop_"));
}

/// A prompt that ends as a token begins is written before more output comes; and a token is masked all the same.
#[test]
fn public_prefix_is_released() {
    let matcher = matcher(&[TOKEN]);
    let (mut masker, mut out) = (Masker::new(&matcher), Vec::new());
    masker.feed(b"Enter your topic", &mut out);
    assert!(b"Enter your topi".starts_with(&out), "{}", String::from_utf8_lossy(&out));
    assert!(masker.can_release());
    masker.release(&mut out);
    assert_eq!(out, b"Enter your topic");
    assert!(!masker.can_release());
    masker.feed(&TOKEN.as_bytes()[1..], &mut out);
    masker.feed(b" done", &mut out);
    assert_eq!(masker.finish(&mut out), 1);
    assert_eq!(out, b"Enter your topic*** done");
    // More than the common prefix of all tokens is never released.
    let (mut masker, mut out) = (Masker::new(&matcher), Vec::new());
    masker.feed(&TOKEN.as_bytes()[..6], &mut out);
    assert!(out.is_empty() && !masker.can_release());
    masker.finish(&mut out);
    assert_eq!(out, &TOKEN.as_bytes()[..6]);
}

/// A prompt may end in the first letters of any token; more of one is held back.
#[test]
fn two_bytes_of_a_token_without_the_usual_prefix_are_released() {
    let secret = "nvidia-key-7731-abcd";
    let matcher = matcher(&[secret]);
    let (mut masker, mut out) = (Masker::new(&matcher), Vec::new());
    masker.feed(b"Go on? y/n", &mut out);
    masker.release(&mut out);
    assert_eq!(out, b"Go on? y/n");
    masker.feed(&secret.as_bytes()[1..], &mut out);
    masker.finish(&mut out);
    assert_eq!(out, b"Go on? y/n***");
    // Three bytes are held back.
    let (mut masker, mut out) = (Masker::new(&matcher), Vec::new());
    masker.feed(&secret.as_bytes()[..3], &mut out);
    assert!(out.is_empty() && !masker.can_release());
}

proptest! {
    /// Bytes without a match are unchanged, however they are cut, even those that begin or end as a token.
    #[test]
    fn other_bytes_are_unchanged(
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
        let matcher = matcher(&[TOKEN]);
        let stream = parts.concat();
        let (out, count) = masked(&matcher, stream.chunks(size));
        let has_token = |text: &[u8]| matcher.find(text).iter().any(|found| found.token.is_some());
        if has_token(&stream) {
            prop_assert!(!has_token(&out));
        } else {
            prop_assert_eq!(count, 0);
            prop_assert_eq!(out, stream);
        }
    }
}
