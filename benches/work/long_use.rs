//! A governed repository after long use: merges on main, runs of the engine and their evidence, read by the program.

use super::certification::{git, of, tenure};
use super::cost::Cost;
use super::evidence::EvidenceBranch;
use super::governed::{DEFINITION, World, campaign_id, definition, now, person, system_id};
use std::fs;
use std::path::Path;
use std::process::Command;
use tenure::app::{KnownInputs, PlanContext, RepositoryView};
use tenure::campaign::WorklistFile;
use tenure::format::codec;
use tenure::format::sshsig::SignatureNamespace;
use tenure::git::ObjectId;
use tenure::model::action::ActionSpec;
use tenure::model::file::{FileKind, PrincipalKind, PrincipalRecord, Principals, Review};
use tenure::model::history::EvidenceHistory;
use tenure::model::record::{
    DecisionAccepted, IntentRecorded, LogGenesis, OutcomeKind, OutcomeRecorded, RecordPayload, RunEnd, RunStart,
    VerificationKind, VerificationRecorded,
};
use tenure::model::{Digest, RunId, Timestamp, VerificationLevel};
use tenure::policy::SHIPPED;
use tenure::trust::RepositoryState;

/// Creates a clone of a repository with a campaign over 2,000 grants and all built-in rules, 200 decisions, and `merges`
/// further commits on main that change definitions and principals. The evidence has 50 records for each of them, and
/// 7 runs for 20 of them. The clone has the cached state of main.
pub fn prepare(folder: &Path, merges: u64) {
    let mut world = World::found(folder, PEOPLE);
    fs::write(folder.join("pin"), world.pin.to_string()).expect("a file can be written");
    let policies: Vec<_> = SHIPPED
        .iter()
        .filter(|(path, _)| path.ends_with(".rules.toml") || path.ends_with("controls.toml"))
        .map(|(path, text)| world.put(path, text.as_bytes()))
        .collect();
    world.head = Some(world.commit(world.head, &policies));
    world.collect();
    let change = open_and_decide(&mut world);
    let mut line = Vec::new();
    for number in 0..merges {
        let edit = match number % 10 {
            0 => world.put("principals.toml", principals(number).as_bytes()),
            _ => {
                let mut definition = definition();
                definition.title = format!("Everything on the farm, version {number}");
                world.put(DEFINITION, codec::render(&definition).as_bytes())
            }
        };
        let commit = world.commit(world.head, &[edit]);
        world.head = Some(commit);
        line.push(commit);
    }
    let main = *line.last().expect("there is a merge");
    world.branch("refs/heads/main", main);
    let mut edits = Vec::new();
    world.decide(&change, 1, &mut edits);
    let change = world.commit(Some(main), &edits);
    world.branch("refs/heads/change", change);
    write_evidence(&world, &line);
    clone(folder);
    for words in COMMANDS {
        let _ = Cost::of_command(&mut tenure(folder, words), 3);
    }
}

/// Opens the campaign by the program, signs it, and decides on items. Returns a review file without decisions.
fn open_and_decide(world: &mut World) -> WorklistFile {
    let head = world.head.expect("it is founded");
    world.branch("refs/heads/main", head);
    clone(&world.folder);
    let id = campaign_id();
    let opened = tenure(&world.folder, &["campaign", "open", id.as_str(), "--from", DEFINITION]).output();
    let opened = opened.expect("the program can be started");
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    let campaign = format!("campaigns/{id}");
    let read = |path: &str| fs::read(world.folder.join("repo").join(path)).expect("it was opened");
    let path = format!("{campaign}/campaign.toml");
    let bytes = read(&path);
    let mut edits = Vec::new();
    world.sign(&path, &bytes, SignatureNamespace::Campaign, ["ana"], &mut edits);
    edits.push(world.put(&path, &bytes));
    let reviews = format!("{campaign}/reviews/{}", system_id());
    let files = fs::read_dir(world.folder.join("repo").join(&reviews)).expect("it was opened");
    let names = files.map(|file| file.expect("it can be listed").file_name().to_string_lossy().into_owned());
    let mut sheets: Vec<WorklistFile> = Vec::new();
    for path in names.map(|name| format!("{reviews}/{name}")) {
        let bytes = read(&path);
        edits.push(world.put(&path, &bytes));
        sheets.push(WorklistFile { review: codec::parse::<Review>(&path, &bytes).expect("it was opened"), path });
    }
    world.head = Some(world.commit(world.head, &edits));
    sheets.sort_by(|a, b| a.path.cmp(&b.path));
    let mut sheets = sheets.into_iter().filter(|sheet| sheet.review.cosigners.is_empty());
    let (mut left, mut edits) = (DECISIONS, Vec::new());
    while left > 0 {
        left -= world.decide(&sheets.next().expect("there are enough items"), left, &mut edits);
    }
    world.head = Some(world.commit(world.head, &edits));
    sheets.next().expect("there is one more")
}

