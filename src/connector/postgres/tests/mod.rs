//! Tests on a real server: one server for the test binary, and a separate database and roles for each test.
//!
//! They are here and not in `tests/` because an [`Intent`] can only be created inside the library.

mod cases;
mod cost;
mod hidden_paths;
mod leading_objects;
mod network_failures;
mod outliving;
mod refusals;
mod remaining_access;
mod verdicts;

use super::{PasswordVisibility, Postgres, PostgresConfig, TlsMode, open};
use crate::{
    connector::{
        ApplyReceipt, Collector, ConnectorError, ConnectorSchema, Intent, Provisioner, SecretSink, SinkError,
        TargetQuery, UnsupportedChangeError, WitnessQuery, tests::postgres::Cluster,
    },
    model::{
        AccessChange, Action, ActionId, Answer, CampaignId, Digest, Grant, GrantKind, GrantObservation, Inventory,
        ItemId, RemainingAccess, RemainingPath, RepoId, SurvivingPath, SystemId, Tier, Timestamp, Verdict,
        VerificationLevel, Witness,
        action::{ActionBasis, ActionSpec, Planned},
    },
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    collections::BTreeMap,
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| Cluster::start(&[]));

/// A server of each installed version, the oldest first.
static CLUSTERS: LazyLock<Vec<Cluster>> = LazyLock::new(|| Cluster::start_all(&["max_prepared_transactions = 4"]));

/// A test case: a database and names that no other test uses.
struct Story {
    number: u32,
    cluster: &'static Cluster,
    database: String,
    postgres: Postgres,
    vault: Vault,
}

/// A sink that keeps secrets in memory.
#[derive(Default)]
struct Vault(Mutex<Vec<(String, String)>>);

impl SecretSink for Vault {
    fn deposit(&self, label: &str, secret: &SecretString) -> Result<String, SinkError> {
        self.0.lock().unwrap().push((label.to_owned(), secret.expose_secret().to_owned()));
        Ok(format!("vault:{label}"))
    }
}

impl Story {
    /// Starts a test case: every `name_N` in `statements`, run as the superuser, becomes a unique name.
    fn new(statements: &str) -> Self {
        Self::on(&CLUSTER, statements)
    }

    /// Starts a test case on each version.
    fn on_all(statements: &str) -> impl Iterator<Item = Self> {
        CLUSTERS.iter().map(move |cluster| Self::on(cluster, statements))
    }

    fn on(cluster: &'static Cluster, statements: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let database = format!("case_{number}");
        cluster.sql("postgres", &format!("CREATE DATABASE {database}"));
        let story = Self {
            number,
            cluster,
            postgres: connector_to(cluster, &[&database], "super", cluster.password()),
            database,
            vault: Vault::default(),
        };
        story.sql(statements);
        story
    }

    fn text(&self, text: &str) -> String {
        text.replace("_N", &format!("_{}", self.number))
    }

    fn sql(&self, statements: &str) {
        self.cluster.sql(&self.database, &self.text(statements));
    }

    fn ask(&self, query: &str) -> String {
        self.cluster.ask(&self.database, &self.text(query))
    }

    /// Returns whether a role can select from a table, as the server reports it.
    fn reads(&self, role: &str, table: &str) -> bool {
        self.ask(&format!("SELECT has_table_privilege('{role}', '{table}', 'SELECT')")) == "t"
    }

    fn inventory(&self) -> Inventory {
        inventory_of(&self.postgres)
    }

    /// Returns the only grant of a principal whose entitlement begins like this.
    fn grant(&self, principal: &str, entitlement: &str) -> Grant {
        let (principal, entitlement) = (self.text(principal), self.text(entitlement));
        let inventory = self.inventory();
        let fits =
            |grant: &&Grant| grant.principal.name == principal && grant.entitlement.name.starts_with(&entitlement);
        let found: Vec<&Grant> = inventory.grants().filter(fits).collect();
        let of_principal = || {
            let all = inventory.grants().filter(|grant| grant.principal.name == principal);
            all.map(|grant| format!("{} ({})", grant.entitlement.name, grant.key)).collect::<Vec<_>>()
        };
        assert_eq!(found.len(), 1, "{principal} / {entitlement}: {found:#?}; {principal} has {:#?}", of_principal());
        found[0].clone()
    }

    fn plan_change(
        &self,
        change: &AccessChange,
        grant: &Grant,
    ) -> Result<crate::connector::PlannedChange, UnsupportedChangeError> {
        self.postgres.plan_change(change, grant, &self.inventory())
    }

    /// Plans a change, as the planner does.
    fn plan(&self, change: AccessChange, grant: &Grant) -> ActionSpec {
        let draft = self.plan_change(&change, grant).unwrap();
        planned(change, grant, draft)
    }

    fn apply(&self, planned: &ActionSpec) -> Result<ApplyReceipt, ConnectorError> {
        apply_by(&self.postgres, planned, &self.vault)
    }

    /// Returns what is left after a change, with the answers to the requests that were permitted before it.
    fn left(&self, plan: &ActionSpec, witnesses: &[Witness]) -> RemainingAccess {
        let query = TargetQuery::about(plan).asking(WitnessQuery::Ask(witnesses));
        self.postgres.observe(&query).unwrap().access.unwrap()
    }

