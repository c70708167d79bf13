//! `tenure audit`: what the proof is worth, from a clone alone.

use super::{
    Context, Exit, Failure, Format,
    assemble::{Assembly, Committed, commit_of, people_at, resolutions},
    proof,
    session::{Session, git, systems_at},
};
use crate::{
    audit::{Answer, Case, Repeat, audit},
    campaign::{self, Setting, population},
    diag::escape,
    evidence::{Defect, Ledger},
    git::ObjectId,
    inventory,
    model::{
        CampaignId, Digest, Finding, Severity,
        history::{History, RunHistory},
    },
    report::{Look, findings_human, findings_json, findings_sarif},
    store::Snapshot,
    trust::Governed,
};
use serde_json::json;
use std::collections::BTreeMap;

/// Check the whole proof from a clone, offline: integrity, authority, coverage, enforcement, timeliness
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure audit --root sha256:…               what an auditor runs on a clone\n  tenure audit --root sha256:… --format json\n  tenure audit --format sarif > audit.sarif\n\nThe pin comes from outside the repository: `tenure init` printed it. Exit codes: 0 nothing found · 3 findings"
)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, context: &mut Context) -> Result<Exit, Failure> {
    let session = Session::open(context)?;
    session.trust()?;
    let (history, defects) = proof::read(&session)?;
    let plans = Plans::compute(&session, &history)?;
    let repeat = Again { session: &session, plans };
    let defects: Vec<Finding> = defects.iter().map(finding_of).collect();
    let now = context.clock.now();
    let resolutions = resolutions(&session.governed, now);
    let case = Case {
        governed: &session.governed,
        history: &history,
        defects: &defects,
        resolutions: &resolutions,
        now,
        repeat: &repeat,
    };
    let answers = audit(&case);
    let findings: Vec<Finding> = answers.iter().flat_map(|answer| answer.findings.iter().cloned()).collect();
    match context.format {
        Format::Json => {
            let looked: BTreeMap<_, _> = answers.iter().map(|a| (a.area.to_string(), a.looked_at.clone())).collect();
            let mut value = findings_json(&findings);
            value["looked_at"] = json!(looked);
            value["root"] = json!(session.pin);
            context.json(&value)?;
        }
        Format::Sarif => context.json(&findings_sarif(&findings))?,
        Format::Human | Format::Markdown => human(&answers, context)?,
    }
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Findings })
}

fn human(answers: &[Answer], context: &mut Context) -> Result<(), Failure> {
    let look = Look::new(context.out_style);
    for answer in answers {
        let verdict = match answer.findings.len() {
            0 => "nothing found".to_owned(),
            1 => "1 finding".to_owned(),
            many => format!("{many} findings"),
        };
        writeln!(context.out, "{:<12} {verdict} · {}", answer.area.to_string(), escape(&answer.looked_at))?;
        write!(context.out, "{}", findings_human(&answer.findings, look))?;
    }
    Ok(())
}

fn finding_of(defect: &Defect) -> Finding {
    Finding {
        severity: Severity::Critical,
        code: defect.code.as_str(),
        subject: defect.place.clone(),
        message: defect.message.clone(),
        help: "compare with another clone made earlier, and find out who could push".to_owned(),
    }
}

/// The plans of all runs, computed again in one more pass over the evidence: each from its commit and from the records
/// that its run knew.
struct Plans(BTreeMap<u64, Result<Digest, String>>);

