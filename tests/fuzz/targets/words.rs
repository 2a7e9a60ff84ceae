//! What people type and paste: tokens, deployments, and the mask over both.
#![no_main]

use co_cred::deployment::Deployment;
use co_cred::token::{Token, is_token_like, mask};
use co_cred::patterns::Encodings;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = is_token_like(bytes);
    if let Ok(parsed) = Token::parse(bytes) {
        let _ = Encodings::of(&parsed.token).found_in(bytes);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    assert!(!text.contains("cop_abcdef") || !mask(text).contains("cop_abcdef"));
    if let Ok(deployment) = Deployment::parse(text) {
        assert_eq!(Deployment::parse(deployment.origin()).map(|again| again == deployment), Ok(true));
    }
});
