//! `tenure schema [KIND]`: prints the JSON Schema of a file kind.

use super::{CliError, CommandContext, ExitStatus, OutputFormat};
use crate::{
    diag::Diagnostic,
    format::schema::{self, file_name, places},
    model::file::FileKind,
};
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};
use std::{fs, io::Write, path::PathBuf};

/// Print the JSON Schema of a kind of file, or list the kinds
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Governed files have no comments, so an editor must be configured with the schema of each file: see --editor.\n\nExamples:\n  tenure schema\n  tenure schema review\n  tenure schema review --example\n  tenure schema --write schemas\n  tenure schema --editor tombi > tombi.toml"
)]
pub(super) struct SchemaArgs {
    /// The kind of file
    #[arg(value_parser = PossibleValuesParser::new(FileKind::ALL.map(FileKind::name)))]
    kind: Option<String>,
    /// Print a complete example file instead
    #[arg(long, requires = "kind")]
    example: bool,
    /// Print the configuration that makes an editor use the schemas in `schemas/`
    #[arg(long, value_enum, conflicts_with_all = ["kind", "write"])]
    editor: Option<TomlEditor>,
    /// Write the schemas of all kinds into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "kind")]
    write: Option<PathBuf>,
}

/// A TOML extension of an editor.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum TomlEditor {
    /// Even Better TOML, as `.taplo.toml`
    Taplo,
    /// Tombi, as `tombi.toml`
    Tombi,
}

pub(super) fn run(args: &SchemaArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let kind = args.kind.as_deref().and_then(|name| FileKind::ALL.into_iter().find(|kind| kind.name() == name));
    match (kind, args.editor, &args.write) {
        (Some(kind), _, _) if args.example => context.out.write_all(schema::example(kind).as_bytes())?,
        (Some(kind), _, _) => context.out.write_all(schema::schema(kind).as_bytes())?,
        (None, Some(TomlEditor::Taplo), _) => context.out.write_all(schema::taplo("schemas").as_bytes())?,
        (None, Some(TomlEditor::Tombi), _) => context.out.write_all(schema::tombi("schemas").as_bytes())?,
        (None, None, Some(folder)) => write(folder, context)?,
        (None, None, None) => list(context)?,
    }
    Ok(ExitStatus::Done)
}

fn write(folder: &PathBuf, context: &mut CommandContext) -> Result<(), CliError> {
    let path = context.directory.join(folder);
    let written = fs::create_dir_all(&path).and_then(|()| {
        FileKind::ALL.into_iter().try_for_each(|kind| fs::write(path.join(file_name(kind)), schema::schema(kind)))
    });
    written.map_err(|error| {
        Diagnostic::error("file-unwritable", format!("cannot write below `{}`: {error}", folder.display()))
            .help("name a folder that can be written: `tenure schema --write DIR`")
    })?;
    for kind in FileKind::ALL {
        writeln!(context.out, "{}", folder.join(file_name(kind)).display())?;
    }
    Ok(())
}

fn list(context: &mut CommandContext) -> Result<(), CliError> {
    if context.format == OutputFormat::Json {
        let kinds = FileKind::ALL.map(
            |kind| json!({"kind": kind.name(), "schema": kind.schema(), "places": places(kind), "about": about(kind)}),
        );
        return context.json(&kinds);
    }
    let width = FileKind::ALL.iter().map(|kind| kind.name().len()).max().unwrap_or_default();
    let place = FileKind::ALL.iter().map(|kind| places(*kind).join(", ").len()).max().unwrap_or_default();
    FileKind::ALL.into_iter().try_for_each(|kind| {
        writeln!(context.out, "{:width$}  {:place$}  {}", kind.name(), places(kind).join(", "), about(kind))
    })?;
    Ok(())
}

/// Returns the first sentence of the description in a schema, without the path of the file.
fn about(kind: FileKind) -> String {
    let parsed: Value = serde_json::from_str(schema::schema(kind)).unwrap_or_default();
    let text = parsed["description"].as_str().unwrap_or_default().replace('\n', " ");
    let text = match text.split_once("`: ") {
        Some((place, rest)) if place.starts_with('`') => rest.to_owned(),
        _ => text,
    };
    text.split_inclusive(". ").next().unwrap_or_default().trim_end().trim_end_matches('.').to_owned()
}
