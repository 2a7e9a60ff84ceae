//! The reader of the mounted shell file: no script makes it panic, hang, or find a name that is none.
#![no_main]

use co_cred::parse::shell::{assignments, is_name};

libfuzzer_sys::fuzz_target!(|script: &[u8]| {
    for found in assignments(script).into_iter().flatten() {
        assert!(is_name(&found.name));
        assert!(found.value.is_none_or(|value| value.len() <= script.len()));
    }
});
