//! A search of any content does not panic and reads all of it, and a token in it is found.
#![no_main]

use std::sync::LazyLock;

use co_cred::scan::{Progress, scan_stream};
use co_cred::token::Token;
use co_cred::patterns::{Encodings, Matcher};
use libfuzzer_sys::fuzz_target;

const TOKEN: &[u8] = b"cop_Fz81QmTz55aB";

static SCANNER: LazyLock<Matcher> = LazyLock::new(|| {
    let token = Token::parse(TOKEN).unwrap().token;
    Matcher::of(&[Encodings::of(&token)])
});

fuzz_target!(|file: &[u8]| {
    let holds = file.windows(TOKEN.len()).any(|window| window == TOKEN);
    let report = scan_stream(&SCANNER, &mut &*file, &Progress::default());
    assert!(!holds || report.tokens.count > 0, "a token was missed");
    assert_eq!(report.bytes, file.len() as u64, "not all of it was read");
});
