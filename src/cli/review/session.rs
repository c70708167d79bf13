//! The desk: items, decisions on them, undo and redo. It knows no terminal and no disk; the bytes of a file follow from it.

use super::{
    decision_input::DecisionInput,
    review_file::{ReviewFile, ReviewFileState, undecided},
};
use crate::{
    campaign::{is_flagged, said},
    format::{codec, confusables, limits::MAX_LINE},
    model::{
        ItemId, PrincipalId, SystemId, Tier, Verdict,
        file::{Item, MissingField, ReviewTerms},
    },
};
use std::collections::BTreeMap;

/// Everything one person has to decide, and what they decided.
#[derive(Clone, Debug)]
pub(super) struct ReviewSession {
    reviewer: PrincipalId,
    /// What decisions need, by the mandate.
    terms: ReviewTerms,
    papers: Vec<ReviewFile>,
    rows: Vec<ItemRow>,
    past: Vec<UndoStep>,
    future: Vec<UndoStep>,
}

/// One item on the desk.
#[derive(Clone, Debug)]
pub(super) struct ItemRow {
    /// The paper and the place in it where it stands now.
    home: (usize, usize),
    /// Why it cannot be decided here, if so.
    bar: Option<String>,
    /// Whether handing it on is allowed all the same.
    may_abstain: bool,
    /// How a later decision names the one in force.
    in_force: Option<String>,
    key: (u32, ItemId),
}

/// Why a decision is not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum DecisionError {
    /// The item cannot be decided here.
    #[error("{0}")]
    Barred(String),
    /// Bulk is for what nothing speaks against.
    #[error("a rule speaks against {0}: decide it by itself, after reading its card")]
    Flagged(String),
    /// The file would not be accepted.
    #[error("{0}")]
    Form(String),
    /// Bulk is for items of one shape.
    #[error("these items are not of one shape: same system, kind, entitlement and tier")]
    Shapes,
    /// It needs more.
    #[error("{}", needs(*.0))]
    Lacks(MissingField),
}

/// Something that was done and can be undone.
#[derive(Clone, Debug)]
struct UndoStep {
    what: String,
    before: Vec<(usize, Vec<Item>)>,
    after: Vec<(usize, Vec<Item>)>,
}

/// How far the desk is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Progress {
    /// How many items there are.
    pub(super) items: usize,
    /// How many of them are decided.
    pub(super) decided: usize,
    /// How many have a rule against them.
    pub(super) flagged: usize,
    /// How many of those are open.
    pub(super) flagged_open: usize,
}

/// What items that are decided together have in common.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct BulkKey {
    system: SystemId,
    tier: Tier,
    entitlement: String,
}

/// How much a place says about an item: whether it can be changed there, whether it is decided there, and the place.
type Worth = (bool, bool, (usize, usize));

/// What a step was, and the papers that it changed.
pub(super) type AppliedStep = (String, Vec<usize>);

/// What holds for the items of a desk.
#[derive(Clone, Debug)]
pub(super) struct SessionInput {
    /// Why some of them cannot be decided.
    pub(super) bars: BTreeMap<ItemId, Undecidable>,
    /// How a later decision names the one in force on main, by stage and item.
    pub(super) in_force: BTreeMap<(u32, ItemId), String>,
    /// What decisions need, by the mandate.
    pub(super) terms: ReviewTerms,
}

/// Why one item cannot be decided.
#[derive(Clone, Debug)]
pub(super) struct Undecidable {
    /// The reason, with what to do.
    pub(super) why: String,
    /// Whether handing it on is allowed all the same.
    pub(super) may_abstain: bool,
}

impl ReviewSession {
    /// Lays the papers on the desk. An item that stands in several of them stands once: where it can still be changed.
    pub(super) fn new(reviewer: PrincipalId, papers: Vec<ReviewFile>, laid: &SessionInput) -> Self {
        let mut desk =
            Self { reviewer, terms: laid.terms, papers, rows: Vec::new(), past: Vec::new(), future: Vec::new() };
        desk.lay(laid);
        desk
    }

