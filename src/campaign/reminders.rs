//! Reminders and escalations, computed from the items that are open.

use crate::{
    inventory::IdentityDirectory,
    model::{CampaignId, PrincipalId, Timestamp, file::CampaignDefinition, record::ReminderSent},
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// An open stage with the open items of each reviewer.
#[derive(Clone, Debug)]
pub struct OpenStage<'a> {
    /// The campaign.
    pub campaign: &'a CampaignId,
    /// The definition.
    pub definition: &'a CampaignDefinition,
    /// The stage, from 1.
    pub stage: u32,
    /// The start of the stage.
    pub begins: Timestamp,
    /// The end of its window.
    pub ends: Timestamp,
    /// The open items by reviewer: number and files.
    pub open: BTreeMap<PrincipalId, (u64, BTreeSet<String>)>,
}

/// The reminder level of a reviewer who has not responded.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ReminderLevel {
    /// The stage began: the manager of the reviewer is notified too.
    Opened,
    /// This percentage of the window has passed.
    Reminder(u32),
    /// 75 percent of the window has passed: the manager of the reviewer is notified.
    Manager,
    /// The window has ended: a fallback is asked.
    Due,
    /// Two business days after the window: the campaign owners are notified.
    ControlOwner,
    /// Five business days after the window: the stage is closed with the no-response default.
    DefaultAction,
    /// This number of weeks after that, as long as the stage is not closed.
    Overdue(u32),
}

/// The open work of a campaign after the close of a stage, by kind and person.
#[derive(Clone, Debug)]
pub struct OpenWork<'a> {
    /// The campaign.
    pub campaign: &'a CampaignId,
    /// The number of closed stages.
    pub stage: u32,
    /// The time of the last stage close.
    pub since: Timestamp,
    /// The open items by kind and person: number and files.
    pub open: BTreeMap<(WorkKind, PrincipalId), (u64, BTreeSet<String>)>,
}

/// The kind of open work after the close of a stage.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum WorkKind {
    /// A decided change is not confirmed; the owner of the system is reminded from the second week.
    Enforcement,
    /// An item needs an exception; the campaign owners are reminded.
    Exception,
    /// The stages left an item undecided; a fallback decides it.
    Fallback,
}

impl WorkKind {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforcement => "enforcement",
            Self::Exception => "exception",
            Self::Fallback => "fallback",
        }
    }
}

impl ReminderLevel {
    /// Returns the stable name.
    pub fn word(self) -> String {
        match self {
            Self::ControlOwner => "control-owner".to_owned(),
            Self::DefaultAction => "default-action".to_owned(),
            Self::Due => "due".to_owned(),
            Self::Manager => "manager".to_owned(),
            Self::Opened => "opened".to_owned(),
            Self::Overdue(weeks) => format!("default-action-{weeks}"),
            Self::Reminder(percent) => format!("reminder-{percent}"),
        }
    }
}

/// A reminder about the open items of one reviewer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Reminder {
    /// The stable id; the same event always has the same id.
    pub id: String,
    /// The campaign.
    pub campaign: CampaignId,
    /// The stage, from 1.
    pub stage: u32,
    /// The stable name of the reminder level.
    pub event: String,
    /// The reviewer who has not responded.
    pub reviewer: PrincipalId,
    /// The recipients.
    pub to: BTreeSet<PrincipalId>,
    /// The number of open items.
    pub items: u64,
    /// The review files.
    pub files: BTreeSet<String>,
    /// The end of the window.
    pub due: Timestamp,
}

impl Reminder {
    /// Returns the evidence record.
    pub fn record(&self) -> ReminderSent {
        ReminderSent {
            id: self.id.clone(),
            campaign: self.campaign.clone(),
            stage: self.stage,
            event: self.event.clone(),
            to: self.to.iter().map(ToString::to_string).collect(),
            items: self.items,
        }
    }
}

/// Returns the reminders due at this time: for each reviewer with open items, the highest level reached. Lower levels
/// are skipped, and reviewers without open items get none.
pub fn notices(
    waiting: &OpenStage<'_>,
    people: &IdentityDirectory,
    owners: &[PrincipalId],
    now: Timestamp,
) -> Vec<Reminder> {
    let mut marks = marks(waiting);
    let last = business_days_after(waiting.ends, 5);
    let weeks = u32::try_from(now.days_since(last) / 7).unwrap_or(0);
    marks.extend((weeks > 0).then(|| (last.plus_days(i64::from(weeks) * 7), ReminderLevel::Overdue(weeks))));
    let reached = marks.into_iter().filter(|(at, _)| *at <= now).max();
    let Some((_, mark)) = reached else { return Vec::new() };
    let notice = |(reviewer, (items, files)): (&PrincipalId, &(u64, BTreeSet<String>))| Reminder {
        id: format!("{}/{}/{}/{reviewer}", waiting.campaign, waiting.stage, mark.word()),
        campaign: waiting.campaign.clone(),
        stage: waiting.stage,
        event: mark.word(),
        reviewer: reviewer.clone(),
        to: already_sent(mark, reviewer, waiting.definition, people, owners),
        items: *items,
        files: files.clone(),
        due: waiting.ends,
    };
    waiting.open.iter().filter(|(_, (items, _))| *items > 0).map(notice).collect()
}

