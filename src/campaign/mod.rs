//! Campaigns: a frozen population, items, reviews, and what they resolve to.

mod advance;
mod advice;
mod assign;
mod bench;
mod changes;
mod close;
mod contents;
mod definition;
mod dependents;
mod disguise;
mod dossier;
mod earlier;
mod exceptions;
mod facts;
mod happening;
mod looks;
mod missed;
mod narrow;
mod notices;
mod open;
mod population;
mod progress;
mod quality;
mod recurrence;
mod resolution;
mod resolve;
mod reviewers;
mod round;
mod seeds;
mod state;
mod status;
mod worklist;

#[cfg(test)]
mod tests;

pub use advance::{Closing, NotYet, advance, missing, stage_now};
pub use assign::Assignment;
pub use bench::{Bar, Bench};
pub use changes::{Changed, Disposals, Disposition, Drift, changes, undisposed};
pub use close::close;
pub use contents::{is_unlisted, memberships, unlisted};
pub use definition::{Ground, check_definition};
pub use dependents::dependents;
pub use dossier::{Chapter, Dossier, Earlier, Library, Line, Sources, is_flagged, said, silence_words, tier_words};
pub use earlier::{Needed, Preceding};
pub use exceptions::{ExceptionStatus, Ledger, UNDECIDED, Validity, exception_findings, exceptions};
pub use facts::asked_as;
pub use happening::{Happening, Scene, happened, word};
pub use looks::second_look;
pub use missed::{Missed, Owned, REASSIGN, missed, reassignments};
pub use narrow::{Touched, again, is_narrowed, late, narrowed};
pub use notices::{Mark, Notice, OpenStage, notices};
pub use open::{Opened, Opening, open, open_seeded, principals_digest};
pub use population::{Member, Roll, population};
pub use quality::{Given, Quality, ReviewerQuality, Study, stamps_in, study};
pub use recurrence::{ToOpen, by_event, recurring};
pub use resolution::Resolution;
pub use resolve::{Reopened, Resolved, Waiting, decided, resolve};
pub use reviewers::{NoReviewers, Reviewer, Standing};
pub use seeds::seeded;
pub use state::State;
pub use status::{Facts, ItemStatus, ReviewerStatus, StageStatus, Status, status};
pub use worklist::{Sheet, worklist};

use crate::{
    inventory::{Loaded, Lowered, People, Portraits, Separation},
    model::{
        Grant, RepoId, SystemId,
        file::{Registry, System, Thresholds},
    },
    policy::Pack,
    trust::Kinship,
};
use std::collections::BTreeMap;

/// What a campaign stands on, all of it as one commit of the main branch has it.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The repository.
    pub repo: &'a RepoId,
    /// All systems.
    pub systems: &'a BTreeMap<SystemId, System>,
    /// The inventories that are there.
    pub inventories: &'a BTreeMap<SystemId, Loaded>,
    /// Who is who.
    pub people: &'a People,
    /// Whose access is whose.
    pub kinship: &'a Kinship,
    /// Who may sign.
    pub registry: &'a Registry,
    /// How many must sign.
    pub thresholds: &'a Thresholds,
    /// Whose tier stands lower than computed, by an exception that was verified and holds.
    pub lowered: &'a Lowered,
    /// The toxic pairs that somebody holds.
    pub separation: &'a Separation,
    /// What is known of each grant and principal.
    pub portraits: &'a Portraits<'a>,
    /// The rules they are judged by.
    pub pack: &'a Pack,
    /// What earlier campaigns leave to this one, as far as its definition asks; see [`Needed`].
    pub earlier: &'a Preceding,
    /// What roles give that no grant of theirs stands for; see [`unlisted`].
    pub unlisted: &'a BTreeMap<SystemId, Vec<Grant>>,
}

/// Returns the folder of a campaign.
pub fn folder(campaign: &crate::model::CampaignId) -> String {
    format!("campaigns/{campaign}")
}