    /// Returns the requests that the server permits, of those that represent what a change takes away.
    fn permitted(&self, plan: &ActionSpec) -> Vec<Witness> {
        let query = TargetQuery::about(plan).asking(WitnessQuery::Choose);
        let answers = self.postgres.observe(&query).unwrap().access.unwrap().answers;
        let allowed = answers.into_iter().filter(|it| matches!(it.answer, Answer::Allowed(_)));
        allowed.map(|it| it.witness).collect()
    }

    fn observe(&self, grant: &Grant) -> GrantObservation {
        self.postgres.observe(&TargetQuery::removal(grant)).unwrap()
    }

    /// Returns the remaining paths; empty when the access is gone.
    fn paths(&self, grant: &Grant) -> Vec<String> {
        let left = self.observe(grant).access.unwrap();
        assert!(left.probe.contains("own role super"), "{}", left.probe);
        left.paths.iter().map(ToString::to_string).collect()
    }

    /// Revokes a grant and asserts that the server accepted it.
    fn revoke(&self, principal: &str, entitlement: &str) -> Grant {
        let grant = self.grant(principal, entitlement);
        let receipt = self.apply(&self.plan(AccessChange::Revoke {}, &grant)).unwrap();
        assert!(!receipt.already, "{receipt:?}");
        grant
    }
}

fn connector(databases: &[&str], user: &str, password: &str) -> Postgres {
    connector_to(&CLUSTER, databases, user, password)
}

fn connector_to(cluster: &Cluster, databases: &[&str], user: &str, password: &str) -> Postgres {
    let config = PostgresConfig { port: cluster.port(), ..config(databases, user) };
    open(&system(), &config, SecretString::from(password.to_owned())).unwrap()
}

fn config(databases: &[&str], user: &str) -> PostgresConfig {
    PostgresConfig {
        host: "127.0.0.1".to_owned(),
        port: CLUSTER.port(),
        database: "postgres".to_owned(),
        user: user.to_owned(),
        password_env: "PG_PASSWORD".to_owned(),
        databases: Some(databases.iter().map(|name| (*name).to_owned()).collect()),
        tls: TlsMode::Disable,
        ca: None,
        passwords: PasswordVisibility::Fingerprint,
    }
}

fn system() -> SystemId {
    SystemId::parse("pg-orders").unwrap()
}

fn inventory_of(postgres: &Postgres) -> Inventory {
    let mut grants = Vec::new();
    for &kind in postgres.describe().kinds {
        let mut cursor = None;
        loop {
            let page = postgres.list(kind, cursor.as_ref()).unwrap_or_else(|error| panic!("{kind}: {error}"));
            grants.extend(page.grants);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    Inventory::new(system(), Timestamp::from_unix(0), Digest::ZERO, true, grants, BTreeMap::new())
}

fn planned(change: AccessChange, grant: &Grant, draft: crate::connector::PlannedChange) -> ActionSpec {
    let repo = RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").unwrap();
    let campaign = CampaignId::parse("2026-q4").unwrap();
    let item = ItemId::of(&campaign, &grant.system, &grant.key);
    ActionSpec {
        id: ActionId::of(&repo, &item, &grant.digest(), change.verb()),
        basis: ActionBasis {
            path: "campaigns/2026-q4/reviews/pg-orders/ana.toml".to_owned(),
            file: Digest::ZERO,
            item,
            verdict: Verdict::Revoke,
            signers: vec!["ana".to_owned()],
            decided: Default::default(),
        },
        change,
        grant: grant.clone(),
        precondition: grant.digest(),
        operations: draft.operations,
        expects: draft.expects,
        loses: draft.loses,
        survives: surviving(draft.survives, grant.tier),
        effects: draft.effects,
        irreversible: draft.irreversible,
        level: VerificationLevel::V3,
    }
}

fn apply_by(postgres: &Postgres, planned: &ActionSpec, sink: &dyn SecretSink) -> Result<ApplyReceipt, ConnectorError> {
    let action: Action<Planned> = Action::new(planned.clone());
    postgres.apply(&action, Intent::recorded(planned.id.clone(), 1), sink)
}

fn sql_of(planned: &ActionSpec) -> Vec<&str> {
    planned.operations.iter().map(|operation| operation.text.as_str()).collect()
}

fn reduce(to: &str) -> AccessChange {
    AccessChange::Reduce { to: to.to_owned() }
}

#[test]
fn unsupported_kind_is_empty_and_old_cursor_fails() {
    let story = Story::new("CREATE ROLE svc_N LOGIN");
    let page = story.postgres.list(GrantKind::Rule, None).unwrap();
    assert!(page.grants.is_empty() && page.next.is_none());
    let old = crate::connector::ListingCursor("1:7".to_owned());
    let error = story.postgres.list(GrantKind::Account, Some(&old)).unwrap_err();
    assert_eq!(error.class(), "precondition-failed");
}

fn surviving(paths: Vec<RemainingPath>, lost: Tier) -> Vec<SurvivingPath> {
    paths.into_iter().map(|path| SurvivingPath::of(path, lost, None)).collect()
}

fn texts(survives: &[SurvivingPath]) -> Vec<&str> {
    survives.iter().map(|path| path.text.as_str()).collect()
}