impl Plans {
    fn compute(session: &Session, history: &History) -> Result<Self, Failure> {
        // By the number of records that a run knew: several runs may have known the same.
        let mut wanted: BTreeMap<u64, Vec<&RunHistory>> = BTreeMap::new();
        for (_, run) in history.runs().filter(|(_, run)| run.start.plan.is_some()) {
            wanted.entry(run.start.evidence).or_default().push(run);
        }
        let mut plans = BTreeMap::new();
        let Some(head) = proof::head(session)? else { return Ok(Self(plans)) };
        let mut histories: BTreeMap<u64, History> = BTreeMap::new();
        let mut known = History::default();
        if wanted.contains_key(&0) {
            histories.insert(0, known.clone());
        }
        let mut ledger = Ledger::new(proof::keys(session)?);
        ledger
            .advance(&session.repository, head, &mut |seen| {
                known.push(seen.record, seen.line);
                if wanted.contains_key(&known.size()) {
                    histories.insert(known.size(), known.clone());
                }
            })
            .map_err(git)?;
        let mut governed: Option<Governed> = None;
        for (size, runs) in &wanted {
            for run in runs {
                let plan = match histories.get(size) {
                    Some(known) => Self::again(session, run, known, &mut governed),
                    None => Err(format!("it knew {size} records, and there are not as many")),
                };
                plans.insert(run.seq, plan);
            }
        }
        Ok(Self(plans))
    }

    fn again(
        session: &Session,
        run: &RunHistory,
        known: &History,
        governed: &mut Option<Governed>,
    ) -> Result<Digest, String> {
        let words = |failure: Failure| {
            let problems = failure.problems.sorted().iter().map(|p| p.message.clone()).collect::<Vec<_>>();
            problems.join("; ")
        };
        let commit = ObjectId::parse(&run.start.main).map_err(|error| error.to_string())?;
        // Main only grows, so each run costs what came since the one before; what does not follow starts anew.
        let repository = &session.repository;
        if governed.as_mut().is_none_or(|governed| governed.advance(repository, commit).is_err()) {
            *governed = Some(Governed::walk(repository, session.pin, commit).map_err(|error| error.to_string())?);
        }
        let Some(governed) = governed.as_ref() else { return Err("there is no trust state".to_owned()) };
        let assembly = Assembly::at(repository, commit, &session.base(), &run.start.systems).map_err(words)?;
        assembly.plan(governed, known).map(|plan| plan.digest()).map_err(words)
    }
}

struct Again<'a> {
    session: &'a Session,
    plans: Plans,
}

impl Repeat for Again<'_> {
    fn plan(&self, run: &RunHistory) -> Result<Digest, String> {
        self.plans.0.get(&run.seq).cloned().unwrap_or_else(|| Err("its start was not read".to_owned()))
    }

    fn manifest(&self, commit: &str) -> Result<Digest, String> {
        let commit = ObjectId::parse(commit).map_err(|error| error.to_string())?;
        Snapshot::at(&self.session.repository, commit).manifest().map_err(|error| error.to_string())
    }

    fn population(&self, campaign: &CampaignId) -> Result<(Digest, u64), String> {
        let words = |failure: Failure| {
            let problems = failure.problems.sorted().iter().map(|p| p.message.clone()).collect::<Vec<_>>();
            problems.join("; ")
        };
        let file = self.session.governed.campaign(campaign).ok_or("it is not signed")?.value();
        let commit = commit_of(&self.session.repository, &file.base).map_err(words)?;
        let snapshot = Snapshot::at(&self.session.repository, commit);
        let governed = Governed::walk(&self.session.repository, self.session.pin, commit).map_err(|e| e.to_string())?;
        let trust = governed.trust().ok_or("there is no trust state at its base")?;
        let systems = systems_at(snapshot).map_err(words)?;
        let (people, _) = people_at(snapshot).map_err(words)?;
        let mut inventories = BTreeMap::new();
        for pinned in &file.systems {
            let loaded = inventory::load(&Committed(snapshot), &pinned.system).map_err(|error| error.to_string())?;
            if loaded.digest != pinned.observation {
                return Err(format!("the inventory of `{}` is not the one it pinned", pinned.system));
            }
            inventories.insert(pinned.system.clone(), loaded);
        }
        let setting = Setting {
            repo: trust.repo(),
            systems: &systems,
            inventories: &inventories,
            people: &people,
            kinship: governed.kinship(),
            registry: trust.registry().file(),
            thresholds: &trust.mandate().file().thresholds,
        };
        let roll: campaign::Roll<'_> = population(campaign, &file.definition, &setting);
        Ok((roll.digest(), roll.len() as u64))
    }
}
