//! Tests that the tables in `docs/strategies.md` match the behavior; rewrites them on request.

use super::stages::{Case, DAN, DORA};
use crate::model::{
    ReviewResult, StageTally, Strategy, Tier, Verdict,
    file::{CampaignDefinition, NoResponseAction, NoResponseOutcome, NoResponseTerms, Stage},
};
use crate::trust::VotingSlot;
use std::{fmt::Write as _, fs, path::Path};

/// The answers of a reviewer, one for each result.
const ANSWERS: [Option<Verdict>; 5] =
    [Some(Verdict::Certify), Some(Verdict::Revoke), Some(Verdict::Reduce), Some(Verdict::Abstain), None];

#[test]
fn page_tables_equal_computed_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/strategies.md");
    let page = fs::read_to_string(&path).unwrap();
    let mut wanted = page.clone();
    let tables =
        [("strategies", weights()), ("stops", stops()), ("several stages", several()), ("no response", no_response())];
    for (name, table) in tables {
        let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
        let from = wanted.find(&start).unwrap() + start.len();
        let to = wanted.find(&end).unwrap();
        wanted.replace_range(from..to, &table);
    }
    if page != wanted && std::env::var_os("TENURE_UPDATE").is_some() {
        fs::write(&path, &wanted).unwrap();
        return;
    }
    assert!(page == wanted, "{} is stale; write it: TENURE_UPDATE=1 cargo test --lib strategies", path.display());
}

#[test]
fn numbers_on_the_page_are_the_defaults() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/strategies.md")).unwrap();
    let definition = CampaignDefinition::new("Access", super::fixtures::id("fay"), super::fixtures::id("gus"));
    let terms = NoResponseTerms::usual();
    assert_eq!((terms.max_renewals, terms.approver_groups.as_slice()), (0, [].as_slice()));
    for sentence in [
        format!("at most {} items by default", definition.max_no_response_removals()),
        format!("for at most {} days, and cannot be renewed", terms.max_days),
    ] {
        assert!(page.contains(&sentence), "{sentence}");
    }
}

/// Combines two answers as a campaign does: signed, with the stage closed, and resolved.
fn outcome(strategy: Strategy, one: Option<Verdict>, other: Option<Verdict>) -> (ReviewResult, Option<Verdict>) {
    let silent = (one.is_none() && other.is_none()).then_some(NoResponseOutcome::Open);
    let case = Case::new(&[strategy]).answer(1, DORA, one).answer(1, DAN, other).close(silent);
    let tally =
        StageTally { assigned: 2, answers: [one, other].into_iter().flatten().collect(), ..StageTally::default() };
    let resolved = case.resolved();
    (tally.aggregate(strategy), resolved.decided.first().map(|resolution| resolution.verdict))
}

fn weights() -> String {
    let mut text = String::new();
    for strategy in Strategy::ALL {
        let order: Vec<_> = strategy.order().iter().map(|result| result.as_str()).collect();
        let stops: Vec<_> = strategy.stops_on().iter().map(|result| result.as_str()).collect();
        writeln!(text, "### `{strategy}`\n\nPrecedence of results: {}.", order.join(", ")).unwrap();
        writeln!(text, "Later stages are skipped after: {}.\n", stops.join(", ")).unwrap();
        writeln!(text, "| one \\ other | {} |", ANSWERS.map(said).join(" | ")).unwrap();
        writeln!(text, "|---|{}", "---|".repeat(ANSWERS.len())).unwrap();
        for one in ANSWERS {
            let cells = ANSWERS.map(|other| {
                let (result, verdict) = outcome(strategy, one, other);
                assert_eq!(outcome(strategy, other, one), (result, verdict), "the order of reviewers does not matter");
                format!("{result}: {}", verdict.map_or("open", Verdict::as_str))
            });
            writeln!(text, "| **{}** | {} |", said(one), cells.join(" | ")).unwrap();
        }
        text.push('\n');
    }
    text
}

