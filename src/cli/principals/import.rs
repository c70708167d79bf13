//! `tenure principals import`: imports principals from a table, or proposes entries for the accounts of a system.

use super::{update_files::FileUpdate, work_tree::WorkTreeData};
use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{Diagnostic, counted},
    inventory::import::{ColumnMapping, CorrelationSuggestion, ImportRow, ImportTable, TableLayout, read, unclaimed},
    model::{
        PrincipalId, SystemId,
        file::{PrincipalKind, PrincipalRecord},
    },
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
    path::{Path, PathBuf},
};

/// Import principals from tables, or propose entries for the accounts of a system
///
/// Columns are the keys of an entry: id, kind, status, accounts (separated by `;`), owner or manager, deputy, team,
/// workload, purpose, end_date, environment, role, role_changed_on, vendor, sponsor, and `attributes.` with the name of
/// an attribute. A mapping file describes other columns: imports/NAME.toml, with the schema import-mapping. Several
/// tables are one import. An empty cell leaves the value unchanged, or removes it if the import is authoritative for the
/// column. Importing the same tables twice changes nothing. Existing principals are updated in their file; new ones are
/// added to the file of `--into`, and to NAME-2.toml and so on when it is full.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure principals import hr.csv --map Employee=id --map Boss=manager --map Salary= --dry-run\n  tenure principals import north.csv south.csv --mapping imports/hr.toml --authoritative\n  tenure principals import - --table jsonl < people.jsonl\n  tenure principals import --from-system web-1          # suggests owners of the accounts, with reasons\n  tenure principals import --from-system web-1 --write  # writes entries without an owner, to be completed"
)]
pub(super) struct PrincipalsImportArgs {
    /// The tables, together one import; `-` means stdin
    #[arg(value_name = "FILE", required_unless_present = "from_system", conflicts_with = "from_system")]
    table_files: Vec<PathBuf>,
    /// The format of the tables
    #[arg(long = "table", value_enum, default_value_t = TableName::Auto)]
    table: TableName,
    /// A file that maps columns to keys, such as imports/hr.toml
    #[arg(long, value_name = "FILE", conflicts_with = "from_system")]
    mapping: Option<PathBuf>,
    /// Map a column to a key; without a key, the column is ignored; repeatable
    #[arg(long = "map", value_name = "COLUMN=KEY")]
    columns: Vec<String>,
    /// The file for new principals [default: principals/people.toml, or that of the system]
    #[arg(long, value_name = "FILE")]
    into: Option<String>,
    /// The tables are complete: principals in the files of `--into` that they do not list have left, listed ones that
    /// had left are active again, and an empty cell removes the value
    #[arg(long, conflicts_with = "from_system")]
    authoritative: bool,
    /// Show what would change, without writing
    #[arg(long)]
    dry_run: bool,
    /// Propose entries for the accounts of this system that are assigned to no principal
    #[arg(long, value_name = "SYSTEM")]
    from_system: Option<SystemId>,
    /// Write the proposed entries, without an owner
    #[arg(long, requires = "from_system")]
    write: bool,
}

/// The format of a table.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum TableName {
    /// Detect the format by the first character
    Auto,
    /// Values delimited by commas, semicolons, tabs or `|` (RFC 4180)
    Csv,
    /// An array of JSON objects
    Json,
    /// One JSON object on each line
    Jsonl,
}

pub(super) fn run(args: &PrincipalsImportArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let work_tree = WorkTreeData::open(context)?;
    match &args.from_system {
        Some(system) => proposed(args, system, &work_tree, context),
        None => imported(args, &work_tree, context),
    }
}

fn imported(
    args: &PrincipalsImportArgs,
    work_tree: &WorkTreeData,
    context: &mut CommandContext,
) -> Result<ExitStatus, CliError> {
    let mut mapping = match &args.mapping {
        Some(file) => {
            let name = file.display().to_string();
            ColumnMapping::parse(&name, text_of(file, &name, context)?.as_bytes())?
        }
        None => ColumnMapping::default(),
    };
    for (column, key) in columns(&args.columns)? {
        mapping.map(&column, &key);
    }
    let mut tables = Vec::new();
    for file in &args.table_files {
        let name = if file == Path::new("-") { "stdin".to_owned() } else { file.display().to_string() };
        let text = text_of(file, &name, context)?;
        let layout = match args.table {
            TableName::Auto => TableLayout::of_text(&text),
            TableName::Csv => TableLayout::Csv,
            TableName::Json => TableLayout::JsonArray,
            TableName::Jsonl => TableLayout::JsonLines,
        };
        tables.push(ImportTable { name, text, layout });
    }
    let rows = read(&tables, &mapping.authoritative(args.authoritative))?;
    let path = args.into.clone().unwrap_or_else(|| "principals/people.toml".to_owned());
    FileUpdate::plan_updates(work_tree, &path, &rows, args.authoritative, context)?.write(
        work_tree,
        args.dry_run,
        context,
    )
}

