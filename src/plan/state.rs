//! States of a plan as types, so that a wrong order does not compile.

use super::{
    HeldDecision, PlanInputs, PublicationProof, SodNote,
    document::PlanDocument,
    guardrail::{self, GuardrailLimits, GuardrailViolation},
};
use crate::{
    connector::Intent,
    model::{
        Action, Digest,
        action::{ActionSpec, Planned},
        jcs::CanonicalizationError,
    },
};
use std::sync::Arc;

/// A plan in one state.
#[derive(Clone, Debug)]
pub struct Plan<S> {
    document: Arc<PlanDocument>,
    bytes: Arc<Vec<u8>>,
    digest: Digest,
    /// The part of the document's actions that this plan contains.
    range: std::ops::Range<usize>,
    state: S,
}

/// Computed, and not yet checked.
#[derive(Clone, Copy, Debug)]
pub struct Draft(());

/// Within every guardrail.
#[derive(Clone, Copy, Debug)]
pub struct Cleared(());

/// Recorded: its intents are on the remote evidence branch.
#[derive(Debug)]
pub struct Recorded {
    seqs: Vec<u64>,
}

/// A plan that violates guardrails.
#[derive(Clone, Debug)]
pub struct GuardrailsExceeded {
    /// The plan, for display.
    pub plan: Plan<Draft>,
    /// All violations, sorted.
    pub trips: Vec<GuardrailViolation>,
}

impl<S> Plan<S> {
    /// Returns the inputs of the plan.
    pub fn premises(&self) -> &PlanInputs {
        &self.document.premises
    }

    /// Returns the actions in execution order.
    pub fn actions(&self) -> &[ActionSpec] {
        self.document.actions.get(self.range.clone()).unwrap_or_default()
    }

    /// Returns the decisions that do not become actions now.
    pub fn held(&self) -> &[HeldDecision] {
        &self.document.held
    }

    /// Returns the effects on separation of duties.
    pub fn notes(&self) -> &[SodNote] {
        &self.document.notes
    }

    /// Returns the canonical bytes of the whole plan.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the digest of the whole plan's bytes, which identifies it.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// Returns the actions of a plan from its stored bytes.
///
/// # Errors
/// When the bytes are not a plan of a known version.
pub fn read(bytes: &[u8]) -> Result<Vec<ActionSpec>, serde_json::Error> {
    serde_json::from_slice::<PlanDocument>(bytes).map(|document| document.actions)
}

impl Plan<Draft> {
    pub(super) fn new(document: PlanDocument) -> Result<Self, CanonicalizationError> {
        let bytes = document.bytes()?;
        let digest = Digest::of(&bytes);
        let range = 0..document.actions.len();
        Ok(Self { document: Arc::new(document), bytes: Arc::new(bytes), digest, range, state: Draft(()) })
    }

    /// Checks the plan against the guardrails.
    ///
    /// # Errors
    /// All violations, with the plan for display.
    pub fn clear(self, limits: &GuardrailLimits<'_>) -> Result<Plan<Cleared>, Box<GuardrailsExceeded>> {
        let trips = guardrail::trips(self.actions(), limits);
        if trips.is_empty() {
            Ok(self.into_state(Cleared(())))
        } else {
            Err(Box::new(GuardrailsExceeded { plan: self, trips }))
        }
    }
}

impl Plan<Cleared> {
    /// Splits the plan into parts of at most `size` actions, which are recorded one after the other.
    pub fn batches(self, size: usize) -> impl Iterator<Item = Self> {
        let size = size.max(1);
        let Self { document, bytes, digest, range, state } = self;
        let end = range.end;
        range.step_by(size).map(move |from| Self {
            document: Arc::clone(&document),
            bytes: Arc::clone(&bytes),
            digest,
            range: from..(from + size).min(end),
            state,
        })
    }

    /// Returns the plan as recorded. `published` proves the intents of its actions, in order.
    pub fn recorded(self, published: PublicationProof) -> Plan<Recorded> {
        let seqs = published.seqs().to_vec();
        self.into_state(Recorded { seqs })
    }
}

impl Plan<Recorded> {
    /// Returns each action with the intent that permits it. An action without a recorded intent is left out.
    pub fn into_actions(self) -> impl Iterator<Item = (Action<Planned>, Intent)> {
        let actions = self.actions().to_vec();
        actions.into_iter().zip(self.state.seqs).map(|(planned, seq)| {
            let intent = Intent::recorded(planned.id.clone(), seq);
            (Action::new(planned), intent)
        })
    }
}

impl<S> Plan<S> {
    fn into_state<T>(self, state: T) -> Plan<T> {
        let Self { document, bytes, digest, range, .. } = self;
        Plan { document, bytes, digest, range, state }
    }
}
