//! Tables for the ground floors: token, deployment, traces.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use co_cred::deployment::{Deployment, Unusable};
use co_cred::error::{Error, Reason};
use co_cred::patterns::{Encoding, Encodings};
use co_cred::token::{Malformed, Token, is_token_like, mask, token_at};

use crate::support::sandbox::TOKEN;

fn token(raw: &str) -> Token {
    Token::parse(raw.as_bytes()).unwrap().token
}

#[test]
fn a_token_is_freed_of_what_surrounds_it() {
    let table = [
        ("cop_a1", "cop_a1", false),
        (" cop_a1\n", "cop_a1", true),
        ("\"cop_a1\"", "cop_a1", true),
        ("'cop_a1'\r\n", "cop_a1", true),
        ("\u{feff}cop_a1", "cop_a1", true),
        ("\" cop_a1 \"", "cop_a1", true),
        ("'cop_a1\"", "'cop_a1\"", false),
        ("\"'cop_a1'\"", "'cop_a1'", true),
    ];
    for (raw, expected, trimmed) in table {
        let parsed = Token::parse(raw.as_bytes()).unwrap();
        assert_eq!((parsed.token.expose(), parsed.trimmed), (expected, trimmed), "{raw:?}");
    }
}

#[test]
fn what_cannot_be_a_token_is_refused() {
    let long = vec![b'x'; 8 * 1024 + 1];
    let table: [(&[u8], Malformed); 8] = [
        (b"'cop_a1", Malformed::LoneQuote),
        (b" cop_a1\"\n", Malformed::LoneQuote),
        (b"", Malformed::Empty),
        (b" \"\" ", Malformed::Empty),
        (b"cop_a\nb", Malformed::ControlCharacter),
        (b"cop_a\0", Malformed::ControlCharacter),
        (b"cop_\xff", Malformed::NotText),
        (&long, Malformed::TooLong),
    ];
    for (raw, expected) in table {
        assert_eq!(Token::parse(raw).unwrap_err(), expected);
    }
}

#[test]
fn what_surrounds_a_token_is_named() {
    let table = [
        ("cop_Zx81QmTz55aB:", Malformed::Colon),
        ("Bearer cop_Zx81QmTz55aB", Malformed::Scheme),
        ("bearer  cop_Zx81QmTz55aB", Malformed::Scheme),
        ("Basic cop_Zx81QmTz55aB:", Malformed::Scheme),
        ("“cop_Zx81QmTz55aB”", Malformed::TypographicQuotes),
        ("‘cop_Zx81QmTz55aB’", Malformed::TypographicQuotes),
        ("„cop_Zx81QmTz55aB“", Malformed::TypographicQuotes),
        ("cop_Zx81…", Malformed::Shortened),
        ("…55aB", Malformed::Shortened),
        ("cop_Zx81...55aB", Malformed::Shortened),
        ("cop_********55aB", Malformed::Shortened),
        ("cop_••••••••", Malformed::Shortened),
    ];
    for (raw, expected) in table {
        assert_eq!(Token::parse(raw.as_bytes()).unwrap_err(), expected, "{raw:?}");
        assert_eq!(is_token_like(raw.as_bytes()), raw.contains("cop_"), "{raw:?}");
    }
    // Any other value is taken, where a variable is meant for the token.
    for raw in ["secret:", "Bearer of news", "a*b", "x.y", "it's"] {
        assert!(Token::parse(raw.as_bytes()).is_ok(), "{raw:?}");
    }
}