fn principals(number: u64) -> String {
    let mut person = PrincipalRecord::new(person("ana"), PrincipalKind::Person);
    person.team = Some(format!("team-{number}"));
    codec::render(&Principals { schema: FileKind::Principals.schema().into(), principals: vec![person] })
}

/// Writes the evidence of runs along main. The first run enforces the decisions, and the others verify them again.
fn write_evidence(world: &World, line: &[ObjectId]) {
    let repository = &world.repository;
    let (runs, records) = (line.len() * 7 / 20, line.len() as u64 * 50);
    let mut branch = EvidenceBranch::new(repository, "example.org/farm", [8, 9]);
    let (mut history, known) = (EvidenceHistory::default(), KnownInputs::default());
    let mut governed = RepositoryState::walk(repository, world.pin, line[0]).expect("it can be read");
    let mut actions: Vec<ActionSpec> = Vec::new();
    for number in 0..runs {
        let commit = line[(number + 1) * line.len() / runs - 1];
        governed.advance(repository, commit).expect("it can be read");
        let trust = governed.trust().expect("it is founded");
        let view = RepositoryView::at(repository, commit, "the plan").with_known(&known).with_systems(&governed);
        let view = view.expect("it can be read");
        let inputs = PlanContext::load(&view, &world.folder, &[]).expect("it can be read");
        let plan = inputs.plan(&governed, &history, now()).expect("everything in it can be written");
        let run = RunId::parse(&format!("01932b5e-7c00-7000-8000-{number:012x}")).expect("a run id");
        let time = now().unix() + DAY * i64::try_from(number).expect("not that many");
        let time = Timestamp::from_unix(time);
        let genesis = LogGenesis { repo: trust.repo().to_string(), origin: "example.org/farm".into(), root: world.pin };
        let mut first: Vec<_> = (number == 0).then_some(RecordPayload::LogGenesis(genesis)).into_iter().collect();
        first.push(RecordPayload::RunStart(RunStart {
            command: "enforce".into(),
            main: commit.to_string(),
            plan: Some(plan.digest()),
            manifest: inputs.manifest(),
            systems: vec![system_id()],
            root: trust.root().digest(),
            mandate: trust.mandate().digest(),
            engine: env!("CARGO_PKG_VERSION").into(),
            lease: 3600,
            evidence: history.size(),
            claims: [].into(),
        }));
        let mut second = Vec::new();
        if number == 0 {
            actions.extend_from_slice(plan.actions());
            assert_eq!(actions.len(), DECISIONS, "{:?}", plan.held().first());
            first.extend(accepted(&governed));
            let before = first.len() as u64;
            first.extend(actions.iter().map(|action| intent(action, plan.digest())));
            second.extend(actions.iter().zip(before..).map(|(action, intent)| outcome(action, intent)));
        }
        let remaining = (records - branch.size()) / (runs - number) as u64;
        let count = match number {
            0 => actions.len(),
            _ => usize::try_from(remaining).expect("not that many") - first.len() - 1,
        };
        second.extend(actions.iter().cycle().skip(number * count).take(count).map(verification));
        second.push(RecordPayload::RunEnd(RunEnd { outcomes: [].into(), verifications: [].into(), exit: 0 }));
        for (entries, nth) in [first, second].into_iter().zip(0..) {
            branch.append((&run, nth), time, entries, &mut |record, line| history.push(record, line));
        }
    }
    assert_eq!(branch.size(), records, "the evidence has another size");
    branch.publish("refs/heads/evidence");
}

