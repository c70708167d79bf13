//! The name of a system file: commands find a system by the name of its file.

use super::RepoPath;
use crate::{diag::Diagnostic, model::file::System};

/// Returns the problem of a system file that is named after another system.
pub fn check_system_name(path: &str, system: &System) -> Option<Diagnostic> {
    let RepoPath::System(named) = RepoPath::of(path) else { return None };
    let described = &system.system;
    let problem = Diagnostic::error("system-misnamed", format!("the file describes the system `{described}`"));
    let help = format!("write `system = \"{named}\"`, or rename the file to systems/{described}.toml");
    (*described != named).then(|| problem.in_file(path).help(help))
}
