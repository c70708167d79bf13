//! Environment of a command: directory, clock, environment variables, stdout and stderr.

use super::{
    CliError,
    github_step::GithubStep,
    global_args::{GlobalArgs, OutputFormat},
};
use crate::{
    diag::{Diagnostic, Diagnostics, RenderStyle},
    model::{Clock, Digest, SystemClock},
    report::problems_markdown,
};
use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

/// The environment of a command. Lower layers receive these values as arguments.
pub struct CommandContext {
    /// The working directory.
    pub directory: PathBuf,
    /// The output format.
    pub format: OutputFormat,
    /// The root pin, which comes from outside the repository.
    pub root: Option<Digest>,
    /// Whether to trust the root in the repository when no pin is given.
    pub trust_on_first_use: bool,
    /// The clock.
    pub clock: Box<dyn Clock>,
    /// The output for data.
    pub out: Box<dyn Write>,
    /// The output for progress and problems.
    pub err: Box<dyn Write>,
    /// The style of data on stdout.
    pub out_style: RenderStyle,
    /// The style of problems on stderr.
    pub err_style: RenderStyle,
    /// Whether the process runs interactively at a terminal.
    pub terminal: bool,
    /// The GitHub Actions step, if the output format is `github`.
    pub(super) step: Option<GithubStep>,
}

impl CommandContext {
    /// Returns the environment of a command.
    ///
    /// # Errors
    /// When the system returns no random bytes for the token of a GitHub Actions step.
    pub(super) fn new(global: &GlobalArgs) -> io::Result<Self> {
        let file = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let step = match global.format {
            OutputFormat::Github => {
                let (summary, outputs) = (file("GITHUB_STEP_SUMMARY"), file("GITHUB_OUTPUT"));
                Some(GithubStep::new(Box::new(io::stdout().lock()), summary, outputs)?)
            }
            _ => None,
        };
        // The runner parses workflow commands in both streams, so both are guarded.
        let (out, err): (Box<dyn Write>, Box<dyn Write>) = match &step {
            Some(step) => (Box::new(step.clone()), Box::new(step.clone())),
            None => (Box::new(io::stdout().lock()), Box::new(io::stderr())),
        };
        let style = |terminal: bool| {
            let style = match global.color {
                clap::ColorChoice::Always => RenderStyle::coloured(),
                clap::ColorChoice::Auto if terminal && std::env::var_os("NO_COLOR").is_none() => {
                    RenderStyle::coloured()
                }
                clap::ColorChoice::Auto | clap::ColorChoice::Never => RenderStyle::plain(),
            };
            match crossterm::terminal::size() {
                Ok((columns, _)) if terminal && columns >= MIN_COLUMNS => style.within(usize::from(columns)),
                _ => style,
            }
        };
        Ok(Self {
            directory: global.directory.clone(),
            format: global.format,
            root: global.root,
            trust_on_first_use: global.trust_on_first_use,
            clock: Box::new(SystemClock),
            out,
            err,
            out_style: style(io::stdout().is_terminal()),
            err_style: style(io::stderr().is_terminal()),
            // A progress bar writes to the log directly, before workflow commands are disabled.
            terminal: step.is_none() && io::stdin().is_terminal() && io::stderr().is_terminal(),
            step,
        })
    }

    /// Returns an environment variable.
    pub fn variable(&self, name: &str) -> Option<String> {
        variable(name)
    }

    /// Writes problems as JSON to stdout if the format is JSON, otherwise as text to stderr. In a GitHub Actions step,
    /// annotations are written as well.
    pub fn problems(&mut self, problems: &Diagnostics) -> io::Result<()> {
        if problems.is_empty() {
            return Ok(());
        }
        match self.format {
            OutputFormat::Json => write!(self.out, "{}", problems.to_json()),
            _ => write!(self.err, "{}", problems.render(self.err_style)),
        }?;
        self.annotate(problems)
    }

    /// Writes a note to stderr; stdout contains only data in every format.
    ///
    /// # Errors
    /// When stderr cannot be written.
    pub fn note(&mut self, note: &Diagnostic) -> io::Result<()> {
        write!(self.err, "{}", note.render(self.err_style))
    }

    /// Writes annotations for the problems in a GitHub Actions step.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn annotate(&self, problems: &Diagnostics) -> io::Result<()> {
        self.step.as_ref().map_or(Ok(()), |step| step.annotate(problems))
    }

    /// Writes a file named on the command line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn file(&self, path: &Path, text: &str) -> Result<(), CliError> {
        let path = self.directory.join(path);
        fs::write(&path, text).map_err(|error| {
            let problem =
                Diagnostic::error("file-unwritable", format!("{} cannot be written: {error}", path.display()));
            problem.help("name a file in an existing folder").into()
        })
    }

    /// Appends Markdown to the job summary in a GitHub Actions step.
    ///
    /// # Errors
    /// When the file provided by the runner cannot be written.
    pub fn summarize(&self, markdown: &str) -> io::Result<()> {
        self.step.as_ref().map_or(Ok(()), |step| step.summarize(markdown))
    }

    /// Sets a job output in a GitHub Actions step.
    ///
    /// # Errors
    /// When the file provided by the runner cannot be written.
    pub fn output(&self, name: &str, value: &str) -> io::Result<()> {
        self.step.as_ref().map_or(Ok(()), |step| step.output(name, value))
    }

    /// Writes one JSON value as a line to stdout.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn json<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CliError> {
        serde_json::to_writer(&mut self.out, value).map_err(io::Error::from)?;
        self.out.write_all(b"\n")?;
        Ok(())
    }

    pub(super) fn report(&mut self, failure: &CliError) {
        // Without stderr there is no way to report anything.
        let _ = self.problems(&failure.problems);
        let _ = self.summarize(&problems_markdown(&failure.problems, "the command failed"));
    }
}

/// Returns an environment variable, unless it is empty.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Minimum terminal width for wrapped tables, in columns.
const MIN_COLUMNS: u16 = 40;
