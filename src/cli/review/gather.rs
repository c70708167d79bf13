//! What lies on the desk: who sits at it, which files of the work tree are theirs, and what they may decide.

use super::{
    Args,
    desk::{Barred, Bars, Desk},
    paper::{Paper, Standing, altered, undecided},
    save::{Keeper, signatures},
};
use crate::{
    campaign::folder,
    cli::{
        Context, Failure,
        session::{Session, git, store},
        sign::names_at_hand,
    },
    diag::{Diagnostic, Diagnostics},
    git::Repository,
    model::{
        CampaignId, Digest, ItemId, PrincipalId, Timestamp,
        file::{Campaign, Item, Review, StageClose},
    },
    store::{Place, Snapshot},
    trust::{Verified, reference},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A desk that is laid.
pub(super) struct Gathered {
    /// The campaign.
    pub(super) campaign: CampaignId,
    /// The desk.
    pub(super) desk: Desk,
    /// Who writes its files.
    pub(super) keeper: Keeper,
    /// The work tree.
    pub(super) tree: PathBuf,
}

/// A review file of the work tree.
struct Found {
    path: String,
    campaign: CampaignId,
    review: Review,
    digest: Digest,
}

/// Lays the desk of a person.
///
/// # Errors
/// When nobody can be told to sit at it, nothing is theirs, or a file of theirs is not acceptable.
pub(super) fn gather(args: &Args, session: &Session, context: &mut Context) -> Result<Gathered, Failure> {
    session.stand()?;
    let terms = session.trust()?.mandate().file().review_terms();
    let tree = session.work_tree()?.to_path_buf();
    let wanted = args.file.as_deref().map(|file| within(&tree, &context.directory.join(file))).transpose()?;
    let reviewer = who(args, &tree, context)?;
    let mut keeper = Keeper::new(&tree, session.repository.directory());
    let found = find(args, session, &tree, &reviewer, wanted.as_deref(), &mut keeper)?;
    let campaign = one_campaign(&found, &reviewer)?;
    let found: Vec<Found> = found.into_iter().filter(|file| file.campaign == campaign).collect();
    let opened = session.governed.campaign(&campaign).ok_or_else(|| not_open(&campaign))?;
    let stages = Stages::of(session, opened)?;
    let put = put_to_review(session, opened, &reviewer, &found)?;
    let mut papers = Vec::new();
    for file in &found {
        papers.extend(paper(file, &reviewer, &tree, &put, &stages)?);
    }
    follow(&mut papers, &tree, &reviewer);
    let bars = bars(&papers, &put, session, &reviewer);
    Ok(Gathered { campaign, desk: Desk::new(reviewer, papers, &bars, terms), keeper, tree })
}

/// Returns the path of a file within the work tree.
fn within(tree: &Path, file: &Path) -> Result<String, Failure> {
    let refuse = |why: String| Failure::from(Diagnostic::error("unreadable", why).help("tenure review --list"));
    let real = file.canonicalize().map_err(|error| refuse(format!("{} cannot be read: {error}", file.display())))?;
    let path = real.strip_prefix(tree.canonicalize()?).ok().and_then(Path::to_str).map(str::to_owned);
    path.ok_or_else(|| refuse(format!("{} lies outside the repository", file.display())))
}

/// Returns who sits at the desk: who is named, else the one person whose key is at hand.
fn who(args: &Args, tree: &Path, context: &mut Context) -> Result<PrincipalId, Failure> {
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    let names = names_at_hand(tree, args.key.as_deref(), context)?;
    if let [name] = names.as_slice() {
        return Ok(name.clone());
    }
    let named: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let message = match named.as_slice() {
        [] => "no key at hand is in the registry, so it cannot be told who reviews".to_owned(),
        names => format!("the keys at hand belong to {}", names.join(" and ")),
    };
    Err(Diagnostic::error("which-reviewer", message)
        .help("say who: tenure review --as NAME, or which key: --key FILE")
        .into())
}

/// Finds the review files of a person: those written for them, and those that they sign with somebody else.
fn find(
    args: &Args,
    session: &Session,
    tree: &Path,
    reviewer: &PrincipalId,
    wanted: Option<&str>,
    keeper: &mut Keeper,
) -> Result<Vec<Found>, Failure> {
    let mut problems = Diagnostics::new();
    let mut found = Vec::new();
    let ids: Vec<&CampaignId> = match &args.campaign {
        Some(id) => vec![session.governed.openings().get_key_value(id).map(|(id, _)| id).ok_or_else(|| not_open(id))?],
        None => session.governed.openings().keys().collect(),
    };
    for id in ids {
        for path in listed(tree, &format!("{}/reviews", folder(id))) {
            if wanted.is_some_and(|wanted| wanted != path) || !matches!(Place::of(&path), Place::Review { .. }) {
                continue;
            }
            // Of thousands of files only those that name this person are read in full.
            let mine = fs::read_to_string(tree.join(&path)).is_ok_and(|text| names(&text, reviewer));
            if !mine {
                continue;
            }
            match keeper.read(&path) {
                Ok(Some((review, digest))) if review.reviewer == *reviewer || review.cosigners.contains(reviewer) => {
                    found.push(Found { path, campaign: id.clone(), review, digest });
                }
                Ok(_) => {}
                Err(super::save::KeepError::Form(found)) => problems.extend(found),
                Err(error) => problems.push(error.into()),
            }
        }
    }
    if problems.has_errors() {
        return Err(problems.into());
    }
    // `ana-2.toml` follows `ana.toml`, and `ana-10.toml` comes last.
    found.sort_by(|a: &Found, b: &Found| order(a).cmp(&order(b)));
    Ok(found)
}

fn order(file: &Found) -> (&str, u32, usize, &str) {
    (file.review.system.as_str(), file.review.stage(), file.path.len(), &file.path)
}

fn names(text: &str, reviewer: &PrincipalId) -> bool {
    text.lines()
        .take_while(|line| !line.starts_with("[["))
        .any(|line| line.contains(&format!("\"{reviewer}\"")) || line.contains(&format!("'{reviewer}'")))
}

/// Returns the files below a folder of the work tree, sorted.
fn listed(tree: &Path, below: &str) -> Vec<String> {
    let mut found = Vec::new();
    for system in entries(&tree.join(below)) {
        for file in entries(&tree.join(below).join(&system)) {
            found.push(format!("{below}/{system}/{file}"));
        }
    }
    found.sort();
    found
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// Returns the one campaign in which the person has something to do.
fn one_campaign(found: &[Found], reviewer: &PrincipalId) -> Result<CampaignId, Failure> {
    let waits = |file: &&Found| file.review.items.iter().any(|item| item.decision.is_none());
    let with = |files: Vec<&CampaignId>| files.into_iter().cloned().collect::<BTreeSet<_>>();
    let all = with(found.iter().map(|file| &file.campaign).collect());
    let open = with(found.iter().filter(waits).map(|file| &file.campaign).collect());
    let candidates = if open.is_empty() { &all } else { &open };
    match candidates.iter().collect::<Vec<_>>().as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Diagnostic::error("nothing-to-review", format!("no review file here is for `{reviewer}`"))
            .help("git pull; `tenure campaign status ID` says who owes what")
            .into()),
        many => {
            let names: Vec<_> = many.iter().map(|id| format!("`{id}`")).collect();
            let message = format!("`{reviewer}` is asked in {}", names.join(" and "));
            Err(Diagnostic::error("which-campaign", message).help(format!("tenure review {}", many[0])).into())
        }
    }
}

