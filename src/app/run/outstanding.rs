//! Decisions that the evidence does not settle: those that no run has carried out, and those that a later inventory
//! contradicts.

use crate::{
    app::{AppError, PlanContext, RepositorySession, in_force, resolutions},
    campaign::Resolution,
    diag::Diagnostic,
    enforce::OutstandingDecision,
    model::{
        Finding, ItemId, PlanEvidence as _, Severity, SystemId, Timestamp,
        history::{ActionHistory, EvidenceHistory},
        record::OutcomeKind,
    },
    plan::Plan,
    trust::OpenCampaign,
};
use std::collections::{BTreeMap, BTreeSet};

/// Access that a read confirmed as changed, and that a later inventory shows again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReappearedAccess {
    system: SystemId,
    what: String,
    confirmed_at: Timestamp,
    observed_at: Timestamp,
}

impl ReappearedAccess {
    fn message(&self) -> String {
        let Self { system, what, confirmed_at, observed_at } = self;
        format!(
            "{what} on {system} was confirmed as removed on {confirmed_at}, but the inventory of {observed_at} shows it"
        )
    }

    /// Returns the warning of a command.
    pub fn problem(&self) -> Diagnostic {
        let problem = Diagnostic::warning("access-reappeared", self.message());
        problem
            .in_file(format!("inventory/{}/observation.toml", self.system))
            .help("tenure enforce, then tenure verify")
    }

    /// Returns the finding of an audit.
    pub fn finding(&self) -> Finding {
        Finding {
            severity: Severity::Critical,
            code: "access-reappeared",
            subject: format!("inventory/{}/observation.toml", self.system),
            message: self.message(),
            help: "find out who granted it again; `tenure enforce` removes it".to_owned(),
        }
    }
}

/// Returns the access of a plan that was confirmed as changed before: the plan has it only because a later inventory
/// shows it.
pub fn reappeared<S>(plan: &Plan<S>, assembly: &PlanContext<'_>, history: &EvidenceHistory) -> Vec<ReappearedAccess> {
    let again = plan.actions().iter().filter_map(|action| {
        let past = history.action(&action.id).filter(|past| past.is_done())?;
        let system = action.grant.system.clone();
        let observed_at = assembly.inventories.get(&system)?.observation.observed_at;
        let what = format!("{} of {}", action.grant.entitlement.name, action.grant.principal.name);
        Some(ReappearedAccess { system, what, confirmed_at: past.verified_at?.1, observed_at })
    });
    again.collect()
}

/// Returns the decisions on the systems of the assembly that no run has carried out, the longest first.
///
/// # Errors
/// When the plan cannot be computed.
pub(super) fn outstanding(
    session: &RepositorySession,
    assembly: &PlanContext<'_>,
    history: &EvidenceHistory,
    now: Timestamp,
) -> Result<Vec<OutstandingDecision>, AppError> {
    let plan = assembly.plan(&session.governed, history, now)?;
    let (governed, _) = in_force(&session.governed, history, now);
    let all = resolutions(governed.as_ref(), Timestamp::from_unix(0));
    let by_item: BTreeMap<ItemId, &Resolution> = all.iter().map(|one| (one.item, one)).collect();
    let names: BTreeMap<ItemId, String> = session
        .governed
        .reviews()
        .iter()
        .flat_map(|review| &review.items)
        .map(|item| (item.id, format!("{} of {}", item.entitlement, item.principal)))
        .collect();
    // What was begun is read again: its result is that of the read. This includes the removal after a soak period.
    let has_happened =
        |past: &&ActionHistory| past.outcome.as_ref().is_some_and(|outcome| outcome.result != OutcomeKind::Drifted);
    let begun: BTreeSet<ItemId> =
        history.actions().map(|(_, past)| past).filter(has_happened).map(|past| past.item).collect();
    let ready = plan.actions().iter().map(|action| (action.basis.item, None));
    let held = plan.held().iter().map(|held| (held.item, Some(format!("{}; {}", held.why, held.next))));
    let mut found = Vec::new();
    for (item, held) in ready.chain(held).filter(|(item, _)| !begun.contains(item)) {
        let Some(resolution) = by_item.get(&item) else { continue };
        let since = since(session, history, resolution)?;
        found.push(OutstandingDecision {
            system: resolution.system.clone(),
            item,
            verdict: resolution.verdict,
            tier: resolution.tier,
            what: names.get(&item).cloned().unwrap_or_else(|| item.to_string()),
            held,
            since,
            is_overdue: resolution.tier.is_removal_overdue(since, now),
        });
    }
    found.sort_by_key(|decision| (decision.due(), decision.item));
    Ok(found)
}

/// Returns the time since which a decision is known: that of its acceptance, or of the merge that added its file.
fn since(
    session: &RepositorySession,
    history: &EvidenceHistory,
    resolution: &Resolution,
) -> Result<Timestamp, AppError> {
    let path = resolution.basis.path.as_str();
    if let Some((_, at)) = history.acceptance(path) {
        return Ok(at);
    }
    let governed = &session.governed;
    let reviews = governed.reviews().iter().map(|review| (review.path(), review.commit()));
    let closes = governed.openings().get(&resolution.campaign).map(OpenCampaign::closes).unwrap_or_default();
    let mut files = reviews.chain(closes.iter().map(|close| (close.path(), close.commit())));
    let added = files.find_map(|(file, commit)| (file == path).then_some(commit)).unwrap_or(session.main);
    Ok(Timestamp::from_unix(session.repository.committed_at(added)?))
}
