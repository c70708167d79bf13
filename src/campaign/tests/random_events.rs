//! Random campaigns and their events.

use super::reference::Name;
use crate::model::{
    self, Strategy, Tier, Verdict,
    file::{NoResponseAction, NoResponseOutcome},
};
use proptest::{
    collection::vec,
    option::of as option,
    prelude::*,
    sample::{select, subsequence},
    strategy::Strategy as Strategy_,
};

/// An event of a campaign; indices select among the objects that exist at that time.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Answer {
        by: By,
        stage: i64,
        decisions: Vec<Said>,
        merger: Option<usize>,
    },
    Clock(i64),
    Close {
        stage: i64,
        days: i64,
        spoil: Option<Spoil>,
        excepts: bool,
        signer: usize,
    },
    /// A principal leaves the organization.
    Leave(Name),
    Lend {
        from: usize,
        to: usize,
        until: i64,
        signer: Option<usize>,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    /// Any principal.
    Any(usize),
    /// A reviewer to whom the first item of the file is assigned in its stage.
    Asked(usize),
    /// A principal who may decide: an assigned reviewer, a delegate, the target of a reassignment, or a fallback.
    Entitled(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) item: usize,
    pub(super) verdict: Verdict,
    pub(super) to: Option<usize>,
    pub(super) until: Option<i64>,
    pub(super) replaces: Option<Replaces>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Replaces {
    /// A decision of any written file.
    Any(usize),
    /// The decision in force that they may supersede, if there is one.
    Fitting,
    /// A decision in force.
    InForce(usize),
    /// A decision in force, referenced with a wrong digest.
    WrongDigest(usize),
}

/// The manipulation of a stage close.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spoil {
    Count,
    Forget,
    Invent(usize),
    Then(NoResponseOutcome),
}

/// The parameters of a campaign.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) stages: Vec<(Strategy, Vec<model::ReviewResult>, Vec<model::ReviewResult>)>,
    pub(super) overall: Option<Strategy>,
    pub(super) silence: NoResponseAction,
    pub(super) cap: u32,
    pub(super) asked: Vec<(usize, u32, Vec<Name>)>,
}

pub(super) const PEOPLE: [Name; 7] = ["ana", "ben", "dora", "emil", "fay", "gus", "mallory"];
pub(super) const ITEMS: [(&str, Tier); 4] =
    [("mo", Tier::T3), ("pat", Tier::T1), ("dora", Tier::T2), ("bot", Tier::T3)];
pub(super) const ENDS: i64 = 30;

/// A campaign of one to three stages. Reviewers are often assigned their own access, which never happens at a real
/// opening and must not matter.
pub(super) fn plans() -> impl Strategy_<Value = Plan> {
    let results = || subsequence(model::ReviewResult::ALL.to_vec(), 0..3);
    let rules =
        (select(Strategy::ALL.to_vec()), results(), results(), 0..3_u8).prop_map(|(outcome, stop, go, use_)| {
            let go: Vec<_> = go.into_iter().filter(|result| !stop.contains(result)).collect();
            match use_ {
                0 => (outcome, Vec::new(), Vec::new()),
                1 => (outcome, stop, Vec::new()),
                _ => (outcome, stop, go),
            }
        });
    let who = || subsequence(vec!["dora", "emil", "fay", "ana"], 0..4);
    let first = || subsequence(vec!["dora", "emil", "fay", "gus"], 1..3);
    (
        vec(rules, 1..4),
        option(select(Strategy::ALL.to_vec())),
        prop_oneof![Just(NoResponseAction::Disable), Just(NoResponseAction::Open), Just(NoResponseAction::Remove)],
        prop_oneof![Just(0_u32), Just(1), Just(10)],
        vec(first(), ITEMS.len()),
        vec(who(), ITEMS.len() * 2),
    )
        .prop_map(|(stages, overall, silence, cap, first, later)| {
            let count = stages.len() as u32;
            let first = first.into_iter().enumerate().map(|(item, who)| (item, 1, who));
            let later = later.into_iter().enumerate().map(|(index, who)| (index / 2, index as u32 % 2 + 2, who));
            let asked = first.chain(later).filter(|(_, stage, who)| *stage <= count && !who.is_empty()).collect();
            Plan { stages, overall, silence, cap, asked }
        })
}

/// Random histories; in half of them, entitled principals decide on one item through all stages.
pub(super) fn histories() -> impl Strategy_<Value = (Plan, Vec<Event>)> {
    let on = |mut plan: Plan| {
        plan.stages.iter_mut().for_each(|(_, stop, go)| (*stop, *go) = (Vec::new(), model::ReviewResult::ALL.to_vec()));
        plan
    };
    prop_oneof![(plans(), vec(events(), 1..24)), (plans().prop_map(on), vec(narrow(), 8..28))]
}