    fn lay(&mut self, laid: &SessionInput) {
        let mut known: BTreeMap<(u32, ItemId), usize> = BTreeMap::new();
        for (place, paper) in self.papers.iter().enumerate() {
            for (at, item) in paper.review.items.iter().enumerate() {
                let key = (paper.review.stage(), item.id);
                // What is signed and not merged yet comes after all that is in force on main.
                let in_force = match (&paper.standing, item.decision) {
                    (ReviewFileState::Signed { reference, merged: false }, Some(_)) => Some(reference.clone()),
                    _ => None,
                };
                if let Some(row) = known.get(&key).and_then(|row| self.rows.get_mut(*row)) {
                    row.home = (place, at);
                    row.in_force = in_force.or(row.in_force.take());
                    continue;
                }
                let barred = laid.bars.get(&item.id);
                let cosigns = (paper.standing == ReviewFileState::ToCosign).then(|| {
                    format!(
                        "{} decided; read it, and S signs the same bytes, or tell them why not",
                        paper.review.reviewer
                    )
                });
                let bar = paper.bar.clone().or(cosigns).or_else(|| barred.map(|barred| barred.why.clone()));
                let may_abstain = paper.bar.is_none() && barred.is_some_and(|barred| barred.may_abstain);
                let in_force = in_force.or_else(|| laid.in_force.get(&key).cloned());
                known.insert(key, self.rows.len());
                self.rows.push(ItemRow { home: (place, at), bar, may_abstain, in_force, key });
            }
        }
        self.settle();
    }

    /// Finds where each item stands now: in a paper that can be changed, else where it was decided last.
    fn settle(&mut self) {
        let mut homes: BTreeMap<(u32, &ItemId), Worth> = BTreeMap::new();
        for (place, paper) in self.papers.iter().enumerate() {
            let open = !matches!(paper.standing, ReviewFileState::Lent | ReviewFileState::Signed { .. });
            for (at, item) in paper.review.items.iter().enumerate() {
                let worth = (open, item.decision.is_some(), (place, at));
                let best = homes.entry((paper.review.stage(), &item.id)).or_insert(worth);
                if (worth.0, worth.1) >= (best.0, best.1) {
                    *best = worth;
                }
            }
        }
        let homes: Vec<_> =
            self.rows.iter().map(|row| homes.get(&(row.key.0, &row.key.1)).map(|best| best.2)).collect();
        for (row, home) in self.rows.iter_mut().zip(homes) {
            row.home = home.unwrap_or(row.home);
        }
    }

    /// Returns who sits at it.
    pub(super) const fn reviewer(&self) -> &PrincipalId {
        &self.reviewer
    }

    /// Returns the papers.
    pub(super) fn papers(&self) -> &[ReviewFile] {
        &self.papers
    }

    /// Returns how many items there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns an item.
    pub(super) fn item(&self, row: usize) -> Option<&Item> {
        let (paper, at) = self.rows.get(row)?.home;
        self.papers.get(paper)?.review.items.get(at)
    }

    /// Returns the paper an item stands in.
    pub(super) fn paper_of(&self, row: usize) -> Option<&ReviewFile> {
        self.papers.get(self.rows.get(row)?.home.0)
    }

    /// Returns why an item cannot be decided here, if so.
    pub(super) fn bar(&self, row: usize) -> Option<&str> {
        self.rows.get(row)?.bar.as_deref()
    }

    /// Returns whether an item waits for a decision that this person can give.
    pub(super) fn is_open(&self, row: usize) -> bool {
        self.item(row).is_some_and(|item| item.decision.is_none()) && self.bar(row).is_none()
    }

    /// Returns how far it is.
    pub(super) fn progress(&self) -> Progress {
        let mut progress = Progress { items: self.len(), ..Progress::default() };
        for item in (0..self.len()).filter_map(|row| self.item(row)) {
            let (decided, flagged) = (item.decision.is_some(), is_flagged(item));
            progress.decided += usize::from(decided);
            progress.flagged += usize::from(flagged);
            progress.flagged_open += usize::from(flagged && !decided);
        }
        progress
    }

