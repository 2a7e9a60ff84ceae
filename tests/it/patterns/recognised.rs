//! The encodings in which a token is found.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use co_cred::patterns::{Encoding, Encodings, Extent, Matcher};
use co_cred::supervise::mask::Masker;
use co_cred::token::Token;

use super::written::{NOT_SUSPECTED, TOKEN, Way, ways};
use crate::support::pages;

#[test]
fn every_common_encoding_of_a_token_is_found() {
    let raw = "cop_a+b/c\"d'e&fü9";
    let encodings = Encodings::of(&Token::parse(raw.as_bytes()).unwrap().token);
    let hex: String = raw.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut table = vec![
        (Encoding::Raw, format!("x{raw}y")),
        (Encoding::Json, serde_json::json!({ "token": raw }).to_string()),
        (Encoding::Hex, hex.to_uppercase()),
        (Encoding::Hex, hex),
        (Encoding::Url, "token=cop_a%2Bb%2Fc%22d%27e%26f%C3%BC9&x=y".to_owned()),
        (Encoding::Base64, STANDARD.encode(format!("{raw}:"))),
    ];
    for before in ["", "a", "ab", "abc", "user:"] {
        for after in ["", ":", "zz", "zzz"] {
            table.push((Encoding::Base64, STANDARD.encode(format!("{before}{raw}{after}"))));
            table.push((Encoding::Base64, URL_SAFE.encode(format!("{before}{raw}{after}"))));
        }
    }
    for (kind, text) in table {
        assert_eq!(encodings.found_in(text.as_bytes()), Some(kind), "{text}");
    }
    let wrapped = STANDARD.encode(format!("a line of text and then some: {raw}:"));
    let wrapped: Vec<&str> = [&wrapped[..48], &wrapped[48..]].into();
    assert_eq!(encodings.found_in(wrapped.join("\r\n").as_bytes()), Some(Encoding::Base64));
    assert_eq!(encodings.found_in(b"cop_a%2bb%2fc%22d%27e%26f%c3%bc9"), Some(Encoding::Url));
    assert_eq!(encodings.found_in(b"not the token: cop_a+b/c"), None);
    assert!(!format!("{encodings:?}").contains("cop_"));
}

/// As Python's `a85encode` and `b85encode` write it behind six to nine other bytes.
#[test]
fn base85_is_found_at_each_position() {
    let encodings = Encodings::of(&Token::parse(TOKEN.as_bytes()).unwrap().token);
    for text in [
        r"E+*g/GAhM43b*)I?XtoJA79Oi1GLXN6:59pAk,B`2`NfOC27X&DJq'K@;]TuD/XH+",
        r"E+*g/GAhM4@rH<nA25rO@<5s80eu$]6Y'b?7n?313&r[-CM[j*D_*#>DIal,DfTC",
        r#"E+*g/GAhM3DfB&o1,EHLF(@']1-n5oA7]@C84ba"3A>2`Ci+'./0JA=A0>`-Eb,"#,
        r"E+*g/GAgu0E*m-21Lsp8A2>qq5sdqLAS+G'8N/Uh0PYB>D/O8C+CT.u+Dl%;AH",
        r"aA9+EcW-iJI%98eUt}^fWMOk;GchtjLPKO_W=BX#H#j*kYHMt5Zf`6gVQyp~ZEtdA",
        r"aA9+EcW-iJV{dR@WHK{kVRK|NF)~3yLu6%UM@UIGI5{wCYiw<9Z!92TZe$>BZ*pY",
        r"aA9+EcW-iIZ*X5^GBadhb7V6yGC@K^WMyVYNJ%$1IWTH#Y;A6DEFfWSWFT#Ca%B",
        r"aA9+EcW+~Fa9?CHGh|_NWHT``K|(`hWoAc6NjEq-FluXTZEkNYAYpD~AZ>4QWd",
    ] {
        assert_eq!(encodings.found_in(text.as_bytes()), Some(Encoding::Base85), "{text}");
        let found = matcher().find(text.as_bytes());
        assert!(matches!(&found[..], [found] if found.encoding == Encoding::Base85 && found.extent == Extent::Whole));
        // At most one group at either end is left, of bytes of which some are not the token's.
        assert!(found[0].range.len() >= 35, "{found:?}");
    }
}

