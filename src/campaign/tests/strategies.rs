//! Generates `docs/strategies.md` from the behavior of the code, and fails if it is outdated.

use super::stages::{Case, DAN, DORA};
use crate::model::{
    StageTally, Stance, Strategy, Tier, Verdict,
    file::{CampaignDefinition, NoResponseAction, NoResponseOutcome, NoResponseTerms, Stage},
};
use std::{fmt::Write as _, fs, path::Path};

/// The answers of a reviewer, each of its own stance.
const ANSWERS: [Option<Verdict>; 5] =
    [Some(Verdict::Certify), Some(Verdict::Revoke), Some(Verdict::Reduce), Some(Verdict::Abstain), None];

#[test]
fn the_table_says_what_the_code_does() {
    let text = format!("{HEAD}{}{}{}", weights(), stops(), silence());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/strategies.md");
    if std::env::var_os("TENURE_UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "write it anew: TENURE_UPDATE=1 cargo test --lib strategies");
}

/// Weighs two answers as a campaign does: signed, the stage closed, resolved.
fn outcome(strategy: Strategy, one: Option<Verdict>, other: Option<Verdict>) -> (Stance, Option<Verdict>) {
    let silent = (one.is_none() && other.is_none()).then_some(NoResponseOutcome::Open);
    let case = Case::new(&[strategy]).answer(1, DORA, one).answer(1, DAN, other).close(silent);
    let tally = StageTally { asked: 2, answers: [one, other].into_iter().flatten().collect(), ..StageTally::default() };
    let resolved = case.resolved();
    (tally.aggregate(strategy), resolved.decided.first().map(|resolution| resolution.verdict))
}

fn weights() -> String {
    let mut text = String::new();
    for strategy in Strategy::ALL {
        let order: Vec<_> = strategy.order().iter().map(|stance| stance.as_str()).collect();
        let stops: Vec<_> = strategy.stops_on().iter().map(|stance| stance.as_str()).collect();
        writeln!(text, "\n### `{strategy}`\n\nThe first of these that somebody takes: {}.", order.join(", ")).unwrap();
        writeln!(text, "No later stage is asked after: {}.\n", stops.join(", ")).unwrap();
        writeln!(text, "| one \\ other | {} |", ANSWERS.map(said).join(" | ")).unwrap();
        writeln!(text, "|---|{}", "---|".repeat(ANSWERS.len())).unwrap();
        for one in ANSWERS {
            let cells = ANSWERS.map(|other| {
                let (stance, verdict) = outcome(strategy, one, other);
                assert_eq!(outcome(strategy, other, one), (stance, verdict), "who is asked first does not matter");
                format!("{stance}: {}", verdict.map_or("open", Verdict::as_str))
            });
            writeln!(text, "| **{}** | {} |", said(one), cells.join(" | ")).unwrap();
        }
    }
    text
}

fn said(verdict: Option<Verdict>) -> &'static str {
    verdict.map_or("no response", Verdict::as_str)
}

fn stops() -> String {
    let mut text = STOPS.to_owned();
    let lists: [(&str, Vec<Stance>, Vec<Stance>); 4] = [
        ("neither", vec![], vec![]),
        ("`stop_on = [\"not-decided\"]`", vec![Stance::NotDecided], vec![]),
        ("`advance_on = [\"revoke\"]`", vec![], vec![Stance::Revoke]),
        ("`stop_on = [\"reduce\"]`, `advance_on = [\"revoke\"]`", vec![Stance::Reduce], vec![Stance::Revoke]),
    ];
    writeln!(text, "| strategy | the stage says | {} |", Stance::ALL.map(Stance::as_str).join(" | ")).unwrap();
    writeln!(text, "|---|---|{}", "---|".repeat(Stance::ALL.len())).unwrap();
    for strategy in Strategy::ALL {
        for (name, stop_on, advance_on) in &lists {
            let stage = Stage {
                name: "owners".to_owned(),
                days: 7,
                reviewers: vec!["owner".to_owned()],
                reviewers_per_item: 2,
                strategy: strategy,
                stop_on: stop_on.clone(),
                advance_on: advance_on.clone(),
                sample_percent: None,
            };
            let cells = Stance::ALL.map(|stance| if stage.stops(stance) { "stops" } else { "goes on" });
            writeln!(text, "| `{strategy}` | {name} | {} |", cells.join(" | ")).unwrap();
        }
    }
    text
}