fn proposed(
    args: &PrincipalsImportArgs,
    system: &SystemId,
    work_tree: &WorkTreeData,
    context: &mut CommandContext,
) -> Result<ExitStatus, CliError> {
    let Some(loaded) = work_tree.inventories.get(system) else {
        let problem = Diagnostic::error("inventory-missing", format!("there is no inventory of `{system}`"));
        return Err(problem.help(format!("tenure collect {system}")).into());
    };
    let guesses = unclaimed(loaded, &work_tree.inventories(), &work_tree.people);
    if args.write {
        let path = args.into.clone().unwrap_or_else(|| format!("principals/{system}.toml"));
        let rows = entries(&guesses, system, work_tree);
        return FileUpdate::plan_updates(work_tree, &path, &rows, false, context)?.write(
            work_tree,
            args.dry_run,
            context,
        );
    }
    if context.format == OutputFormat::Json {
        context.json(&json!({"proposals": guesses, "system": system}))?;
        return Ok(ExitStatus::Done);
    }
    for guess in &guesses {
        let name = crate::diag::escape(&guess.name).into_owned();
        let why = crate::diag::escape(&guess.reasons.join("; ")).into_owned();
        match &guess.whose {
            Some(whose) => writeln!(context.out, "{} ({name}): perhaps {whose}: {why}", guess.subject)?,
            None if why.is_empty() => writeln!(context.out, "{} ({name}): no matching principal", guess.subject)?,
            None => writeln!(context.out, "{} ({name}): not clear: {why}", guess.subject)?,
        }
    }
    let many = guesses.len();
    writeln!(context.out, "{} of {system} without a principal", counted(many, "account"))?;
    if many > 0 {
        writeln!(context.out, "next: add each account to the entry of its principal; `--write` creates new entries")?;
    }
    Ok(ExitStatus::Done)
}

/// Returns an entry for each account without a matching principal. The owner is left empty, to be completed manually.
fn entries(guesses: &[CorrelationSuggestion], system: &SystemId, work_tree: &WorkTreeData) -> Vec<ImportRow> {
    let mut taken: BTreeSet<String> = work_tree.people.entries().map(|entry| entry.id.to_string()).collect();
    let unmatched = guesses.iter().filter(|guess| guess.whose.is_none());
    unmatched
        .filter_map(|guess| {
            let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '_' { c } else { '-' };
            let plain: String = guess.name.to_ascii_lowercase().chars().map(allowed).collect();
            let plain = plain.trim_matches(['-', '.', '_']).to_owned();
            let name =
                [plain.clone(), format!("{system}-{plain}")].into_iter().find(|name| taken.insert(name.clone()))?;
            let entry = PrincipalRecord {
                accounts: vec![guess.subject.clone()],
                ..PrincipalRecord::new(PrincipalId::parse(&name).ok()?, PrincipalKind::Service)
            };
            Some(ImportRow {
                line: 0,
                entry,
                given: ["id", "kind", "accounts"].map(str::to_owned).into(),
                cleared: BTreeSet::new(),
            })
        })
        .collect()
}

fn columns(pairs: &[String]) -> Result<BTreeMap<String, String>, CliError> {
    let pair = |text: &String| {
        let (column, key) = text.split_once('=').ok_or_else(|| {
            let problem = Diagnostic::error("column-mapping-invalid", format!("`{text}` has no key"));
            CliError::new(ExitStatus::Usage, problem.help("--map COLUMN=KEY, such as --map Employee=id"))
        })?;
        Ok((column.to_owned(), key.to_owned()))
    };
    pairs.iter().map(pair).collect()
}

fn text_of(file: &Path, name: &str, context: &CommandContext) -> Result<String, CliError> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(MAX_TABLE + 1).read_to_end(&mut bytes)
    } else {
        fs::File::open(context.directory.join(file)).and_then(|file| file.take(MAX_TABLE + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| {
        Diagnostic::error("file-unreadable", format!("`{name}` cannot be read: {error}"))
            .help("name a table, or `-` for stdin")
    })?;
    if bytes.len() as u64 > MAX_TABLE {
        let message = format!("`{name}` has more than {} MiB", MAX_TABLE / 1024 / 1024);
        return Err(Diagnostic::error("table-malformed", message)
            .in_file(name)
            .help("import it in several files")
            .into());
    }
    String::from_utf8(bytes).map_err(|_| {
        let problem = Diagnostic::error("not-utf8", format!("`{name}` is not UTF-8")).in_file(name);
        problem.help("save it as UTF-8, or: iconv -f LATIN1 -t UTF-8").into()
    })
}

/// Size of 100,000 rows of about one kilobyte.
const MAX_TABLE: u64 = 100 * 1024 * 1024;
