//! Attacks by authors of files: rows 18, 20 and 21 of the threat table.

use tenure::{
    diag::{Diagnostics, HiddenCharacter, RenderStyle},
    format::{codec, confusables, fmt, json_lines, limits, schema},
    model::{
        AccessPath, AccessRoute, Attributes, Entitlement, Grant, GrantKey, GrantKind, Principal, SystemId, Tier,
        file::{FileKind, Review},
    },
};

fn review() -> &'static str {
    schema::example(FileKind::Review)
}

fn codes(result: Result<Review, Diagnostics>) -> Vec<&'static str> {
    let problems = result.err().unwrap_or_default();
    problems.sorted().iter().map(|problem| problem.code).collect()
}

/// Returns the strings to try, each with the expected code.
fn tricks() -> Vec<(String, &'static str)> {
    let bidi = ['\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}'];
    let isolates = ['\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}'];
    let width =
        ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{ad}', '\u{34f}', '\u{180e}', '\u{3164}'];
    let others = ['\u{fe0f}', '\u{e0101}', '\u{e0041}', '\u{2028}', '\u{2029}', '\u{e000}', '\u{f0000}', '\u{fff9}'];
    let c0 = (0..0x20).chain([0x7f]).filter_map(char::from_u32);
    let c1 = (0x80..0xa0).filter_map(char::from_u32);
    let hidden = c0.chain(c1).chain(bidi).chain(isolates).chain(width).chain(others);
    let hidden = hidden.map(|character| (format!("admin{character}role"), "hidden-text"));
    let twins = [
        "\u{430}dmin",
        "adm\u{456}n",
        "r\u{3bf}ot",
        "\u{13aa}dmin",
        "\u{ff41}dmin",
        "\u{1d41a}dmin",
        "\u{440}\u{430}\u{443}",
    ];
    hidden.chain(twins.map(|twin| (twin.to_owned(), "look-alike"))).collect()
}

/// Returns the spellings of a string in TOML: with escapes, and unescaped where TOML allows that.
fn spellings(string: &str) -> Vec<String> {
    let escaped: String = string
        .chars()
        .map(|c| if c.is_ascii_graphic() { c.to_string() } else { format!("\\U{:08x}", c as u32) })
        .collect();
    let plain = string.chars().all(|c| !c.is_control() || ('\u{80}'..'\u{a0}').contains(&c));
    if plain { vec![escaped, string.to_owned()] } else { vec![escaped] }
}

#[test]
fn row_18_bombs_are_refused_before_they_are_parsed_or_by_depth() {
    let head = review().split_once("\n\n").unwrap().0;
    let brackets = |n: usize| format!("{head}\na = {}{}\n", "[".repeat(n), "]".repeat(n));
    let braces = |n: usize| format!("{head}\na = {}1{}\n", "{a=".repeat(n), "}".repeat(n));
    let dotted = |n: usize| format!("{head}\n{}a = 1\n", "a.".repeat(n));
    let headers = |n: usize| format!("{head}\n\n[{}a]\nb = 1\n", "a.".repeat(n));
    let million: String = (0..1_000_000).map(|key| format!("k{key}=1\n")).collect();
    let full: String = (0..32_000).map(|key| format!("k{key:05}\n").replace('\n', "=\n")).collect();
    let cases = [
        (million, "too-large"),
        ("a".repeat(10_000_000), "too-large"),
        (format!("{head}\na = \"{}\"\n", "x".repeat(200_000)), "long-line"),
        (full, "toml-syntax"),
        (brackets(10), "too-deep"),
        (brackets(2_000), "toml-syntax"),
        (braces(10), "too-deep"),
        (braces(1_000), "toml-syntax"),
        (dotted(10), "too-deep"),
        (dotted(2_000), "toml-syntax"),
        (headers(10), "too-deep"),
        (headers(2_000), "toml-syntax"),
        (format!("{head}\n{}", "[[a]]\n".repeat(40_000)), "unknown-key"),
        (format!("{head}\n{}", "a.b.c.d.e.f = 1\n".repeat(10_000)), "duplicate-key"),
    ];
    for (text, code) in cases {
        let found = codes(codec::parse("x.toml", text.as_bytes()));
        assert!(found.contains(&code), "{}…: {found:?}, not {code}", &text[text.len().min(250)..text.len().min(290)]);
        assert!(found.len() <= 40, "the refusal of a bomb is no bomb");
        let mended = fmt::format("x.toml", text.as_bytes(), fmt::CommentHandling::Drop);
        assert!(mended.is_err());
    }
    let line = format!("{}\n", "x".repeat(10 * json_lines::MAX_LINE));
    let found: Vec<_> =
        json_lines::LineReader::<Grant, _>::new("g", line.as_bytes()).map(|line| line.unwrap_err().code).collect();
    assert_eq!(found, ["long-line"]);
    let deep = format!("{}\n", "[".repeat(100_000));
    assert!(json_lines::LineReader::<Grant, _>::new("g", deep.as_bytes()).all(|line| line.is_err()));
    assert_eq!((limits::MAX_FILE, limits::MAX_LINE), (256 * 1024, 4 * 1024));
}

