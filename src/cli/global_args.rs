//! Options of every command.

use crate::model::Digest;
use std::path::PathBuf;

/// The options of every command.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct GlobalArgs {
    /// Work in this repository instead of the current directory
    #[arg(short = 'C', long = "directory", global = true, value_name = "DIR", default_value = ".")]
    pub(super) directory: PathBuf,
    /// The output format
    #[arg(long, global = true, value_enum, default_value_t = OutputFormat::Human)]
    pub(super) format: OutputFormat,
    /// The root pin: the digest of trust/root/1.toml, obtained outside the repository (sha256:…)
    #[arg(long, global = true, value_name = "DIGEST", env = "TENURE_ROOT", hide_env_values = true)]
    pub(super) root: Option<Digest>,
    /// Without a pin, trust the root that the repository itself contains, with a warning
    #[arg(long, global = true)]
    pub(super) trust_on_first_use: bool,
    /// Color the output
    #[arg(long, global = true, value_enum, default_value_t = clap::ColorChoice::Auto)]
    pub(super) color: clap::ColorChoice,
}

/// The output format on stdout.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum OutputFormat {
    /// For a step in GitHub Actions: annotations on lines, a job summary, and a log without workflow commands
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