#[test]
fn a_value_is_a_token_by_its_prefix_its_length_and_its_characters() {
    let tokens = [
        "cop_d23dasd312",
        "COP_D23DASD312",
        " 'cop_abcdefgh'",
        "\"cop_d23dasd312\"\n",
        "\u{feff}cop_d23dasd312",
        "cop_ab-cd_ef-12",
        "cop_50%25off1234",
        "cop_d23dasd312\ncop_other1234",
    ];
    for raw in tokens {
        assert!(is_token_like(raw.as_bytes()), "{raw:?}");
    }
    let others = [
        "",
        "cop_",
        "cop",
        "xcop_d23dasd312",
        "cop_ d23dasd312",
        "cop_short1",
        "cop_d23dasd312 and more",
        "copper",
        "/opt/scop_tools:/usr/bin",
        "/opt/cop_tools2024/bin:/usr/bin",
        "cop_tools2024/bin:/opt/x",
    ];
    for raw in others {
        assert!(!is_token_like(raw.as_bytes()), "{raw:?}");
    }
}

#[test]
fn in_a_text_a_token_begins_a_word_and_is_no_word_itself() {
    let ends = |text: &str| (0..text.len()).find_map(|at| token_at(text.as_bytes(), at));
    let tokens = [
        "cop_d23dasd312",
        "token=cop_d23dasd312;",
        "https://cop_d23dasd312:@co.example.org/",
        "curl -ucop_d23dasd312:",
        "curl\0-ucop_d23dasd312:",
        "curl \\\n\t-ucop_d23dasd312:",
        "\u{1b}[01;31m\u{1b}[Kcop_d23dasd312\u{1b}[m",
        "\\u001b[32mcop_d23dasd312",
        "{\\u0022token\\u0022:\\u0022cop_d23dasd312\\u0022}",
        "\\x27cop_d23dasd312\\x27",
        "\\ncop_abcdef123456",
        "?t%3Dcop_abcdef123456",
        "/tmp/cop_aB3dE6gH9jK2",
        "cop_abcdefghijklmnopqrstuvwx",
    ];
    for text in tokens {
        assert!(ends(text).is_some(), "{text:?}");
    }
    let others = [
        "/opt/scop_tools:/usr/bin",
        "/data/cop_subject01/cop_velocity_mean.csv",
        "/data/cop_2024_results:/data/cop_results2024",
        "cop_displacement, cop_trajectory2024, cop_2024trajectory",
        "microscop_d23dasd312",
        "macro_cop_d23dasd312",
        "cop_short1",
    ];
    for text in others {
        assert_eq!(ends(text), None, "{text:?}");
    }
}

#[test]
fn debug_shows_a_fingerprint_at_most() {
    let token = token(TOKEN);
    assert_eq!(format!("{token:?}"), format!("Token({})", token.fingerprint()));
    assert_eq!(token.fingerprint().len(), "sha256:1f3a9c02".len());
    let error = Error::new(Reason::Internal, "words").caused_by(std::io::Error::other(TOKEN));
    assert!(!format!("{error:?} {error}").contains(TOKEN));
}

#[test]
fn what_is_typed_is_masked() {
    for text in [TOKEN.to_owned(), format!("a '{TOKEN}' b"), format!("-u{TOKEN}:,{TOKEN}"), TOKEN.to_uppercase()] {
        let masked = mask(&text);
        assert!(!masked.contains(&TOKEN[6..]) && !masked.contains(&TOKEN.to_uppercase()[6..]), "{masked}");
    }
    for text in ["nothing here, cop_ alone neither", "/opt/scop_tools/bin", "/data/cop_subject01/é.csv"] {
        assert_eq!(mask(text), text);
    }
    assert_eq!(mask(&format!("/é/{TOKEN}-x+y/b")), "/é/cop_…/b");
}

