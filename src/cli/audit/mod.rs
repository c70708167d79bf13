//! `tenure audit`: verifies decisions, evidence and enforcement from a clone, offline.

mod evidence_index;
mod external_state;

use super::{CliError, CommandContext, ExitStatus, OutputFormat, campaign::quality_of, evidence};
use crate::{
    app::{CampaignInputs, PlanContext, RepositorySession, RepositoryView, resolutions},
    audit::{AuditArea, AuditContext, AuditResult, PlanRecomputation, audit},
    campaign::{CampaignPopulation, population},
    diag::{Diagnostic, escape},
    evidence::{EvidenceDefect, Ledger},
    git::ObjectId,
    model::{
        CampaignId, Digest, Finding, Severity,
        file::Campaign,
        history::{EvidenceHistory, RunHistory},
    },
    report::{OutputStyle, findings_human, findings_json, findings_sarif, problems_markdown},
    store::{KnownDigests, RepositorySnapshot},
    trust::RepositoryState,
};
use evidence_index::EvidenceIndex;
use external_state::{EvidenceState, ExternalState};
use serde_json::json;
use std::{cell::RefCell, collections::BTreeMap, path::PathBuf};

/// Verify decisions, evidence and enforcement from a clone, offline
///
/// The areas are integrity, authority, coverage, enforcement, timeliness and quality. Nothing is fetched, and no cache
/// is used.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The root pin must come from outside the repository: `tenure init` printed it.\n\nA single clone does not show whether the Git host served an old state. Save the current state, and compare it with the next clone or a mirror:\n  git rev-parse origin/main; git show origin/evidence:checkpoint > evidence.seen\n  tenure audit --expect-commit 9fceb02d0ae598e95dc970b74767f19372d61af8 --checkpoint evidence.seen --max-age 30\n\nExamples:\n  tenure audit --root sha256:…\n  tenure audit --root sha256:… --format json\n  tenure audit --sarif audit.sarif            for code scanning\n\nExit codes: 0 no findings · 3 findings"
)]
pub(super) struct AuditArgs {
    /// Also write the findings to this file, in SARIF 2.1.0
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    #[command(flatten)]
    elsewhere: ExternalState,
}

pub(super) fn run(args: &AuditArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let (answers, pin) = match examine(&args.elsewhere, context) {
        Ok((answers, pin)) => (answers, Some(pin)),
        Err(failure) => (vec![unreadable(failure)?], None),
    };
    let findings: Vec<Finding> = answers.iter().flat_map(|answer| answer.findings.iter().cloned()).collect();
    if let Some(path) = &args.sarif {
        context.file(path, &format!("{:#}\n", findings_sarif(&findings)))?;
    }
    match context.format {
        OutputFormat::Github => {
            human(&answers, context)?;
            context.annotate(&findings.iter().map(annotated).collect())?;
            context.summarize(&problems_markdown(&findings.iter().map(annotated).collect(), "audit results"))?;
        }
        OutputFormat::Json => {
            let looked: BTreeMap<_, _> = answers.iter().map(|a| (a.area.to_string(), a.looked_at.clone())).collect();
            let mut value = findings_json(&findings);
            value["looked_at"] = json!(looked);
            value["root"] = json!(pin);
            context.json(&value)?;
        }
        OutputFormat::Sarif => context.json(&findings_sarif(&findings))?,
        OutputFormat::Human | OutputFormat::Markdown => human(&answers, context)?,
    }
    Ok(if findings.is_empty() { ExitStatus::Done } else { ExitStatus::Findings })
}

