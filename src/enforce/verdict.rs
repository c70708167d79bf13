//! The verdict on an action after a read of the target. No other module decides whether access is gone.
//!
//! The verdict is the first that applies of: still present, unknown, lingering, kept, confirmed.

use crate::model::{
    ActionId, Answer, ExpectedState, GrantObservation, RemainingAccess, RemainingPath, SurvivalKind, SurvivingPath,
    VerificationLevel, Witness, WitnessAnswer,
    action::ActionSpec,
    record::{
        AnswerKind, AnswerRecorded, FindingRecorded, MODEL_DISAGREES, RecordPayload, VerificationKind,
        VerificationRecorded, short,
    },
    survival,
};

/// The verdict on one action, with its reasons.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerificationResult {
    /// The verdict.
    pub kind: VerificationKind,
    /// The reasons for a verdict other than confirmed: remaining paths, open sessions, reasons of doubt.
    pub paths: Vec<String>,
    /// Remaining paths that give less, of a lower tier, by listed grants.
    pub left: Vec<String>,
    /// The target's own answers.
    pub answers: Vec<WitnessAnswer>,
    /// The requests that the target permits although no known path does.
    pub disagreements: Vec<Witness>,
    /// Whether the grant is still in its reviewed form.
    pub is_untouched: bool,
    /// The known object that the same read found, or the reason when the read failed.
    pub probe: String,
}

impl VerificationResult {
    /// Returns an unknown result with its reason.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::of(VerificationKind::Unknown, Vec::new(), reason)
    }

    /// Returns the result for a change that is not made yet.
    pub fn pending(reason: impl Into<String>) -> Self {
        Self::of(VerificationKind::Pending, Vec::new(), reason)
    }

    fn of(kind: VerificationKind, paths: Vec<String>, probe: impl Into<String>) -> Self {
        let (left, answers, disagreements) = (Vec::new(), Vec::new(), Vec::new());
        Self { kind, paths, left, answers, disagreements, is_untouched: false, probe: probe.into() }
    }

    /// Returns the entries for evidence: the verification, and a finding if the target contradicts the connector's
    /// model.
    pub fn entries(&self, action: &ActionId, level: VerificationLevel) -> Vec<RecordPayload> {
        let texts = |texts: &[String]| texts.iter().take(MAX_TEXTS).map(|text| short(text)).collect();
        let verification = RecordPayload::Verification(VerificationRecorded {
            action: action.clone(),
            result: self.kind,
            level,
            paths: texts(&self.paths),
            left: texts(&self.left),
            answers: self.answers.iter().take(MAX_TEXTS).map(recorded).collect(),
            probe: short(&self.probe),
        });
        let mut entries = vec![verification];
        if let Some(first) = self.disagreements.first() {
            let more = self.disagreements.len() - 1;
            let text =
                format!("the target permits {first}, by no path that the connector knows ({more} more requests)");
            let (code, subject) = (MODEL_DISAGREES.to_owned(), action.to_string());
            entries.push(RecordPayload::Finding(FindingRecorded { code, subject, text: short(&text) }));
        }
        entries
    }

    /// Returns the strength of this verification. A kind of grant about which the target can be asked reaches the
    /// level of a separate run only if it was asked and answered.
    pub fn level(&self, separate_credential: bool, has_oracle: bool) -> VerificationLevel {
        let answered = |answer: &WitnessAnswer| !matches!(answer.answer, Answer::CannotAsk(_));
        let asked = !self.answers.is_empty() && self.answers.iter().all(answered);
        let full = separate_credential && (asked || !has_oracle);
        if full { VerificationLevel::V4 } else { VerificationLevel::V3 }
    }
}

