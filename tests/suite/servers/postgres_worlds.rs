//! Differential tests of the PostgreSQL connector: random servers, one decision each, the complete flow, and the verdict
//! compared with what the server answers to requests of this test's own.

use crate::support::{
    age::AgeKey,
    fixtures::{CAMPAIGN, TestRepository},
    postgres::Cluster,
};
use std::os::unix::fs::DirBuilderExt as _;
use std::{collections::BTreeMap, sync::LazyLock};
use tenure::model::{CampaignId, GrantKey, ItemId, SystemId, Verdict};

#[path = "postgres_worlds/truth.rs"]
mod truth;
#[path = "postgres_worlds/world.rs"]
mod world;

use truth::Truth;
use world::{Choice, World};

/// The comparison of one verdict with the answers of the server.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "printed with a failure")]
pub(crate) struct Compared {
    version: u32,
    seed: u64,
    /// The chosen grant, in words.
    grant: String,
    verdict: String,
    paths: String,
    /// A request that was permitted before, and still is although the change is confirmed; or an access that was gained.
    pub(crate) wrong: Option<String>,
    /// Whether the server denies every request, and no session is left.
    gone: bool,
    /// Whether the world has access that cannot be compared.
    untold: bool,
}

/// Totals over many worlds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) worlds: usize,
    pub(crate) confirmed: usize,
    pub(crate) wrong: usize,
    pub(crate) gone: usize,
    pub(crate) gone_and_confirmed: usize,
    /// The number of each verdict.
    pub(crate) verdicts: BTreeMap<String, usize>,
    /// The changes that were not made, with the reasons.
    pub(crate) held: Vec<String>,
    /// Not confirmed although it is gone, with the reasons.
    pub(crate) refused: Vec<String>,
    pub(crate) failures: Vec<String>,
}

static RECIPIENT: LazyLock<AgeKey> = LazyLock::new(AgeKey::generate);

static BASE: LazyLock<TestRepository> = LazyLock::new(TestRepository::founded);

const SYSTEMS: [&str; 4] = ["w0", "w1", "w2", "w3"];

/// Runs the worlds of these seeds, one on each installed version at a time.
pub(crate) fn compare_worlds(seeds: std::ops::Range<u64>) -> Totals {
    let clusters = Cluster::start_all(&["max_prepared_transactions = 4"]);
    let mut totals = Totals::default();
    let all: Vec<u64> = seeds.collect();
    for round in all.chunks(clusters.len().min(SYSTEMS.len())) {
        let worlds: Vec<World> = round.iter().map(|seed| World::random(*seed)).collect();
        for compared in compare(&clusters, &worlds) {
            if compared.wrong.is_some() {
                // Finding the smallest world takes minutes.
                eprintln!("{compared:#?}");
                let index = round.iter().position(|seed| *seed == compared.seed).unwrap_or_default();
                if std::env::var_os("TENURE_NO_SHRINKING").is_some() {
                    totals.failures.push(format!("{compared:#?}\n{}", worlds[index].statements.join(";\n")));
                    totals.add(compared);
                    continue;
                }
                let smallest = shrink(&clusters[index], &worlds[index]);
                totals.failures.push(format!("{compared:#?}\n{}", smallest.statements.join(";\n")));
            }
            totals.add(compared);
        }
    }
    totals
}

impl Totals {
    fn add(&mut self, compared: Compared) {
        let confirmed = compared.verdict == "confirmed";
        self.worlds += 1;
        self.confirmed += usize::from(confirmed);
        self.wrong += usize::from(compared.wrong.is_some());
        *self.verdicts.entry(compared.verdict.clone()).or_default() += 1;
        if compared.verdict == "held" {
            self.held.push(format!("{compared:?}"));
        }
        if compared.gone && !compared.untold {
            self.gone += 1;
            self.gone_and_confirmed += usize::from(confirmed);
            if !confirmed {
                self.refused.push(format!("{compared:?}"));
            }
        }
    }
}

