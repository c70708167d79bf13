//! Importing people from a table, uncorrelated accounts of a host, and the access of one principal, through the
//! command.

use crate::support::fixtures::TestRepository;
use crate::support::host;

const PEOPLE: &str = "Employee,Boss,team,accounts,Salary\nli.chen,mia,shop,web-1:uid:1002,9\nmia,,shop,,9\n";
const HR: &[&str] =
    &["principals", "import", "../hr.csv", "--map", "Employee=id", "--map", "Boss=manager", "--map", "Salary="];

/// A host with an inventory, and a table of people beside the repository.
fn collected() -> TestRepository {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    world.system("web-1", &host::settings("web-1"));
    world.collected(&["web-1"]);
    world.write("hr.csv", PEOPLE);
    world
}

#[test]
fn people_come_from_a_table_once_and_leave_with_it() {
    let world = collected();
    let file = world.join("repo/principals/people.toml");
    world.tenure(&[HR, &["--dry-run"]].concat()).exits(0).says("+owner = \"mia\"").says("no file was written");
    assert!(!file.exists());
    world
        .tenure(HR)
        .exits(0)
        .says("principals/people.toml: 1 added, 0 changed, 0 left")
        .says("principals.toml: 0 added, 1 changed, 0 left");
    world.tenure(&["fmt", "--check", "principals/people.toml", "principals.toml"]).exits(0);
    let elsewhere = world.read("repo/principals.toml");
    assert!(elsewhere.contains("id = \"mia\"") && elsewhere.contains("team = \"shop\""), "{elsewhere}");
    assert!(!world.read("repo/principals/people.toml").contains("id = \"mia\""), "everybody has one entry");
    world.tenure(HR).exits(0).says("nothing changed");
    world.write("hr.csv", &PEOPLE.replace("li.chen,mia,shop,web-1:uid:1002,9\n", ""));
    world.tenure(HR).exits(0).says("nothing changed");
    let gone = world.tenure(&[HR, &["--authoritative", "--format", "json"]].concat()).exits(0);
    let gone: serde_json::Value = serde_json::from_str(&gone.out).unwrap();
    assert_eq!(gone["left"], serde_json::json!(["li.chen"]));
    let told = world.read("repo/principals/people.toml");
    assert!(
        told.contains("status = \"left\"\naccounts = [\"web-1:uid:1002\"]"),
        "what they held is still theirs: {told}"
    );
    world.tenure(&[HR, &["--authoritative"]].concat()).exits(0).says("nothing changed");

    world.write("hr.csv", "Employee,Boss,team,accounts,Salary\nLi Chen,mia,shop,1002,9\n");
    world
        .tenure(HR)
        .exits(1)
        .says("line 2, column `Employee`: `Li Chen` is not a valid principal id")
        .says("line 2, column `accounts`: expected an account");
    assert_eq!(world.read("repo/principals/people.toml"), told, "nothing of a wrong table is taken");
}

/// 50,000 people in two tables with different delimiters, one of whom leaves and comes back.
#[test]
fn fifty_thousand_people_are_imported_in_parts() {
    let world = TestRepository::founded();
    let mapping = "schema = \"tenure/import-mapping/v1\"\nown_manager = \"remove\"\n\n[[column]]\nname = \"Chef\"\nkey = \"owner\"\n\
                   template = \"p{value}\"\n\n[[column]]\nname = \"Nummer\"\nkey = \"id\"\ntemplate = \"p{value}\"\n";
    world.write("repo/imports/hr.toml", mapping);
    let part = |delimiter: &str, numbers: std::ops::Range<u32>| {
        let row = |number: u32| [number, number / 9].map(|number| number.to_string()).join(delimiter);
        let rows: Vec<_> = numbers.map(row).collect();
        format!("Nummer{delimiter}Chef\r\n{}\r\n", rows.join("\r\n"))
    };
    let import = ["principals", "import", "../a.csv", "../b.csv", "--mapping", "imports/hr.toml", "--authoritative"];
    world.write("a.csv", &part(",", 0..20_000));
    world.write("b.csv", &part(";", 20_000..50_000));
    world.tenure(&import).exits(0).says("the changes are long; git diff shows them");
    let files = std::fs::read_dir(world.join("repo/principals")).unwrap().map(|file| file.unwrap());
    let sizes: Vec<_> = files.map(|file| file.metadata().unwrap().len()).collect();
    assert!(sizes.len() > 15 && sizes.iter().all(|size| *size <= 256 * 1024), "{sizes:?}");

    world.write("b.csv", &part(";", 20_001..50_000));
    world.tenure(&import).exits(0).says("0 added, 0 changed, 1 left").says("p20000");
    world.write("b.csv", &part(";", 20_000..50_000));
    world.tenure(&import).exits(0).says("0 added, 0 changed, 0 left, 1 returned").says("-status = \"left\"");

    world.write("b.csv", &part(";", 20_000..50_000).replace("\r\n2", "\r\nX 2"));
    world
        .tenure(&import)
        .exits(1)
        .says("line 2, column `Nummer`: `pX 20000` is not a valid principal id")
        .says("(on 10000 lines: 2, 3, 4, …)");
    world.tenure(&["principals", "check"]).exits(0).says(" principals checked: 0 errors");
}

