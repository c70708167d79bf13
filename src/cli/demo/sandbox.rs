//! Sandbox of the demo: folders, keys, a bare remote, and the execution of commands with their output.

use super::super::{CliError, CommandContext, ExitStatus, OutputFormat};
use crate::{
    diag::{Diagnostic, RenderStyle},
    format::ssh_keys::{KeyError, PrivateKey, Signer},
    model::SystemClock,
};
use std::{
    cell::RefCell,
    fs, io,
    io::Write,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
};

/// The sandbox of the demo.
pub(super) struct DemoSandbox<'a> {
    /// The folder of the demo.
    pub(super) root: PathBuf,
    /// The root pin, after `tenure init`.
    pub(super) pin: Option<String>,
    context: &'a mut CommandContext,
    command: DemoCommand,
}

/// Runs a command line, with its output in the context, and returns the exit status after reporting problems. An argument,
/// because commands are in the layer above.
pub(in super::super) type DemoCommand = fn(&[String], &mut CommandContext) -> Result<ExitStatus, clap::Error>;

/// Returns the requested folder, created if necessary.
///
/// # Errors
/// When it cannot be created, or is not empty: the demo overwrites no files.
pub(super) fn use_folder(base: &Path, folder: &Path) -> Result<PathBuf, CliError> {
    let root = base.join(folder);
    let failed = |error: io::Error| {
        let problem = Diagnostic::error("folder-unusable", format!("{} cannot be used: {error}", folder.display()));
        CliError::from(problem.help("name a folder that you may write to: tenure demo FOLDER"))
    };
    fs::create_dir_all(&root).map_err(failed)?;
    if fs::read_dir(&root).map_err(failed)?.next().is_some() {
        let problem = Diagnostic::error("folder-not-empty", format!("{} is not empty", folder.display()));
        return Err(problem.help("name a folder that does not exist yet: tenure demo FOLDER").into());
    }
    root.canonicalize().map_err(failed)
}

/// Creates a folder with the first unused name below `base`. Only its owner can read it, since it will contain keys.
///
/// # Errors
/// When it cannot be created.
pub(super) fn new_folder(base: &Path) -> Result<PathBuf, CliError> {
    let names = std::iter::once("tenure-demo".to_owned()).chain((2..=MAX_FOLDERS).map(|n| format!("tenure-demo-{n}")));
    for name in names {
        match fs::DirBuilder::new().mode(0o700).create(base.join(&name)) {
            Ok(()) => return Ok(base.join(name).canonicalize()?),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                let problem =
                    Diagnostic::error("folder-unwritable", format!("{} cannot be written to: {error}", base.display()));
                return Err(problem.help("name another folder: tenure demo FOLDER").into());
            }
        }
    }
    let problem = Diagnostic::error("folder-full", format!("{} has too many folders of earlier demos", base.display()));
    Err(problem.help("remove them, or name another folder: tenure demo FOLDER").into())
}

impl<'a> DemoSandbox<'a> {
    /// Creates the subfolders of an empty folder.
    pub(super) fn new(root: &Path, context: &'a mut CommandContext, command: DemoCommand) -> Result<Self, CliError> {
        for folder in ["keys", "host"] {
            fs::create_dir(root.join(folder))?;
        }
        fs::set_permissions(root.join("keys"), fs::Permissions::from_mode(0o700))?;
        Ok(Self { root: root.to_owned(), pin: None, context, command })
    }

    /// Returns the folder of the governed repository.
    pub(super) fn repository(&self) -> PathBuf {
        self.root.join("repo")
    }

    /// Returns the file of a key.
    pub(super) fn key(&self, name: &str) -> PathBuf {
        self.root.join("keys").join(name)
    }

    /// Generates a key pair as OpenSSH files, and returns the public key line without its comment.
    pub(super) fn make_key(&self, name: &str) -> Result<String, CliError> {
        let refuse = |error: KeyError| CliError::from(Diagnostic::error("demo-failed", error.to_string()));
        let key = PrivateKey::generate().map_err(refuse)?;
        let path = self.key(name);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(key.to_openssh(name).map_err(refuse)?.as_bytes())?;
        let line = key.public_key().to_string();
        fs::write(path.with_extension("pub"), format!("{line} {name}\n"))?;
        Ok(line)
    }