fn examine(elsewhere: &ExternalState, context: &mut CommandContext) -> Result<(Vec<AuditResult>, Digest), CliError> {
    let session = context.open_pinned_session()?;
    evidence::note_if_missing(&session, context)?;
    if session.governed.trust().is_none() {
        return Ok((vec![unfounded(&session)], session.pin));
    }
    let mut witness = EvidenceIndex::new(evidence::readback_keys(&session)?);
    let (ledger, history, defects) = evidence::read_with(&session, &mut |seen| witness.observe(seen))?;
    let witness = witness.end();
    let read = EvidenceState { ledger: &ledger, newest: witness.newest };
    let repeat = Recomputation::compute(&session, &history, witness.ends)?;
    let mut defects: Vec<Finding> = defects.iter().map(finding_of).collect();
    defects.extend(witness.unearned);
    defects.extend(elsewhere.findings(&read, &session, context)?);
    let now = context.clock.now();
    let resolutions = resolutions(&session.governed, now);
    let campaigns = session.governed.openings().values().map(crate::trust::OpenCampaign::campaign);
    let qualities: Vec<_> =
        campaigns.map(|campaign| quality_of(campaign, &session, &history)).collect::<Result<_, _>>()?;
    let case = AuditContext {
        governed: &session.governed,
        history: &history,
        defects: &defects,
        resolutions: &resolutions,
        qualities: &qualities,
        now,
        repeat: &repeat,
    };
    Ok((audit(&case), session.pin))
}

/// Returns the result for a pin that leads to no root, registry and mandate. Without these, no other file can be
/// verified.
fn unfounded(session: &RepositorySession) -> AuditResult {
    let mut findings = session.governed.findings();
    if let Some(pin) = findings.iter().find(|finding| finding.code == "root-pin-mismatch").cloned() {
        // With another root than the pinned one, all other findings are consequences.
        return AuditResult {
            area: AuditArea::Integrity,
            looked_at: "the whole history of main".to_owned(),
            findings: vec![pin],
        };
    }
    findings.push(Finding {
        severity: Severity::Critical,
        code: "trust-not-established",
        subject: "trust".to_owned(),
        message: format!("the pin {} leads to no root, registry and mandate", session.pin),
        help: "compare the pin with the one `tenure init` printed; if it is right, trust nothing here".to_owned(),
    });
    findings.sort();
    AuditResult { area: AuditArea::Integrity, looked_at: "the whole history of main".to_owned(), findings }
}

/// Returns an incomplete history or an invalid file as findings of the audit. Any other failure, such as a missing
/// pin, ends the command.
fn unreadable(failure: CliError) -> Result<AuditResult, CliError> {
    let problems = failure.problems.sorted();
    if failure.exit != ExitStatus::Findings && !problems.iter().all(|problem| problem.file().is_some()) {
        return Err(failure);
    }
    let finding = |problem: &&Diagnostic| Finding {
        severity: Severity::Critical,
        code: problem.code,
        subject: problem.file().unwrap_or("repository").to_owned(),
        message: problem.message.clone(),
        help: problem.help.clone().unwrap_or_default(),
    };
    let findings = problems.iter().map(finding).collect();
    Ok(AuditResult {
        area: AuditArea::Integrity,
        looked_at: "no area: the repository cannot be verified".to_owned(),
        findings,
    })
}

fn human(answers: &[AuditResult], context: &mut CommandContext) -> Result<(), CliError> {
    let style = OutputStyle::new(context.out_style);
    for answer in answers {
        let verdict = match answer.findings.len() {
            0 => "nothing found".to_owned(),
            1 => "1 finding".to_owned(),
            many => format!("{many} findings"),
        };
        writeln!(context.out, "{:<12} {verdict} · {}", answer.area.to_string(), escape(&answer.looked_at))?;
        write!(context.out, "{}", findings_human(&answer.findings, style))?;
    }
    Ok(())
}

/// Returns a finding as a diagnostic for annotations and summaries.
fn annotated(finding: &Finding) -> Diagnostic {
    let message = format!("{}: {}", finding.subject, finding.message);
    let problem = match finding.severity {
        Severity::Critical | Severity::High => Diagnostic::error(finding.code, message),
        Severity::Medium | Severity::Low => Diagnostic::warning(finding.code, message),
    };
    problem.help(finding.help.as_str())
}

fn finding_of(defect: &EvidenceDefect) -> Finding {
    Finding {
        severity: Severity::Critical,
        code: defect.code.as_str(),
        subject: defect.place.clone(),
        message: defect.message.clone(),
        help: "compare with an earlier clone, and find out who had push access".to_owned(),
    }
}

/// Recomputed plans and populations, from one walk along main and one more pass over the evidence.
struct Recomputation<'a> {
    session: &'a RepositorySession,
    plans: BTreeMap<u64, Result<Digest, String>>,
    populations: BTreeMap<CampaignId, Result<(Digest, u64), String>>,
    digests: RefCell<KnownDigests>,
}

