//! Checks the form of the files that the walk does not read.

use super::{MAX_LINES, systems::check_system};
use crate::{
    diag::Diagnostics,
    format::{
        codec,
        json_lines::{LineReader, UsageLine},
    },
    git::{GitError, Repository, TreeFile},
    model::{Grant, file::Principals},
    policy::unfit,
    store::{RepoPath, kind_of},
};

/// Checks the form of a file that the walk does not read.
pub(super) fn check_form(repository: &Repository, file: &TreeFile, problems: &mut Diagnostics) -> Result<(), GitError> {
    let place = RepoPath::of(&file.path);
    let lines = match &place {
        RepoPath::Grants { .. } => true,
        RepoPath::Usage(_) => false,
        RepoPath::Policy(_) | RepoPath::Observation(_) | RepoPath::Governance | RepoPath::Principals => {
            return check_toml(repository, file, problems);
        }
        // An unsigned review without decisions is verified once it is decided; its form is checked now.
        place if place.kind().is_some() => return check_toml(repository, file, problems),
        _ => return Ok(()),
    };
    let bytes = repository.blob(file.id, MAX_LINES)?;
    let name = file.path.as_str();
    let first = if lines {
        LineReader::<Grant, _>::new(name, &bytes[..]).find_map(Result::err)
    } else {
        LineReader::<UsageLine, _>::new(name, &bytes[..]).find_map(Result::err)
    };
    problems.extend(first.map(|problem| *problem));
    Ok(())
}

fn check_toml(repository: &Repository, file: &TreeFile, problems: &mut Diagnostics) -> Result<(), GitError> {
    let bytes = repository.blob(file.id, MAX_LINES)?;
    match kind_of(&file.path, &bytes).and_then(|kind| codec::check(kind, &file.path, &bytes)) {
        Ok(()) => {
            problems.extend(check_facts(&file.path, &bytes));
            problems.extend(check_system(&file.path, &bytes));
            Ok(())
        }
        Err(found) => {
            problems.extend(found);
            Ok(())
        }
    }
}

/// Checks the attributes that principals files declare: rules would never see an unknown name.
fn check_facts(path: &str, bytes: &[u8]) -> Diagnostics {
    let file = codec::parse::<Principals>(path, bytes).ok().filter(|_| RepoPath::of(path) == RepoPath::Principals);
    let text = String::from_utf8_lossy(bytes);
    file.iter().flat_map(unfit).map(|unfit| unfit.diagnostic(path, &text)).collect()
}