    /// Returns how many flagged items stay open in what would be signed now.
    pub(super) fn flagged_left_open(&self) -> usize {
        let items = self.papers.iter().filter(|paper| paper.can_be_signed()).flat_map(|paper| &paper.review.items);
        items.filter(|item| is_flagged(item) && item.decision.is_none()).count()
    }

    /// Returns what an item has in common with those it may be decided with.
    pub(super) fn shape(&self, row: usize) -> Option<BulkKey> {
        let (item, paper) = (self.item(row)?, self.paper_of(row)?);
        // The account itself is called like its holder: all accounts are of one shape.
        let entitlement = match item.entitlement.strip_suffix(item.principal.as_str()) {
            Some(kind) if item.entitlement.starts_with("account ") => kind.to_owned(),
            _ => item.entitlement.clone(),
        };
        Some(BulkKey { system: paper.review.system.clone(), tier: item.tier, entitlement })
    }

    /// Decides one item, and returns the papers that changed.
    ///
    /// # Errors
    /// When it cannot be decided so; nothing has changed then.
    pub(super) fn decide(&mut self, row: usize, answer: &DecisionInput) -> Result<Vec<usize>, DecisionError> {
        let what =
            self.item(row).map(|item| format!("{} · {}", item.principal, said(&item.entitlement))).unwrap_or_default();
        self.apply(&[row], answer, format!("{}: {what}", answer.word()))
    }

    /// Decides several items alike, which nothing speaks against and which are of one shape.
    ///
    /// # Errors
    /// When one of them is flagged, decided, or of another shape; nothing has changed then.
    pub(super) fn decide_all(&mut self, rows: &[usize], answer: &DecisionInput) -> Result<Vec<usize>, DecisionError> {
        let mut shapes = rows.iter().map(|row| self.shape(*row));
        let first = shapes.next();
        if shapes.any(|shape| Some(shape) != first) {
            return Err(DecisionError::Shapes);
        }
        for item in rows.iter().filter_map(|row| self.item(*row)) {
            if is_flagged(item) {
                return Err(DecisionError::Flagged(format!("{} · {}", item.principal, said(&item.entitlement))));
            }
        }
        let what = format!("{}: {} items", answer.word(), rows.len());
        self.apply(rows, answer, what)
    }

    fn apply(&mut self, rows: &[usize], answer: &DecisionInput, what: String) -> Result<Vec<usize>, DecisionError> {
        let mut papers: BTreeMap<usize, Vec<Item>> = BTreeMap::new();
        for row in rows {
            self.write(*row, answer, &mut papers)?;
        }
        let before = papers.keys().filter_map(|place| Some((*place, self.papers.get(*place)?.review.items.clone())));
        let step = UndoStep { what, before: before.collect(), after: papers.into_iter().collect() };
        if step.before == step.after {
            return Ok(Vec::new());
        }
        self.check_form(&step.after)?;
        let changed = self.put(&step.after);
        self.past.push(step);
        self.future.clear();
        Ok(changed)
    }

    /// Writes the answer into a copy of the paper it goes into.
    fn write(
        &self,
        row: usize,
        answer: &DecisionInput,
        papers: &mut BTreeMap<usize, Vec<Item>>,
    ) -> Result<(), DecisionError> {
        let gone = || DecisionError::Barred("there is no such item on the desk".to_owned());
        let (found, item) = (self.rows.get(row).ok_or_else(gone)?, self.item(row).ok_or_else(gone)?);
        let hands_on = answer.verdict == Some(Verdict::Abstain) && found.may_abstain;
        if let Some(bar) = found.bar.as_ref().filter(|_| !hands_on) {
            return Err(DecisionError::Barred(bar.clone()));
        }
        let mut decided = answer.on(undecided(item));
        if let Some(lack) = decided.lacks_by(&self.terms) {
            return Err(DecisionError::Lacks(lack));
        }
        decided.supersedes = found.in_force.clone().filter(|_| decided.decision.is_some());
        let target = self.target(found.home.0).ok_or_else(gone)?;
        let items = papers.entry(target).or_insert_with(|| self.items(target).to_vec());
        let place = items.iter().position(|own| own.id == decided.id);
        let is_next = self.papers.get(target).is_some_and(|paper| paper.standing == ReviewFileState::Next);
        match place.and_then(|place| items.get_mut(place)) {
            // What stays as it was signed has no place in the next file.
            Some(own) if is_next && decided.decision.is_none() => {
                let id = own.id;
                items.retain(|item| item.id != id);
            }
            Some(own) => *own = decided,
            None if decided.decision.is_none() => {}
            None => {
                items.push(decided);
                let order: BTreeMap<&ItemId, usize> =
                    self.rows.iter().enumerate().map(|(at, row)| (&row.key.1, at)).collect();
                items.sort_by_key(|item| order.get(&item.id).copied());
            }
        }
        Ok(())
    }

