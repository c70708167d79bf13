//! Executes the exact SQL of an action: only if the target is as planned, and committed only if it had the intended
//! effect.

use super::{
    collateral::{self, TouchedAccess, TouchingChange},
    grant_key::PostgresGrantKey,
    grants::GrantBuilder,
    impact,
    policies::lifted_limit,
    read_scope::ReadScope,
    rotate::{self, PasswordRotation},
    server_connections::ServerConnections,
    snapshot::{ClusterSnapshot, FIRST_NORMAL_OID},
    sql, sqlstate,
};
use crate::{
    connector::{ApplyReceipt, ConnectorError, SecretSink},
    model::{
        AccessChange, Action, Digest, ExpectedState, Grant, GrantKey, GrantKind, Inventory, Operation, SystemId,
        Timestamp, action::Planned,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Executes an action.
pub(super) fn apply(
    system: &SystemId,
    server: &mut ServerConnections,
    action: &Action<Planned>,
    sink: &dyn SecretSink,
) -> Result<ApplyReceipt, ConnectorError> {
    let Some(key) = PostgresGrantKey::parse(&action.grant.key) else {
        return Err(ConnectorError::Unsupported(format!(
            "{} is not a grant key of a PostgreSQL server",
            action.grant.key
        )));
    };
    let view = match (&key, &action.change) {
        (PostgresGrantKey::Account { role }, AccessChange::Revoke {}) => ReadScope::Whole(*role),
        _ => ReadScope::of(&key),
    };
    let facts = server.read_snapshot(&view, "BEGIN READ WRITE; ")?;
    let at = facts.cluster.database;
    let done = ApplyTransaction { system, server: &mut *server, action, key: &key, view }.run(&facts, sink);
    if done.is_err() {
        server.roll_back(at);
    }
    done
}

struct ApplyTransaction<'a> {
    system: &'a SystemId,
    server: &'a mut ServerConnections,
    action: &'a Action<Planned>,
    key: &'a PostgresGrantKey,
    view: ReadScope,
}

impl ApplyTransaction<'_> {
    fn run(mut self, facts: &ClusterSnapshot, sink: &dyn SecretSink) -> Result<ApplyReceipt, ConnectorError> {
        if self.is_done(facts) {
            self.server.roll_back(facts.cluster.database);
            let all: Vec<&Operation> = self.action.operations.iter().collect();
            let ended = self.terminate(&all);
            return Ok(ApplyReceipt {
                text: format!("already in the wanted state{ended}"),
                already: true,
                ..ApplyReceipt::default()
            });
        }
        self.as_planned(facts)?;
        if let Some(limit) = lifted_limit(self.server, facts, self.key, &self.action.change)? {
            return Err(ConnectorError::PreconditionFailed(limit));
        }
        if matches!((self.key, &self.action.change), (PostgresGrantKey::Account { .. }, AccessChange::Revoke {})) {
            self.rehearse(facts)?;
        }
        let rotation = match self.action.change {
            AccessChange::Rotate {} => Some(PasswordRotation::begin(self.action, sink)?),
            _ => None,
        };
        let mut words = Vec::new();
        let mut begun = true;
        for group in groups(&self.action.operations) {
            if group.first().is_some_and(|operation| operation.call == sql::TERMINATE) {
                words.push(self.terminate(&group));
                continue;
            }
            self.transact(&group, begun, facts, rotation.as_ref())?;
            begun = false;
            words.push(format!("; {} committed", if group.len() == 1 { "1 statement" } else { "statements" }));
        }
        let mut receipt =
            ApplyReceipt { text: words.concat().trim_start_matches("; ").to_owned(), ..ApplyReceipt::default() };
        if let Some(rotation) = rotation {
            rotation.prove(self.server, &self.action.grant, &mut receipt)?;
        }
        Ok(receipt)
    }

    /// Returns whether the grant is already in the wanted state.
    fn is_done(&self, facts: &ClusterSnapshot) -> bool {
        let live = GrantBuilder::new(self.system, facts).grant(self.key);
        match (&self.action.expects, live) {
            (ExpectedState::Absent | ExpectedState::Replaced, live) => live.is_none(),
            (ExpectedState::Shows(wanted), Some(live)) => shows(&live, wanted),
            (ExpectedState::Shows(_), None) => false,
        }
    }

    /// Checks that the target is as reviewed, and that the SQL of the plan has the same meaning as when it was planned.
    fn as_planned(&self, facts: &ClusterSnapshot) -> Result<(), ConnectorError> {
        let failed = |why: String| Err(ConnectorError::PreconditionFailed(why));
        let about_role = matches!(
            self.key,
            PostgresGrantKey::Account { .. } | PostgresGrantKey::Attribute { .. } | PostgresGrantKey::Password { .. }
        );
        if about_role && self.key.holder() == facts.cluster.me {
            return failed("it is the role of the engine itself".to_owned());
        }
        let picture = GrantBuilder::new(self.system, facts);
        let Some(live) = picture.grant(self.key) else { return failed("the grant no longer exists".to_owned()) };
        if let Some(drift) = drift(&self.action.grant, &live) {
            return failed(drift);
        }
        let inventory = inventory(&picture);
        if matches!((self.key, &self.action.change), (PostgresGrantKey::Account { .. }, AccessChange::Revoke {})) {
            impact::of("", &self.action.change, &live, self.key, &inventory)
                .or_else(|refusal| failed(refusal.to_string()))?;
        }
        let now = sql::render(&self.action.change, &live, &inventory)
            .or_else(|refusal| failed(format!("the change is no longer possible: {refusal}")).map(|()| Vec::new()))?;
        if now != self.action.operations {
            let planned = &self.action.operations;
            let first = (0..).find(|index| planned.get(*index) != now.get(*index)).unwrap_or_default();
            let text = |list: &[Operation]| list.get(first).map_or_else(|| "nothing".to_owned(), ToString::to_string);
            return failed(format!(
                "names or dependencies have changed: the plan has {}, but now it would be {}",
                text(planned),
                text(&now)
            ));
        }
        Ok(())
    }

    /// Runs one group in one transaction, which is committed only when the server shows the intended effect.
    fn transact(
        &mut self,
        group: &[&Operation],
        begun: bool,
        before: &ClusterSnapshot,
        rotation: Option<&PasswordRotation>,
    ) -> Result<(), ConnectorError> {
        let database = database_of(group);
        let at = if database == 0 { before.cluster.database } else { database };
        let mut statements: Vec<String> = group.iter().map(|operation| operation.text.clone()).collect();
        if let Some(rotation) = rotation {
            statements = statements.iter().map(|text| rotation.fill(text)).collect();
        }
        if !begun || at != before.cluster.database {
            statements.insert(0, "BEGIN READ WRITE".to_owned());
        }
        let touching = touching(self.action, self.key, group);
        let look = touching.query(before.cluster.version);
        let place = usize::from(statements.first().is_some_and(|text| text.starts_with("BEGIN")));
        statements.insert(place, look.clone());
        statements.push(look);
        let rows = match self.server.batch(at, &statements.join(";\n")) {
            Ok(rows) => rows,
            Err(error) => {
                let class = sqlstate::before_commit(&error);
                self.server.roll_back(at);
                return Err(rotation.map_or(class.clone(), |rotation| rotation.redact(class)));
            }
        };
        let states: Vec<TouchedAccess> = rows.iter().filter_map(|row| serde_json::from_str(row).ok()).collect();
        let meant = match states.as_slice() {
            [was, is] => touching.compare(was, is),
            _ => Err(ConnectorError::Transient("the reply of the server is not two states".to_owned())),
        };
        let meant = meant.and_then(|()| self.check(at, group, rotation));
        if let Err(why) = meant {
            self.server.roll_back(at);
            return Err(why);
        }
        if !self.server.is_connected(at) {
            return Err(ConnectorError::Transient("the connection was lost before COMMIT".to_owned()));
        }
        self.server.batch(at, "COMMIT").map(drop).map_err(|error| sqlstate::at_commit(&error))
    }

    /// Runs the statements that precede DROP ROLE in every database, looks for what would prevent it, and rolls back.
    /// Several transactions cannot be undone together, so nothing is committed before all of them are known to work.
    fn rehearse(&mut self, before: &ClusterSnapshot) -> Result<(), ConnectorError> {
        let role = self.key.holder();
        let groups = groups(&self.action.operations);
        let touched: Vec<u32> = groups.iter().map(|group| database_of(group)).collect();
        for group in groups {
            let database = database_of(&group);
            let at = if database == 0 { before.cluster.database } else { database };
            let obstacles = collateral::obstacles(role, database != 0, &touched);
            let mut statements: Vec<&str> = group
                .iter()
                .filter(|operation| operation.call != sql::TERMINATE && !operation.text.starts_with("DROP ROLE"))
                .map(|operation| operation.text.as_str())
                .collect();
            if at != before.cluster.database {
                statements.insert(0, "BEGIN READ WRITE");
            }
            // The connection of the first read is inside its transaction.
            let save = if at == before.cluster.database { "SAVEPOINT rehearsal" } else { "" };
            statements
                .insert(usize::from(save.is_empty()), if save.is_empty() { "SELECT 1 WHERE false" } else { save });
            statements.push(&obstacles);
            let rows = self.server.batch(at, &statements.join(";\n"));
            let undone = if save.is_empty() { "ROLLBACK" } else { "ROLLBACK TO SAVEPOINT rehearsal" };
            let rows = rows.map_err(|error| sqlstate::before_commit(&error))?;
            self.server.batch(at, undone).map_err(|error| sqlstate::before_commit(&error))?;
            if let Some(found) = rows.last().filter(|found| !found.is_empty()) {
                let text = format!("DROP ROLE would fail, nothing was changed: {found}");
                return Err(ConnectorError::PreconditionFailed(text));
            }
        }
        Ok(())
    }

    /// Reads inside the transaction, and checks that the change has its effect, and that the names in the SQL belong to
    /// the oids of the plan.
    fn check(
        &mut self,
        at: u32,
        group: &[&Operation],
        rotation: Option<&PasswordRotation>,
    ) -> Result<(), ConnectorError> {
        let facts = self.server.look_in(at, &self.view)?;
        let picture = GrantBuilder::new(self.system, &facts);
        for operation in group {
            let removed = operation.with.get("removes");
            let key = removed.and_then(|key| GrantKey::parse(key).ok()).and_then(|key| PostgresGrantKey::parse(&key));
            if key.is_some_and(|key| picture.grant(&key).is_some()) {
                let text = format!("the server accepted `{operation}` without a change; rolled back");
                return Err(ConnectorError::Permanent(text));
            }
            for name in ["role", "grantor"] {
                let Some((oid, name)) = operation.with.get(name).and_then(|value| value.split_once(' ')) else {
                    continue;
                };
                let oid = oid.parse::<u32>().unwrap_or_default();
                let other = facts.role(oid).is_some_and(|role| role.name != name);
                if oid >= FIRST_NORMAL_OID && other {
                    let text = format!("role {oid} is no longer named {name}; rolled back");
                    return Err(ConnectorError::PreconditionFailed(text));
                }
            }
        }
        if let ExpectedState::Shows(wanted) = &self.action.expects {
            let live = picture.grant(self.key);
            if !live.is_some_and(|live| shows(&live, wanted)) {
                let text = "the server accepted the statement, but the grant is not in the wanted state; rolled back"
                    .to_owned();
                return Err(ConnectorError::Permanent(text));
            }
        }
        match rotation {
            Some(_) => rotate::replaced(&facts, self.key),
            None => Ok(()),
        }
    }

    /// Ends sessions. Committed changes remain; a session that is left is found when the target is read again.
    fn terminate(&mut self, operations: &[&Operation]) -> String {
        let mut words = String::new();
        for operation in operations.iter().filter(|operation| operation.call == sql::TERMINATE) {
            words.push_str(&match self.server.batch(0, &operation.text) {
                Ok(rows) => format!("; {} sessions ended", rows.first().map_or("0", String::as_str)),
                Err(error) => format!("; sessions not ended: {}", sqlstate::before_commit(&error)),
            });
        }
        words
    }
}

