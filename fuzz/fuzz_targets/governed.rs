//! Governed files: no panic, one text per value, and the quick reader agrees with the general one.
//!
//! `cargo +nightly fuzz run governed schemas/examples`
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenure::{
    diag::Style,
    format::{canonical, governed, mend},
    model::file::FileKind,
};

fuzz_target!(|bytes: &[u8]| {
    for kind in FileKind::ALL {
        if let Err(problems) = governed::check(kind, "x.toml", bytes) {
            assert!(!problems.render(Style::plain()).is_empty());
        }
    }
    if let Ok(mended) = mend::mend("x.toml", bytes, mend::Comments::Drop) {
        let kind = governed::kind("x.toml", &mended.text).unwrap();
        assert!(governed::check(kind, "x.toml", mended.text.as_bytes()).is_ok());
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(table) = canonical::from_str::<toml::Table>(text)
        && canonical::to_string(&table).as_deref() == Ok(text)
    {
        assert_eq!(toml::from_str::<toml::Table>(text).ok(), Some(table));
    }
});