/// Returns the outcome of an item after several stages of `all-must-accept`, all closed, by overall strategy.
fn several() -> String {
    let mut text = String::new();
    let goes_on = [Some(Verdict::Certify), Some(Verdict::Abstain), None];
    for overall in Strategy::ALL {
        writeln!(text, "### `overall_strategy = \"{overall}\"`\n").unwrap();
        writeln!(text, "| stages before \\ last stage | {} |", ANSWERS.map(said).join(" | ")).unwrap();
        writeln!(text, "|---|{}", "---|".repeat(ANSWERS.len())).unwrap();
        let two = goes_on.map(|one| vec![one]).into_iter();
        let three = goes_on.into_iter().flat_map(|one| goes_on.map(|other| vec![one, other]));
        for before in two.chain(three) {
            let cells = ANSWERS.map(|last| after_all(overall, &before, last));
            let name = before.iter().map(|one| said(*one)).collect::<Vec<_>>().join(", then ");
            writeln!(text, "| **{name}** | {} |", cells.join(" | ")).unwrap();
        }
        text.push('\n');
    }
    text
}

/// Returns the outcome after stages with these answers; if it is open, a fallback decides, in the last stage.
fn after_all(overall: Strategy, before: &[Option<Verdict>], last: Option<Verdict>) -> &'static str {
    let count = before.len() + 1;
    let mut case = Case::new(&vec![Strategy::AllMustAccept; count])
        .defined(|campaign| campaign.definition.overall_strategy = Some(overall));
    for (stage, answer) in (1..).zip(before.iter().chain([&last])) {
        let slots: &[_] = if stage == 1 { &[DORA, DAN] } else { &[[DORA, DAN][stage % 2]] };
        for slot in slots {
            case = case.answer(u32::try_from(stage).unwrap(), *slot, *answer);
        }
        let then = if stage == count { NoResponseOutcome::Open } else { NoResponseOutcome::Advance };
        case = case.close(answer.is_none().then_some(then));
    }
    if let Some(resolution) = case.resolved().decided.first() {
        return resolution.verdict.as_str();
    }
    let stage = u32::try_from(count).unwrap();
    let settled = case.answer(stage, VotingSlot::Settlement, Some(Verdict::Certify)).resolved();
    assert_eq!(settled.decided.first().map(|one| one.verdict), Some(Verdict::Certify), "{overall} {before:?} {last:?}");
    "fallback"
}

fn said(verdict: Option<Verdict>) -> &'static str {
    verdict.map_or("no response", Verdict::as_str)
}

fn stops() -> String {
    let mut text = String::new();
    let lists: [(&str, Vec<ReviewResult>, Vec<ReviewResult>); 4] = [
        ("none", vec![], vec![]),
        ("`stop_on = [\"not-decided\"]`", vec![ReviewResult::NotDecided], vec![]),
        ("`advance_on = [\"revoke\"]`", vec![], vec![ReviewResult::Revoke]),
        (
            "`stop_on = [\"reduce\"]`, `advance_on = [\"revoke\"]`",
            vec![ReviewResult::Reduce],
            vec![ReviewResult::Revoke],
        ),
    ];
    writeln!(text, "| strategy | lists of the stage | {} |", ReviewResult::ALL.map(ReviewResult::as_str).join(" | "))
        .unwrap();
    writeln!(text, "|---|---|{}", "---|".repeat(ReviewResult::ALL.len())).unwrap();
    for strategy in Strategy::ALL {
        for (name, stop_on, advance_on) in &lists {
            let stage = Stage {
                name: "owners".to_owned(),
                days: 7,
                reviewers: vec!["owner".to_owned()],
                reviewers_per_item: 2,
                strategy,
                stop_on: stop_on.clone(),
                advance_on: advance_on.clone(),
                sample_percent: None,
            };
            let cells = ReviewResult::ALL.map(|result| if stage.stops(result) { "stop" } else { "next stage" });
            writeln!(text, "| `{strategy}` | {name} | {} |", cells.join(" | ")).unwrap();
        }
    }
    text
}

fn no_response() -> String {
    let mut text = "| `on_no_response` | tier | outcome |\n|---|---|---|\n".to_owned();
    let mut definition = CampaignDefinition::new("Access", super::fixtures::id("fay"), super::fixtures::id("gus"));
    let actions = [
        ("disable", NoResponseAction::Disable),
        ("open", NoResponseAction::Open),
        ("remove", NoResponseAction::Remove),
    ];
    for (word, action) in actions {
        definition.on_no_response = action;
        for tier in [Tier::T0, Tier::T1, Tier::T2, Tier::T3] {
            let outcomes: Vec<_> =
                definition.no_response_outcomes(1, tier, false).iter().map(|outcome| outcome.as_str()).collect();
            let outcomes =
                outcomes.join(", otherwise ").replace(", otherwise except", " if certainly unused, otherwise except");
            writeln!(text, "| `{word}` | {tier} | {outcomes} |").unwrap();
        }
    }
    text
}
