//! Sets the version that `tenure --version` prints, with the commit in release builds, and lists the connectors.
//!
//! Other profiles leave the commit out, because the crate would be compiled again after each commit. `TENURE_SOURCES`
//! identifies the source code, so that a program ignores what another one cached.
//!
//! The list of connectors has an entry for each folder of `src/connector` with a `definition.rs`, so that a connector is
//! its folder and the line that declares its module.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=TENURE_COMMIT");
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let version = match if is_release { commit() } else { None } {
        Some(commit) => format!("{version} (commit {commit})"),
        None => version,
    };
    println!("cargo::rustc-env=TENURE_VERSION={version}");
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let mut hasher = DefaultHasher::new();
    for path in sources(Path::new("src")).into_iter().chain([PathBuf::from("Cargo.lock")]) {
        path.hash(&mut hasher);
        fs::read(&path).unwrap_or_default().hash(&mut hasher);
    }
    println!("cargo::rustc-env=TENURE_SOURCES={:016x}", hasher.finish());
    let list = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("connectors.rs");
    if let Err(error) = fs::write(&list, connectors(Path::new("src/connector"))) {
        println!("cargo::error={} cannot be written: {error}", list.display());
    }
}

/// Returns the definitions of the connectors below a folder, as a Rust expression: `some_db` has `SomeDbDefinition`.
fn connectors(folder: &Path) -> String {
    let definitions = sources(folder).into_iter().filter(|path| path.ends_with("definition.rs"));
    let names = definitions.filter_map(|path| {
        let inner = path.parent()?.strip_prefix(folder).ok()?;
        Some(inner.to_str()?.to_owned()).filter(|name| !name.is_empty())
    });
    let entries = names.map(|name| format!("    &super::{name}::{}Definition,\n", camel_case(&name)));
    format!("&[\n{}]\n", entries.collect::<String>())
}

fn camel_case(name: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('_').filter(|part| !part.is_empty()).map(word).collect()
}

/// Returns the files below a folder, sorted.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns the commit that the environment names, for builds from an archive, or else that of the repository.
fn commit() -> Option<String> {
    if let Some(commit) = env::var("TENURE_COMMIT").ok().filter(|commit| !commit.is_empty()) {
        return Some(commit);
    }
    let head = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo::rerun-if-changed={head}");
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
