//! The agent's protocol: no line makes either side panic, and what is understood is written and understood again as the same.
#![no_main]

use co_cred::ipc::{Answer, Ask};

libfuzzer_sys::fuzz_target!(|line: &[u8]| {
    if let Ok(ask) = serde_json::from_slice::<Ask>(line) {
        let written = serde_json::to_vec(&ask).unwrap();
        assert!(!written.contains(&b'\n'));
        assert_eq!(serde_json::from_slice::<Ask>(&written).unwrap(), ask);
    }
    if let Ok(answer) = serde_json::from_slice::<Answer>(line) {
        let written = serde_json::to_string(&answer).unwrap();
        assert!(!written.contains('\n'));
        let again: Answer = serde_json::from_str(&written).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), written);
    }
});