/// Returns the reminders about work that a stage close left open: one a week for each kind and person. From the second
/// week on, the campaign owners receive them too.
pub fn work_notices(
    work: &OpenWork<'_>,
    people: &IdentityDirectory,
    owners: &[PrincipalId],
    now: Timestamp,
) -> Vec<Reminder> {
    let weeks = now.days_since(work.since).max(0) / 7;
    let due = |kind: WorkKind| kind != WorkKind::Enforcement || weeks > 0;
    let notice = |((kind, who), (items, files)): (&(WorkKind, PrincipalId), &(u64, BTreeSet<String>))| {
        let event = format!("{}-{weeks}", kind.as_str());
        let mut to = BTreeSet::from([who.clone()]);
        to.extend(owners.iter().filter(|_| weeks > 0).cloned());
        to.retain(|id| !people.has_left(id));
        Reminder {
            id: format!("{}/{}/{event}/{who}", work.campaign, work.stage),
            campaign: work.campaign.clone(),
            stage: work.stage,
            event,
            reviewer: who.clone(),
            to,
            items: *items,
            files: files.clone(),
            due: work.since,
        }
    };
    work.open.iter().filter(|((kind, _), _)| due(*kind)).map(notice).collect()
}

/// Returns all reminder levels of a stage with their times.
fn marks(waiting: &OpenStage<'_>) -> Vec<(Timestamp, ReminderLevel)> {
    let span = waiting.ends.unix() - waiting.begins.unix();
    let at = |percent: u32| Timestamp::from_unix(waiting.begins.unix() + span * i64::from(percent) / 100);
    let own = waiting.definition.remind_percent.as_slice();
    let percents = if own.is_empty() { &DEFAULT_REMINDERS } else { own };
    let mut marks = vec![(waiting.begins, ReminderLevel::Opened)];
    marks.extend(
        percents.iter().filter(|percent| **percent != MANAGER_AT).map(|p| (at(*p), ReminderLevel::Reminder(*p))),
    );
    marks.push((at(MANAGER_AT), ReminderLevel::Manager));
    marks.push((waiting.ends, ReminderLevel::Due));
    marks.push((business_days_after(waiting.ends, 2), ReminderLevel::ControlOwner));
    marks.push((business_days_after(waiting.ends, 5), ReminderLevel::DefaultAction));
    marks
}

fn already_sent(
    mark: ReminderLevel,
    reviewer: &PrincipalId,
    definition: &CampaignDefinition,
    people: &IdentityDirectory,
    owners: &[PrincipalId],
) -> BTreeSet<PrincipalId> {
    let manager = people.get(reviewer).and_then(|entry| entry.owner.clone());
    let fallback = [&definition.fallback, &definition.second_fallback]
        .into_iter()
        .find(|id| *id != reviewer && !people.has_left(id));
    let mut to = BTreeSet::from([reviewer.clone()]);
    let leads = match mark {
        ReminderLevel::Reminder(percent) => percent > MANAGER_AT,
        ReminderLevel::ControlOwner
        | ReminderLevel::DefaultAction
        | ReminderLevel::Due
        | ReminderLevel::Manager
        | ReminderLevel::Opened
        | ReminderLevel::Overdue(_) => true,
    };
    to.extend(manager.filter(|_| leads));
    let overdue = matches!(mark, ReminderLevel::Overdue(_));
    // A fallback decides for a reviewer who has left.
    if overdue
        || people.has_left(reviewer)
        || matches!(mark, ReminderLevel::ControlOwner | ReminderLevel::DefaultAction | ReminderLevel::Due)
    {
        to.extend(fallback.cloned());
    }
    if overdue || matches!(mark, ReminderLevel::ControlOwner | ReminderLevel::DefaultAction) {
        to.extend(owners.iter().cloned());
    }
    // Principals who have left are not notified.
    to.retain(|id| !people.has_left(id));
    to
}

