//! Tokens: parsing, recognition in text, masking.

use co_cred::error::{Error, Reason};
use co_cred::token::{Malformed, Token, is_token_like, mask, token_at};

use crate::support::sandbox::TOKEN;

fn token(raw: &str) -> Token {
    Token::parse(raw.as_bytes()).unwrap().token
}

#[test]
fn parse_removes_surrounding_characters() {
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
fn parse_rejects_what_cannot_be_a_token() {
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
fn parse_names_what_surrounds_a_token() {
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
    // Any other value is accepted from a variable that is meant for the token.
    for raw in ["secret:", "Bearer of x", "a*b", "x.y", "it's"] {
        assert!(Token::parse(raw.as_bytes()).is_ok(), "{raw:?}");
    }
}

#[test]
fn a_whole_value_is_token_like_by_prefix_length_and_characters() {
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
fn in_a_text_a_token_starts_a_word_and_looks_random() {
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
fn mask_hides_tokens_in_user_input() {
    for text in [TOKEN.to_owned(), format!("a '{TOKEN}' b"), format!("-u{TOKEN}:,{TOKEN}"), TOKEN.to_uppercase()] {
        let masked = mask(&text);
        assert!(!masked.contains(&TOKEN[6..]) && !masked.contains(&TOKEN.to_uppercase()[6..]), "{masked}");
    }
    for text in ["nothing here, cop_ alone neither", "/opt/scop_tools/bin", "/data/cop_subject01/é.csv"] {
        assert_eq!(mask(text), text);
    }
    assert_eq!(mask(&format!("/é/{TOKEN}-x+y/b")), "/é/cop_…/b");
}
