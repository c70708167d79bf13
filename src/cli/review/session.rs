//! The review session: items, decisions, undo and redo, independent of terminal and disk.

use super::{
    decision_input::DecisionInput,
    review_file::{ReviewFile, ReviewFileState},
};
use crate::{
    campaign::{is_flagged, said},
    format::{blank_worklist::blank_item, codec, confusables, limits::MAX_LINE},
    model::{
        ItemId, PrincipalId, SystemId, Tier, Verdict,
        file::{Item, MissingField, ReviewTerms},
    },
};
use std::collections::BTreeMap;

/// The items and decisions of one reviewer.
#[derive(Clone, Debug)]
pub(super) struct ReviewSession {
    reviewer: PrincipalId,
    /// The requirements of the mandate for decisions.
    terms: ReviewTerms,
    review_files: Vec<ReviewFile>,
    rows: Vec<ItemRow>,
    past: Vec<UndoStep>,
    future: Vec<UndoStep>,
}

/// One item of the session.
#[derive(Clone, Debug)]
pub(super) struct ItemRow {
    /// The file and the index of its current version.
    home: (usize, usize),
    /// The reason why it cannot be decided here, if any.
    bar: Option<String>,
    /// Whether it can still be reassigned.
    may_abstain: bool,
    /// The reference to the decision in force.
    in_force: Option<String>,
    key: (u32, ItemId),
}

/// The reason why a decision is rejected.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum DecisionError {
    /// The item cannot be decided here.
    #[error("{0}")]
    Barred(String),
    /// Bulk decisions are limited to items without findings.
    #[error("decide it individually: {0} is flagged by a rule")]
    Flagged(String),
    /// The resulting file would be invalid.
    #[error("{0}")]
    Form(String),
    /// Bulk decisions are limited to items of the same kind.
    #[error("these items differ in system, kind, entitlement or tier")]
    Shapes,
    /// A required field is missing.
    #[error("{}", needs(*.0))]
    Lacks(MissingField),
}

/// A step that can be undone.
#[derive(Clone, Debug)]
struct UndoStep {
    what: String,
    before: Vec<(usize, Vec<Item>)>,
    after: Vec<(usize, Vec<Item>)>,
}

/// The progress of the session.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct SessionProgress {
    /// The number of items.
    pub(super) items: usize,
    /// The number of decided items.
    pub(super) decided: usize,
    /// The number of flagged items.
    pub(super) flagged: usize,
    /// The number of flagged open items.
    pub(super) flagged_open: usize,
}

/// The common properties of items in a bulk decision.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct BulkKey {
    system: SystemId,
    tier: Tier,
    entitlement: String,
}

/// The rank of a position of an item: editable, decided, index.
type PlaceRank = (bool, bool, (usize, usize));

/// The description of a step, and the changed files.
pub(super) type AppliedStep = (String, Vec<usize>);

/// The constraints of the items of a session.
#[derive(Clone, Debug)]
pub(super) struct SessionInput {
    /// The items that cannot be decided, with reasons.
    pub(super) bars: BTreeMap<ItemId, UndecidableItem>,
    /// The references to the decisions in force on main, by stage and item.
    pub(super) in_force: BTreeMap<(u32, ItemId), String>,
    /// The requirements of the mandate for decisions.
    pub(super) terms: ReviewTerms,
}

/// The reason why an item cannot be decided.
#[derive(Clone, Debug)]
pub(super) struct UndecidableItem {
    /// The reason with the next step.
    pub(super) why: String,
    /// Whether it can still be reassigned.
    pub(super) may_abstain: bool,
}

impl ReviewSession {
    /// Returns the session over these files. An item in several files is listed once, at its editable position.
    pub(super) fn new(reviewer: PrincipalId, review_files: Vec<ReviewFile>, laid: &SessionInput) -> Self {
        let mut review_session =
            Self { reviewer, terms: laid.terms, review_files, rows: Vec::new(), past: Vec::new(), future: Vec::new() };
        review_session.load_rows(laid);
        review_session
    }

    fn load_rows(&mut self, laid: &SessionInput) {
        let mut known: BTreeMap<(u32, ItemId), usize> = BTreeMap::new();
        for (place, review_file) in self.review_files.iter().enumerate() {
            for (at, item) in review_file.review.items.iter().enumerate() {
                let key = (review_file.review.stage(), item.id);
                // Signed but unmerged decisions follow those in force on main.
                let in_force = match (&review_file.standing, item.decision) {
                    (ReviewFileState::Signed { reference, merged: false }, Some(_)) => Some(reference.clone()),
                    _ => None,
                };
                if let Some(row) = known.get(&key).and_then(|row| self.rows.get_mut(*row)) {
                    row.home = (place, at);
                    row.in_force = in_force.or(row.in_force.take());
                    continue;
                }
                let barred = laid.bars.get(&item.id);
                let cosigns = (review_file.standing == ReviewFileState::ToCosign).then(|| {
                    format!(
                        "decided by {}; review it and press S to cosign, or tell them your objection",
                        review_file.review.reviewer
                    )
                });
                let bar = review_file.bar.clone().or(cosigns).or_else(|| barred.map(|barred| barred.why.clone()));
                let may_abstain = review_file.bar.is_none() && barred.is_some_and(|barred| barred.may_abstain);
                let in_force = in_force.or_else(|| laid.in_force.get(&key).cloned());
                known.insert(key, self.rows.len());
                self.rows.push(ItemRow { home: (place, at), bar, may_abstain, in_force, key });
            }
        }
        self.update_positions();
    }

