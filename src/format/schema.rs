//! JSON Schemas (2020-12) of the governed files, for editors.
//!
//! The schemas are generated from the types, shipped below `schemas/`, and embedded in the binary. An editor finds the
//! schema of a file through its configuration ([`tombi`], [`taplo`]); a `#:schema` line is not possible, because a
//! governed file has no comments.

use crate::model::file::{FileKind, GovernedFile, KindVisitor};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Returns the shipped JSON Schema of a kind.
pub const fn schema(kind: FileKind) -> &'static str {
    kind.json_schema()
}

/// Returns a complete, canonical example of a kind that the engine accepts.
pub const fn example(kind: FileKind) -> &'static str {
    kind.example()
}

/// Returns the globs of the files of a kind in a repository.
pub fn places(kind: FileKind) -> Vec<String> {
    kind.paths().iter().map(|path| glob(path)).collect()
}

/// Returns a path of a kind with `*` for each variable part.
fn glob(path: &str) -> String {
    let mut parts = path.split('<');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |glob, part| format!("{glob}*{}", part.split_once('>').map_or("", |(_, rest)| rest)))
}

/// Generates the JSON Schema of a kind from its type. The shipped file must equal it.
pub fn generate(kind: FileKind) -> String {
    struct SchemaGenerator;
    impl KindVisitor for SchemaGenerator {
        type Output = String;
        fn run<T: GovernedFile>(self) -> String {
            generated::<T>()
        }
    }
    kind.visit(SchemaGenerator)
}

/// Returns the file name of a kind's schema.
pub fn file_name(kind: FileKind) -> String {
    format!("{}.schema.json", kind.name())
}

/// Returns a `tombi.toml` for a governed repository whose schemas are in `directory`.
pub fn tombi(directory: &str) -> String {
    let schemas = by_place().map(|kind| {
        let include = places(kind).iter().map(|place| json!(place).to_string()).collect::<Vec<_>>().join(", ");
        format!("\n[[schemas]]\npath = {}\ninclude = [{include}]\n", json!(format!("{directory}/{}", file_name(kind))))
    });
    format!("toml-version = \"v1.0.0\"\n{}", schemas.concat())
}

/// Returns a `.taplo.toml` (Even Better TOML) for a governed repository whose schemas are in `directory`.
pub fn taplo(directory: &str) -> String {
    let rules = by_place().map(|kind| {
        let include = places(kind).iter().map(|place| json!(place).to_string()).collect::<Vec<_>>().join(", ");
        let path = json!(format!("{directory}/{}", file_name(kind)));
        format!("[[rule]]\ninclude = [{include}]\n\n[rule.schema]\npath = {path}\n")
    });
    rules.join("\n")
}

/// Returns the kinds sorted from the narrowest glob to the widest: an editor uses the first match.
fn by_place() -> [FileKind; FileKind::ALL.len()] {
    let mut kinds = FileKind::ALL;
    kinds.sort_by_key(|kind| std::cmp::Reverse(places(*kind).first().map_or(0, |place| place.len())));
    kinds
}

/// Returns the JSON Schema of one table of a governed file.
pub fn of_table<T: JsonSchema>(title: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
    without_null(&mut schema);
    schema["title"] = json!(title);
    schema
}

fn generated<T: GovernedFile>() -> String {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
    without_null(&mut schema);
    schema["title"] = json!(format!("Tenure {}", T::KIND.name().replace('-', " ")));
    schema["properties"]["schema"]["const"] = json!(T::KIND.schema());
    // Adds examples from the shipped example file, which parses and is therefore valid.
    if let Ok(example) = toml::from_str::<Value>(example(T::KIND)) {
        let mut found = Vec::new();
        collect_examples(&schema, &schema, &example, &mut String::new(), &mut found);
        for (pointer, example) in found {
            if let Some(Value::Object(property)) = schema.pointer_mut(&pointer) {
                property.entry("examples").or_insert_with(|| json!([example]));
            }
        }
    }
    format!("{schema:#}\n")
}

/// Removes constructs that TOML cannot express: `null`, and formats outside the JSON Schema vocabulary.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(without_null),
        Value::Object(members) => {
            if members.get("default") == Some(&Value::Null) {
                members.remove("default");
            }
            if members.get("format").and_then(Value::as_str).is_some_and(|format| format.contains("int")) {
                members.remove("format");
            }
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
                choices.retain(|choice| choice != &json!({"type": "null"}));
                if let [Value::Object(only)] = choices.as_slice() {
                    let only: Map<String, Value> = only.clone();
                    members.remove("anyOf");
                    members.extend(only);
                }
            }
            members.values_mut().for_each(without_null);
        }
        _ => {}
    }
}

/// Collects the example value of each property of a schema, with the JSON pointer of the property.
fn collect_examples(root: &Value, schema: &Value, example: &Value, at: &mut String, found: &mut Vec<(String, Value)>) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#')) {
        if let Some(target) = root.pointer(reference) {
            collect_examples(root, target, example, &mut reference.to_owned(), found);
        }
        return;
    }
    let mut below = |step: &str, schema: &Value, example: &Value, take: bool| {
        let length = at.len();
        at.push_str(step);
        if take && !example.is_object() && example.as_array().is_none_or(|list| list.iter().all(|v| !v.is_object())) {
            found.push((at.clone(), example.clone()));
        }
        collect_examples(root, schema, example, at, found);
        at.truncate(length);
    };
    if let (Some(Value::Object(properties)), Value::Object(values)) = (schema.get("properties"), example) {
        for (name, property) in properties {
            if let Some(value) = values.get(name) {
                below(&format!("/properties/{name}"), property, value, true);
            }
        }
    }
    if let (Some(items), Value::Array(values)) = (schema.get("items"), example) {
        for value in values {
            below("/items", items, value, false);
        }
    }
}
