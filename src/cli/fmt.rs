//! `tenure fmt [--check] FILES…`: rewrites governed files in their canonical form.

use super::{CliError, CommandContext, ExitStatus};
use crate::{
    diag::{Diagnostic, Diagnostics},
    format::{
        codec,
        fmt::{CommentHandling, format},
    },
    store::{FileWriteError, write_file},
};
use serde_json::json;
use std::{
    fs,
    io::{self, Read, Write},
    path::{Component, Path, PathBuf},
};

/// Write governed files in their canonical format
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Governed files are accepted only in this format. Stdout lists the files that changed. A signed file is not changed, because its signatures cover its bytes.\n\nExamples:\n  tenure fmt campaigns/2026-q4/reviews/db/ana.ruiz.toml\n  tenure fmt --check .\n  tenure fmt - < draft.toml\n\nExit codes: 0 done · 1 a file cannot be formatted · 3 with --check, a file is not in the format"
)]
pub(super) struct FmtArgs {
    /// Change nothing, and end with exit 3 if a file is not in the canonical format
    #[arg(long)]
    check: bool,
    /// Remove comments, which a governed file cannot have
    #[arg(long, conflicts_with = "check")]
    drop_comments: bool,
    /// The files; for a folder, the governed files below it; `-` formats stdin to stdout
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &FmtArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let comments = if args.drop_comments { CommentHandling::Drop } else { CommentHandling::Refuse };
    if args.files == [Path::new("-")] {
        return pipe(args.check, comments, context);
    }
    let mut problems = Diagnostics::new();
    let (mut changed, mut same) = (Vec::new(), 0_usize);
    for name in listed(&args.files, &context.directory, &mut problems) {
        let path = context.directory.join(&name);
        let name = name.display().to_string();
        let result = if args.check { check(&path, &name) } else { write(&context.directory, &name, comments) };
        match result {
            Ok(done) => {
                problems.extend(done.warnings);
                if done.changed { changed.push(name) } else { same += 1 }
            }
            Err(found) => problems.extend(found),
        }
    }
    let failed = problems.has_errors();
    context.problems(&problems)?;
    match context.format {
        super::OutputFormat::Json if problems.is_empty() => {
            context.json(&json!({"changed": changed, "unchanged": same}))?
        }
        super::OutputFormat::Json => {}
        _ => changed.iter().try_for_each(|name| writeln!(context.out, "{name}"))?,
    }
    Ok(match (failed, args.check) {
        (false, _) => ExitStatus::Done,
        (true, true) => ExitStatus::Findings,
        (true, false) => ExitStatus::CouldNot,
    })
}

/// The result for one file.
struct FmtResult {
    changed: bool,
    warnings: Diagnostics,
}

fn check(path: &Path, name: &str) -> Result<FmtResult, Diagnostics> {
    check_bytes(name, &read(path, name)?)?;
    Ok(FmtResult { changed: false, warnings: Diagnostics::new() })
}

fn check_bytes(name: &str, bytes: &[u8]) -> Result<(), Diagnostics> {
    let text = crate::format::limits::check(name, bytes).map_err(|problem| Diagnostics::from(*problem))?;
    codec::check(codec::kind(name, text)?, name, bytes)
}

fn write(directory: &Path, name: &str, comments: CommentHandling) -> Result<FmtResult, Diagnostics> {
    let path = &directory.join(name);
    if path.is_symlink() {
        let problem =
            Diagnostic::error("file-link", format!("`{name}` is a symbolic link, and no file is written through it"));
        return Err(problem.in_file(name).help("format the file that it leads to").into());
    }
    let bytes = read(path, name)?;
    let formatted = format(name, &bytes, comments)?;
    let changed = formatted.text.as_bytes() != bytes;
    if changed {
        let signatures = signatures(path).map_err(|error| unreadable(name, &error))?;
        if !signatures.is_empty() {
            return Err(signed(name, &signatures).into());
        }
        let refuse = |error: &FileWriteError| {
            let problem = Diagnostic::error("file-unwritable", format!("`{name}` cannot be written: {error}"));
            Diagnostics::from(problem.in_file(name).help("make the file and its folder writable"))
        };
        let (root, below) = place(directory, name).map_err(|error| unreadable(name, &error))?;
        write_file(&root, &below, &formatted.text).map_err(|error| refuse(&error))?;
    }
    Ok(FmtResult { changed, warnings: formatted.warnings })
}

