//! Writes the next registry or mandate to the work tree, and names the people who must sign it.

use super::{CliError, CommandContext, ExitStatus, OutputFormat};
use crate::{
    app::RepositorySession,
    diag::Diagnostic,
    format::{codec, ssh_keys::PublicKey},
    model::file::{GovernedFile, Role},
    store::write_new_file,
    trust::TrustError,
};
use serde_json::json;
use similar::TextDiff;
use std::io::Write;

/// The next version of a file of trust.
pub(super) struct NextTrustFile<'a, T> {
    /// The folder below `trust`.
    pub(super) folder: &'static str,
    /// The number of the version in force.
    pub(super) version: u32,
    /// The version in force.
    pub(super) before: &'a T,
    /// The next version.
    pub(super) next: T,
    /// The role whose keys sign it.
    pub(super) role: &'a Role,
}

impl<T: GovernedFile> NextTrustFile<'_, T> {
    /// Writes the file unless `check` rejects it, and prints the changes, the signers and the next command.
    ///
    /// # Errors
    /// When the file changes nothing, is rejected, or exists.
    pub(super) fn write(
        &self,
        session: &RepositorySession,
        check: impl FnOnce(&str, &[u8]) -> Result<(), TrustError>,
        context: &mut CommandContext,
    ) -> Result<ExitStatus, CliError> {
        let before_path = format!("trust/{}/{}.toml", self.folder, self.version);
        let path = format!("trust/{}/{}.toml", self.folder, self.version + 1);
        let (old, text) = (codec::render(self.before), codec::render(&self.next));
        // Version and predecessor always differ.
        let content = |text: &str| -> Vec<String> {
            let is_content = |line: &&str| !line.starts_with("version = ") && !line.starts_with("prev = ");
            text.lines().filter(is_content).map(str::to_owned).collect()
        };
        if content(&old) == content(&text) {
            let message = format!("{before_path} already is as requested; no file was written");
            return Err(Diagnostic::error("nothing-to-change", message).help("name another value").into());
        }
        check(&path, text.as_bytes()).map_err(|error| match error {
            TrustError::Form(problems) => CliError::from(*problems),
            other => Diagnostic::error(other.code(), other.to_string())
                .in_file(path.as_str())
                .with_note("no file was written")
                .help(other.help())
                .into(),
        })?;
        write_new_file(session.work_tree()?, &path, &text)?;
        let signer = |line: &String| PublicKey::parse_line(line).ok().map(|(_, name)| name.to_owned());
        let signers: Vec<String> = self.role.keys.iter().filter_map(signer).collect();
        if context.format == OutputFormat::Json {
            context.json(&json!({"file": path, "needed": self.role.threshold, "permitted": signers}))?;
            return Ok(ExitStatus::Done);
        }
        let diff = TextDiff::from_lines(&old, &text);
        write!(context.out, "{}", diff.unified_diff().header(&before_path, &path))?;
        writeln!(context.out, "wrote {path}")?;
        writeln!(context.out, "signatures needed: {}; may sign: {}", self.role.threshold, signers.join(", "))?;
        let next = "then merge the file with its signatures, and no other change";
        writeln!(context.out, "next: tenure sign {path}, {next}")?;
        Ok(ExitStatus::Done)
    }
}