    /// Finds the current position of each item: in an editable file, otherwise at its latest decision.
    fn update_positions(&mut self) {
        let mut homes: BTreeMap<(u32, &ItemId), PlaceRank> = BTreeMap::new();
        for (place, review_file) in self.review_files.iter().enumerate() {
            let open = !matches!(review_file.standing, ReviewFileState::Lent | ReviewFileState::Signed { .. });
            for (at, item) in review_file.review.items.iter().enumerate() {
                let worth = (open, item.decision.is_some(), (place, at));
                let best = homes.entry((review_file.review.stage(), &item.id)).or_insert(worth);
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

    /// Returns the reviewer.
    pub(super) const fn reviewer(&self) -> &PrincipalId {
        &self.reviewer
    }

    /// Returns the review files.
    pub(super) fn review_files(&self) -> &[ReviewFile] {
        &self.review_files
    }

    /// Returns the number of items.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns an item.
    pub(super) fn item(&self, row: usize) -> Option<&Item> {
        let (review_file, at) = self.rows.get(row)?.home;
        self.review_files.get(review_file)?.review.items.get(at)
    }

    /// Returns the file of an item.
    pub(super) fn paper_of(&self, row: usize) -> Option<&ReviewFile> {
        self.review_files.get(self.rows.get(row)?.home.0)
    }

    /// Returns the reason why an item cannot be decided here, if any.
    pub(super) fn undecidable_reason(&self, row: usize) -> Option<&str> {
        self.rows.get(row)?.bar.as_deref()
    }

    /// Returns whether an item is undecided and can be decided by this person.
    pub(super) fn is_open(&self, row: usize) -> bool {
        self.item(row).is_some_and(|item| item.decision.is_none()) && self.undecidable_reason(row).is_none()
    }

    /// Returns the progress.
    pub(super) fn progress(&self) -> SessionProgress {
        let mut progress = SessionProgress { items: self.len(), ..SessionProgress::default() };
        for item in (0..self.len()).filter_map(|row| self.item(row)) {
            let (decided, flagged) = (item.decision.is_some(), is_flagged(item));
            progress.decided += usize::from(decided);
            progress.flagged += usize::from(flagged);
            progress.flagged_open += usize::from(flagged && !decided);
        }
        progress
    }

    /// Returns the number of flagged items that would stay open in the files to sign.
    pub(super) fn flagged_left_open(&self) -> usize {
        let items = self
            .review_files
            .iter()
            .filter(|review_file| review_file.can_be_signed())
            .flat_map(|review_file| &review_file.review.items);
        items.filter(|item| is_flagged(item) && item.decision.is_none()).count()
    }

    /// Returns the key of items that may be decided together.
    pub(super) fn shape(&self, row: usize) -> Option<BulkKey> {
        let (item, review_file) = (self.item(row)?, self.paper_of(row)?);
        // An account is named after its holder: all accounts have the same key.
        let entitlement = match item.entitlement.strip_suffix(item.principal.as_str()) {
            Some(kind) if item.entitlement.starts_with("account ") => kind.to_owned(),
            _ => item.entitlement.clone(),
        };
        Some(BulkKey { system: review_file.review.system.clone(), tier: item.tier, entitlement })
    }

    /// Decides one item, and returns the changed files.
    ///
    /// # Errors
    /// When the decision is rejected. No item is changed in this case.
    pub(super) fn decide(&mut self, row: usize, answer: &DecisionInput) -> Result<Vec<usize>, DecisionError> {
        let what =
            self.item(row).map(|item| format!("{} · {}", item.principal, said(&item.entitlement))).unwrap_or_default();
        self.apply(&[row], answer, format!("{}: {what}", answer.word()))
    }

    /// Decides several unflagged items of the same kind.
    ///
    /// # Errors
    /// When one of them is flagged, decided, or of another kind. No item is changed in this case.
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
        let mut review_files: BTreeMap<usize, Vec<Item>> = BTreeMap::new();
        for row in rows {
            self.write(*row, answer, &mut review_files)?;
        }
        let before =
            review_files.keys().filter_map(|place| Some((*place, self.review_files.get(*place)?.review.items.clone())));
        let step = UndoStep { what, before: before.collect(), after: review_files.into_iter().collect() };
        if step.before == step.after {
            return Ok(Vec::new());
        }
        self.check_form(&step.after)?;
        let changed = self.restore(&step.after);
        self.past.push(step);
        self.future.clear();
        Ok(changed)
    }

    /// Applies the decision to a copy of its file.
    fn write(
        &self,
        row: usize,
        answer: &DecisionInput,
        review_files: &mut BTreeMap<usize, Vec<Item>>,
    ) -> Result<(), DecisionError> {
        let gone = || DecisionError::Barred("no such item in this session".to_owned());
        let (found, item) = (self.rows.get(row).ok_or_else(gone)?, self.item(row).ok_or_else(gone)?);
        let hands_on = answer.verdict == Some(Verdict::Abstain) && found.may_abstain;
        if let Some(bar) = found.bar.as_ref().filter(|_| !hands_on) {
            return Err(DecisionError::Barred(bar.clone()));
        }
        let mut decided = answer.on(blank_item(item));
        if let Some(lack) = decided.lacks_by(&self.terms) {
            return Err(DecisionError::Lacks(lack));
        }
        decided.supersedes = found.in_force.clone().filter(|_| decided.decision.is_some());
        let target = self.target(found.home.0).ok_or_else(gone)?;
        let items = review_files.entry(target).or_insert_with(|| self.items(target).to_vec());
        let place = items.iter().position(|own| own.id == decided.id);
        let is_next =
            self.review_files.get(target).is_some_and(|review_file| review_file.standing == ReviewFileState::Next);
        match place.and_then(|place| items.get_mut(place)) {
            // An unchanged signed decision is not repeated in the next file.
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

    fn items(&self, review_file: usize) -> &[Item] {
        self.review_files.get(review_file).map_or(&[], |review_file| &review_file.review.items)
    }

    /// Returns the file for decisions on the items of this one.
    fn target(&self, place: usize) -> Option<usize> {
        let own = self.review_files.get(place)?;
        match own.standing {
            ReviewFileState::Lent | ReviewFileState::Signed { .. } => own.next,
            ReviewFileState::Next | ReviewFileState::Open => Some(place),
            ReviewFileState::ToCosign => None,
        }
    }

    /// Lines of governed files have a limited length and no hidden characters.
    fn check_form(&self, after: &[(usize, Vec<Item>)]) -> Result<(), DecisionError> {
        for (place, items) in after {
            for text in items.iter().flat_map(|item| [Some(&item.reason), item.to.as_ref()]).flatten() {
                if let Some(trick) = confusables::check(text) {
                    return Err(DecisionError::Form(format!("the text contains {trick}")));
                }
                if text.len() > MAX_LINE / 4 {
                    return Err(DecisionError::Form(format!("at most {} bytes", MAX_LINE / 4)));
                }
            }
            let Some(review_file) = self.review_files.get(*place) else { continue };
            let mut review = review_file.review.clone();
            review.items.clone_from(items);
            let text = codec::render(&review);
            if codec::parse::<crate::model::file::Review>(&review_file.path, text.as_bytes()).is_err() {
                return Err(DecisionError::Form(format!("{} would be invalid", review_file.path)));
            }
        }
        Ok(())
    }

    fn restore(&mut self, states: &[(usize, Vec<Item>)]) -> Vec<usize> {
        for (place, items) in states {
            if let Some(review_file) = self.review_files.get_mut(*place) {
                review_file.review.items.clone_from(items);
            }
        }
        self.update_positions();
        states.iter().map(|(place, _)| *place).collect()
    }

    /// Undoes the last step, and returns its description and the changed files.
    pub(super) fn undo(&mut self) -> Option<AppliedStep> {
        let step = self.past.pop()?;
        let changed = self.restore(&step.before);
        let what = step.what.clone();
        self.future.push(step);
        Some((what, changed))
    }

    /// Redoes the last undone step.
    pub(super) fn redo(&mut self) -> Option<AppliedStep> {
        let step = self.future.pop()?;
        let changed = self.restore(&step.after);
        let what = step.what.clone();
        self.past.push(step);
        Some((what, changed))
    }

    /// Replaces the items of a file with the version on disk; earlier steps can no longer be undone.
    pub(super) fn replace(&mut self, review_file: usize, items: Vec<Item>) {
        self.past.clear();
        self.future.clear();
        self.restore(&[(review_file, items)]);
    }
}

/// Returns the missing field, and how to enter it.
fn needs(lack: MissingField) -> String {
    match lack {
        MissingField::Code => "flagged by a rule: keeping it requires a reason code".to_owned(),
        MissingField::Exception => {
            "a critical rule forbids `certify`: press x to keep it as an exception with an end date".to_owned()
        }
        MissingField::Words => "flagged by a rule: keeping it requires a short reason".to_owned(),
        lack => format!("it needs {}", lack.as_str()),
    }
}
