//! Fuzzes governed files: no panic, and one canonical text per value.
//!
//! `cargo +nightly fuzz run governed schemas/examples`
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenure::{
    diag::RenderStyle,
    format::{canonical_toml, codec, fmt},
    model::file::FileKind,
};

fuzz_target!(|bytes: &[u8]| {
    for kind in FileKind::ALL {
        if let Err(problems) = codec::check(kind, "x.toml", bytes) {
            assert!(!problems.render(RenderStyle::plain()).is_empty());
        }
    }
    if let Ok(mended) = fmt::format("x.toml", bytes, fmt::CommentHandling::Drop) {
        let kind = codec::kind("x.toml", &mended.text).unwrap();
        assert!(codec::check(kind, "x.toml", mended.text.as_bytes()).is_ok());
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(table) = canonical_toml::from_str::<toml::Table>(text)
        && canonical_toml::to_string(&table).as_deref() == Ok(text)
    {
        assert_eq!(toml::from_str::<toml::Table>(text).ok(), Some(table));
    }
});
