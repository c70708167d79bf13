//! Checks that the page of each connector documents all settings, with an example that the connector accepts.

use super::{blocks, files, read};
use std::{collections::BTreeSet, path::Path};
use tenure::{
    connector::{
        ConnectorKind, ConnectorSchema,
        registry::{self, REGISTRY},
    },
    format::codec,
    model::file::System,
};

#[test]
fn system_files_on_the_pages_are_accepted() {
    let mut seen = Vec::new();
    for page in files("docs").into_iter().filter(|path| path.ends_with(".md")) {
        for block in blocks::blocks(&read(&page)) {
            let Some(mut system) = example(&page, &block) else { continue };
            seen.push(system.connector.clone());
            schema(&page, &system);
            if let Some(toml::Value::Table(readback)) = system.settings.remove("readback") {
                system.settings.extend(readback);
                schema(&page, &system);
            }
        }
    }
    let known: BTreeSet<&str> = seen.iter().map(String::as_str).collect();
    assert_eq!(known, registry::names().collect());
}

#[test]
fn every_setting_is_documented_and_in_the_example() {
    REGISTRY.iter().for_each(|connector| settings(*connector));
}

#[test]
fn every_right_of_aws_iam_is_documented() {
    let page = read("docs/connectors/aws-iam.md");
    let system = example_of("aws-iam", &page);
    for right in schema("docs/connectors/aws-iam.md", &system).describe().needs {
        assert!(page.contains(right), "{right}");
    }
}

/// Compares the table of settings with the keys that the connector reads.
fn settings(kind: &dyn ConnectorKind) {
    let connector = kind.name();
    let page = read(&format!("docs/connectors/{connector}.md"));
    assert!(page.contains(&format!("```toml\n{}```\n", kind.example())), "{connector}: the example of the connector");
    let schema = kind.settings_schema();
    let keys: BTreeSet<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let (_, section) = page.split_once("\n## Settings\n").expect("a section of settings");
    let section = section.split("\n## ").next().unwrap();
    let documented = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(documented.collect::<BTreeSet<_>>(), keys, "{connector}: settings in the table");
    let system = example_of(connector, &page);
    let shown: BTreeSet<&str> = system.settings.keys().map(String::as_str).filter(|key| *key != "readback").collect();
    let missing: Vec<_> = keys.difference(&shown).filter(|key| !key.ends_with("endpoint")).collect();
    assert!(missing.is_empty(), "{connector}: settings that the example does not show: {missing:?}");
}

fn example_of(connector: &str, page: &str) -> System {
    let examples = blocks::blocks(page);
    let mut examples = examples.iter().filter_map(|block| example(connector, block));
    examples.next().expect("an example")
}

/// Returns the system file in a block, which must be in its canonical form.
fn example(page: &str, block: &blocks::Block) -> Option<System> {
    let text = if block.language == "toml" {
        block.text.clone()
    } else {
        // A here-document of a shell.
        let (_, rest) = block.text.split_once("cat > systems/")?;
        rest.split_once("<<'END'\n")?.1.split_once("END\n")?.0.to_owned()
    };
    text.starts_with("schema = \"tenure/system/v1\"").then(|| {
        codec::parse(page, text.as_bytes())
            .unwrap_or_else(|problems| panic!("{page}:{}: {}", block.line, problems.to_json()))
    })
}

/// Opens the connector as `plan` and `check` do, without a connection.
fn schema(page: &str, system: &System) -> Box<dyn ConnectorSchema + Send + Sync> {
    match registry::vocabulary(system, Path::new("/")) {
        Ok(schema) => schema,
        Err(error) => panic!("{page}: {error}"),
    }
}