#[test]
fn row_20_text_that_deceives_is_refused_however_it_is_spelled() {
    for (string, code) in tricks() {
        for spelling in spellings(&string) {
            for field in ["svc_export", "export job retired in May", "role reporting_admin"] {
                let text = review().replacen(field, &spelling, 1);
                let problems = codec::parse::<Review>("r.toml", text.as_bytes()).unwrap_err();
                assert_eq!(problems.sorted()[0].code, code, "{string:?} as {spelling:?}");
                let line = text.lines().position(|line| line.contains(&spelling)).unwrap() + 1;
                assert_eq!(problems.sorted()[0].line(), Some(line), "{string:?}");
                // The text of the file's author must not control the terminal, or the program that reads the JSON.
                for shown in [problems.render(RenderStyle::plain()), problems.to_json()] {
                    assert!(shown.chars().all(|c| c == '\n' || HiddenCharacter::of(c).is_none()), "{shown:?}");
                }
            }
        }
    }
}

#[test]
fn row_20_names_that_deceive_are_recorded_and_shown_as_what_they_are() {
    for (string, code) in tricks() {
        let visible = confusables::escape_confusables(&string);
        assert_eq!(confusables::check(&visible), None, "{string:?}");
        assert!(visible.contains("\\u{"), "{visible}");
        for shown in [tenure::report::cell(&string), tenure::diag::escape(&string).into_owned()] {
            assert!(shown.chars().all(|c| HiddenCharacter::of(c).is_none()), "{shown:?}");
        }
        let mut line = Vec::new();
        json_lines::write(&[grant(&string)], &mut line).unwrap();
        let line = String::from_utf8(line).unwrap();
        let visible_line = line.trim_end().chars().all(|c| HiddenCharacter::of(c).is_none());
        assert!(visible_line && !line.contains("\\u0"), "{line:?}");
        assert_eq!(
            json_lines::LineReader::<Grant, _>::new("g", line.as_bytes()).filter(Result::is_ok).count(),
            1,
            "{code}"
        );
    }
}

#[test]
fn row_21_only_one_text_says_a_thing() {
    for kind in FileKind::ALL {
        let good = schema::example(kind);
        assert!(codec::check(kind, "x.toml", good.as_bytes()).is_ok());
        let (first, rest) = good.split_once('\n').unwrap();
        let variants = [
            format!("{first}\n\n{rest}"),
            format!("\n{good}"),
            format!("{good}\n"),
            format!("{good}# end\n"),
            format!("{first} \n{rest}"),
            format!(" {good}"),
            good.replacen(" = ", "=", 1),
            good.replacen(" = ", "  = ", 1),
            good.replacen("schema", "\"schema\"", 1),
            good.replacen("schema", "'schema'", 1),
            good.replacen("\"tenure", "\"\\u0074enure", 1),
            good.replacen("\"tenure/", "\"\"\"tenure/", 1).replacen("/v1\"", "/v1\"\"\"", 1),
            good.replace('\n', "\r\n"),
            format!("\u{feff}{good}"),
            good.trim_end().to_owned(),
            format!("{first}\n{good}"),
            format!("{first}\nnobody_knows_this = 1\n{rest}"),
        ];
        for variant in variants {
            assert_ne!(variant, good);
            assert!(codec::check(kind, "x.toml", variant.as_bytes()).is_err(), "{kind:?} accepts {variant:?}");
        }
    }
}

#[test]
fn row_21_no_byte_can_be_changed_without_changing_what_is_said() {
    let good: Review = codec::parse("r.toml", review().as_bytes()).unwrap();
    for index in 0..review().len() {
        for byte in [b' ', b'\n', b'\t', b'\r', b'"', b'\'', b'\\', b'#', b'=', b'a', b'A', b'0', 0, 0x80, 0xff] {
            let mut changed = review().as_bytes().to_vec();
            if std::mem::replace(&mut changed[index], byte) == byte {
                continue;
            }
            let read = codec::parse::<Review>("r.toml", &changed);
            assert!(read.as_ref() != Ok(&good), "byte {index} as {byte:#x} says the same");
        }
        let mut shorter = review().as_bytes().to_vec();
        shorter.remove(index);
        assert!(codec::parse::<Review>("r.toml", &shorter).as_ref() != Ok(&good), "byte {index} says nothing");
    }
}

fn grant(name: &str) -> Grant {
    Grant {
        system: SystemId::parse("db").unwrap(),
        kind: GrantKind::Membership,
        key: GrantKey::parse("membership:1:2").unwrap(),
        principal: Principal { id: "1".into(), name: name.into() },
        entitlement: Entitlement { id: "2".into(), name: name.into() },
        paths: vec![AccessPath { via: AccessRoute::Direct, ids: "1/2".into(), text: name.into() }],
        attributes: Attributes::from_iter([("login".to_owned(), "true".to_owned())]),
        expands_to: vec![Entitlement { id: "3".into(), name: name.into() }],
        tier: Tier::T1,
    }
}
