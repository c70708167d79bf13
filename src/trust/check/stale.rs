//! Warns of decisions whose grant changed since the campaign was opened.

use super::{MAX_LINES, governed_files};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    format::codec,
    git::{FileMode, GitError, ObjectId, Repository, TreeDiff},
    model::{
        Digest, Grant, GrantKey, ItemId,
        file::{Campaign, Review},
    },
    store::RepoPath,
};
use std::collections::BTreeMap;

/// Warns of decisions in a change that will lapse because the grant changed since the review; returns the files that
/// contain decisions. Decisions already on main are skipped: their grants were mostly removed by them, as plan and
/// evidence show.
pub(super) fn check_stale(
    repository: &Repository,
    head: ObjectId,
    changes: &TreeDiff,
    is_change: bool,
    problems: &mut Diagnostics,
) -> Result<Vec<String>, GitError> {
    let mut deciding = Vec::new();
    for file in governed_files(changes).filter(|file| file.mode == FileMode::Plain) {
        let RepoPath::Review { campaign, system, .. } = RepoPath::of(&file.path) else { continue };
        let Ok(bytes) = repository.blob(file.id, MAX_LINES) else { continue };
        let Ok(review) = codec::parse::<Review>(&file.path, &bytes) else { continue };
        let decided: BTreeMap<&ItemId, (usize, &Digest)> = review
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| item.decision.is_some())
            .map(|(index, item)| (&item.id, (index, &item.grant_digest)))
            .collect();
        if !decided.is_empty() {
            deciding.push(file.path.clone());
        }
        if decided.is_empty() || !is_change {
            continue;
        }
        let opened = format!("campaigns/{campaign}/campaign.toml");
        let Some(pinned) = repository.file(head, &opened)?.and_then(|file| repository.blob(file.id, MAX_LINES).ok())
        else {
            continue;
        };
        let Ok(pinned) = codec::parse::<Campaign>(&opened, &pinned) else { continue };
        let tree = pinned.systems.iter().find(|population| population.system == system).map(|p| p.tree.as_str());
        let now = repository.file(head, &format!("inventory/{system}"))?.map(|tree| tree.id.to_string());
        if now.is_none() || now.as_deref() == tree {
            continue;
        }
        let mut current: BTreeMap<ItemId, Digest> = BTreeMap::new();
        for grants in repository.list(head, &format!("inventory/{system}/grants"))?.files {
            let Ok(bytes) = repository.blob(grants.id, MAX_LINES) else { continue };
            // Only the keys of most grants are needed; the form of a file is checked where it changes.
            for line in bytes.split(|byte| *byte == b'\n') {
                let Ok(GrantKeyOnly { key }) = serde_json::from_slice(line) else { continue };
                let item = ItemId::of(&campaign, &system, &key);
                if decided.contains_key(&item)
                    && let Ok(grant) = serde_json::from_slice::<Grant>(line)
                {
                    current.insert(item, grant.digest());
                }
            }
        }
        let source = SourceFile::of_bytes(file.path.as_str(), &bytes);
        for (item, (index, reviewed)) in decided {
            let message = match current.get(item) {
                Some(digest) if digest == reviewed => continue,
                Some(_) => {
                    format!("the grant of {item} changed since the campaign was opened; the decision will lapse")
                }
                None => format!("the grant of {item} is no longer in the inventory; the decision will have no effect"),
            };
            let span = codec::place(source.text(), &["item".into(), index.into(), "grant_digest".into()]);
            problems.push(
                Diagnostic::warning("grant-changed", message)
                    .at(&source, span, "digest of the reviewed grant")
                    .help("review the current grant in a new campaign: `tenure campaign open`"),
            );
        }
    }
    Ok(deciding)
}

/// A grant line, of which only the key is read.
#[derive(serde::Deserialize)]
struct GrantKeyOnly {
    key: GrantKey,
}
