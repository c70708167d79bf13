//! What everybody owns, and in which file that stands.

use crate::{
    campaign::OwnedResources,
    cli::{
        CliError,
        session::{RepositorySession, store, systems_at},
    },
    diag::escape,
    model::file::{PrincipalKind, Principals},
};

/// Returns what everybody owns at the head of main: systems, and the principals they answer for.
///
/// # Errors
/// When a file is not acceptable.
pub(super) fn owned(session: &RepositorySession) -> Result<OwnedResources, CliError> {
    let mut owned = OwnedResources::new();
    for (id, system) in systems_at(session.snapshot())? {
        owned.entry(system.owner).or_default().insert(format!("the system {id}"), format!("systems/{id}.toml"));
    }
    let snapshot = session.snapshot();
    let mut files: Vec<(String, Principals)> = Vec::new();
    if let Some(file) = snapshot.read_if_there::<Principals>("principals.toml").map_err(store)? {
        files.push(("principals.toml".to_owned(), file));
    }
    for file in snapshot.read_all::<Principals>("principals").map_err(store)? {
        files.push((file.path().to_owned(), file.into_value()));
    }
    for (path, file) in files {
        for entry in file.principals {
            let Some(owner) = entry.owner else { continue };
            let what = match entry.kind {
                PrincipalKind::Person => "the person",
                _ => "the non-human identity",
            };
            let what = format!("{what} {}", escape(entry.id.as_str()));
            owned.entry(owner).or_default().insert(what, path.clone());
        }
    }
    Ok(owned)
}
