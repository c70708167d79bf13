//! Recomputes the plans of runs and the populations of campaigns at the commits where they were made.

use super::evidence_timeline::EvidenceTimeline;
use crate::{
    app::{AppError, CampaignInputs, KnownInputs, PlanContext, RepositorySession, RepositoryView},
    audit::PlanRecomputation,
    campaign::{CampaignPopulation, population},
    git::ObjectId,
    model::{
        CampaignId, Digest, PlanEvidence, SystemId,
        file::Campaign,
        history::{EvidenceHistory, RunHistory},
    },
    trust::RepositoryState,
};
use std::collections::BTreeMap;

/// Recomputed plans and populations, from one walk along main.
pub(super) struct Recomputation<'a> {
    session: &'a RepositorySession,
    plans: BTreeMap<u64, Result<Digest, String>>,
    populations: BTreeMap<CampaignId, Result<(Digest, u64), String>>,
    inputs: KnownInputs,
}

/// A value that is recomputed at a commit of main.
enum RecomputePoint<'a> {
    Plan(&'a RunHistory),
    Population(&'a Campaign),
}

impl<'a> Recomputation<'a> {
    /// Recomputes the plan of every run and the population of every campaign.
    ///
    /// # Errors
    /// When the history of main cannot be read.
    pub(super) fn compute(
        session: &'a RepositorySession,
        history: &EvidenceHistory,
        timeline: &EvidenceTimeline,
    ) -> Result<Self, AppError> {
        let inputs = KnownInputs::default();
        let mut again = Self { session, plans: BTreeMap::new(), populations: BTreeMap::new(), inputs };
        let line = session.repository.first_parents(None, session.main)?;
        let places: BTreeMap<ObjectId, usize> = line.into_iter().zip(0..).collect();
        let runs = history.runs().map(|(_, run)| run).filter(|run| run.start.plan.is_some());
        let runs = runs.map(|run| (run.start.main.as_str(), RecomputePoint::Plan(run)));
        let campaigns = session.governed.openings().values().map(|opening| opening.campaign().value());
        let campaigns = campaigns.map(|campaign| (campaign.base.as_str(), RecomputePoint::Population(campaign)));
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
                RecomputePoint::Population(campaign) => {
                    let found = there.and_then(|(commit, governed)| again.members_at(campaign, commit, governed));
                    again.populations.insert(campaign.id.clone(), found);
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
        let view = self.view(commit, format!("the plan of run {}", run.seq));
        let plan = |only: &[SystemId]| {
            let assembly = PlanContext::load(&view, &session.settings_dir(), only)?;
            let is_of_run = assembly.systems.keys().eq(&run.start.systems);
            Ok((is_of_run, assembly.plan(governed, known)?.digest()))
        };
        // The record lists the systems. A run that named none also held decisions on systems without a valid file.
        match plan(&[]) {
            Ok((true, whole)) if run.start.plan == Some(whole) => Ok(whole),
            _ => plan(&run.start.systems).map(|(_, digest)| digest).map_err(|error: AppError| error.messages()),
        }
    }

    fn members_at(
        &self,
        file: &Campaign,
        commit: ObjectId,
        governed: &RepositoryState,
    ) -> Result<(Digest, u64), String> {
        let trust = governed.trust().ok_or("there is no trust state at its base")?;
        let view = self.view(commit, format!("the population of `{}`", file.id));
        let inputs = CampaignInputs::load(&view, governed, &file.definition, file.opened_at)
            .map_err(|error| error.messages())?;
        for pinned in &file.systems {
            let loaded = inputs.inventories.get(&pinned.system);
            if loaded.is_none_or(|loaded| loaded.digest != pinned.observation) {
                return Err(format!("the inventory of `{}` differs from the pinned one", pinned.system));
            }
        }
        if file.policies.is_some_and(|pinned| pinned != inputs.pack.digest()) {
            return Err("the rules at its base differ from the pinned ones".to_owned());
        }
        let attribute_builder = inputs.attribute_builder();
        let setting = inputs.campaign_context(governed, trust, &attribute_builder);
        let population: CampaignPopulation<'_> = population(&file.id, &file.definition, &setting);
        Ok((population.digest(), population.len() as u64))
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

    fn population(&self, campaign: &CampaignId) -> Result<(Digest, u64), String> {
        self.populations.get(campaign).cloned().unwrap_or_else(|| Err("the campaign is not signed".to_owned()))
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