/// Returns what a group of statements may change.
fn touching<'a>(action: &'a Action<Planned>, key: &'a PostgresGrantKey, group: &[&Operation]) -> TouchingChange<'a> {
    let keys = group.iter().filter_map(|operation| operation.with.get("removes"));
    let removes = keys.filter_map(|key| PostgresGrantKey::parse(&GrantKey::parse(key).ok()?)).collect();
    TouchingChange { key, change: &action.change, removes, holder: &action.grant.principal.name, loses: &action.loses }
}

/// Returns the difference between the live and the reviewed grant; `None` when they are equal, or the live one has only
/// lost access. An earlier action of the same run may have removed another path, or disabled the account, which is
/// harmless.
pub(super) fn drift(reviewed: &Grant, live: &Grant) -> Option<String> {
    if live.digest() == reviewed.digest() {
        return None;
    }
    let same = live.key == reviewed.key && live.entitlement.id == reviewed.entitlement.id;
    let only_less = same
        && live.tier >= reviewed.tier
        && live.paths.iter().all(|path| reviewed.paths.iter().any(|it| (it.via, &it.ids) == (path.via, &path.ids)))
        && live.expands_to.iter().all(|given| reviewed.expands_to.iter().any(|it| it.id == given.id))
        && live.attributes.iter().all(|(name, value)| {
            reviewed.attribute(name) == Some(value) || LESS.contains(&(name.as_str(), value.as_str()))
        });
    (!only_less).then(|| format!("the grant changed since its review: {}", changes(reviewed, live)))
}