    fn items(&self, paper: usize) -> &[Item] {
        self.papers.get(paper).map_or(&[], |paper| &paper.review.items)
    }

    /// Returns the paper that takes decisions on items that stand in this one.
    fn target(&self, place: usize) -> Option<usize> {
        let own = self.papers.get(place)?;
        match own.standing {
            ReviewFileState::Lent | ReviewFileState::Signed { .. } => own.next,
            ReviewFileState::Next | ReviewFileState::Open => Some(place),
            ReviewFileState::ToCosign => None,
        }
    }

    /// A line of a governed file has an end, and no tricks.
    fn check_form(&self, after: &[(usize, Vec<Item>)]) -> Result<(), DecisionError> {
        for (place, items) in after {
            for text in items.iter().flat_map(|item| [Some(&item.reason), item.to.as_ref()]).flatten() {
                if let Some(trick) = confusables::check(text) {
                    return Err(DecisionError::Form(format!("the text has {trick}: write it another way")));
                }
                if text.len() > MAX_LINE / 4 {
                    return Err(DecisionError::Form(format!(
                        "at most {} bytes; put the rest in a ticket",
                        MAX_LINE / 4
                    )));
                }
            }
            let Some(paper) = self.papers.get(*place) else { continue };
            let mut review = paper.review.clone();
            review.items.clone_from(items);
            let text = codec::render(&review);
            if codec::parse::<crate::model::file::Review>(&paper.path, text.as_bytes()).is_err() {
                return Err(DecisionError::Form(format!("{} would not be accepted so", paper.path)));
            }
        }
        Ok(())
    }

    fn put(&mut self, states: &[(usize, Vec<Item>)]) -> Vec<usize> {
        for (place, items) in states {
            if let Some(paper) = self.papers.get_mut(*place) {
                paper.review.items.clone_from(items);
            }
        }
        self.settle();
        states.iter().map(|(place, _)| *place).collect()
    }

    /// Takes the last step back, and returns what it was and the papers that changed.
    pub(super) fn undo(&mut self) -> Option<AppliedStep> {
        let step = self.past.pop()?;
        let changed = self.put(&step.before);
        let what = step.what.clone();
        self.future.push(step);
        Some((what, changed))
    }

    /// Does again what was taken back last.
    pub(super) fn redo(&mut self) -> Option<AppliedStep> {
        let step = self.future.pop()?;
        let changed = self.put(&step.after);
        let what = step.what.clone();
        self.past.push(step);
        Some((what, changed))
    }

    /// Takes the items of a paper as they lie on disk now; steps that were taken before cannot be undone any more.
    pub(super) fn replace(&mut self, paper: usize, items: Vec<Item>) {
        self.past.clear();
        self.future.clear();
        self.put(&[(paper, items)]);
    }
}

/// Returns what is needed, and how to give it.
fn needs(lack: MissingField) -> String {
    match lack {
        MissingField::Code => "a rule speaks against keeping it: choose a code for the reason".to_owned(),
        MissingField::Exception => "a rule speaks too much against keeping it: x keeps it until a date".to_owned(),
        MissingField::Words => "a rule speaks against keeping it: say why in a few words".to_owned(),
        lack => format!("it needs {}", lack.as_str()),
    }
}
