//! `tenure init [DIR]`: creates a governed repository and prints its root pin.

use super::{CliError, CommandContext, ExitStatus, OutputFormat};
use crate::{
    diag::Diagnostic,
    forge::{ForgeError, ForgeInputs, GovernedFiles},
    format::ssh_keys::{KeyError, PrivateKey, PublicKey, Signer as _},
    git::{CommitDraft, CommitIdentity, ObjectId, Repository, TreeEdit},
    model::{Digest, Handle, PrincipalId, RepoId, file::Engine},
    store::write_file,
    trust::{Bootstrap, Founder, sign},
};
use serde_json::json;
use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// Create a governed repository and print its root pin
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Private keys of founders are not needed: each founder signs the three files in trust/ afterwards. The keys of the engine are generated, and written outside the repository.\n\nExamples:\n  tenure init acme-access --founder ana.ruiz=ana.pub --founder li.chen=li.pub --founder mo.khan=mo.pub\n  tenure init --solo ana.ruiz try-out"
)]
pub(super) struct InitArgs {
    /// The folder, new or with a Git repository [default: the current directory]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// A founder and the file of their OpenSSH public key; repeatable
    #[arg(long = "founder", value_name = "NAME=FILE.pub", value_parser = founder_argument, required_unless_present = "solo", conflicts_with = "solo")]
    founders: Vec<(PrincipalId, PathBuf)>,
    /// For trials: a single founder, whose key is generated here and whose signature is sufficient
    #[arg(long, value_name = "NAME")]
    solo: Option<PrincipalId>,
    /// The number of founders who must sign
    #[arg(long, value_name = "N", default_value_t = 2, conflicts_with = "solo")]
    threshold: u32,
    /// The folder for new private keys [default: FOLDER.keys]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// The name of the evidence log [default: tenure/ and the last part of the repository id]
    #[arg(long, value_name = "NAME")]
    log_origin: Option<String>,
    /// A GitHub user or team to ask, in addition to the founders, for reviews of files that belong to no system, such
    /// as @acme/access; repeatable
    #[arg(long = "code-owner", value_name = "HANDLE")]
    code_owners: Vec<Handle>,
    /// The GitHub login of a founder; repeatable
    #[arg(long = "handle", value_name = "NAME=@LOGIN", value_parser = handle_argument)]
    handles: Vec<(PrincipalId, Handle)>,
    /// The URL from which jobs download this release of the engine; they verify it by the digest of this binary
    #[arg(long, value_name = "URL", default_value = RELEASE)]
    release: String,
}

pub(super) fn run(args: &InitArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let directory = args.folder.as_ref().map_or_else(|| context.directory.clone(), |d| context.directory.join(d));
    fs::create_dir_all(&directory)?;
    let repository = match Repository::open(&directory) {
        Ok(repository) => repository,
        Err(crate::git::GitError::NotARepository { .. }) => Repository::create(&directory)?,
        Err(error) => return Err(error.into()),
    };
    let main = repository.reference("refs/heads/main")?;
    refuse_governed(&repository, &directory, main)?;
    let keys = args.keys.as_ref().map_or_else(|| beside(&directory), |keys| Ok(context.directory.join(keys)))?;
    let mut made = GeneratedKeys { folder: keys, files: Vec::new() };
    let (founders, threshold, own) = match &args.solo {
        Some(name) => {
            let key = made.key(name.as_str())?;
            let founder =
                Founder { id: name.clone(), key: key.public_key(), handle: args.handle(name), subjects: Vec::new() };
            (vec![founder], 1, Some((name, key)))
        }
        None => (founders(args, context)?, args.threshold, None),
    };
    let repo = RepoId::random();
    let short = repo.as_str().rsplit('-').next().unwrap_or_default();
    let founding = Bootstrap {
        log_origin: args.log_origin.clone().unwrap_or_else(|| format!("tenure/{short}")),
        repo,
        founders,
        threshold,
        commit_key: made.key("engine-commit")?.public_key(),
        log_key: made.key("engine-log")?.public_key(),
        readback_key: Some(made.key("engine-readback")?.public_key()),
        code_owners: args.code_owners.clone(),
        engine: Some(engine(args)?),
    };
    let (mut files, pin) = founding.files().map_err(|refusal| {
        CliError::from(Diagnostic::error(refusal.code(), refusal.to_string()).help(refusal.help()))
    })?;
    if let Some((name, key)) = &own {
        for (path, text) in
            files.clone().iter().filter(|(path, _)| path.starts_with("trust/") && path.ends_with(".toml"))
        {
            let signed = sign(path, text.as_bytes(), name, key)
                .map_err(|error| CliError::from(Diagnostic::error("not-signed", error.to_string())))?;
            files.push((signed.path, signed.text));
        }
    }
    let forge = ForgeInputs::read(&PlannedFiles(&files))?;
    files.push(forge.owners());
    files.extend(forge.workflows()?);
    let commit = write_files(&repository, &directory, main, &files, context)?;
    answer(context, &directory, &founding, pin, commit, &made, own.is_some())?;
    Ok(ExitStatus::Done)
}

