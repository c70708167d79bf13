//! The table of outcome strategies, row by row through the command: two reviewers sign the responses of a row, the
//! stage is closed, and the plan matches the table.

use crate::support::fixtures::{CAMPAIGN, TestRepository, ran};
use crate::support::{fixtures, host};
use std::{collections::BTreeMap, fs, path::Path};
use tenure::model::{
    Strategy, Timestamp, Verdict,
    file::{Item, Review},
};

const WEEK: i64 = 8 * 24 * 60;

/// The rows and columns of the tables, in order.
const ANSWERS: [Option<Verdict>; 5] =
    [Some(Verdict::Certify), Some(Verdict::Revoke), Some(Verdict::Reduce), Some(Verdict::Abstain), None];

/// A host with an account for each cell of a table; their owner is `ana`, and `ben` is her deputy.
fn company() -> TestRepository {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    let all = |line: fn(usize) -> String| (0..25).map(line).collect::<String>();
    for (path, more) in [
        ("etc/passwd", all(|n| format!("job{n:02}:x:{0}:{0}:job:/srv/job{n:02}:/bin/bash\n", 1200 + n))),
        ("etc/shadow", all(|n| format!("job{n:02}:!:20000:0:99999:7:::\n"))),
        ("etc/group", all(|n| format!("job{n:02}:x:{}:\n", 1200 + n))),
        ("etc/gshadow", all(|n| format!("job{n:02}:!::\n"))),
    ] {
        let text = world.read(&format!("web-1/{path}")) + &more;
        fs::write(world.join(&format!("web-1/{path}")), text).unwrap();
    }
    world.system("web-1", &host::settings("web-1"));
    world.collected(&["web-1"]);
    world
}

/// Returns the index of the table cell of an item.
fn cell(item: &Item) -> usize {
    item.principal.trim_start_matches("job").parse().unwrap()
}

/// Opens a campaign with this strategy, lets both reviewers answer, and closes its only stage.
fn closed(world: &TestRepository, strategy: Strategy) {
    let definition = format!(
        "schema = \"tenure/campaign-definition/v1\"\ntitle = \"Accounts\"\nwindow_days = 7\nmax_inventory_age_days = 40\n\
         fallback = \"mia\"\nsecond_fallback = \"ben\"\non_no_response = \"open\"\n\n[[stage]]\nname = \"both\"\ndays = 7\n\
         reviewers = [\"system-owner\", \"system-deputy\"]\nreviewers_per_item = 2\nstrategy = \"{strategy}\"\n\n[[select]]\n\
         systems = [\"web-1\"]\nkinds = [\"account\"]\ncondition = \"grant.principal.startsWith('job')\"\n"
    );
    world.write("repo/policies/both.toml", &definition);
    world.tenure(&["fmt", "policies/both.toml"]).exits(0);
    world.merge("define a campaign");
    world.tenure(&["campaign", "open", CAMPAIGN, "--from", "policies/both.toml"]).exits(0);
    world.sign("ana", &[&format!("campaigns/{CAMPAIGN}/campaign.toml")]);
    world.merge("open a campaign");
    let say = |review: &Review, item: &mut Item| {
        let (one, other) = (cell(item) / 5, cell(item) % 5);
        let Some(verdict) = ANSWERS[if review.reviewer.as_str() == "ana" { one } else { other }] else { return };
        item.decision = Some(verdict);
        item.reason = fixtures::reason(item);
        item.to = verdict.needs_to().then(|| "/usr/sbin/nologin".to_owned());
        item.until = (verdict == Verdict::Certify).then(|| Timestamp::from_unix(fixtures::NOW).plus_days(90));
    };
    world.decides(say);
    world.merge("decide");
    ran(&mut world.command_in(&world.repo(), WEEK, &["campaign", "close-stage", CAMPAIGN])).exits(0);
    world.sign("ana", &[&format!("campaigns/{CAMPAIGN}/stages/1.toml")]);
    world.merge("close the stage");
    ran(&mut world.command_in(&world.repo(), WEEK, &["check"])).exits(0);
}

/// Returns the 25 cells in the table of a strategy.
fn table(strategy: Strategy) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/strategies.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, section) = text.split_once(&format!("### `{strategy}`\n")).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| **")).take(5);
    let cells = rows.flat_map(|row| row.split('|').skip(2).take(5));
    cells.map(|cell| cell.trim().split_once(": ").unwrap().1.to_owned()).collect()
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn each_cell_of_each_table_is_what_becomes_of_an_account() {
    let company = company();
    for strategy in Strategy::ALL {
        let world = company.copied();
        closed(&world, strategy);
        let told = table(strategy);
        assert_eq!(told.len(), 25);

        let status =
            ran(&mut world.command_in(&world.repo(), WEEK, &["campaign", "status", CAMPAIGN, "--format", "json"]));
        let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
        let mut found = BTreeMap::new();
        for item in status["items"].as_array().unwrap() {
            let name = item["principal"].as_str().unwrap().to_owned();
            let verdict = item["verdict"].as_str().filter(|_| item["state"] != "undecided").unwrap_or("open");
            found.insert(name, verdict.to_owned());
        }
        let expected = told.iter().enumerate().map(|(n, told)| (format!("job{n:02}"), told.clone()));
        assert_eq!(found, expected.collect(), "{strategy}");

        let plan = ran(&mut world.command_in(&world.repo(), WEEK, &["plan", "--format", "json"]));
        let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap_or_else(|_| panic!("{}", plan.err));
        let planned: BTreeMap<String, String> = plan["plan"]["actions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|action| (text(&action["grant"]["principal"]["name"]), text(&action["basis"]["verdict"])))
            .collect();
        let changes = found.into_iter().filter(|(_, verdict)| ["reduce", "revoke"].contains(&verdict.as_str()));
        assert_eq!(planned, changes.collect(), "{strategy}");
        assert_eq!(plan["plan"]["held"], serde_json::json!([]), "{strategy}");
    }
}
