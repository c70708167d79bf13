//! Invalid files of every kind, with the expected diagnostics in `tests/cases/bad/<kind>.txt`.

use std::{fmt::Write as _, fs, path::Path};
use tenure::{
    diag::RenderStyle,
    format::{codec, schema},
    model::file::FileKind,
};

/// A description, the expected code, and the bytes.
type Story = (&'static str, &'static str, Vec<u8>);

#[test]
fn every_kind_of_bad_file_is_refused_in_words_that_help() {
    let mut differing = Vec::new();
    for kind in FileKind::ALL {
        let mut told = String::new();
        let stories = if kind == FileKind::Review { review_stories() } else { Vec::new() };
        for (story, code, bytes) in common_stories(kind).into_iter().chain(stories) {
            let problems = codec::check(kind, &place(kind), &bytes).unwrap_err();
            let codes: Vec<_> = problems.sorted().iter().map(|problem| problem.code).collect();
            assert!(codes.contains(&code), "{kind:?}, {story}: {codes:?}");
            for problem in problems.sorted() {
                assert!(problem.help.is_some() && problem.file().is_some(), "{kind:?}, {story}: {problem:?}");
            }
            writeln!(told, "# {story}\n{}", problems.render(RenderStyle::plain())).unwrap();
        }
        if differs(&format!("{}.txt", kind.name()), &told) {
            differing.push(told);
        }
    }
    let update = "TENURE_UPDATE=1 cargo test --test suite files::";
    assert!(differing.is_empty(), "{}\nif this is what should be said: {update}", differing.join("\n"));
}

/// Returns whether the output differs from the expected one; updates the file on request.
fn differs(name: &str, told: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/bad").join(name);
    if std::env::var_os("TENURE_UPDATE").is_some() {
        fs::write(path, told).unwrap();
        return false;
    }
    fs::read_to_string(path).ok().as_deref() != Some(told)
}

/// Returns invalid variants of a file of any kind.
fn common_stories(kind: FileKind) -> Vec<Story> {
    let good = schema::example(kind);
    let (first, rest) = good.split_once('\n').unwrap();
    let second = rest.lines().find(|line| line.contains(" = ")).unwrap();
    let (key, _) = second.split_once(" = ").unwrap();
    let stories = [
        ("a key that does not exist", "unknown-key", good.replacen(second, &format!("unheard_of = 1\n{second}"), 1)),
        ("a key with a slip of the pen", "unknown-key", good.replacen(second, &format!("{key}s = 1\n{second}"), 1)),
        ("a key that is missing", "missing-key", good.replacen(&format!("{second}\n"), "", 1)),
        ("a value of another type", "wrong-type", good.replacen(second, &format!("{key} = 1.5"), 1)),
        ("a key that is there twice", "duplicate-key", good.replacen(first, &format!("{first}\n{first}"), 1)),
        ("a file of another kind", "schema-mismatch", other(kind).to_owned()),
        ("a comment", "not-canonical", format!("{first} # looks fine\n{rest}")),
    ];
    // A table in place of a value gives a more specific error than a missing key.
    let told = stories.into_iter().filter(|(_, code, _)| !(second.starts_with('[') && *code == "missing-key"));
    told.map(|(story, code, text)| (story, code, text.into_bytes())).collect()
}