/// Returns the time this number of weekdays (Monday to Friday) later.
fn business_days_after(from: Timestamp, days: u32) -> Timestamp {
    let mut at = from;
    let mut left = days;
    while left > 0 {
        at = at.plus_days(1);
        // 1970-01-01 was a Thursday; 0 is Sunday.
        let weekday = (at.unix().div_euclid(DAY) + 4).rem_euclid(7);
        if !matches!(weekday, 0 | 6) {
            left -= 1;
        }
    }
    at
}

const DEFAULT_REMINDERS: [u32; 2] = [50, MANAGER_AT];
const MANAGER_AT: u32 = 75;
const DAY: i64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn business_days_exclude_weekends() {
        for (from, days, to) in [
            ("2026-11-23T10:00:00Z", 2, "2026-11-25T10:00:00Z"), // Monday
            ("2026-11-26T10:00:00Z", 2, "2026-11-30T10:00:00Z"), // Thursday
            ("2026-11-28T10:00:00Z", 2, "2026-12-01T10:00:00Z"), // Saturday
            ("2026-11-23T10:00:00Z", 5, "2026-11-30T10:00:00Z"),
        ] {
            assert_eq!(business_days_after(time(from), days), time(to), "{from} + {days}");
        }
    }

    #[test]
    fn highest_reminder_level_is_sent_to_its_recipients() {
        let id = |text: &str| PrincipalId::parse(text).unwrap();
        let campaign = CampaignId::parse("q4").unwrap();
        let definition = CampaignDefinition::new("Q4", id("fay"), id("gus"));
        let begins = time("2026-11-23T00:00:00Z");
        let open = BTreeMap::from([(id("ana"), (3, BTreeSet::from(["ana.toml".to_owned()])))]);
        let waiting = OpenStage {
            campaign: &campaign,
            definition: &definition,
            stage: 1,
            begins,
            ends: begins.plus_days(8),
            open,
        };
        let people = {
            use crate::model::file::{PrincipalKind, PrincipalRecord, Principals};
            let mut ana = PrincipalRecord::new(id("ana"), PrincipalKind::Person);
            ana.owner = Some(id("boss"));
            IdentityDirectory::new([(
                "p",
                Principals { schema: "tenure/principals/v1".to_owned(), principals: vec![ana] },
            )])
            .0
        };
        let at = |days| {
            let all = notices(&waiting, &people, &[id("owner")], begins.plus_days(days));
            all.into_iter()
                .map(|one| (one.id, one.to.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")))
                .collect::<Vec<_>>()
        };
        let one = |word: &str, to: &str| vec![(format!("q4/1/{word}/ana"), to.to_owned())];
        assert_eq!(at(-1), vec![]);
        assert_eq!(at(0), one("opened", "ana boss"));
        assert_eq!(at(3), one("opened", "ana boss"));
        assert_eq!(at(4), one("reminder-50", "ana"));
        assert_eq!(at(6), one("manager", "ana boss"));
        assert_eq!(at(8), one("due", "ana boss fay"));
        assert_eq!(at(10), one("control-owner", "ana boss fay owner"));
        assert_eq!(at(16), one("default-action", "ana boss fay owner"));
        assert_eq!(at(30), one("default-action-2", "ana boss fay owner"), "it is repeated until the stage is closed");
    }

    #[test]
    fn d7_open_work_is_reminded_each_week_after_the_close() {
        let id = |text: &str| PrincipalId::parse(text).unwrap();
        let campaign = CampaignId::parse("q4").unwrap();
        let since = time("2026-12-07T00:00:00Z");
        let files = || (2, BTreeSet::from(["ana.toml".to_owned()]));
        let open = [(WorkKind::Fallback, id("fay")), (WorkKind::Enforcement, id("olga"))];
        let open = open.into_iter().map(|who| (who, files())).collect();
        let work = OpenWork { campaign: &campaign, stage: 2, since, open };
        let people = IdentityDirectory::new(Vec::<(&str, crate::model::file::Principals)>::new()).0;
        let at = |days| {
            let all = work_notices(&work, &people, &[id("owner")], since.plus_days(days));
            all.into_iter().map(|one| format!("{} {}", one.id, one.to.len())).collect::<Vec<_>>()
        };
        assert_eq!(at(0), ["q4/2/fallback-0/fay 1"]);
        assert_eq!(at(8), ["q4/2/enforcement-1/olga 2", "q4/2/fallback-1/fay 2"]);
        assert_eq!(at(70), ["q4/2/enforcement-10/olga 2", "q4/2/fallback-10/fay 2"]);
    }
}
