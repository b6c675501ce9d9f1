//! See `targets::packed`.
#![no_main]

#[path = "../targets.rs"]
#[allow(dead_code, reason = "each target needs one of them")]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::packed(bytes));