/// The reference page of these ways. With `CO_CRED_TESTS_WRITE=1` the test writes it.
#[test]
fn the_reference_page_lists_every_way_to_write_a_token() {
    let mut page = String::from(
        "# How a token may be written\n\nIn each of these ways, `scan` and `exec --gate` find the token in a file, and `exec --mask` \
         masks it in a stream,\nwherever that is cut into pieces. A test proves every row, and writes this page. Twelve characters of \
         the secret in a row\ncount as well. Text that looks like a token unknown to co-cred is found in most of these ways.\n\n\
         | way | in files | in streams |\n|---|---|---|\n",
    );
    page.extend(ways().iter().map(|way| format!("| {} | found | masked |\n", way.name.replace('|', "\\|"))));
    pages::written("encodings.md", &page);
}

fn matcher() -> Arc<Matcher> {
    Arc::new(Matcher::of(&[Encodings::of(&Token::parse(TOKEN.as_bytes()).unwrap().token)]))
}

/// Text before and behind a token, which must stay as it is.
const AROUND: (&[u8], &[u8]) = (b"first line, value=\"", b"\" and the rest\n");

#[test]
fn every_way_to_write_a_token_is_found() {
    let matcher = matcher();
    let mut missed = Vec::new();
    for Way { name, text } in ways() {
        let text = [AROUND.0, &text, AROUND.1].concat();
        if !matcher.find(&text).iter().any(|found| found.token == Some(0)) {
            missed.push(name);
        }
    }
    assert!(missed.is_empty(), "not found in a file: {missed:?}");
}

/// A title has one line, and ends with a bell.
#[test]
fn what_begins_like_a_title_hides_no_token() {
    for Way { name, text } in ways() {
        for begun in [&b"\x1b]"[..], b"J\x1b]+\xb3=\xa6", b"\x1b]0;a title", b"\x1bPq", b"\x1b_"] {
            let text = [begun, b"\n\n", &text, b"\n"].concat();
            let found = matcher().find(&text);
            assert!(found.iter().any(|found| found.token.is_some()), "{name} behind {begun:x?}");
        }
    }
}

/// A cursor that goes back, as behind a spinner, takes nothing away.
#[test]
fn backspaces_behind_a_token_hide_nothing() {
    for Way { name, text } in ways() {
        for count in [1, 2, 21, 40] {
            let text = [b"\n\n", &text[..], b"\n\n", &b"\x08".repeat(count), b"\0"].concat();
            assert!(matcher().find(&text).iter().any(|found| found.token.is_some()), "{name} before {count}");
        }
    }
}

/// Cut into two pieces at each place, and into single bytes.
#[test]
fn every_way_to_write_a_token_is_masked_wherever_the_stream_is_cut() {
    let matcher = matcher();
    let mut missed = Vec::new();
    for Way { name, text } in ways() {
        let text = [AROUND.0, &text, AROUND.1].concat();
        let cuts = (0..=text.len()).map(|cut| vec![&text[..cut], &text[cut..]]);
        for pieces in cuts.chain([text.chunks(1).collect::<Vec<_>>()]) {
            let (mut masker, mut out) = (Masker::new(&matcher), Vec::new());
            for piece in &pieces {
                masker.feed(piece, &mut out);
            }
            let masked = masker.finish(&mut out);
            let shown = String::from_utf8_lossy(&out).into_owned();
            let is_whole = shown.starts_with("first line, value=\"") && shown.ends_with("and the rest\n");
            if masked == 0 || !is_whole || !matcher.find(&out).iter().all(|found| found.token.is_none()) {
                missed.push(format!("{name} at {}: {shown:?}", pieces[0].len()));
                break;
            }
        }
    }
    assert!(
        missed.is_empty(),
        "not masked, or text around it changed, where the stream is cut:\n{}",
        missed.join("\n")
    );
}

/// In a pause, what is held back is released if that is allowed: even then nothing of a token is shown that counts.
#[test]
fn no_pause_shows_a_token_or_a_part_of_one() {
    let matcher = matcher();
    let tail = Way { name: "all but the first characters", text: TOKEN.as_bytes()[7..].to_vec() };
    for Way { name, text } in ways().into_iter().chain([tail]) {
        let text = [AROUND.0, &text, AROUND.1].concat();
        for cut in 0..=text.len() {
            let (mut masker, mut out) = (Masker::new(&matcher), Vec::new());
            masker.feed(&text[..cut], &mut out);
            if masker.can_release() {
                masker.release(&mut out);
            }
            masker.feed(&text[cut..], &mut out);
            masker.finish(&mut out);
            let shown = String::from_utf8_lossy(&out);
            assert!(matcher.find(&out).iter().all(|found| found.token.is_none()), "{name} at {cut}: {shown:?}");
        }
    }
}

