//! Tests of imported tables, and of the merged principals files.

use super::*;
use crate::{
    diag::RenderStyle,
    format::codec,
    inventory::test_fixtures::{entry, held, id, inventory, loaded, people, today},
    model::{
        GrantKind, Tier, Timestamp,
        file::{PrincipalKind, PrincipalRecord, PrincipalStatus, Principals},
    },
};
use std::collections::BTreeMap;

fn columns(pairs: &[(&str, &str)]) -> ColumnMapping {
    let mut mapping = ColumnMapping::default();
    pairs.iter().for_each(|(column, key)| mapping.map(column, key));
    mapping
}

fn table(text: &str, layout: TableLayout) -> [ImportTable; 1] {
    [ImportTable { name: "people.csv".to_owned(), text: text.to_owned(), layout }]
}

fn refused(text: &str, layout: TableLayout) -> String {
    read(&table(text, layout), &ColumnMapping::default()).unwrap_err().render(RenderStyle::plain())
}

/// Returns the result of an import into a single file.
fn merged(before: &Principals, rows: &[ImportRow], authoritative: bool, now: Timestamp) -> MergedPrincipals {
    let path = "principals/people.toml";
    let files = BTreeMap::from([(path.to_owned(), before.clone())]);
    merge(&files, &FileSet::new(path).unwrap(), rows, authoritative, now).remove(path).unwrap()
}

fn empty() -> Principals {
    Principals { schema: "tenure/principals/v1".to_owned(), principals: Vec::new() }
}

const TABLE: &str = "\u{feff}Employee,status,manager,team,accounts,attributes.principal.mfa,attributes.principal.sealed,end_date\r\n\
    ana.ruiz,active,li.chen,\"orders, east\",db:1; web:uid:2,push,no,\r\n\
    li.chen,left,,,,,,2026-09-30\r\n";

#[test]
fn unmapped_column_is_ignored_only_if_declared() {
    let text = "id,Salary\nana.ruiz,9\n";
    let rows = read(&table(text, TableLayout::Csv), &columns(&[("Salary", "")])).unwrap();
    assert_eq!(rows[0].given, ["id".to_owned()].into());
    assert!(refused(text, TableLayout::Csv).contains("unknown key `Salary`"));
    assert!(refused("id,\nana.ruiz,9\n", TableLayout::Csv).contains("unknown key ``"));
}