    /// Prints a description of the next step.
    pub(super) fn narrate(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.context.out, "\n{text}")
    }

    /// Prints indented text that is not a command.
    pub(super) fn show(&mut self, text: &str) -> io::Result<()> {
        text.lines().try_for_each(|line| writeln!(self.context.out, "    {line}"))
    }

    /// Runs a `tenure` command through the same code as the command line, prints it with at most `lines` lines of its
    /// output, and returns the complete output.
    ///
    /// # Errors
    /// When its exit status differs from the expected one.
    pub(super) fn tenure(&mut self, words: &[&str], exit: ExitStatus, lines: usize) -> Result<String, CliError> {
        let shown = words.join(" ");
        writeln!(self.context.out, "  $ tenure {shown}")?;
        let repository = self.repository();
        let mut line = vec!["tenure".to_owned(), "-C".to_owned(), repository.to_string_lossy().into_owned()];
        if let Some(pin) = &self.pin {
            line.extend(["--root".to_owned(), pin.clone()]);
        }
        line.extend(words.iter().map(|word| self.expand(word)));
        let (out, err) = (SharedBuffer::default(), SharedBuffer::default());
        let style = RenderStyle::plain();
        let mut context = CommandContext {
            directory: repository,
            format: OutputFormat::Human,
            root: None,
            trust_on_first_use: false,
            clock: Box::new(SystemClock),
            out: Box::new(out.clone()),
            err: Box::new(err.clone()),
            out_style: style,
            err_style: style,
            terminal: false,
            step: None,
        };
        let code = (self.command)(&line, &mut context)
            .map_err(|error| CliError::from(Diagnostic::error("demo-failed", format!("tenure {shown}: {error}"))))?;
        drop(context);
        let answer = out.text() + &err.text();
        let total = answer.lines().count();
        for line in answer.lines().take(lines) {
            writeln!(self.context.out, "    {line}")?;
        }
        if total > lines && lines > 0 {
            let rest = total - lines;
            writeln!(self.context.out, "    … {rest} more line{}", if rest == 1 { "" } else { "s" })?;
        }
        if exit != ExitStatus::Done {
            writeln!(self.context.out, "    (exit {})", code.code())?;
        }
        if code == exit {
            return Ok(answer);
        }
        let message = format!("tenure {shown} ended with {}, and not with {}:\n{answer}", code.code(), exit.code());
        Err(Diagnostic::error("demo-failed", message).help("please report this with the text above").into())
    }

    /// Runs git in the repository, and prints the command if `shown` is set.
    pub(super) fn git(&mut self, words: &[&str], shown: bool) -> Result<(), CliError> {
        if shown {
            writeln!(self.context.out, "  $ git {}", words.join(" "))?;
        }
        let folder = if self.repository().exists() { self.repository() } else { self.root.clone() };
        let done = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(["-c", "user.name=Tenure demo", "-c", "user.email=demo@tenure.invalid", "-c", "commit.gpgsign=false"])
            .args(["-c", "init.defaultBranch=main", "-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null"])
            .args(words.iter().map(|word| self.expand(word)))
            .env("GIT_TERMINAL_PROMPT", "0")
            .output()?;
        if done.status.success() {
            return Ok(());
        }
        let message = format!("git {}: {}", words.join(" "), String::from_utf8_lossy(&done.stderr).trim());
        Err(Diagnostic::error("demo-failed", message).help("check that git works: git --version").into())
    }

    /// Commits all changes on a branch, and merges it in place of a pull request.
    pub(super) fn merge(&mut self, branch: &str, message: &str) -> Result<(), CliError> {
        self.git(&["checkout", "--quiet", "-b", branch], false)?;
        self.git(&["add", "--all"], false)?;
        self.git(&["commit", "--quiet", "-m", message], false)?;
        self.merge_branch(branch, message)
    }

    /// Merges a committed branch.
    pub(super) fn merge_branch(&mut self, branch: &str, message: &str) -> Result<(), CliError> {
        self.git(&["checkout", "--quiet", "main"], false)?;
        self.git(&["merge", "--quiet", "--no-ff", "-m", &format!("Merge {branch}: {message}"), branch], false)?;
        self.git(&["push", "--quiet", "origin", "main"], false)?;
        writeln!(self.context.out, "  (pull request `{branch}` merged: {message})")?;
        Ok(())
    }

    /// Replaces `../` in an argument with the folder of the demo, regardless of the current directory.
    fn expand(&self, word: &str) -> String {
        let folder = format!("{}/", self.root.display());
        match word.split_once("../") {
            Some((before, rest)) => format!("{before}{folder}{rest}"),
            None => word.to_owned(),
        }
    }
}

/// A buffer for the output of a command.
#[derive(Clone, Debug, Default)]
struct SharedBuffer(Rc<RefCell<Vec<u8>>>);

impl SharedBuffer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The highest number in the name of a default folder.
const MAX_FOLDERS: u32 = 10_000;
