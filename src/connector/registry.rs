//! The registry of connectors, and their use by system files: checks, environment variables, and connections.

use super::{
    Collector, ConnectorEnvironment, ConnectorError, ConnectorKind, ConnectorSchema, OpenError, Provisioner,
    identified_target::IdentifiedTarget, unavailable::UnavailableConnector,
};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    format::{codec, file_table::FileTable, nearest},
    model::file::System,
};
use std::{collections::BTreeSet, path::Path};

/// All connectors, sorted by name. The build script writes the list from the folders of connectors.
pub const REGISTRY: &[&dyn ConnectorKind] = include!(concat!(env!("OUT_DIR"), "/connectors.rs"));

/// Returns the connector with this name.
pub fn find(name: &str) -> Option<&'static dyn ConnectorKind> {
    REGISTRY.iter().copied().find(|kind| kind.name() == name)
}

/// Returns the names of all connectors, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|kind| kind.name())
}

/// Checks the connector and the settings of the system file `name` with this canonical text, without a connection.
pub fn check(name: &str, system: &System, text: &str) -> Diagnostics {
    let Some(kind) = find(&system.connector) else {
        return unknown_connector(name, system, text).into();
    };
    let Some(mut settings) = FileTable::find(name, text, "settings") else { return Diagnostics::new() };
    let Some(readback) = settings.take(READBACK) else {
        return kind.check(&settings).err().unwrap_or_default();
    };
    let mut problems = kind.check(&settings).err().unwrap_or_default();
    match settings.overridden(&readback) {
        // The same problem in both is reported once, in the settings of the system.
        Some(both) if problems.is_empty() => problems.extend(kind.check(&both).err().unwrap_or_default()),
        Some(_) => {}
        None => {
            let span = codec::place(text, &["settings".into(), READBACK.into()]);
            problems.push(
                Diagnostic::error("wrong-type", format!("`{READBACK}` must be a table"))
                    .at(settings.source(), span, "wrong type")
                    .help("write a table of settings that replace those of the system"),
            );
        }
    }
    problems
}

fn unknown_connector(name: &str, system: &System, text: &str) -> Diagnostic {
    let listed = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let written = &system.connector;
    let problem = Diagnostic::error("unknown-value", format!("unknown connector `{written}`"))
        .at(&SourceFile::new(name, text), codec::place(text, &["connector".into()]), "unknown value")
        .with_note(format!("allowed here: {listed}"));
    match nearest(written, names()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help("`tenure schema system` describes the file"),
    }
}

/// Returns the environment variables that the settings of a system name; for a read-back job, the settings of
/// `readback` override those above them.
pub fn variables(system: &System, readback: bool) -> BTreeSet<String> {
    let settings = settings_for(system, readback);
    let keys = find(&system.connector).map_or(&[][..], |kind| kind.variables());
    keys.iter().filter_map(|key| settings.get(*key)?.as_str()).map(str::to_owned).collect()
}

/// Returns the planning interface of a system. It has no connection and reads no secret.
///
/// # Errors
/// When the connector is unknown, or its settings are invalid.
pub fn vocabulary(system: &System, base: &Path) -> Result<Box<dyn ConnectorSchema + Send + Sync>, OpenError> {
    let schema =
        find(&system.connector).and_then(|kind| kind.schema(&system.system, &settings_for(system, false), base));
    schema.ok_or_else(|| refused(system))
}

/// Opens a system for reading.
///
/// # Errors
/// As [`vocabulary`], or when the system cannot be reached.
pub fn collector(system: &System, around: &ConnectorEnvironment<'_>) -> Result<Box<dyn Collector + Send>, OpenError> {
    Ok(provisioner(system, around)?)
}

/// Opens a system for reading with the credential of `[settings.readback]`, which differs from the one for writing. The
/// second value is whether there is one. Where every process has the same access to a system, the separate job makes
/// the difference.
///
/// # Errors
/// As [`collector`].
pub fn readback(
    system: &System,
    around: &ConnectorEnvironment<'_>,
) -> Result<(Box<dyn Collector + Send>, bool), OpenError> {
    let connection = open(system, true, around)?;
    let own = system.settings.contains_key(READBACK);
    let without = find(&system.connector).is_some_and(|kind| kind.is_without_credential());
    Ok((connection, own || without))
}

/// Opens a system for reading as [`readback`] does. If it cannot be reached, returns a connection that fails at every
/// call, so that other systems are still read.
///
/// # Errors
/// When the connector is unknown, or its settings are invalid.
pub fn readback_or_closed(
    system: &System,
    around: &ConnectorEnvironment<'_>,
) -> Result<(Box<dyn Collector + Send>, bool), OpenError> {
    match readback(system, around) {
        Ok(opened) => Ok(opened),
        Err(error) => Ok((closed(system, error, around)?, system.settings.contains_key(READBACK))),
    }
}

/// Opens a system for writing.
///
/// # Errors
/// As [`collector`].
pub fn provisioner(
    system: &System,
    around: &ConnectorEnvironment<'_>,
) -> Result<Box<dyn Provisioner + Send>, OpenError> {
    open(system, false, around)
}

/// Opens a system for writing. If it cannot be reached, returns a connection that fails at every call, so that only its
/// own actions fail.
///
/// # Errors
/// When the connector is unknown, or its settings are invalid.
pub fn provisioner_or_closed(
    system: &System,
    around: &ConnectorEnvironment<'_>,
) -> Result<Box<dyn Provisioner + Send>, OpenError> {
    match provisioner(system, around) {
        Ok(opened) => Ok(opened),
        Err(error) => Ok(closed(system, error, around)?),
    }
}

