//! The schemas and examples in `schemas/`: current, accepted by the engine, and usable in editors.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tenure::{
    diag::RenderStyle,
    format::{codec, fmt, schema},
    model::file::FileKind,
};

#[test]
fn shipped_schemas_are_those_of_the_types() {
    let update = std::env::var_os("TENURE_UPDATE").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let mut stale = Vec::new();
    for kind in FileKind::ALL {
        let (path, wanted) = (folder.join(schema::file_name(kind)), schema::generate(kind));
        if fs::read_to_string(&path).ok().as_deref() != Some(&wanted) {
            stale.push(path.clone());
            if update {
                fs::write(&path, wanted).unwrap();
            }
        }
    }
    assert!(
        update || stale.is_empty(),
        "stale: {stale:?}\nwrite them anew: TENURE_UPDATE=1 cargo test --test suite schemas"
    );
}

#[test]
fn every_example_is_accepted_and_canonical() {
    for kind in FileKind::ALL {
        let (name, text) = (format!("{}.toml", kind.name()), schema::example(kind));
        let mended = fmt::format(&name, text.as_bytes(), fmt::CommentHandling::Refuse);
        let mended = mended.unwrap_or_else(|problems| panic!("{}", problems.render(RenderStyle::plain())));
        assert!(mended.text == text, "{name} must read:\n{}", mended.text);
        assert_eq!(codec::kind(&name, text), Ok(kind));
    }
}

#[test]
fn an_editor_accepts_every_example_and_underlines_mistakes() {
    let folder = repository();
    let lint = |file: &Path| tombi(folder.path(), &["lint", "--offline", "--error-on-warnings", "--quiet"], file);
    for kind in FileKind::ALL {
        let file = folder.path().join(place(kind));
        assert_eq!(lint(&file), Ok(()), "{kind:?}");
        let text = schema::example(kind);
        for mistake in [text.replacen("schema = \"tenure/", "schema = \"other/", 1), format!("unknown = 1\n{text}")] {
            fs::write(&file, mistake).unwrap();
            assert!(lint(&file).is_err(), "{kind:?}: the mistake is not seen");
        }
    }
}

#[test]
fn formatting_on_save_keeps_canonical_form() {
    let folder = repository();
    for kind in FileKind::ALL {
        let file = folder.path().join(place(kind));
        assert_eq!(tombi(folder.path(), &["format", "--offline", "--quiet"], &file), Ok(()));
        assert_eq!(fs::read_to_string(&file).unwrap(), schema::example(kind), "{kind:?}");
    }
}

/// Returns a governed repository with the examples, the schemas and the editor configuration.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("schemas")).unwrap();
    fs::write(folder.path().join("tombi.toml"), schema::tombi("schemas")).unwrap();
    for kind in FileKind::ALL {
        fs::write(folder.path().join("schemas").join(schema::file_name(kind)), schema::schema(kind)).unwrap();
        let file = folder.path().join(place(kind));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, schema::example(kind)).unwrap();
    }
    folder
}

fn place(kind: FileKind) -> String {
    schema::places(kind)[0].replace('*', "example")
}

fn tombi(folder: &Path, arguments: &[&str], file: &Path) -> Result<(), String> {
    let output = Command::new(tombi_path()).args(arguments).arg(file).current_dir(folder).output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// Returns the editor's tool: installed by tests/support/install.sh, or from PATH.
fn tombi_path() -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_tenure")).ancestors().nth(2).unwrap().join("systems/lint/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(target).chain(std::env::split_paths(&path));
    let found = folders.map(|folder| folder.join("tombi")).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("tombi is not installed; run: tests/support/install.sh"))
}