/// Builds each world on its own server, decides in one campaign, enforces, and compares.
fn compare(clusters: &[Cluster], worlds: &[World]) -> Vec<Compared> {
    let mut repository = BASE.copied();
    std::fs::DirBuilder::new().mode(0o700).create(repository.join("vault")).unwrap();
    let mut built = Vec::new();
    let mut systems = Vec::new();
    for (index, world) in worlds.iter().enumerate() {
        let (cluster, system) = (&clusters[index], SYSTEMS[index]);
        let database = world.build(cluster);
        repository.variable(format!("PG_{index}"), cluster.password());
        let settings = format!(
            "connector = \"postgres\"\n\n[settings]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"super\"\n\
             password_env = \"PG_{index}\"\ndatabase = \"{database}\"\ndatabases = [\"{database}\"]\ntls = \"disable\"\n\n\
             [sink]\nkind = \"age\"\nrecipients = [\"{}\"]\ndirectory = \"../vault\"\n",
            cluster.port(),
            RECIPIENT.recipient()
        );
        repository.system(system, &settings);
        systems.push(system);
        built.push(database);
    }
    repository.collected(&systems);
    let chosen: Vec<Option<Choice>> =
        worlds.iter().zip(&systems).map(|(world, system)| world.choose(&repository, system)).collect();
    let kinds: &[&str] = &["account", "attribute", "credential", "membership", "privilege"];
    let select: Vec<(&str, &[&str])> = systems.iter().map(|system| (*system, kinds)).collect();
    repository.campaign(&select);
    let campaign = CampaignId::parse(CAMPAIGN).unwrap();
    let items: BTreeMap<ItemId, &Choice> = chosen
        .iter()
        .zip(&systems)
        .filter_map(|(choice, system)| {
            let choice = choice.as_ref()?;
            let key = GrantKey::parse(&choice.key).unwrap();
            Some((ItemId::of(&campaign, &SystemId::parse(system).unwrap(), &key), choice))
        })
        .collect();
    repository.decides(|_, item| {
        let choice = items.get(&item.id);
        item.decision = Some(choice.map_or(Verdict::Abstain, |choice| choice.verdict));
        item.to = choice.map(|choice| choice.to.clone()).filter(|to| !to.is_empty());
        item.reason = crate::support::fixtures::reason(item);
    });
    repository.merge("decide");
    let before: Vec<Option<Truth>> = built
        .iter()
        .zip(&chosen)
        .enumerate()
        .map(|(index, (database, choice))| Some(Truth::of(&clusters[index], database, choice.as_ref()?)))
        .collect();
    let mut sessions: Vec<_> = worlds
        .iter()
        .zip(&built)
        .zip(&chosen)
        .enumerate()
        .map(|(at, ((world, database), choice))| world.session(&clusters[at], database, choice.as_ref()?))
        .collect();
    let ran = repository.enforce(&[]);
    let verdicts = verdicts(&repository);
    let mut compared = Vec::new();
    for (index, world) in worlds.iter().enumerate() {
        let (Some(choice), Some(before)) = (&chosen[index], &before[index]) else { continue };
        let after = Truth::of(&clusters[index], &built[index], choice);
        let (verdict, paths) = verdicts.get(systems[index]).cloned().unwrap_or_else(|| {
            let held = ran.out.lines().chain(ran.err.lines()).filter(|line| line.contains(systems[index]));
            ("held".to_owned(), held.collect::<Vec<_>>().join("; "))
        });
        let left = before.still(&after);
        let gained = before.gained(&after);
        let used = if verdict == "confirmed" && world.seed % 10 == 0 {
            before.by_use(&clusters[index], &built[index])
        } else {
            None
        };
        let is_left = paths.contains("left: ");
        let session = sessions[index].as_mut().and_then(|session| outlives(session, choice));
        let wrong = match verdict.as_str() {
            "confirmed" => {
                let left = left.first().filter(|_| !is_left).cloned();
                left.or(used).or(session).or_else(|| before.by_other_object(&after).filter(|_| !is_left))
            }
            _ => None,
        };
        compared.push(Compared {
            version: clusters[index].version(),
            seed: world.seed,
            grant: choice.words.clone(),
            // What a membership gives on objects to come is not asked about.
            gone: left.is_empty()
                && sessions[index].is_none()
                && verdict != "held"
                && !(choice.key.starts_with("membership:") && paths.contains("future objects")),
            untold: world.is_untold(clusters[index].version()) || after.administers,
            wrong: wrong.or(gained.map(|gain| format!("gained: {gain}"))),
            verdict,
            paths,
        });
    }
    drop(sessions);
    compared
}

