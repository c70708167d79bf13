//! What a command has around it: directory, clock, environment, stdout and stderr.

use super::{Failure, Global};
use crate::{
    diag::{Diagnostics, Style},
    model::{Clock, Digest},
};
use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

/// How the answer is written on stdout.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
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
pub struct Context {
    /// The directory to work in.
    pub directory: PathBuf,
    /// How to write the answer.
    pub format: Format,
    /// The root pin given from outside the repository.
    pub root: Option<Digest>,
    /// The clock.
    pub clock: Box<dyn Clock>,
    /// Where data goes.
    pub out: Box<dyn Write>,
    /// Where progress and problems go.
    pub err: Box<dyn Write>,
    /// How to style data on stdout.
    pub out_style: Style,
    /// How to style problems on stderr.
    pub err_style: Style,
    /// Whether a person is at the terminal.
    pub terminal: bool,
}

impl Context {
    pub(super) fn new(global: &Global) -> Self {
        let style = |terminal: bool| match global.color {
            clap::ColorChoice::Always => Style::coloured(),
            clap::ColorChoice::Auto if terminal && std::env::var_os("NO_COLOR").is_none() => Style::coloured(),
            clap::ColorChoice::Auto | clap::ColorChoice::Never => Style::plain(),
        };
        Self {
            directory: global.directory.clone(),
            format: global.format,
            root: global.root,
            clock: global.clock(),
            out: Box::new(io::stdout().lock()),
            err: Box::new(io::stderr()),
            out_style: style(io::stdout().is_terminal()),
            err_style: style(io::stderr().is_terminal()),
            terminal: io::stdin().is_terminal() && io::stderr().is_terminal(),
        }
    }

    /// Returns an environment variable.
    pub fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// Writes problems where people or programs look for them: as JSON on stdout when that was asked for, else as text on
    /// stderr.
    pub fn problems(&mut self, problems: &Diagnostics) -> io::Result<()> {
        if problems.is_empty() {
            return Ok(());
        }
        match self.format {
            Format::Json => write!(self.out, "{}", problems.to_json()),
            _ => write!(self.err, "{}", problems.render(self.err_style)),
        }
    }

    /// Writes one JSON value as a line on stdout.
    ///
    /// # Errors
    /// When stdout does not take it.
    pub fn json<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.out, value).map_err(io::Error::from)?;
        self.out.write_all(b"\n")?;
        Ok(())
    }

    pub(super) fn report(&mut self, failure: &Failure) {
        // There is nobody left to tell when stderr is gone.
        let _ = self.problems(&failure.problems);
    }
}
