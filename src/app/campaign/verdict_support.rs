//! Checks that the connectors can carry out the verdicts of a change, and that the targets of these verdicts exist.

use super::ConnectorSupport;
use crate::{
    app::RepositoryView,
    connector::UnsupportedChangeError,
    diag::{Diagnostic, Diagnostics, SourceFile},
    format::codec,
    inventory::{LoadedInventory, RoleContents},
    model::{
        Grant, ItemId, PrincipalId, Verdict,
        file::{Item, Review},
    },
};
use std::collections::BTreeMap;

/// Returns the problems of the verdicts in these review files: changes that the connector does not support, and targets
/// in `to` that do not exist. A decision whose grant changed since the review is skipped: it lapses.
///
/// A revocation is not checked here, because it needs no target, and every connector supports it: a plan holds the few
/// that would harm others. A change with revocations alone is therefore checked without reading an inventory.
pub fn unsupported_verdicts(view: &RepositoryView<'_>, paths: &[String]) -> Diagnostics {
    let reviews = paths.iter().filter_map(|path| Some((path, view.snapshot().read::<Review>(path).ok()?.into_value())));
    let mut problems = Diagnostics::new();
    for (path, review) in reviews {
        let depends = |item: &&Item| {
            let verdict = item.decision.filter(|verdict| verdict.changes_target() || *verdict == Verdict::Transfer);
            verdict.is_some_and(|verdict| verdict != Verdict::Revoke)
        };
        let (Some(_), Ok(files)) = (review.items.iter().find(depends), view.system_files()) else { continue };
        let Ok(Some(loaded)) = view.inventory(&review.system) else { continue };
        let support = ConnectorSupport::of(&files.systems, view.snapshot().repository().directory());
        let grants: BTreeMap<ItemId, &Grant> = loaded
            .inventory
            .grants()
            .map(|grant| (ItemId::of(&review.campaign, &review.system, &grant.key), grant))
            .collect();
        let source = SourceFile::new(path, codec::render(&review));
        for (place, item) in review.items.iter().enumerate().filter(|(_, item)| depends(item)) {
            let Some(grant) = grants.get(&item.id).filter(|grant| grant.digest() == item.grant_digest) else {
                continue;
            };
            let check = VerdictCheck { view, support: &support, loaded: &loaded, grant, item };
            if let Some(Refusal { code, key, message, help }) = check.refusal() {
                let span = codec::place(source.text(), &["item".into(), place.into(), key.into()]);
                problems.push(Diagnostic::error(code, message).at(&source, span, "decided here").help(help));
            }
        }
    }
    problems
}

/// A decided item with its grant and the inputs of the check.
struct VerdictCheck<'a> {
    view: &'a RepositoryView<'a>,
    support: &'a ConnectorSupport,
    loaded: &'a LoadedInventory,
    grant: &'a Grant,
    item: &'a Item,
}

struct Refusal {
    code: &'static str,
    key: &'static str,
    message: String,
    help: String,
}

impl VerdictCheck<'_> {
    fn refusal(&self) -> Option<Refusal> {
        let (verdict, to) = (self.item.decision?, self.item.to.as_deref().unwrap_or_default());
        let system = &self.grant.system;
        let missing =
            |message: String, help: String| Some(Refusal { code: "target-missing", key: "to", message, help });
        match verdict {
            Verdict::Replace if !self.loaded.inventory.has_other(to, self.grant) => missing(
                format!("the replacement `{to}` does not exist on `{system}`"),
                format!(
                    "create it on the target first, then `tenure collect {system}`; or name existing access in `to`"
                ),
            ),
            Verdict::Transfer if !self.is_known(to) => missing(
                format!("the new owner `{to}` is not a known principal"),
                "name a principal of principals.toml or of the registry in `to`".to_owned(),
            ),
            Verdict::Reduce if to.starts_with(WITHOUT) => {
                let wanted = to.strip_prefix(WITHOUT)?.trim();
                let contents = RoleContents::of(&self.loaded.inventory, self.grant);
                let is_inside = contents.inside.iter().any(|one| one.id == wanted || one.name == wanted);
                if is_inside {
                    return None;
                }
                missing(
                    format!("`{}` does not give `{wanted}`", self.item.entitlement),
                    format!("`tenure review {}` lists what it gives", self.item.id),
                )
            }
            _ => match self.support.objection(self.loaded, self.grant, verdict, self.item.to.as_deref())? {
                UnsupportedChangeError::Harm { .. } => None,
                UnsupportedChangeError::Unsupported { why, instead } => Some(Refusal {
                    code: "verdict-unsupported",
                    key: "decision",
                    message: format!("`{verdict}` cannot be carried out on `{}`: {why}", self.item.entitlement),
                    help: instead,
                }),
            },
        }
    }

    /// Returns whether a principal is in the principals files.
    fn is_known(&self, name: &str) -> bool {
        let id = PrincipalId::parse(name).ok();
        let identities = self.view.identities();
        id.is_some_and(|id| identities.is_ok_and(|identities| identities.people.get(&id).is_some()))
    }
}

/// The prefix of a target that removes one entitlement of a role.
const WITHOUT: &str = "without ";