/// Returns files with invalid bytes, text and values, based on a review.
fn review_stories() -> Vec<Story> {
    let good = schema::example(FileKind::Review);
    let edit = |from: &str, to: &str| {
        assert!(good.contains(from), "the example has no {from:?}");
        good.replacen(from, to, 1)
    };
    let system = "system = \"pg-orders\"\n";
    let reviewer = "reviewer = \"ana.ruiz\"\n";
    let many_keys: String = (0..20_000).map(|key| format!("k{key} = 1\n")).collect();
    let texts = [
        ("CRLF on one line", "carriage-return", edit(system, "system = \"pg-orders\"\r\n")),
        ("no line end at the end", "no-final-newline", good.trim_end().to_owned()),
        ("nothing at all", "no-final-newline", String::new()),
        ("a byte order mark", "byte-order-mark", format!("\u{feff}{good}")),
        ("a space at the end of a line", "not-canonical", edit(system, "system = \"pg-orders\" \n")),
        ("a comment on a line of its own", "not-canonical", edit(reviewer, "# be quick\nreviewer = \"ana.ruiz\"\n")),
        (
            "keys in another order",
            "not-canonical",
            edit(&format!("{system}{reviewer}"), &format!("{reviewer}{system}")),
        ),
        ("an empty line too many", "not-canonical", edit("\n[[item]]", "\n\n[[item]]")),
        ("another kind of quotes", "not-canonical", edit("\"ana.ruiz\"", "'ana.ruiz'")),
        ("an escape that is not needed", "not-canonical", edit("ana.ruiz", "\\u0061na.ruiz")),
        ("a string of several lines", "not-canonical", edit("\"ana.ruiz\"", "\"\"\"ana.ruiz\"\"\"")),
        ("a quoted key", "not-canonical", edit("reviewer =", "\"reviewer\" =")),
        ("an optional key without a value", "not-canonical", edit(reviewer, &format!("{reviewer}cosigners = []\n"))),
        ("an item twice the same key", "duplicate-key", edit("tier = \"T1\"\n", "tier = \"T1\"\ntier = \"T3\"\n")),
        ("a file that is too large", "too-large", good.repeat(200)),
        ("a line that is too long", "long-line", edit("export job", &"long ".repeat(1000))),
        ("twenty thousand keys", "unknown-key", format!("{}{many_keys}", &good[..good.find("\n\n").unwrap() + 1])),
        (
            "nested deeper than anyone can read",
            "too-deep",
            edit(reviewer, &format!("{reviewer}deep = {}1{}\n", "[".repeat(40), "]".repeat(40))),
        ),
        (
            "nested deeper than a stack",
            "toml-syntax",
            edit(reviewer, &format!("{reviewer}deep = {}\n", "[".repeat(2000))),
        ),
        ("a Cyrillic letter in a Latin name", "look-alike", edit("svc_export", "svc_\u{435}xport")),
        ("a name in Cyrillic that looks Latin", "look-alike", edit("\"login\"", "\"\u{440}\u{430}\u{443}\"")),
        ("text that runs the other way", "hidden-text", edit("export job", "\u{202e}export job")),
        ("an escape sequence, escaped", "hidden-text", edit("export job", "\\u001b[2Jexport job")),
        ("a C1 control", "hidden-text", edit("export job", "export\u{9b}job")),
        ("zero width", "hidden-text", edit("svc_export", "svc_\u{200b}export")),
        ("private use", "hidden-text", edit("export job", "export \u{e000} job")),
        ("a line separator", "hidden-text", edit("export job", "export\u{2028}job")),
        ("a line end in a value", "hidden-text", edit("export job", "export\\njob")),
        ("a variation selector, and a tag", "hidden-text", edit("export job", "export\u{fe0f} j\u{e0061}ob")),
        ("no schema", "schema-missing", good.split_once('\n').unwrap().1.to_owned()),
        ("a schema with a slip of the pen", "schema-unknown", edit("tenure/review/v1", "tenure/reveiw/v1")),
        ("a schema of the future", "schema-unknown", edit("tenure/review/v1", "tenure/review/v2")),
        ("a key that an item lacks", "missing-key", edit("subject = \"pg-orders:16412\"\n", "")),
        ("a verdict that does not exist", "unknown-value", edit("\"revoke\"", "\"revok\"")),
        ("a tier that does not exist", "unknown-value", edit("tier = \"T1\"", "tier = \"T9\"")),
        ("an id that is none", "invalid-value", edit("itm-7c0f2f6e9a4b41d2", "itm-7C0F2F6E9A4B41D2")),
        ("a path for an id", "invalid-value", edit("\"ana.ruiz\"", "\"../ana\"")),
        ("a time with an offset", "invalid-value", edit("2027-03-31T00:00:00Z", "2027-03-31T00:00:00+01:00")),
        ("a string that does not end", "toml-syntax", edit("\"ana.ruiz\"", "\"ana.ruiz")),
        ("a word without quotes", "toml-syntax", edit("\"ana.ruiz\"", "ana.ruiz")),
        (
            "a merge that was not finished",
            "merge-conflict",
            edit(reviewer, &format!("<<<<<<< HEAD\n{reviewer}=======\n{reviewer}>>>>>>> x\n")),
        ),
    ];
    let mut stories: Vec<Story> = texts.map(|(story, code, text)| (story, code, text.into_bytes())).into();
    stories.push((
        "bytes that are no UTF-8",
        "not-utf8",
        good.replace("ana", "an?").bytes().map(|b| if b == b'?' { 0xe4 } else { b }).collect(),
    ));
    stories
}

fn other(kind: FileKind) -> &'static str {
    schema::example(if kind == FileKind::Review { FileKind::Root } else { FileKind::Review })
}

fn place(kind: FileKind) -> String {
    schema::places(kind)[0].replace('*', "example")
}