pub(super) fn not_open(id: &CampaignId) -> Failure {
    Diagnostic::error("unknown-campaign", format!("no campaign `{id}` is signed on main"))
        .help("git pull; a campaign is reviewed once its opening is merged")
        .into()
}

/// Returns the items of these files as the campaign put them to review.
fn put_to_review(
    session: &Session,
    opened: &Verified<Campaign>,
    reviewer: &PrincipalId,
    found: &[Found],
) -> Result<BTreeMap<ItemId, Item>, Failure> {
    let opening = Snapshot::at(&session.repository, opened.commit());
    let wanted: BTreeSet<&ItemId> = found.iter().flat_map(|file| &file.review.items).map(|item| &item.id).collect();
    let people: BTreeSet<&str> =
        found.iter().map(|file| file.review.reviewer.as_str()).chain([reviewer.as_str()]).collect();
    let mut put = BTreeMap::new();
    for file in opening.list(&format!("{}/reviews", folder(&opened.value().id))).map_err(store)?.files {
        let Place::Review { stem, .. } = Place::of(&file.path) else { continue };
        if !people.iter().any(|name| stem.starts_with(name)) {
            continue;
        }
        let review: Review = opening.read(&file.path).map_err(store)?.into_value();
        let items = review.items.into_iter().filter(|item| wanted.contains(&item.id));
        put.extend(items.map(|item| (item.id.clone(), undecided(&item))));
    }
    Ok(put)
}

/// When each stage is due, and which are closed.
struct Stages {
    due: BTreeMap<u32, Timestamp>,
    closed: BTreeSet<u32>,
    last: u32,
}