#[test]
fn csv_and_json_lines_yield_same_entries() {
    let csv = read(&table(TABLE, TableLayout::Csv), &columns(&[("Employee", "id")])).unwrap();
    let lines = r#"{"id": "ana.ruiz", "status": "active", "owner": "li.chen", "team": "orders, east", "accounts": ["web:uid:2", "db:1"], "attributes": {"principal.mfa": "push", "principal.sealed": false}}

{"id": "li.chen", "status": "left", "end_date": "2026-09-30", "team": null}"#;
    let json = read(&table(lines, TableLayout::JsonLines), &ColumnMapping::default()).unwrap();
    let file = |rows: &[ImportRow]| codec::render(&merged(&empty(), rows, false, today()).file);
    assert_eq!(file(&csv), file(&json));
    insta::assert_snapshot!(file(&csv), @r#"
    schema = "tenure/principals/v1"

    [[principal]]
    id = "ana.ruiz"
    kind = "person"
    status = "active"
    accounts = ["db:1", "web:uid:2"]
    owner = "li.chen"
    team = "orders, east"

    [principal.attributes]
    "principal.mfa" = "push"
    "principal.sealed" = false

    [[principal]]
    id = "li.chen"
    kind = "person"
    status = "left"
    accounts = []
    end_date = "2026-09-30T00:00:00Z"
    "#);
}

#[test]
fn table_errors_have_line_and_column() {
    let wrong = "id,kind,accounts,color,attributes.principal.tier,end_date\n\
        ana,robot,db:1,,,\nAna Ruiz,,1001,,,soon\nli,,,blue,T3,\nana,,,,,\n\"b\u{202e}o\",,,,,\nshort,,\n";
    let told = refused(wrong, TableLayout::Csv);
    for expected in [
        "line 2, column `kind`: expected one of agent, break-glass, engine, person, service, vendor, found `robot`",
        "line 3, column `id`",
        "line 3, column `accounts`: expected an account `<system>:<immutable id>`, found `1001`",
        "line 3, column `end_date`: ",
        "line 1, column `color`: unknown key `color`",
        "line 4, column `attributes.principal.tier`: it is computed and cannot be declared",
        "line 6, column `id`: ",
        "line 7: the row has 3 cells, but the table has 6 columns",
    ] {
        assert!(told.contains(expected), "no `{expected}` in\n{told}");
    }
    assert!(refused("id\nana\nana\n", TableLayout::Csv).contains("duplicate id `ana`: on line 2 and on line 3"));
    assert!(refused("id,team\n", TableLayout::Csv).contains("has no rows"));
    assert!(refused("name\nana\n", TableLayout::Csv).contains("unknown key `name`"));
    assert!(refused("{\"id\": \"ana\"}\n[1]\n", TableLayout::JsonLines).contains("line 2: not a JSON object"));
}

#[test]
fn merge_keeps_other_keys_and_is_idempotent() {
    let before = Principals {
        principals: vec![
            PrincipalRecord {
                team: Some("sales".to_owned()),
                purpose: Some("sells".to_owned()),
                ..entry("ana", PrincipalKind::Person, &["db:7"])
            },
            entry("bo", PrincipalKind::Person, &[]),
        ],
        ..empty()
    };
    let text = "id,team,accounts\nana,orders,web:uid:1\ncy,orders,\n";
    let rows = read(&table(text, TableLayout::Csv), &ColumnMapping::default()).unwrap();
    let once = merged(&before, &rows, true, today());
    assert_eq!(
        (once.added.join(" "), once.changed.join(" "), once.left.join(" ")),
        ("cy".into(), "ana".into(), "bo".into())
    );
    let ana = &once.file.principals[0];
    assert_eq!((ana.accounts.join(" "), ana.purpose.as_deref()), ("db:7 web:uid:1".to_owned(), Some("sells")));
    assert_eq!(ana.role_changed_on, Some(today()), "a change of team is dated");
    let bo = &once.file.principals[1];
    assert_eq!((bo.status, bo.end_date), (PrincipalStatus::Left, Some(today())));
    let twice = merged(&once.file, &rows, true, today().plus_days(3));
    assert_eq!(codec::render(&twice.file), codec::render(&once.file));
    assert!(twice.added.is_empty() && twice.changed.is_empty() && twice.left.is_empty());
    let partial = merged(&before, &rows, false, today());
    assert!(partial.left.is_empty(), "only an authoritative table marks principals as left");
}

#[test]
fn uncorrelated_accounts_get_suggestions_with_reasons() {
    let key = |who: &str, print: &str, note: &str| {
        let mut key = held(who, GrantKind::Credential, &format!("{who}:SHA256:{print}"), Tier::T2);
        key.entitlement.name = format!("ssh as {who} with {note}");
        key
    };
    let account = |who: &str, name: &str| {
        let mut account = held(who, GrantKind::Account, "login", Tier::T2);
        account.principal.name = name.to_owned();
        account
    };
    let web = loaded("hosts", inventory("web", vec![account("1", "ana"), key("1", "K", "x")]));
    let grants =
        vec![account("1", "ana_ruiz"), account("2", "deploy"), key("2", "K", "li@laptop"), account("3", "nginx")];
    let app = loaded("hosts", inventory("app", grants));
    let people = people(vec![
        entry("ana.ruiz", PrincipalKind::Person, &["web:1"]),
        PrincipalRecord { team: Some("shop".to_owned()), ..entry("li", PrincipalKind::Person, &[]) },
    ]);
    let told: Vec<_> = unclaimed(&app, &[&web, &app], &people)
        .into_iter()
        .map(|one| format!("{} {}: {:?} {}", one.subject, one.name, one.whose, one.reasons.join("; ")))
        .collect();
    assert_eq!(
        told,
        [
            "app:1 ana_ruiz: Some(\"ana.ruiz\") same name as the principal",
            "app:2 deploy: None ana.ruiz: one of its keys also opens web:1, an account of this principal; li: the comment of one of its keys is `li@laptop`",
            "app:3 nginx: None ",
        ]
    );
    let job = PrincipalRecord { team: Some("shop".to_owned()), ..entry("job", PrincipalKind::Service, &[]) };
    let guess = owners(&job, &[], &people);
    assert_eq!((guess.whose, guess.reasons.join("; ")), (Some(id("li")), "member of the same team, shop".to_owned()));
}
