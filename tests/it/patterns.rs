//! The encodings in which a token is found.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use co_cred::patterns::{Encoding, Encodings};
use co_cred::token::Token;

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
