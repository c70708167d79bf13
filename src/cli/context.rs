//! What a command has around it: directory, clock, environment, stdout and stderr.

use super::{CliError, GlobalArgs, github_step::GithubStep};
use crate::{
    diag::{Diagnostic, Diagnostics, RenderStyle},
    model::{Clock, Digest},
    report::problems_markdown,
};
use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

/// How the answer is written on stdout.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum OutputFormat {
    /// For a step in GitHub Actions: annotations on lines, a job summary, and a log in which nothing is a command
    Github,
    /// For people at a terminal
    Human,
    /// For programs
    Json,
    /// For pull requests
    Markdown,
    /// For code scanning (SARIF 2.1.0)
    Sarif,
}

/// What a command has around it. Everything below the command line takes these as arguments.
pub struct CommandContext {
    /// The directory to work in.
    pub directory: PathBuf,
    /// How to write the answer.
    pub format: OutputFormat,
    /// The root pin given from outside the repository.
    pub root: Option<Digest>,
    /// Whether to trust the root in the repository when no pin is given.
    pub trust_on_first_use: bool,
    /// The clock.
    pub clock: Box<dyn Clock>,
    /// Where data goes.
    pub out: Box<dyn Write>,
    /// Where progress and problems go.
    pub err: Box<dyn Write>,
    /// How to style data on stdout.
    pub out_style: RenderStyle,
    /// How to style problems on stderr.
    pub err_style: RenderStyle,
    /// Whether a person is at the terminal.
    pub terminal: bool,
    /// The step in GitHub Actions that this is, when it is told to be one.
    pub(super) step: Option<GithubStep>,
}

impl CommandContext {
    /// Returns what a command has around it.
    ///
    /// # Errors
    /// When the output of a step in GitHub Actions cannot be guarded.
    pub(super) fn new(global: &GlobalArgs) -> io::Result<Self> {
        let file = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let step = match global.format {
            OutputFormat::Github => {
                let (summary, outputs) = (file("GITHUB_STEP_SUMMARY"), file("GITHUB_OUTPUT"));
                Some(GithubStep::new(Box::new(io::stdout().lock()), summary, outputs)?)
            }
            _ => None,
        };
        // A log has one stream, and the runner looks for commands in both.
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
            clock: global.clock(),
            out,
            err,
            out_style: style(io::stdout().is_terminal()),
            err_style: style(io::stderr().is_terminal()),
            // In the log of a step, a progress bar would come before the line that stops commands.
            terminal: step.is_none() && io::stdin().is_terminal() && io::stderr().is_terminal(),
            step,
        })
    }

    /// Returns an environment variable.
    pub fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// Writes problems where people or programs look for them: as JSON on stdout when that was asked for, as annotations in
    /// a step of GitHub Actions, and as text on stderr.
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

    /// Writes a note on stderr only, so that stdout stays data in every format.
    ///
    /// # Errors
    /// When stderr cannot be written.
    pub fn note(&mut self, note: &Diagnostic) -> io::Result<()> {
        write!(self.err, "{}", note.render(self.err_style))
    }

    /// Annotates what the problems are about, when this is a step in GitHub Actions.
    ///
    /// # Errors
    /// When stdout does not take it.
    pub fn annotate(&self, problems: &Diagnostics) -> io::Result<()> {
        self.step.as_ref().map_or(Ok(()), |step| step.annotate(problems))
    }

    /// Writes a file that was asked for on the command line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn file(&self, path: &Path, text: &str) -> Result<(), CliError> {
        let path = self.directory.join(path);
        fs::write(&path, text).map_err(|error| {
            let problem =
                Diagnostic::error("file-unwritable", format!("{} cannot be written: {error}", path.display()));
            problem.help("name a file in a folder that is there").into()
        })
    }

    /// Adds Markdown to the summary of the job, when this is a step in GitHub Actions.
    ///
    /// # Errors
    /// When the file the runner gave for it does not take it.
    pub fn summarize(&self, markdown: &str) -> io::Result<()> {
        self.step.as_ref().map_or(Ok(()), |step| step.summarize(markdown))
    }

    /// Gives the job an output, when this is a step in GitHub Actions.
    ///
    /// # Errors
    /// When the file the runner gave for it does not take it.
    pub fn output(&self, name: &str, value: &str) -> io::Result<()> {
        self.step.as_ref().map_or(Ok(()), |step| step.output(name, value))
    }

    /// Writes one JSON value as a line on stdout.
    ///
    /// # Errors
    /// When stdout does not take it.
    pub fn json<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CliError> {
        serde_json::to_writer(&mut self.out, value).map_err(io::Error::from)?;
        self.out.write_all(b"\n")?;
        Ok(())
    }

    pub(super) fn report(&mut self, failure: &CliError) {
        // There is nobody left to tell when stderr is gone.
        let _ = self.problems(&failure.problems);
        let _ = self.summarize(&problems_markdown(&failure.problems, "it could not be done"));
    }
}

/// Narrower than this, tables are not worth wrapping.
const MIN_COLUMNS: u16 = 40;