#[test]
fn wrong_files_and_repeated_problems_are_reported_once() {
    let world = TestRepository::founded();
    let entries: String = (0..30)
        .map(|number| {
            format!(
                "\n[[principal]]\nid = \"svc-{number:02}\"\nkind = \"service\"\nstatus = \"active\"\naccounts = []\n"
            )
        })
        .collect();
    let people =
        "\n[[principal]]\nid = \"ana-2\"\nkind = \"person\"\nstatus = \"active\"\naccounts = []\nowner = \"bo-2\"\n";
    let file = format!("schema = \"tenure/principals/v1\"\n{people}{entries}");
    world.write("repo/principals/people.toml", &file);
    world.write("hr.csv", "id,manager\nbo-2,ana-2\n");
    let import = ["principals", "import", "../hr.csv"];
    world.tenure(&import).exits(1).says("error[manager-cycle]").says("each of `ana-2`, `bo-2` is managed by the next");
    assert_eq!(world.read("repo/principals/people.toml"), file, "no file is written");
    world
        .tenure(&["principals", "import", "../hr.csv", "--into", "principals/people-2.toml"])
        .exits(1)
        .says("`principals/people-2.toml` is a continuation of `principals/people.toml`");
    let bo = people.replace("ana-2", "cy").replace("bo-2", "ana-2").replace("\"cy\"", "\"bo-2\"");
    world.write("repo/principals/people.toml", &format!("schema = \"tenure/principals/v1\"\n{people}{bo}{entries}"));
    world
        .tenure(&["principals", "check"])
        .exits(3)
        .says("each of `ana-2`, `bo-2` is managed by the next")
        .says("`svc-02` has no owner")
        .hides("svc-03")
        .says("27 more of this kind");
}

#[test]
fn uncorrelated_accounts_are_suggested_without_owner() {
    let world = collected();
    world.tenure(HR).exits(0);
    let web = ["principals", "import", "--from-system", "web-1"];
    world
        .tenure(&web)
        .exits(0)
        .says("web-1:uid:1001 (ben): perhaps ben: same name as the principal")
        .says("web-1:uid:1103 (deploy): perhaps li.chen: the comment of one of its keys is")
        .says("web-1:uid:1102 (svc_backup): no matching principal")
        .hides("web-1:uid:1002");
    world.tenure(&[&web[..], &["--write"]].concat()).exits(0).says("4 added");
    let told = world.read("repo/principals/web-1.toml");
    assert!(told.contains("id = \"svc_backup\"\nkind = \"service\"") && !told.contains("owner"), "{told}");
    world.tenure(&[&web[..], &["--write"]].concat()).exits(0).says("nothing changed");
    world
        .tenure(&["principals", "check"])
        .exits(3)
        .says("`svc_backup` has no owner")
        .says("no principal claims the account `web-1:uid:1001`")
        .hides("web-1:uid:1102");

    let owned =
        told.replace("accounts = [\"web-1:uid:1102\"]\n", "accounts = [\"web-1:uid:1102\"]\nowner = \"li.chen\"\n");
    world.write("repo/principals/web-1.toml", &owned);
    let shown = world.tenure(&["principals", "show", "svc_backup", "--format", "json"]).exits(0);
    let shown: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(shown["attributes"]["principal.tier"], "T0", "sudo without end: {shown:#}");
    assert_eq!(shown["attributes"]["principal.owner_status"], "active");
    let tiers: Vec<_> = shown["holds"].as_array().unwrap().iter().filter(|held| held["kind"] == "account").collect();
    assert_eq!(tiers[0]["tier"], "T0", "the account is as privileged as all it holds");
    world.tenure(&["principals", "show", "li.chen"]).exits(0).says("answers for\n  svc_backup").says("web-1:uid:1002");
    world.tenure(&["principals", "show", "nobody"]).exits(1).says("no principal or account is called `nobody`");
}

#[test]
fn a_fact_that_no_rule_knows_is_refused_where_it_stands() {
    let world = collected();
    let entry = "schema = \"tenure/principals/v1\"\n\n[[principal]]\nid = \"mia\"\nkind = \"person\"\nstatus = \"active\"\n\
                 accounts = []\n\n[principal.attributes]\n\"principal.tier\" = \"T3\"\n";
    world.write("repo/principals.toml", entry);
    world
        .tenure(&["principals", "check"])
        .exits(3)
        .says("principals.toml:10:1")
        .says("it is computed and cannot be declared");
    world.merge("who is who");
    world.tenure(&["check"]).exits(3).says("error[attribute-invalid]").says("principals.toml:10:1");
}