/// Events that are accepted more often than not.
fn narrow() -> impl Strategy_<Value = Event> {
    let verdict =
        select(vec![Verdict::Abstain, Verdict::Abstain, Verdict::Reduce, Verdict::Certify, Verdict::Transfer]);
    let said = (verdict, 4..PEOPLE.len() - 1).prop_map(|(verdict, to)| Said {
        item: 0,
        verdict,
        to: Some(to),
        until: None,
        replaces: Some(Replaces::Fitting),
    });
    let answer = (0..12_usize, said).prop_map(|(by, said)| Event::Answer {
        by: By::Entitled(by),
        stage: 0,
        decisions: vec![said],
        merger: None,
    });
    let close = (6..9_i64).prop_map(|days| Event::Close { stage: 0, days, spoil: None, excepts: false, signer: 0 });
    let lend =
        (2..5_usize, 4..6_usize, 1..14_i64).prop_map(|(from, to, until)| Event::Lend { from, to, until, signer: None });
    prop_oneof![16 => answer, 2 => close, 2 => lend, 1 => leave()]
}

/// A reviewer or the second fallback leaves; the first fallback, who owns the campaign, stays.
fn leave() -> impl Strategy_<Value = Event> {
    select(vec!["ben", "dora", "emil", "fay", "gus"]).prop_map(Event::Leave)
}

fn events() -> impl Strategy_<Value = Event> {
    let replaces = prop_oneof![
        6 => Just(None),
        4 => (0..3_usize).prop_map(|index| Some(Replaces::InForce(index))),
        1 => (0..9_usize).prop_map(|index| Some(Replaces::Any(index))),
        1 => (0..3_usize).prop_map(|index| Some(Replaces::WrongDigest(index))),
    ];
    let verdict =
        prop_oneof![3 => select(Verdict::ALL.to_vec()), 1 => Just(Verdict::Abstain), 2 => Just(Verdict::Reduce)];
    let item = prop_oneof![7 => Just(0_usize), 3 => Just(1), 1 => Just(2), 1 => Just(3)];
    let said = (item, verdict, option(2..PEOPLE.len()), option(prop_oneof![Just(5_i64), Just(20)]), replaces)
        .prop_map(|(item, verdict, to, until, replaces)| Said { item, verdict, to, until, replaces });
    let person = || 0..PEOPLE.len() - 1;
    let by = prop_oneof![
        12 => person().prop_map(By::Asked),
        7 => person().prop_map(By::Any),
        1 => Just(By::Any(PEOPLE.len() - 1)),
    ];
    let merger = prop_oneof![3 => Just(None), 1 => person().prop_map(Some)];
    let near = prop_oneof![16 => Just(0_i64), 2 => Just(-1), 1 => Just(1), 1 => Just(-2), 1 => select(vec![-9_i64, 5])];
    let spoil = prop_oneof![
        8 => Just(None),
        1 => Just(Some(Spoil::Count)),
        1 => Just(Some(Spoil::Forget)),
        1 => (0..ITEMS.len()).prop_map(|item| Some(Spoil::Invent(item))),
        1 => select(vec![NoResponseOutcome::Advance, NoResponseOutcome::Disable, NoResponseOutcome::Open])
            .prop_map(|then| Some(Spoil::Then(then))),
    ];
    let owner = prop_oneof![8 => Just(0_usize), 1 => 1..PEOPLE.len()];
    let days = prop_oneof![6 => 7..10_i64, 2 => 0..7_i64, 1 => -9..0_i64];
    prop_oneof![
        12 => (by, near.clone(), vec(said, 1..3), merger)
            .prop_map(|(by, stage, decisions, merger)| Event::Answer { by, stage, decisions, merger }),
        1 => (-400..400_i64).prop_map(Event::Clock),
        1 => leave(),
        3 => (near, days, spoil, any::<bool>(), owner)
            .prop_map(|(stage, days, spoil, excepts, signer)| Event::Close { stage, days, spoil, excepts, signer }),
        2 => (person(), 0..PEOPLE.len(), prop_oneof![4 => 1..ENDS, 1 => -5..ENDS * 2], prop_oneof![6 => Just(None), 1 => person().prop_map(Some)])
            .prop_map(|(from, to, until, signer)| Event::Lend { from, to, until, signer }),
    ]
}