impl Stages {
    fn of(session: &Session, opened: &Verified<Campaign>) -> Result<Self, Failure> {
        let campaign = opened.value();
        let folder = format!("{}/stages", folder(&campaign.id));
        let closes = session.snapshot().read_all::<StageClose>(&folder).map_err(store)?;
        let closed: BTreeMap<u32, Timestamp> =
            closes.iter().map(|close| (close.value().stage, close.value().closed_at)).collect();
        let days: Vec<u32> = match campaign.definition.stages.as_slice() {
            [] => vec![campaign.definition.window_days],
            stages => stages.iter().map(|stage| stage.days).collect(),
        };
        let (mut due, mut begins) = (BTreeMap::new(), campaign.opened_at);
        for (stage, days) in (1..).zip(&days) {
            let end = begins.plus_days(i64::from(*days));
            due.insert(stage, end);
            begins = closed.get(&stage).copied().unwrap_or(end);
        }
        let last = u32::try_from(days.len()).unwrap_or(u32::MAX);
        Ok(Self { due, closed: closed.into_keys().collect(), last })
    }

    /// Returns why nothing can be decided in a stage now.
    fn bar(&self, stage: u32) -> Option<String> {
        if self.closed.contains(&stage) {
            return Some(format!("stage {stage} is closed; what comes now is late, and refused"));
        }
        let before = stage.checked_sub(1).filter(|before| *before > 0 && !self.closed.contains(before))?;
        Some(format!("stage {stage} of {} begins when stage {before} is closed", self.last))
    }
}

/// Returns what may be done with a file; nothing when it waits for somebody else.
fn paper(
    file: &Found,
    reviewer: &PrincipalId,
    tree: &Path,
    put: &BTreeMap<ItemId, Item>,
    stages: &Stages,
) -> Result<Option<Paper>, Failure> {
    let signed = signatures(tree, &file.path)?;
    let stage = file.review.stage();
    let due = stages.due.get(&stage).copied().unwrap_or(Timestamp::from_unix(0));
    let has_signed = |name: &PrincipalId| signed.iter().any(|signer| signer == name.as_str());
    let mine = file.review.reviewer == *reviewer;
    let is_stub = file.review.items.iter().all(|item| put.contains_key(&item.id) && item.supersedes.is_none());
    let standing = match (mine, signed.is_empty()) {
        (false, _) if has_signed(&file.review.reviewer) && !has_signed(reviewer) => Standing::ToCosign,
        (false, _) => return Ok(None),
        (true, false) => Standing::Signed { reference: reference(&file.path, file.digest) },
        (true, true) if is_stub => Standing::Open,
        (true, true) => Standing::Next,
    };
    let bar = stages.bar(stage).or_else(|| {
        (standing == Standing::ToCosign).then(|| {
            format!("{} decided; read it, and sign the same bytes with S, or tell them why not", file.review.reviewer)
        })
    });
    Ok(Some(Paper { path: file.path.clone(), review: file.review.clone(), standing, due, bar }))
}

/// Adds the files that take what is decided after signing, where there is none yet.
fn follow(papers: &mut Vec<Paper>, tree: &Path, reviewer: &PrincipalId) {
    let mut added: Vec<Paper> = Vec::new();
    for paper in papers.iter().filter(|paper| matches!(paper.standing, Standing::Signed { .. })) {
        if papers.iter().chain(&added).any(|other| other.follows(paper)) {
            continue;
        }
        let folder = paper.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let free = (2_u32..).map(|number| format!("{folder}/{reviewer}-{number}.toml"));
        let free =
            free.into_iter().find(|path| !tree.join(path).exists() && !added.iter().any(|other| other.path == *path));
        let review = Review { items: Vec::new(), ..paper.review.clone() };
        added.extend(free.map(|path| Paper { path, review, standing: Standing::Next, due: paper.due, bar: None }));
    }
    papers.extend(added);
}

/// Returns which items the person cannot decide, and why.
fn bars(papers: &[Paper], put: &BTreeMap<ItemId, Item>, session: &Session, reviewer: &PrincipalId) -> Bars {
    let mut bars = Bars::new();
    for paper in papers {
        for id in altered(&paper.review, put) {
            let why = format!("it is not as the campaign put it to review: git checkout origin/main -- {}", paper.path);
            bars.insert(id.clone(), Barred { why, may_abstain: false });
        }
        for item in &paper.review.items {
            if let Some(tie) = session.governed.kinship().tie(reviewer, &item.subject) {
                let why = format!("it is {tie}: hand it on with a");
                bars.entry(item.id.clone()).or_insert(Barred { why, may_abstain: true });
            }
        }
    }
    bars
}

/// Returns the repository of the command line, for what needs no walk of its history.
pub(super) fn branch(context: &Context) -> Result<Option<String>, Failure> {
    let repository = Repository::discover(&context.directory).map_err(git)?;
    let head = fs::read_to_string(repository.directory().join("HEAD")).unwrap_or_default();
    Ok(head.trim().strip_prefix("ref: refs/heads/").map(str::to_owned))
}
