//! No file makes the gate panic or lose its way, and a token that stands in one as it is is found, whatever surrounds it.
#![no_main]

use std::sync::LazyLock;

use co_cred::scan::{Progress, scan_stream};
use co_cred::token::Token;
use co_cred::patterns::Encodings;
use co_cred::patterns::FastScan;
use libfuzzer_sys::fuzz_target;

const TOKEN: &[u8] = b"cop_Fz81QmTz55aB";

static SCANNER: LazyLock<FastScan> = LazyLock::new(|| {
    let token = Token::parse(TOKEN).unwrap().token;
    FastScan::of(&[Encodings::of(&token)]).unwrap()
});

fuzz_target!(|file: &[u8]| {
    let holds = file.windows(TOKEN.len()).any(|window| window == TOKEN);
    let report = scan_stream(&SCANNER, &mut &*file, &Progress::default());
    assert!(!holds || report.traces.all > 0, "a token was missed");
    assert_eq!(report.bytes, file.len() as u64, "not all of it was read");
});
