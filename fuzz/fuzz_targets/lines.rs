//! Fuzzes inventory lines: no panic, and a parsed line renders to the same bytes.
//!
//! `cargo +nightly fuzz run lines`
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenure::{
    format::json_lines::{LineReader, UsageLine, write},
    model::Grant,
};

fuzz_target!(|bytes: &[u8]| {
    let grants: Result<Vec<Grant>, _> = LineReader::new("x.jsonl", bytes).collect();
    if let Ok(grants) = grants {
        let mut again = Vec::new();
        write(&grants, &mut again).unwrap();
        assert_eq!(again, bytes);
    }
    for line in LineReader::<UsageLine, _>::new("x.jsonl", bytes) {
        let _ = line;
    }
});