fn accepted(governed: &RepositoryState) -> Vec<RecordPayload> {
    let record = |review: &tenure::trust::Verified<Review>| {
        RecordPayload::DecisionAccepted(DecisionAccepted {
            path: review.path().to_owned(),
            digest: review.digest(),
            signatures: review.signatures().clone(),
            signers: review.names(),
            commit: review.commit().to_string(),
            registry: review.registry(),
            items: review.items.iter().filter(|item| item.decision.is_some()).count() as u64,
        })
    };
    governed.reviews().iter().map(record).collect()
}

fn intent(action: &ActionSpec, plan: Digest) -> RecordPayload {
    RecordPayload::Intent(IntentRecorded {
        action: action.id.clone(),
        plan,
        system: system_id(),
        item: action.basis.item,
        grant: action.grant.key.clone(),
        precondition: action.precondition,
        verb: "revoke".into(),
        witnesses: Vec::new(),
    })
}

fn outcome(action: &ActionSpec, intent: u64) -> RecordPayload {
    RecordPayload::Outcome(OutcomeRecorded {
        action: action.id.clone(),
        intent,
        result: OutcomeKind::Applied,
        class: None,
        text: "group and gshadow written".into(),
        successor: None,
        deposited: None,
    })
}

fn verification(action: &ActionSpec) -> RecordPayload {
    RecordPayload::Verification(VerificationRecorded {
        action: action.id.clone(),
        result: VerificationKind::Confirmed,
        level: VerificationLevel::V3,
        paths: Vec::new(),
        left: Vec::new(),
        answers: Vec::new(),
        probe: "group users has 400 other members".into(),
    })
}

/// Clones the repository as it is now. Everything is packed, as after a clone from a server.
fn clone(folder: &Path) {
    let _ = fs::remove_dir_all(folder.join("repo"));
    let url = format!("file://{}", folder.join("governed.git").display());
    git(folder, &["clone", "--quiet", &url, "repo"]);
}

/// Runs `check` on the change of one review file.
pub fn check(folder: &Path, merges: u64) -> Cost {
    of(folder, COMMANDS[0], merges)
}

/// Runs `plan`.
pub fn plan(folder: &Path, merges: u64) -> Cost {
    of(folder, COMMANDS[1], merges)
}

/// Runs `campaign status`.
pub fn status(folder: &Path, merges: u64) -> Cost {
    of(folder, COMMANDS[2], merges)
}

/// Runs `review --next`.
pub fn next(folder: &Path, merges: u64) -> Cost {
    of(folder, COMMANDS[3], merges)
}

/// Runs `audit`. The only finding is that the campaign has open items.
pub fn audit(folder: &Path, merges: u64) -> Cost {
    Cost { count: merges, ..Cost::of_command(&mut tenure(folder, &["audit"]), 3) }
}

/// Reads all objects of the repository with git.
pub fn read_objects(folder: &Path, merges: u64) -> Cost {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder.join("repo"));
    command.args(["cat-file", "--batch-all-objects", "--unordered", "--batch"]);
    Cost { count: merges, ..Cost::of_command(&mut command, 0) }
}

const COMMANDS: [&[&str]; 4] = [
    &["check", "--base", "origin/main", "origin/change"],
    &["plan"],
    &["campaign", "status", "2026-q4-farm"],
    &["review", "2026-q4-farm", "--signer", "ana", "--next", "--format", "json"],
];
const DAY: i64 = 24 * 60 * 60;
const PEOPLE: usize = 400;
const DECISIONS: usize = 200;