/// Returns the verdict on an action; `seen` is the read of its target.
pub fn judge(action: &ActionSpec, seen: &GrantObservation) -> VerificationResult {
    let left = match &seen.access {
        Err(reason) => return VerificationResult::unknown(reason.clone()),
        Ok(left) => left,
    };
    let mut sorted = JudgedPaths::default();
    for remaining in &left.paths {
        sorted.add(action, remaining);
    }
    let permitted = sorted.unexplained(left);
    // A path that cannot be compared may be the one by which the target permits a request.
    let disagreements = if sorted.unknown.is_empty() { permitted.clone() } else { Vec::new() };
    let asked = permitted.iter().map(|witness| format!("the target permits {witness}"));
    let mut present: Vec<String> = sorted.present.into_iter().chain(asked).collect();
    match &action.expects {
        ExpectedState::Shows(_) if seen.grant.is_some() && !action.expects.is_shown_by(seen.grant.as_ref()) => {
            present.insert(0, "the grant is not as expected".to_owned());
        }
        ExpectedState::Absent | ExpectedState::Replaced if seen.grant.is_some() && left.paths.is_empty() => {
            present.insert(0, "the grant itself".to_owned());
        }
        _ => {}
    }
    let (kind, paths) = if !present.is_empty() {
        (VerificationKind::StillPresent, present)
    } else if !sorted.unknown.is_empty() {
        (VerificationKind::Unknown, sorted.unknown)
    } else if !left.lingering.is_empty() {
        (VerificationKind::Lingering, left.lingering.clone())
    } else if !sorted.kept.is_empty() {
        (VerificationKind::Kept, sorted.kept)
    } else {
        (VerificationKind::Confirmed, Vec::new())
    };
    VerificationResult {
        kind,
        paths,
        left: sorted.left,
        answers: left.answers.clone(),
        disagreements,
        is_untouched: seen.grant.as_ref().is_some_and(|now| now.digest() == action.precondition),
        probe: left.probe.clone(),
    }
}

#[derive(Default)]
struct JudgedPaths {
    present: Vec<String>,
    unknown: Vec<String>,
    kept: Vec<String>,
    left: Vec<String>,
    /// The requests that a kept or left path explains.
    explained: Vec<Witness>,
}

impl JudgedPaths {
    fn add(&mut self, action: &ActionSpec, remaining: &RemainingPath) {
        let keeps = |planned: &&SurvivingPath| {
            let same = planned.grant.as_ref().zip(planned.digest);
            planned.kept_by.is_some()
                && remaining.grant.as_ref().is_some_and(|(key, digest)| same == Some((key, *digest)))
        };
        let kept = action.survives.iter().find(keeps);
        let text = remaining.to_string();
        match survival(remaining, action.grant.tier, kept.is_some()) {
            SurvivalKind::StillPresent => self.present.push(text),
            SurvivalKind::Unknown => self.unknown.push(text),
            SurvivalKind::Left => {
                self.left.push(text);
                self.explained.extend(remaining.allows.iter().cloned());
            }
            SurvivalKind::Kept => {
                let item = kept.and_then(|planned| planned.kept_by).map_or_else(String::new, |item| item.to_string());
                self.kept.push(format!("{text}, kept by the decision on {item}"));
                self.explained.extend(remaining.allows.iter().cloned());
            }
        }
    }

    /// Returns the permitted requests that no kept or left path explains; none when a path gives the access anyway.
    fn unexplained(&self, left: &RemainingAccess) -> Vec<Witness> {
        if !self.present.is_empty() {
            return Vec::new();
        }
        let allowed = left.answers.iter().filter(|answer| matches!(answer.answer, Answer::Allowed(_)));
        allowed.map(|answer| answer.witness.clone()).filter(|witness| !self.explained.contains(witness)).collect()
    }
}

fn recorded(answer: &WitnessAnswer) -> AnswerRecorded {
    let (kind, text) = match &answer.answer {
        Answer::Allowed(how) => (AnswerKind::Allowed, how.as_str()),
        Answer::CannotAsk(why) => (AnswerKind::CannotAsk, why.as_str()),
        Answer::Denied => (AnswerKind::Denied, ""),
    };
    let text = short(text).chars().take(MAX_ANSWER).collect();
    AnswerRecorded { request: short(&answer.witness.to_string()), answer: kind, text }
}

/// The maximum number of paths and of answers, and the length of the text of an answer, so that they fit into a record.
const MAX_TEXTS: usize = 8;
const MAX_ANSWER: usize = 160;

#[cfg(test)]
mod tests;