#[test]
fn deployments_are_normalised() {
    let table = [
        ("codeocean.example.org", "https://codeocean.example.org"),
        (" https://Codeocean.Example.org/ ", "https://codeocean.example.org"),
        ("https://co.example.org/api/v1", "https://co.example.org"),
        ("https://co.example.org/api/v1/", "https://co.example.org"),
        ("HTTPS://co.example.org", "https://co.example.org"),
        (" \"https://co.example.org/\"\n", "https://co.example.org"),
        ("https://co.example.org:443/", "https://co.example.org"),
        ("co.example.org:8443", "https://co.example.org:8443"),
        ("localhost:3000", "https://localhost:3000"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:80", "http://[::1]"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        // A look-alike (Cyrillic) is another host, and shows as one; full-width letters are the same host.
        ("https://с\u{43e}deocean.com", "https://xn--deocean-s4g7e.com"),
        ("https://ｃodeocean.com", "https://codeocean.com"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ];
    for (text, expected) in table {
        let parsed = Deployment::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        if text.contains('\u{43e}') {
            assert!(parsed.origin().starts_with("https://xn--"), "{}", parsed.origin());
        } else {
            assert_eq!(parsed.origin(), expected, "{text}");
        }
    }
}

#[test]
fn deployments_that_would_not_be_safe_are_refused() {
    use Unusable::{NotAHost, NotEncrypted, Path, Scheme, Token, UserInfo};
    let table = [
        ("", NotAHost),
        ("http://co.example.org", NotEncrypted),
        ("http://localhost.example.org", NotEncrypted),
        ("http://10.0.0.1", NotEncrypted),
        ("https://user@co.example.org", UserInfo),
        ("https://user:pw@co.example.org", UserInfo),
        ("https://@co.example.org", UserInfo),
        ("https://co.example.org@evil.example", UserInfo),
        ("ftp://co.example.org", Scheme),
        ("file:///etc/passwd", Scheme),
        ("https://", NotAHost),
        ("https://co example.org", NotAHost),
        ("https://co\texample.org", NotAHost),
        ("https://co.example.org\nevil", NotAHost),
        ("https:\\\\co.example.org", NotAHost),
        ("https://co_example.org", NotAHost),
        ("https://-co.example.org", NotAHost),
        ("https://co..example.org", NotAHost),
        ("https://co.example.org:99999", NotAHost),
        ("https://[::1", NotAHost),
        ("https://co.example.org/some/path", Path),
        ("https://co.example.org/api/v2", Path),
        ("https://co.example.org?x=y", Path),
        ("https://co.example.org/#x", Path),
        ("cop_abcdef12", Token),
        (" \"cop_abcdef12\"", Token),
    ];
    for (text, expected) in table {
        assert_eq!(Deployment::parse(text).err(), Some(expected), "{text:?}");
    }
}

#[test]
fn every_common_way_of_writing_a_token_down_is_a_trace() {
    let raw = "cop_a+b/c\"d'e&fü9";
    let traces = Encodings::of(&token(raw));
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
        assert_eq!(traces.found_in(text.as_bytes()), Some(kind), "{text}");
    }
    let wrapped = STANDARD.encode(format!("a line of text and then some: {raw}:"));
    let wrapped: Vec<&str> = [&wrapped[..48], &wrapped[48..]].into();
    assert_eq!(traces.found_in(wrapped.join("\r\n").as_bytes()), Some(Encoding::Base64));
    assert_eq!(traces.found_in(b"cop_a%2bb%2fc%22d%27e%26f%c3%bc9"), Some(Encoding::Url));
    assert_eq!(traces.found_in(b"nothing of the sort: cop_a+b/c"), None);
    assert!(!format!("{traces:?}").contains("cop_"));
}

/// A supervisor waits for whatever ends; a program that another thread runs is that one's to wait for.
#[cfg(unix)]
#[test]
fn the_end_of_a_program_is_left_to_whoever_runs_it() {
    use co_cred::process;
    let (started, running) = std::sync::mpsc::channel();
    let run = std::thread::spawn(move || {
        started.send(()).unwrap();
        process::output(std::process::Command::new("sleep").arg("0.5"), std::time::Duration::from_secs(10), 10)
    });
    running.recv().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    let mut taken = false;
    process::if_none_running(|| taken = true);
    assert!(!taken, "its end could have been taken");
    assert!(run.join().unwrap().unwrap().status.success());
}
