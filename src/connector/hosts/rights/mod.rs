//! Rights by sudo: one evaluator of its rules, and everything that is computed from it.
//!
//! `decide` answers whether an account may make one concrete request, as sudo matches it: users, groups, hosts and
//! target users by the lists (`matching`), commands by the files of the tree (`command_match`). What it cannot know is
//! [`Decision::CannotTell`], never a denial. `probes` derives concrete requests from the rules of a system, and
//! `remaining` compares what was lost with what is left over all of them.

mod accounts;
mod command_files;
mod command_match;
mod command_pattern;
mod decide;
mod extended_regex;
mod lists;
mod matching;
mod probes;
mod remaining;
mod shell_pattern;
mod world;

pub(super) use accounts::{AccountDirectory, SudoSubject};
pub(super) use command_files::{CommandFiles, FileIdentity, TreeFiles, UnseenFiles};
pub(super) use command_pattern::CommandPattern;
pub(super) use decide::{ApplicableRule, Decision, RulePlace, SudoRequest, applicable, decide, decide_by, may_concern};
pub(super) use lists::ListMember;
pub(super) use matching::ignores_case;
pub(super) use probes::{UNNAMED, paths_with_name, probes};
pub(super) use remaining::{LostRights, RemainingRule, RemainingRules, remaining};
pub(super) use world::{HostNames, NetgroupFile, NetgroupTable, RuleCommand, SudoRule, SudoWorld};