fn open(
    system: &System,
    readback: bool,
    around: &ConnectorEnvironment<'_>,
) -> Result<Box<dyn Provisioner + Send>, OpenError> {
    let kind = find(&system.connector).ok_or_else(|| refused(system))?;
    if system.settings.get(READBACK).is_some_and(|own| readback && !own.is_table()) {
        return Err(refused(system));
    }
    let opened = kind.open(&system.system, &settings_for(system, readback), around);
    let connection = opened.unwrap_or_else(|| Err(refused(system)))?;
    Ok(match system.identity.as_ref().or_else(|| around.identities.get(&system.system)).cloned() {
        Some(expected) => Box::new(IdentifiedTarget { connection, system: system.system.clone(), expected }),
        None => connection,
    })
}

/// Returns a connection that fails at every call with the reason.
fn closed(
    system: &System,
    error: OpenError,
    around: &ConnectorEnvironment<'_>,
) -> Result<Box<UnavailableConnector>, OpenError> {
    let why = match error {
        OpenError::Connector(why) => why,
        OpenError::NoVariable(_) => ConnectorError::Unauthenticated(error.to_string()),
        OpenError::Settings(_) => return Err(error),
    };
    Ok(Box::new(UnavailableConnector { words: vocabulary(system, around.base)?, why }))
}

/// Returns the error about a system file that [`check`] rejects; a governed file is in canonical form.
fn refused(system: &System) -> OpenError {
    OpenError::Settings(Box::new(check(&system.path(), system, &codec::render(system))))
}

/// Returns the settings for writing, or those for reading back.
fn settings_for(system: &System, readback: bool) -> toml::Table {
    let mut settings = system.settings.clone();
    if let Some(toml::Value::Table(own)) = settings.remove(READBACK)
        && readback
    {
        settings.extend(own);
    }
    settings
}

const READBACK: &str = "readback";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::RenderStyle;

    fn problems(text: &str) -> String {
        let system: System = codec::parse("systems/x.toml", text.as_bytes())
            .unwrap_or_else(|problems| panic!("{}", problems.render(RenderStyle::plain())));
        check("systems/x.toml", &system, text).render(RenderStyle::plain())
    }

    #[test]
    fn example_of_each_connector_is_canonical_and_accepted() {
        for kind in REGISTRY {
            assert_eq!(problems(kind.example()), "", "{}", kind.name());
            let system: System = codec::parse("systems/x.toml", kind.example().as_bytes()).unwrap();
            assert_eq!(system.connector, kind.name());
            let schema = vocabulary(&system, Path::new("/")).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(schema.describe().name, kind.name());
        }
    }

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(names().is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn variables_are_the_settings_that_end_in_env() {
        for kind in REGISTRY {
            let schema = kind.settings_schema();
            let settings = schema["properties"].as_object().unwrap().keys();
            let named: Vec<&String> = settings.filter(|key| key.ends_with("_env")).collect();
            assert_eq!(named, kind.variables(), "{}", kind.name());
        }
    }

    #[test]
    fn readback_variables_replace_those_of_the_system() {
        for kind in REGISTRY {
            let system: System = codec::parse("systems/x.toml", kind.example().as_bytes()).unwrap();
            let (writing, reading) = (variables(&system, false), variables(&system, true));
            assert_eq!((writing.len(), reading.len()), (kind.variables().len(), kind.variables().len()));
            assert!(writing.is_disjoint(&reading), "{}", kind.name());
        }
    }

    #[test]
    fn unknown_connector_and_settings_are_reported_with_lines() {
        for kind in REGISTRY {
            let misspelt = format!("{}x", kind.name());
            let text = kind.example().replace(&format!("\"{}\"", kind.name()), &format!("\"{misspelt}\""));
            let found = problems(&text);
            assert!(found.contains(&format!("unknown connector `{misspelt}`")), "{found}");
            assert!(found.contains("systems/x.toml:6:13"), "{found}");
            assert!(found.contains(&format!("did you mean `{}`?", kind.name())), "{found}");
            let system: System = codec::parse("systems/x.toml", kind.example().as_bytes()).unwrap();
            for key in system.settings.keys().filter(|key| *key != READBACK) {
                let text = kind.example().replacen(&format!("\n{key} = "), &format!("\n{key}x = "), 1);
                let text = codec::render(&toml::from_str::<System>(&text).unwrap());
                let found = problems(&text);
                let line = text.lines().position(|line| line.starts_with(&format!("{key}x = "))).unwrap() + 1;
                assert!(
                    found.contains(&format!("unknown key `{key}x` in the settings of `{}`", kind.name())),
                    "{found}"
                );
                assert!(found.contains(&format!("systems/x.toml:{line}:1")), "{found}");
                assert!(key.len() < 3 || found.contains(&format!("did you mean `{key}`?")), "{found}");
            }
        }
    }

    #[test]
    fn readback_settings_are_checked() {
        for kind in REGISTRY {
            let mut table: toml::Table = toml::from_str(kind.example()).unwrap();
            let settings = table["settings"].as_table_mut().unwrap();
            settings
                .insert(READBACK.to_owned(), toml::Value::Table(toml::Table::from_iter([("odd".into(), 1.into())])));
            let system: System = table.try_into().unwrap();
            let text = codec::render(&system);
            let found = problems(&text);
            let line = text.lines().position(|line| line == "odd = 1").unwrap() + 1;
            assert!(found.contains("unknown key `odd`") && found.contains(&format!(":{line}:1")), "{found}");
        }
    }
}
