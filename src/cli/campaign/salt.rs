//! The salt of seeded items: made once, kept in a file of the opener's outside the repository, told when all is judged.

use crate::{
    cli::CliError,
    diag::Diagnostic,
    model::{CampaignId, Digest},
};
use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Returns the salt of a campaign in a file; a file that is not there yet is made, readable by its owner alone.
///
/// # Errors
/// When the file lies in the work tree, where everybody would find it, is another campaign's, or cannot be written or read.
pub(super) fn keep(file: &Path, work_tree: &Path, campaign: &CampaignId) -> Result<String, CliError> {
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let real = |path: &Path| path.canonicalize();
    if let (Ok(folder), Ok(tree)) = (real(folder), real(work_tree))
        && folder.starts_with(tree)
    {
        let message = format!("{} lies in the repository, and whoever reads it knows the seeded items", file.display());
        return Err(Diagnostic::error("salt-in-repository", message)
            .help("keep it beside your keys: --salt-file FILE")
            .into());
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(mut made) => {
            let mut bytes = [0_u8; 32];
            getrandom::fill(&mut bytes).map_err(|error| failed(file, &error.to_string()))?;
            let salt = Digest::of(bytes).hex();
            writeln!(made, "{campaign} {salt}").map_err(|error| failed(file, &error.to_string()))?;
            Ok(salt)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(file, campaign),
        Err(error) => Err(failed(file, &error.to_string())),
    }
}

/// Returns the salt of a campaign in a file.
///
/// # Errors
/// When it cannot be read, is no salt, or that of another campaign: once told, a salt is everybody's.
pub(super) fn read(file: &Path, campaign: &CampaignId) -> Result<String, CliError> {
    let text = fs::read_to_string(file).map_err(|error| failed(file, &error.to_string()))?;
    let Some((of, salt)) = text.trim_end().split_once(' ') else { return Err(failed(file, NO_SALT)) };
    if of != campaign.as_str() {
        return Err(failed(file, &format!("it is the salt of `{of}`; each campaign has its own")));
    }
    if salt.len() == 64 && salt.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(salt.to_owned());
    }
    Err(failed(file, NO_SALT))
}

fn failed(file: &Path, why: &str) -> CliError {
    Diagnostic::error("salt-unreadable", format!("{}: {why}", file.display()))
        .help("give the file that `tenure campaign open` wrote: --salt-file FILE")
        .into()
}

const NO_SALT: &str = "it is no salt: a campaign and 64 hexadecimal digits";
