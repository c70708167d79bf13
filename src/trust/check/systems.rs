//! Checks the connector and the settings of system files.

use crate::{connector::registry, diag::Diagnostics, format::codec, model::file::System, store::RepoPath};

/// Returns the problems of a system file whose form is valid: an unknown connector, or settings that it does not
/// accept.
pub(in crate::trust) fn check_system(path: &str, bytes: &[u8]) -> Diagnostics {
    let (RepoPath::System(_), Ok(text)) = (RepoPath::of(path), std::str::from_utf8(bytes)) else {
        return Diagnostics::new();
    };
    // A malformed file was already reported.
    codec::parse(path, bytes).map(|system: System| registry::check(path, &system, text)).unwrap_or_default()
}
