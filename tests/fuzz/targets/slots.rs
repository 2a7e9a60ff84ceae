//! Both generations of slot files.
#![no_main]

use co_cred::sources::slots::{from_json, from_yaml};

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let _ = from_json(file);
    let _ = from_yaml(file);
});