impl InitArgs {
    fn handle(&self, founder: &PrincipalId) -> Option<Handle> {
        self.handles.iter().find(|(name, _)| name == founder).map(|(_, handle)| handle.clone())
    }
}

/// The files to be written.
struct PlannedFiles<'a>(&'a [(String, String)]);

impl GovernedFiles for PlannedFiles<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ForgeError> {
        Ok(self.0.iter().find(|(name, _)| name == path).map(|(_, text)| text.clone().into_bytes()))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ForgeError> {
        let inside = |path: &&String| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        Ok(self.0.iter().map(|(path, _)| path).filter(inside).cloned().collect())
    }
}

/// Returns the engine of the workflows: this binary, until governance.toml names another release.
fn engine(args: &InitArgs) -> Result<Engine, CliError> {
    let program = std::env::current_exe().and_then(fs::read)?;
    Ok(Engine {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        url: args.release.clone(),
        digest: Digest::of(program),
        runner: None,
        arm64: None,
    })
}

/// The generated keys, outside the repository.
struct GeneratedKeys {
    folder: PathBuf,
    files: Vec<PathBuf>,
}

impl GeneratedKeys {
    /// Generates a key and writes its private and public file; an existing private key file is never overwritten.
    fn key(&mut self, name: &str) -> Result<PrivateKey, CliError> {
        let key = PrivateKey::generate().map_err(|error| key_failed(&self.folder, &error))?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let path = self.folder.join(name);
        let text = key.to_openssh(name).map_err(|error| key_failed(&path, &error))?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(|error| {
            CliError::from(
                Diagnostic::error("key-not-written", format!("{} cannot be written: {error}", path.display()))
                    .help("give another folder: --keys DIR"),
            )
        })?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::write(self.folder.join(format!("{name}.pub")), format!("{} {name}\n", key.public_key()))?;
        self.files.push(path);
        Ok(key)
    }
}

fn founder_argument(text: &str) -> Result<(PrincipalId, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("expected NAME=FILE.pub")?;
    Ok((PrincipalId::parse(name).map_err(|error| error.to_string())?, PathBuf::from(path)))
}

fn handle_argument(text: &str) -> Result<(PrincipalId, Handle), String> {
    let (name, handle) = text.split_once('=').ok_or("expected NAME=@LOGIN")?;
    let handle = Handle::parse(handle).map_err(|error| error.to_string())?;
    Ok((PrincipalId::parse(name).map_err(|error| error.to_string())?, handle))
}

fn founders(args: &InitArgs, context: &CommandContext) -> Result<Vec<Founder>, CliError> {
    let mut founders = Vec::new();
    for (name, path) in &args.founders {
        let path = context.directory.join(path);
        let text = fs::read_to_string(&path).map_err(|error| {
            let problem = Diagnostic::error("key-unreadable", format!("{} cannot be read: {error}", path.display()));
            CliError::from(problem.help("ssh-keygen -t ed25519 makes a key and its .pub file"))
        })?;
        let (key, _) = PublicKey::parse_line(&text).map_err(|error| key_failed(&path, &error))?;
        founders.push(Founder { id: name.clone(), key, handle: args.handle(name), subjects: Vec::new() });
    }
    Ok(founders)
}

fn key_failed(path: &Path, error: &KeyError) -> CliError {
    Diagnostic::error("key-unreadable", format!("{}: {error}", path.display())).help("ssh-keygen -t ed25519").into()
}

