//! Checks the connectors and the settings of system files.

use crate::{connector::registry, diag::Diagnostics, format::codec, model::file::System, store::RepoPath};

/// Returns the problems of a system file whose form is valid: an unknown connector, or settings that it does not
/// accept.
pub(super) fn check_system(path: &str, bytes: &[u8]) -> Diagnostics {
    let (RepoPath::System { .. }, Ok(text)) = (RepoPath::of(path), std::str::from_utf8(bytes)) else {
        return Diagnostics::new();
    };
    // A malformed file was already reported.
    let Ok(system) = codec::parse::<System>(path, bytes) else { return Diagnostics::new() };
    registry::check(path, &system, text)
}