/// Returns the parts of a grant that changed; all parts of the digest are covered.
fn changes(reviewed: &Grant, live: &Grant) -> String {
    let names: BTreeSet<&str> =
        [reviewed, live].iter().flat_map(|grant| grant.attributes.keys()).map(|name| &**name).collect();
    let changed = names.into_iter().filter(|name| reviewed.attribute(name) != live.attribute(name));
    let mut parts: Vec<String> = changed.map(|name| format!("attribute `{name}`")).collect();
    let paths = |grant: &Grant| grant.paths.iter().map(|path| (path.via, path.ids.clone())).collect::<Vec<_>>();
    let contents = |grant: &Grant| grant.expands_to.iter().map(|given| given.id.clone()).collect::<Vec<_>>();
    let others = [
        ("its contents", contents(reviewed) != contents(live)),
        ("its entitlement", reviewed.entitlement.id != live.entitlement.id),
        ("its key", (&reviewed.key, reviewed.kind, &reviewed.system) != (&live.key, live.kind, &live.system)),
        ("its paths", paths(reviewed) != paths(live)),
        ("its principal", reviewed.principal.id != live.principal.id),
        ("its tier", reviewed.tier != live.tier),
    ];
    parts.extend(others.iter().filter(|(_, differs)| *differs).map(|(name, _)| (*name).to_owned()));
    parts.join(", ")
}