fn silence() -> String {
    let mut text = SILENCE.to_owned();
    let id = super::fixtures::id;
    let mut definition = CampaignDefinition::new("Access", id("fay"), id("gus"));
    for (word, on_silence) in [("disable", NoResponseAction::Disable), ("open", NoResponseAction::Open)] {
        definition.on_no_response = on_silence;
        for tier in [Tier::T0, Tier::T1, Tier::T2, Tier::T3] {
            let then: Vec<_> =
                definition.no_response_outcomes(1, tier, false).iter().map(|then| then.as_str()).collect();
            writeln!(text, "| `{word}` | {tier} | {} |", then.join(", if unused for certain; else ")).unwrap();
        }
    }
    writeln!(
        text,
        "\nWithout a `max_no_response_removals`, silence takes access away from at most {} items.",
        definition.max_no_response_removals()
    )
    .unwrap();
    let terms = NoResponseTerms::usual();
    assert_eq!((terms.max_renewals, terms.approver_groups.as_slice()), (0, [].as_slice()), "the words below say so");
    text + &EXCEPTED.replace("[DAYS]", &terms.max_days.to_string()) + MISSED
}

const HEAD: &str = "<!-- Written from the code by `TENURE_UPDATE=1 cargo test --lib strategies`; a test holds the two together. -->

# How answers become an outcome

Every verdict takes a stance: `certify`, `except` and `transfer` accept; `reduce` and `rotate` reduce; `disable`, `replace`
and `revoke` revoke; `abstain` and `investigate` do not decide. Who is asked and silent gives no response, which is none of
these and never becomes an acceptance.

A stage is over for an item when everybody asked has answered, or when a campaign owner has closed it. Its strategy makes one
stance of all answers. Of the verdicts that took this stance, the strongest is done: `except` before `transfer` before
`certify`; `reduce` before `rotate`; `revoke` before `replace` before `disable`. Two who want different things by the same
verdict (`reduce` to this and to that) leave the item open, with a finding: no side is picked.

A fallback of the campaign answers for those who are silent, and is weighed with all others.

## Two reviewers

Each cell has the stance of the stage, and what becomes of the item when the stage is closed and is the only one.
";

const STOPS: &str = "
## Which stances stop, and which go on to the next stage

A stage's own lists take the place of its strategy's. With `advance_on`, everything else stops; with `stop_on` alone,
everything else goes on. A stance in both lists is refused when the campaign is opened. After the last stage, everything
stops. What the stages that were asked came to is weighed once more, by `overall` of the definition, which is
`all-must-accept` where nothing is said.

A later stage with `sample_percent` asks about a sample of the items. Every other item passes the stage with the result of the
stages before it; without a response in those, the item gets the outcome of `on_no_response`, as after the last stage. An item is
in the sample if the first 8 hexadecimal digits of `sha256(\"tenure/stage-sample/v1\\n<campaign>\\n<population>\\n<stage>\\n<item>\\n\")`,
divided by 2^32, are below the percentage; `population` is the digest in `campaign.toml`. If this holds for no item, the item
with the lowest number is the sample. The sample is fixed when the campaign opens; a campaign whose review files ask about other
items in this stage is rejected (`sample-mismatch`).

";

const EXCEPTED: &str = "
What comes to `except` stays as it is and cannot be closed until somebody acts. A fallback decides; or an exception buys time:
signed as its rating asks, for at most [DAYS] days, not renewable. It decides nothing: the item is never counted as decided by
people, and `excepted-undecided` stays a finding for as long as the exception stands. `[no_response]` of the mandate sets `days`,
`renewals`, and the `groups` who sign besides those of the rating, such as the accountable executive; `tenure exception requirements`
says what holds. One that was accepted while somebody could still answer keeps the term of its rating, and the finding.
";

const MISSED: &str = "
## Reviewers who do not answer campaigns in a row

A reviewer misses a campaign when the signed close of one of its stages lists an item as silent that they were asked about, and
they answered nothing in that campaign. `tenure campaign status` counts for each reviewer the campaigns they missed in a row; two
or more are the finding `campaigns-missed`. An answer in a later campaign ends the row. A campaign that was opened before the
previous missed one was closed is not counted.
";

const SILENCE: &str = "
## What nobody's answer comes to

Silence counts when a campaign owner signs the close of a stage, which lists every item that nobody answered. Where no
response goes on to the next stage, that is all it does (`advance`). Where it stops:

| `on_no_response` | tier | comes to |
|---|---|---|
";