/// Returns the default folder for new keys, beside the repository.
fn beside(directory: &Path) -> Result<PathBuf, CliError> {
    let real = directory.canonicalize()?;
    let name = real.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(real.with_file_name(format!("{name}.keys")))
}

fn refuse_governed(repository: &Repository, directory: &Path, main: Option<ObjectId>) -> Result<(), CliError> {
    let there = match main {
        Some(main) => repository.file(main, "governance.toml")?.is_some(),
        None => false,
    };
    if there || directory.join("governance.toml").exists() || directory.join("trust").exists() {
        let message = format!("{} is already a governed repository", directory.display());
        return Err(Diagnostic::error("already-governed", message).help("tenure check").into());
    }
    Ok(())
}

/// Writes the files to the work tree and as one commit on main.
fn write_files(
    repository: &Repository,
    directory: &Path,
    main: Option<ObjectId>,
    files: &[(String, String)],
    context: &CommandContext,
) -> Result<ObjectId, CliError> {
    let mut edits = Vec::new();
    for (path, text) in files {
        let target = directory.join(path);
        // Existing files in .github/ are not overwritten.
        if path.starts_with(".github/") && target.exists() {
            continue;
        }
        write_file(directory, path, text)?;
        edits.push(TreeEdit::Put { path: path.clone(), blob: repository.write_blob(text.as_bytes())? });
    }
    let base = main.map(|main| repository.tree_of(main)).transpose()?;
    let tree = repository.write_tree(base, &edits)?;
    let setting = |name, otherwise: &str| repository.setting(name).unwrap_or_else(|| otherwise.to_owned());
    let author =
        CommitIdentity { name: setting("user.name", "tenure"), address: setting("user.email", "tenure@localhost") };
    let parents: Vec<ObjectId> = main.into_iter().collect();
    let seconds = context.clock.now().unix();
    let draft = CommitDraft { tree, parents: &parents, author: &author, seconds, message: MESSAGE };
    let commit = repository.write_commit(&draft)?;
    repository.move_reference("refs/heads/main", commit, main, "create a governed repository")?;
    let staged =
        edits.iter().filter_map(|edit| if let TreeEdit::Put { path, .. } = edit { Some(path.as_str()) } else { None });
    repository.stage(staged)?;
    Ok(commit)
}

fn answer(
    context: &mut CommandContext,
    directory: &Path,
    founding: &Bootstrap,
    pin: Digest,
    commit: ObjectId,
    made: &GeneratedKeys,
    signed: bool,
) -> Result<(), CliError> {
    if context.format == OutputFormat::Json {
        let keys: Vec<_> = made.files.iter().map(|path| path.display().to_string()).collect();
        return context.json(&json!({"repo": founding.repo, "root": pin, "commit": commit.to_string(), "keys": keys}));
    }
    let out = &mut context.out;
    writeln!(out, "{} is a governed repository: {}", directory.display(), founding.repo)?;
    writeln!(out, "\nroot pin: {pin}\n")?;
    writeln!(out, "Store the pin outside this repository, and set it for all commands: export TENURE_ROOT={pin}")?;
    writeln!(out, "\nNew private keys; store those of the engine as secrets of its jobs:")?;
    made.files.iter().try_for_each(|path| writeln!(out, "  {}", path.display()))?;
    if !signed {
        let names: Vec<_> = founding.founders.iter().map(|founder| founder.id.as_str()).collect();
        writeln!(
            out,
            "\nThe trust files take effect when {} of {} have signed, each with their own key:",
            founding.threshold,
            names.join(", ")
        )?;
        writeln!(
            out,
            "  tenure sign trust/root/1.toml trust/registry/1.toml trust/mandate/1.toml && git add trust && git commit"
        )?;
    }
    writeln!(out, "\nNext: describe a system with `tenure system add`, merge it signed, then `tenure collect`")?;
    Ok(())
}

/// The default URL of the release for GitHub runners.
const RELEASE: &str = concat!(
    "https://github.com/tenure-access/tenure/releases/download/v",
    env!("CARGO_PKG_VERSION"),
    "/tenure-x86_64-linux"
);
const MESSAGE: &str =
    "Found the governed repository\n\nThe root of trust, the registry and the mandate in their first versions.\n";