/// What a terminal sequence inside of a token holds is not written, but for colours.
#[test]
fn only_colours_inside_of_a_token_are_written() {
    let matcher = matcher();
    let (head, tail) = TOKEN.split_at(9);
    let inside = format!("{head}\x1b]0;{TOKEN}\x07\x1b[1;31m\x1b[123456789012m\x1b[2K{tail} end");
    let (mut masker, mut out) = (Masker::new(&matcher), Vec::new());
    masker.feed(inside.as_bytes(), &mut out);
    masker.finish(&mut out);
    assert_eq!(String::from_utf8_lossy(&out), "***\x1b[1;31m end");
}

/// A mask between the beginning and the end of a token does not read as noise.
#[test]
fn a_mask_is_no_noise() {
    let matcher = matcher();
    for before in ["cop_d23\n", "cop_d23", "> cop_d23\n> "] {
        let text = format!("{before}***{}", &TOKEN[16..]);
        assert!(matcher.find(text.as_bytes()).iter().all(|found| found.range.start >= before.len()), "{text:?}");
    }
}

#[test]
fn text_that_looks_like_a_token_is_suspected_in_most_encodings() {
    let unknown = Matcher::of(&[]);
    let is_missed = |way: &Way| unknown.find(&[AROUND.0, &way.text, AROUND.1].concat()).is_empty();
    let missed: Vec<&str> = ways().iter().filter(|way| is_missed(way)).map(|way| way.name).collect();
    assert_eq!(
        missed, NOT_SUSPECTED,
        "NOT_SUSPECTED in tests/it/patterns/written.rs lists the ways that are not suspected"
    );
}

/// Nothing in these is a token, though much is as random as one.
#[test]
fn no_token_is_found_where_none_is() {
    let matcher = matcher();
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    let bytes: Vec<u8> = (0..1 << 20).map(|_| random()).collect();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x} ")).collect();
    let numbers: String = bytes.iter().map(|byte| format!("{byte}, ")).collect();
    let other: String = TOKEN.chars().rev().collect();
    let wrapped = format!("{}\n", &TOKEN[..10]).repeat(1000);
    let texts = [
        bytes.clone(),
        STANDARD.encode(&bytes).into_bytes(),
        hex.into_bytes(),
        numbers.into_bytes(),
        wrapped.into_bytes(),
    ];
    for text in texts {
        assert_eq!(matcher.find(&text).iter().filter(|found| found.token.is_some()).count(), 0);
    }
    assert!(matcher.find(other.as_bytes()).iter().all(|found| found.token.is_none()));
    // Names in a program, and words on two lines.
    for text in [
        "IO_FILEP4scop\0_ZN12ranger_cache4dumpEP8",
        " cop\0_Z30connect_infinite4x",
        "cop_add\n  x1y2z3w4v5",
        "scop_\u{1b}[0mx1y2z3w4v5",
    ] {
        assert_eq!(matcher.find(text.as_bytes()), [], "{text:?}");
    }
}

/// A short token, behind text that has many stretches of it.
#[test]
fn short_token_is_found_behind_parts_of_itself() {
    let token = "cop_d23dasd312";
    let matcher = Matcher::of(&[Encodings::of(&Token::parse(token.as_bytes()).unwrap().token)]);
    for (before, blanks) in (1..token.len()).flat_map(|len| (0..8).map(move |blanks| (&token[..len], blanks))) {
        for end in ["\n", " ", "\x1b[0m", "x\n", ""] {
            let text = format!("{}{before}{end}.{token}", " ".repeat(blanks));
            assert!(matcher.find(text.as_bytes()).iter().any(|found| found.extent == Extent::Whole), "{text:?}");
        }
    }
}

/// A token that is made of words would be found in other texts.
#[test]
fn parts_of_a_token_that_is_not_random_are_left_alone() {
    for token in ["cop_documentation", "my-code-ocean-token", "nvidia-key-7731-abcd"] {
        let matcher = Matcher::of(&[Encodings::of(&Token::parse(token.as_bytes()).unwrap().token)]);
        let is_found = |text: &str| matcher.find(text.as_bytes()).iter().any(|found| found.token == Some(0));
        assert!(is_found(&format!("x {token} y")) && is_found(&STANDARD.encode(format!("a:{token}"))), "{token}");
        assert!(!is_found(&format!("x {} y", &token[4..])) && !is_found(&token[..token.len() - 1]), "{token}");
    }
}
