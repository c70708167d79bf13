//! Generates `docs/files.md`, and the keys of files on `docs/configuration.md`, from the table of kinds and the schemas.

use super::{publish, read};
use serde_json::Value;
use tenure::{
    format::schema,
    model::{file::FileKind, record::RecordPayload},
};

/// Kinds whose keys are described on the page of the configuration.
const CONFIGURED: [FileKind; 6] = [
    FileKind::Governance,
    FileKind::System,
    FileKind::Principals,
    FileKind::CampaignDefinition,
    FileKind::Mandate,
    FileKind::Profile,
];

#[test]
fn page_of_files_is_that_of_the_table() {
    let mut page = HEAD.to_owned();
    page.push_str("\n| kind | path | written by | signed by |\n|---|---|---|---|\n");
    for kind in FileKind::ALL {
        let (author, signers) = (kind.author(), kind.signers().unwrap_or("–"));
        page.push_str(&format!("| [`{0}`](#{0}) | {1} | {author} | {signers} |\n", kind.name(), paths(kind)));
    }
    page.push_str(OTHER);
    for kind in FileKind::ALL {
        page.push_str(&format!("\n## {}\n\n{}\n\n", kind.name(), description(kind)));
        page.push_str(&format!("- path: {}\n- schema: `{}`\n", paths(kind), kind.schema()));
        page.push_str(&format!("- written by: {}\n", kind.author()));
        match (kind.signers(), kind.namespace()) {
            (Some(signers), Some(namespace)) => {
                page.push_str(&format!("- signed by: {signers}\n- namespace of signatures: `{namespace}`\n"));
            }
            _ => page.push_str("- signed by: –\n"),
        }
        match kind {
            FileKind::ImportMapping => page.push_str("- keys: [Importing people](importing.md#mapping-files)\n"),
            kind if CONFIGURED.contains(&kind) => {
                page.push_str(&format!("- keys: [Configuration](configuration.md#{})\n", kind.name()));
            }
            _ => page.push_str(&format!("\n{}", table(kind))),
        }
    }
    page.push_str("\n## Records\n\nA record is one line of the evidence branch. Its `kind` is one of these:\n\n");
    page.push_str("| kind | meaning |\n|---|---|\n");
    for (kind, meaning) in RecordPayload::KINDS {
        page.push_str(&format!("| `{kind}` | {} |\n", meaning.trim()));
    }
    publish("docs/files.md", &page);
}

#[test]
fn configuration_describes_every_key() {
    describe_keys("docs/configuration.md", &CONFIGURED);
}

#[test]
fn page_of_imports_describes_every_key() {
    describe_keys("docs/importing.md", &[FileKind::ImportMapping]);
}

/// Writes the tables of keys on a page.
fn describe_keys(path: &str, kinds: &[FileKind]) {
    let mut page = read(path);
    for kind in kinds {
        let start = format!("<!-- generated: keys of {} -->\n", kind.name());
        let (above, rest) = page.split_once(&start).unwrap_or_else(|| panic!("no line `{}`", start.trim()));
        let (_, below) = rest.split_once("<!-- end -->").expect("an end of the generated part");
        page = format!("{above}{start}\n{}\n<!-- end -->{below}", table(*kind));
    }
    publish(path, &page);
}

fn paths(kind: FileKind) -> String {
    kind.paths().iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
}

/// Returns the description of a kind without the path at its beginning.
fn description(kind: FileKind) -> String {
    let text = parsed(kind)["description"].as_str().unwrap_or_default().replace('\n', " ");
    match text.split_once("`: ") {
        Some((path, rest)) if path.starts_with('`') => {
            rest.chars().take(1).flat_map(char::to_uppercase).chain(rest.chars().skip(1)).collect()
        }
        _ => text,
    }
}

fn parsed(kind: FileKind) -> Value {
    serde_json::from_str(schema::schema(kind)).unwrap()
}

/// Returns the table of all keys of a kind.
fn table(kind: FileKind) -> String {
    let root = parsed(kind);
    let mut rows = String::from("| key | value | meaning |\n|---|---|---|\n");
    keys(&root, &root, "", &mut rows);
    rows
}

/// Appends the keys of a table, each followed by the keys below it.
fn keys(root: &Value, schema: &Value, prefix: &str, rows: &mut String) {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let target = resolved(root, property);
        let meaning = property["description"].as_str().or(target["description"].as_str()).unwrap_or_default();
        let optional = if required.contains(&name.as_str()) { "" } else { ", optional" };
        let meaning = meaning.replace('\n', " ").replace('|', "\\|");
        let key = format!("{prefix}{name}");
        let listed = resolved(root, &target["items"]);
        rows.push_str(&format!("| `{key}` | {}{optional} | {meaning} |\n", value(root, target)));
        if !prefix.contains(&format!("{name}.")) {
            keys(root, target, &format!("{key}."), rows);
            keys(root, listed, &format!("{key}[]."), rows);
        }
    }
}

/// Returns the words for the value of a key.
fn value(root: &Value, schema: &Value) -> String {
    let schema = resolved(root, schema);
    let words: Vec<String> = ["enum", "oneOf", "anyOf"]
        .iter()
        .flat_map(|key| schema[*key].as_array().into_iter().flatten())
        .filter_map(|one| one.as_str().or(one["const"].as_str()))
        .map(|word| format!("`{word}`"))
        .collect();
    if !words.is_empty() {
        return words.join(", ");
    }
    if let Some(word) = schema["const"].as_str() {
        return format!("`{word}`");
    }
    match schema["type"].as_str() {
        Some("array") => match resolved(root, &schema["items"])["type"].as_str() {
            Some("object") => "list of tables".to_owned(),
            _ => format!("list of {}", plural(&value(root, &schema["items"]))),
        },
        Some("object") => "table".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some(word) => word.to_owned(),
        None => "any".to_owned(),
    }
}

fn plural(words: &str) -> String {
    match words {
        "string" | "integer" | "table" => format!("{words}s"),
        words => words.to_owned(),
    }
}

/// Returns the schema that a reference leads to.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let reference = schema["$ref"].as_str().and_then(|text| text.strip_prefix('#'));
    reference.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

const HEAD: &str = "\
# Files

This page lists the kinds of files in a governed repository, with their paths, authors, signers and keys. `tenure schema KIND` prints the
JSON Schema of a kind, and `tenure schema KIND --example` a complete file. A signature of `FILE` is in `FILE.<signer>.sig`.
";

const OTHER: &str = "
These files have no kind:

| path | content |
|---|---|
| `trust/allowed_signers` | the keys of the registry in the format of OpenSSH; written by `tenure sign` |
| `inventory/<system>/grants/<kind>.jsonl` | one grant in a line, sorted by key; written by `tenure collect` |
| `inventory/<system>/usage.jsonl` | the last use of grants; written by `tenure collect` |
| `.github/CODEOWNERS`, `.github/workflows/` | generated by `tenure forge codeowners` and `tenure forge workflows` |
";
