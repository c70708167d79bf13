//! Recomputes the plans of runs and the openings of campaigns at the commits where they were made.

use super::evidence_timeline::EvidenceTimeline;
use crate::{
    app::{
        AppError, KnownInputs, PlanContext, RepositorySession, RepositoryView, reopening_differences, seal_differences,
        worklists,
    },
    audit::PlanRecomputation,
    campaign::FieldDifference,
    git::ObjectId,
    model::{
        CampaignId, Digest, PlanEvidence, SystemId,
        file::Campaign,
        history::{EvidenceHistory, RunHistory},
    },
    trust::{OpenCampaign, RepositoryState, Verified},
};
use std::collections::BTreeMap;

/// Recomputed plans and openings, from one walk along main.
pub(super) struct Recomputation<'a> {
    session: &'a RepositorySession,
    history: &'a EvidenceHistory,
    plans: BTreeMap<u64, Result<Digest, String>>,
    openings: BTreeMap<CampaignId, Result<Vec<FieldDifference>, String>>,
    inputs: KnownInputs,
}

/// A value that is recomputed at a commit of main.
enum RecomputePoint<'a> {
    Plan(&'a RunHistory),
    Opening(&'a Verified<Campaign>),
}

impl<'a> Recomputation<'a> {
    /// Recomputes the plan of every run and the opening of every campaign.
    ///
    /// # Errors
    /// When the history of main cannot be read.
    pub(super) fn compute(
        session: &'a RepositorySession,
        history: &'a EvidenceHistory,
        timeline: &EvidenceTimeline,
    ) -> Result<Self, AppError> {
        let inputs = KnownInputs::default();
        let mut again = Self { session, history, plans: BTreeMap::new(), openings: BTreeMap::new(), inputs };
        let line = session.repository.first_parents(None, session.main)?;
        let places: BTreeMap<ObjectId, usize> = line.into_iter().zip(0..).collect();
        let runs = history.runs().map(|(_, run)| run).filter(|run| run.start.plan.is_some());
        let runs = runs.map(|run| (run.start.main.as_str(), RecomputePoint::Plan(run)));
        let campaigns = session.governed.openings().values().map(OpenCampaign::campaign);
        let campaigns = campaigns.map(|campaign| (campaign.base.as_str(), RecomputePoint::Opening(campaign)));
        // In the order of main, each step processes only the commits since the previous one; others come last.
        let mut stops: Vec<_> = runs
            .chain(campaigns)
            .map(|(commit, stop)| {
                let commit = ObjectId::parse(commit).map_err(|error| error.to_string());
                let place = commit.as_ref().ok().and_then(|commit| places.get(commit));
                (place.copied().unwrap_or(usize::MAX), commit, stop)
            })
            .collect();
        stops.sort_by_key(|(place, ..)| *place);
        let mut governed = None;
        for (_, commit, stop) in stops {
            let there = commit.and_then(|commit| Ok((commit, state_at(session, commit, &mut governed)?)));
            match stop {
                RecomputePoint::Plan(run) => {
                    let known = timeline.at(run.start.evidence);
                    let plan = there.and_then(|(commit, governed)| again.plan_at(run, commit, governed, &known?));
                    again.plans.insert(run.seq, plan);
                }
                RecomputePoint::Opening(campaign) => {
                    let found = there.and_then(|(commit, governed)| again.opening_at(campaign, commit, governed));
                    again.openings.insert(campaign.id.clone(), found);
                }
            }
        }
        Ok(again)
    }

    fn view(&self, commit: ObjectId, dependent: String) -> RepositoryView<'_> {
        RepositoryView::at(&self.session.repository, commit, dependent).with_known(&self.inputs)
    }

    fn plan_at(
        &self,
        run: &RunHistory,
        commit: ObjectId,
        governed: &RepositoryState,
        known: &dyn PlanEvidence,
    ) -> Result<Digest, String> {
        let session = self.session;
        let view = self.view(commit, format!("the plan of run {}", run.seq)).with_systems(governed);
        let view = view.map_err(|error| error.messages())?;
        let plan = |only: &[SystemId]| {
            let assembly = PlanContext::load(&view, &session.settings_dir(), only)?;
            let is_of_run = assembly.systems.keys().eq(&run.start.systems);
            Ok((is_of_run, assembly.plan(governed, known, run.started_at)?.digest()))
        };
        // The record lists the systems. A run that named none also held decisions on systems without a valid file.
        match plan(&[]) {
            Ok((true, whole)) if run.start.plan == Some(whole) => Ok(whole),
            _ => plan(&run.start.systems).map(|(_, digest)| digest).map_err(|error: AppError| error.messages()),
        }
    }

    fn opening_at(
        &self,
        campaign: &Verified<Campaign>,
        commit: ObjectId,
        governed: &RepositoryState,
    ) -> Result<Vec<FieldDifference>, String> {
        let view = self.view(commit, format!("the opening of `{}`", campaign.id)).with_systems(governed);
        let view = view.map_err(|error| error.messages())?;
        let again = || {
            let mut found = reopening_differences(&view, governed, campaign, &worklists(campaign, self.session)?)?;
            found.extend(seal_differences(&view, campaign, self.history)?);
            Ok::<_, AppError>(found)
        };
        again().map_err(|error| error.messages())
    }
}

impl PlanRecomputation for Recomputation<'_> {
    fn plan(&self, run: &RunHistory) -> Result<Digest, String> {
        self.plans.get(&run.seq).cloned().unwrap_or_else(|| Err("the start of the run was not read".to_owned()))
    }

    fn manifest(&self, commit: &str) -> Result<Digest, String> {
        let commit = ObjectId::parse(commit).map_err(|error| error.to_string())?;
        let view = RepositoryView::at(&self.session.repository, commit, "the manifest").with_known(&self.inputs);
        view.manifest().map_err(|error| error.messages())
    }

    fn opening(&self, campaign: &CampaignId) -> Result<Vec<FieldDifference>, String> {
        self.openings.get(campaign).cloned().unwrap_or_else(|| Err("the campaign is not signed".to_owned()))
    }
}

/// Returns the repository state at a commit. It advances `governed` if possible, otherwise it starts from the root.
fn state_at<'g>(
    session: &RepositorySession,
    commit: ObjectId,
    governed: &'g mut Option<RepositoryState>,
) -> Result<&'g RepositoryState, String> {
    let repository = &session.repository;
    if governed.as_mut().is_none_or(|governed| governed.advance(repository, commit).is_err()) {
        *governed = Some(RepositoryState::walk(repository, session.pin, commit).map_err(|error| error.to_string())?);
    }
    governed.as_ref().ok_or_else(|| "there is no trust state".to_owned())
}