/// Attributes with the value of least access.
const LESS: [(&str, &str); 6] = [
    ("admin", "no"),
    ("grantable", "no"),
    ("inherit", "no"),
    ("login", "no"),
    ("set", "no"),
    ("valid-until", "-infinity"),
];

fn shows(live: &Grant, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(name, value)| live.attribute(name) == Some(value))
}

fn inventory(picture: &GrantBuilder<'_>) -> Inventory {
    let kinds = [GrantKind::Account, GrantKind::Membership, GrantKind::Ownership, GrantKind::Privilege];
    let grants = kinds.into_iter().flat_map(|kind| picture.grants(kind));
    Inventory::new(picture.system.clone(), Timestamp::from_unix(0), Digest::ZERO, false, grants, BTreeMap::new())
}

/// Groups consecutive statements in the same database into one transaction.
fn groups(operations: &[Operation]) -> Vec<Vec<&Operation>> {
    let mut groups: Vec<Vec<&Operation>> = Vec::new();
    for operation in operations {
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|last| together(last, operation)) => group.push(operation),
            _ => groups.push(vec![operation]),
        }
    }
    groups
}

fn together(a: &Operation, b: &Operation) -> bool {
    a.call == b.call && a.with.get("database") == b.with.get("database")
}

fn database_of(group: &[&Operation]) -> u32 {
    group.first().and_then(|operation| operation.with.get("database")?.parse().ok()).unwrap_or_default()
}