/// A value that is recomputed at a commit of main.
enum RecomputePoint<'a> {
    Plan(&'a RunHistory),
    Population(&'a Campaign),
}

impl<'a> Recomputation<'a> {
    fn compute(
        session: &'a RepositorySession,
        history: &EvidenceHistory,
        ends: BTreeMap<u64, ObjectId>,
    ) -> Result<Self, CliError> {
        let mut again =
            Self { session, plans: BTreeMap::new(), populations: BTreeMap::new(), digests: RefCell::default() };
        let mut known = HistoricalEvidence::new(session, ends)?;
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
                    let known = known.at(run.start.evidence);
                    let plan = there.and_then(|(commit, governed)| plan(session, run, commit, governed, known?));
                    again.plans.insert(run.seq, plan);
                }
                RecomputePoint::Population(campaign) => {
                    let found = there.and_then(|(commit, governed)| members(session, campaign, commit, governed));
                    again.populations.insert(campaign.id.clone(), found);
                }
            }
        }
        Ok(again)
    }
}

impl PlanRecomputation for Recomputation<'_> {
    fn plan(&self, run: &RunHistory) -> Result<Digest, String> {
        self.plans.get(&run.seq).cloned().unwrap_or_else(|| Err("the start of the run was not read".to_owned()))
    }

    fn manifest(&self, commit: &str) -> Result<Digest, String> {
        let commit = ObjectId::parse(commit).map_err(|error| error.to_string())?;
        let snapshot = RepositorySnapshot::at(&self.session.repository, commit);
        snapshot.manifest_with(&mut self.digests.borrow_mut()).map_err(|error| error.to_string())
    }

    fn population(&self, campaign: &CampaignId) -> Result<(Digest, u64), String> {
        self.populations.get(campaign).cloned().unwrap_or_else(|| Err("the campaign is not signed".to_owned()))
    }
}

/// The evidence that a run had read. It advances from run to run, so only one history is in memory.
struct HistoricalEvidence<'a> {
    session: &'a RepositorySession,
    ends: BTreeMap<u64, ObjectId>,
    ledger: Ledger,
    history: EvidenceHistory,
}

impl<'a> HistoricalEvidence<'a> {
    fn new(session: &'a RepositorySession, ends: BTreeMap<u64, ObjectId>) -> Result<Self, CliError> {
        Ok(Self { session, ends, ledger: Ledger::new(evidence::keys(session)?), history: EvidenceHistory::default() })
    }

    /// Returns the history of the first `size` records.
    fn at(&mut self, size: u64) -> Result<&EvidenceHistory, String> {
        if size < self.history.size() {
            self.ledger = Ledger::new(evidence::keys(self.session).map_err(messages)?);
            self.history = EvidenceHistory::default();
        }
        if size > self.history.size() {
            let refuse = || format!("the run had read {size} records, and no commit ends with this number");
            let end = *self.ends.get(&size).ok_or_else(refuse)?;
            let history = &mut self.history;
            let read =
                self.ledger.advance(&self.session.repository, end, &mut |seen| history.push(seen.record, seen.line));
            read.map_err(|error| error.to_string())?;
        }
        Ok(&self.history)
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

fn plan(
    session: &RepositorySession,
    run: &RunHistory,
    commit: ObjectId,
    governed: &RepositoryState,
    known: &EvidenceHistory,
) -> Result<Digest, String> {
    let view = RepositoryView::at(&session.repository, commit, format!("the plan of run {}", run.seq));
    let assembly =
        PlanContext::load(&view, &session.settings_dir(), &run.start.systems).map_err(|error| error.messages())?;
    assembly.plan(governed, known).map(|plan| plan.digest()).map_err(|error| error.messages())
}

fn members(
    session: &RepositorySession,
    file: &Campaign,
    commit: ObjectId,
    governed: &RepositoryState,
) -> Result<(Digest, u64), String> {
    let trust = governed.trust().ok_or("there is no trust state at its base")?;
    let view = RepositoryView::at(&session.repository, commit, format!("the population of `{}`", file.id));
    let inputs =
        CampaignInputs::load(&view, governed, &file.definition, file.opened_at).map_err(|error| error.messages())?;
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

fn messages(failure: CliError) -> String {
    failure.problems.sorted().iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; ")
}