/// Returns a folder and the path below it: the current directory, unless the path leads out of it.
fn place(directory: &Path, name: &str) -> io::Result<(PathBuf, String)> {
    let parts = Path::new(name).components().filter(|part| *part != Component::CurDir);
    if parts.clone().all(|part| matches!(part, Component::Normal(_))) {
        let below: PathBuf = parts.collect();
        return Ok((directory.to_path_buf(), below.to_string_lossy().into_owned()));
    }
    let path = directory.join(name);
    let folder = path.parent().unwrap_or(Path::new("/")).canonicalize()?;
    Ok((folder, path.file_name().unwrap_or_default().to_string_lossy().into_owned()))
}

fn pipe(check: bool, comments: CommentHandling, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    if check {
        check_bytes("stdin", &bytes).map_err(|problems| CliError { problems, exit: ExitStatus::Findings })?;
        return Ok(ExitStatus::Done);
    }
    let formatted = format("stdin", &bytes, comments)?;
    let warnings = formatted.warnings.render(context.err_style);
    context.err.write_all(warnings.as_bytes())?;
    context.out.write_all(formatted.text.as_bytes())?;
    Ok(ExitStatus::Done)
}

/// Returns the files to format, relative to the directory and without duplicates.
fn listed(files: &[PathBuf], directory: &Path, problems: &mut Diagnostics) -> Vec<PathBuf> {
    let mut listed = Vec::new();
    for name in files {
        if directory.join(name).is_dir() {
            if let Err(error) = governed_below(directory, name, &mut listed) {
                problems.extend(unreadable(&name.display().to_string(), &error));
            }
        } else {
            listed.push(name.clone());
        }
    }
    listed.sort();
    listed.dedup();
    listed
}

/// Collects the files below a folder that have the schema line of a governed file; symbolic links are not followed.
fn governed_below(directory: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory.join(folder))? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let path = if folder == Path::new(".") { PathBuf::from(&name) } else { folder.join(&name) };
        let hidden = name.to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden {
            governed_below(directory, &path, found)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "toml") {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).into_owned();
            if text.lines().any(|line| line.starts_with("schema") && line.contains("tenure/")) {
                found.push(path);
            }
        }
    }
    Ok(())
}

/// Returns the signature files of a file: `FILE.<signer>.sig`.
fn signatures(path: &Path) -> io::Result<Vec<String>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = format!("{}.", path.file_name().unwrap_or_default().to_string_lossy());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(&prefix) && name.ends_with(".sig") {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path, name: &str) -> Result<Vec<u8>, Diagnostics> {
    // A file above the size limit of governed files is not read completely.
    let limit = crate::format::limits::MAX_FILE as u64 + 1;
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| unreadable(name, &error))
}

fn unreadable(name: &str, error: &io::Error) -> Diagnostics {
    let problem = Diagnostic::error("file-unreadable", format!("`{name}` cannot be read: {error}"));
    problem.in_file(name).help("paths are relative to the current directory, or to that of `-C`").into()
}

fn signed(name: &str, signatures: &[String]) -> Diagnostic {
    Diagnostic::error("file-signed", format!("`{name}` is signed, so its bytes cannot change"))
        .in_file(name)
        .with_note(format!("signatures beside it: {}", signatures.join(", ")))
        .help("remove the signatures, format the file, and have it signed again: `tenure sign FILE`")
}