/// Returns what a session that was opened before still does of what was lost.
fn outlives(session: &mut postgres::Client, choice: &Choice) -> Option<String> {
    let rows = session.simple_query("SELECT session_user, current_user").ok()?;
    let row = rows.iter().find_map(|message| match message {
        postgres::SimpleQueryMessage::Row(row) => Some((row.get(0)?.to_owned(), row.get(1)?.to_owned())),
        _ => None,
    });
    let (user, role) = row?;
    let is_own = user == choice.name;
    let acts = choice.key.starts_with("membership:") && choice.to.is_empty() && user != role;
    let logs_in = is_own && (choice.key.starts_with("account:") || choice.key.starts_with("password:"));
    ((is_own && acts) || logs_in).then(|| format!("an open session of {user} acts as {role}"))
}

/// Returns the last verdict of each system, with its reasons.
fn verdicts(repository: &TestRepository) -> BTreeMap<String, (String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut system_of = BTreeMap::new();
    for intent in repository.records_of("intent") {
        system_of.insert(text(&intent["action"]), text(&intent["system"]));
    }
    let mut found = BTreeMap::new();
    for outcome in repository.records_of("outcome") {
        if let Some(system) = system_of.get(&text(&outcome["action"])) {
            let result = text(&outcome["result"]);
            if result != "applied" {
                found.insert(system.clone(), ("held".to_owned(), format!("{result}: {}", text(&outcome["text"]))));
            }
        }
    }
    for seen in repository.records_of("verification") {
        let Some(system) = system_of.get(&text(&seen["action"])) else { continue };
        let list = |name: &str| seen[name].as_array().map(|all| all.iter().map(text).collect::<Vec<_>>().join("; "));
        let paths = format!("{} left: {}", list("paths").unwrap_or_default(), list("left").unwrap_or_default());
        let paths = if list("left").unwrap_or_default().is_empty() { list("paths").unwrap_or_default() } else { paths };
        if !found.contains_key(system) {
            found.insert(system.clone(), (text(&seen["result"]), paths));
        }
    }
    found
}

/// Removes statements one by one as long as the verdict stays wrong.
fn shrink(cluster: &Cluster, world: &World) -> World {
    let mut smallest = world.clone();
    let mut index = 0;
    let mut tries = 0;
    while index < smallest.statements.len() && tries < MOST_TRIES {
        let mut smaller = smallest.clone();
        smaller.statements.remove(index);
        tries += 1;
        let wrong = compare(std::slice::from_ref(cluster), std::slice::from_ref(&smaller));
        if wrong.iter().any(|one| one.wrong.is_some()) {
            smallest = smaller;
        } else {
            index += 1;
        }
    }
    smallest
}

const MOST_TRIES: usize = 40;

#[test]
fn verdicts_agree_with_the_server_in_random_worlds() {
    let totals = compare_worlds(0..20);
    assert!(totals.failures.is_empty(), "{}", totals.failures.join("\n\n"));
    assert!(totals.worlds >= 18, "{totals:#?}");
    assert!(totals.gone_and_confirmed * 100 >= totals.gone * 90, "{totals:#?}");
}
