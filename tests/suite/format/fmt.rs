//! `tenure fmt` and `tenure schema` as run by people and hooks.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};
use tenure::{format::schema, model::file::FileKind};

/// The result of a command: exit code, stdout, stderr.
type Said = (i32, String, String);

fn tenure(folder: &Path, arguments: &[&str], stdin: &[u8]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    command.arg("-C").arg(folder).args(arguments).env_clear();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn review() -> &'static str {
    schema::example(FileKind::Review)
}

/// Returns a folder with the review as edited by its author.
fn desk(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ana.ruiz.toml"), text).unwrap();
    folder
}

#[test]
fn a_draft_is_written_in_canonical_form_and_named() {
    let folder = desk(&review().replace(" = ", "=").replace('\n', "\r\n"));
    let file = folder.path().join("ana.ruiz.toml");
    assert_eq!(tenure(folder.path(), &["fmt", "--check", "."], b"").0, 3);
    assert_eq!(tenure(folder.path(), &["fmt", "."], b""), (0, "ana.ruiz.toml\n".into(), String::new()));
    assert_eq!(fs::read_to_string(&file).unwrap(), review());
    assert_eq!(tenure(folder.path(), &["fmt", "ana.ruiz.toml"], b""), (0, String::new(), String::new()));
    assert_eq!(tenure(folder.path(), &["fmt", "--check", "ana.ruiz.toml"], b""), (0, String::new(), String::new()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn comments_are_never_lost_silently() {
    let text = format!("# ask mo\n{}", review());
    let folder = desk(&text);
    let file = folder.path().join("ana.ruiz.toml");
    let (code, _, told) = tenure(folder.path(), &["fmt", "ana.ruiz.toml"], b"");
    assert_eq!((code, fs::read_to_string(&file).unwrap()), (1, text));
    assert!(
        told.contains("error[comment-not-allowed]") && told.contains("# ask mo") && told.contains("--drop-comments"),
        "{told}"
    );
    let (code, _, told) = tenure(folder.path(), &["fmt", "--drop-comments", "ana.ruiz.toml"], b"");
    assert_eq!((code, fs::read_to_string(&file).unwrap().as_str()), (0, review()));
    assert!(told.contains("warning[comment-dropped]"), "{told}");
}

#[test]
fn a_signed_file_keeps_its_bytes() {
    let text = review().replace(" = ", "=");
    let folder = desk(&text);
    fs::write(folder.path().join("ana.ruiz.toml.ana.ruiz.sig"), "").unwrap();
    let (code, _, told) = tenure(folder.path(), &["fmt", "ana.ruiz.toml"], b"");
    assert_eq!((code, fs::read_to_string(folder.path().join("ana.ruiz.toml")).unwrap()), (1, text));
    assert!(told.contains("error[file-signed]") && told.contains("ana.ruiz.toml.ana.ruiz.sig"), "{told}");
}

#[test]
fn one_bad_file_does_not_keep_the_others_from_being_written() {
    let folder = desk(&review().replace(" = ", "="));
    fs::write(folder.path().join("bad.toml"), review().replace("decision", "decison")).unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[package] # not ours\n").unwrap();
    let (code, changed, told) = tenure(folder.path(), &["fmt", ".", "missing.toml"], b"");
    assert_eq!((code, changed.as_str()), (1, "ana.ruiz.toml\n"));
    assert!(
        told.contains("error[unknown-key]") && told.contains("error[file-unreadable]") && !told.contains("Cargo"),
        "{told}"
    );
    let (code, json, _) = tenure(folder.path(), &["fmt", "--format", "json", "--check", "bad.toml"], b"");
    let problems: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &problems[0]["code"], &problems[0]["line"]), (3, &"unknown-key".into(), &17.into()));
}

#[test]
fn stdin_is_written_to_stdout() {
    let folder = tempfile::tempdir().unwrap();
    let draft = review().replace(" = ", "=");
    assert_eq!(tenure(folder.path(), &["fmt", "-"], draft.as_bytes()), (0, review().into(), String::new()));
    assert_eq!(tenure(folder.path(), &["fmt", "--check", "-"], draft.as_bytes()).0, 3);
    assert_eq!(tenure(folder.path(), &["fmt", "-"], b"\xff").0, 1);
}

#[test]
fn schemas_can_be_listed_printed_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let (code, list, _) = tenure(folder.path(), &["schema"], b"");
    assert_eq!((code, list.lines().count()), (0, FileKind::ALL.len()));
    assert!(list.contains("campaigns/*/reviews/*/*.toml"), "{list}");
    for kind in FileKind::ALL {
        let printed = tenure(folder.path(), &["schema", kind.name()], b"");
        assert_eq!(printed, (0, schema::schema(kind).into(), String::new()));
    }
    assert_eq!(tenure(folder.path(), &["schema", "--write", "schemas"], b"").0, 0);
    let (_, config, _) = tenure(folder.path(), &["schema", "--editor", "tombi"], b"");
    for kind in FileKind::ALL {
        let path = format!("schemas/{}", schema::file_name(kind));
        assert_eq!(fs::read_to_string(folder.path().join(&path)).unwrap(), schema::schema(kind));
        assert!(config.contains(&path));
    }
    assert_eq!(tenure(folder.path(), &["schema", "revue"], b"").0, 2);
}
