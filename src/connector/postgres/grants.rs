//! Derives grants from the catalogs: one for every row that can be revoked.

use super::{
    grant_key::{DEPENDENTS, DatabaseObject, PARAMETERS, PostgresGrantKey, catalog_of},
    identifiers::ident,
    role_graph::{ReachedRoles, RoleGraph},
    snapshot::{
        AclEntry, BOOTSTRAP, ClusterSnapshot, DatabaseRole, DefaultPrivilege, FIRST_NORMAL_OID, OtherDatabaseObjects,
        OwnedObject, RoleDependents, RoleMembership,
    },
    tier,
};
use crate::model::{AccessPath, AccessRoute, Entitlement, Grant, GrantKey, GrantKind, Principal, SystemId};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// One read of the catalogs, indexed for grants and access paths.
pub(super) struct GrantBuilder<'a> {
    pub(super) system: &'a SystemId,
    pub(super) facts: &'a ClusterSnapshot,
    pub(super) roles: RoleGraph<'a>,
    /// Entries by database, object and grantee: an object can have thousands of grantees.
    by_object: BTreeMap<(u32, u32), BTreeMap<u32, Vec<&'a AclEntry>>>,
    pub(super) by_grantee: BTreeMap<u32, Vec<(u32, &'a AclEntry)>>,
    pub(super) by_owner: BTreeMap<u32, Vec<(u32, &'a OwnedObject)>>,
    /// By database, catalog and object.
    owners: BTreeMap<(u32, u32, u32), u32>,
    members: BTreeMap<u32, Vec<&'a RoleMembership>>,
    expansions: RefCell<BTreeMap<u32, Rc<Vec<Entitlement>>>>,
}

/// A row that is a grant.
#[derive(Clone, Copy)]
enum GrantRow<'a> {
    Account(&'a DatabaseRole),
    Attribute(&'a DatabaseRole, &'a str),
    Coming(u32, &'a DefaultPrivilege),
    Elsewhere(&'a OtherDatabaseObjects),
    Entry(u32, &'a AclEntry),
    Member(&'a RoleMembership),
    Owned(u32, &'a OwnedObject),
    Password(&'a DatabaseRole),
}

impl<'a> GrantBuilder<'a> {
    /// Returns the index of one read.
    pub(super) fn new(system: &'a SystemId, facts: &'a ClusterSnapshot) -> Self {
        let mut picture = Self {
            system,
            facts,
            roles: RoleGraph::new(facts),
            by_object: BTreeMap::new(),
            by_grantee: BTreeMap::new(),
            by_owner: BTreeMap::new(),
            owners: BTreeMap::new(),
            members: BTreeMap::new(),
            expansions: RefCell::default(),
        };
        for (database, entry) in all_entries(facts) {
            let on_object = picture.by_object.entry((database, entry.object)).or_default();
            on_object.entry(entry.grantee).or_default().push(entry);
            picture.owners.insert((database, catalog_of(&entry.class), entry.object), entry.owner);
            picture.by_grantee.entry(entry.grantee).or_default().push((database, entry));
        }
        for (database, owned) in all_owned(facts) {
            picture.by_owner.entry(owned.owner).or_default().push((database, owned));
            picture.owners.insert((database, owned.catalog, owned.object), owned.owner);
        }
        for (database, objects) in &facts.objects {
            for thing in &objects.things {
                picture.owners.insert((*database, catalog_of(&thing.class), thing.object), thing.owner);
            }
        }
        for row in &facts.cluster.memberships {
            picture.members.entry(row.role).or_default().push(row);
        }
        picture
    }

    /// Returns all grants of one kind, sorted by key.
    pub(super) fn grants(&self, kind: GrantKind) -> Vec<Grant> {
        let rows = self.rows(kind);
        let mut grants: Vec<Grant> = rows.into_iter().filter_map(|row| self.grant_of(row)).collect();
        grants.sort_by(|a, b| a.key.cmp(&b.key));
        grants
    }

    /// Returns the present grant with this key.
    pub(super) fn grant(&self, key: &PostgresGrantKey) -> Option<Grant> {
        let row = self.rows(key.kind()).into_iter().find(|row| self.key(*row) == *key)?;
        self.grant_of(row)
    }

    /// Returns every entry for `holder`, PUBLIC or a role in `reached`, on the object and on its columns.
    pub(super) fn entries_on(&self, on: &DatabaseObject, holder: u32, reached: &ReachedRoles) -> Vec<&'a AclEntry> {
        let Some(there) = self.by_object.get(&(on.database, on.oid)) else { return Vec::new() };
        let is_concerned = |grantee: u32| grantee == holder || grantee == 0 || reached.contains_key(&grantee);
        let lists: Vec<&Vec<&AclEntry>> = if reached.len() < there.len() {
            let roles = [holder, 0].into_iter().filter(|role| !reached.contains_key(role));
            let roles: BTreeSet<u32> = roles.chain(reached.keys().copied()).collect();
            roles.iter().filter_map(|role| there.get(role)).collect()
        } else {
            there.iter().filter(|(grantee, _)| is_concerned(**grantee)).map(|(_, list)| list).collect()
        };
        // Oids are unique only within a catalog.
        lists.into_iter().flatten().copied().filter(|entry| entry.class == on.class).collect()
    }

    /// Returns the memberships in a role.
    pub(super) fn members_of(&self, role: u32) -> &[&'a RoleMembership] {
        self.members.get(&role).map_or(&[], Vec::as_slice)
    }

    /// Returns the owner of the object of a key; `None` when the object does not exist.
    pub(super) fn owner(&self, key: &PostgresGrantKey) -> Option<u32> {
        let (database, catalog, object) = match key {
            PostgresGrantKey::Privilege { on, .. } => (on.database, catalog_of(&on.class), on.oid),
            PostgresGrantKey::Ownership { database, catalog, object, .. } => (*database, *catalog, *object),
            _ => return None,
        };
        let owned = self.owners.get(&(database, catalog, object)).copied();
        // Objects of the installation are not listed as owned, and always exist.
        owned.or((object < FIRST_NORMAL_OID || catalog == PARAMETERS).then_some(BOOTSTRAP))
    }

    /// Returns the entitlements that a role gives to those who can act as it.
    pub(super) fn expansion(&self, role: u32) -> Rc<Vec<Entitlement>> {
        if let Some(known) = self.expansions.borrow().get(&role) {
            return Rc::clone(known);
        }
        let mut given: BTreeMap<String, String> = BTreeMap::new();
        let reached = self.roles.reached_by(role);
        for oid in std::iter::once(role).chain(reached.keys().copied()) {
            if oid != role {
                let name = format!("role {}", self.facts.name(oid));
                given.insert(
                    PostgresGrantKey::Membership { role: oid, member: role, grantor: None }.entitlement(),
                    name,
                );
            }
            for (attribute, _) in self.facts.role(oid).into_iter().flat_map(|r| &r.attributes).filter(|(_, is)| **is) {
                given.insert(format!("attribute/{attribute}"), attribute.to_uppercase());
            }
            self.add_held(oid, None, &mut given);
        }
        for database in self.facts.objects.keys() {
            let there = self.roles.reached_in(*database, role);
            for oid in there.keys().filter(|oid| !reached.contains_key(oid)) {
                self.add_held(*oid, Some(*database), &mut given);
            }
        }
        let given = Rc::new(shortened(given));
        self.expansions.borrow_mut().insert(role, Rc::clone(&given));
        given
    }

    /// Adds what a role itself holds and owns; in one database alone, if named.
    fn add_held(&self, oid: u32, only: Option<u32>, given: &mut BTreeMap<String, String>) {
        let is_there = |database: u32| only.is_none_or(|only| only == database);
        for (database, entry) in self.by_grantee.get(&oid).into_iter().flatten().filter(|(_, e)| !e.initial) {
            if is_there(*database) {
                given.insert(entry_key(*database, entry).entitlement(), self.entry_name(*database, entry));
            }
        }
        for (database, owned) in self.by_owner.get(&oid).into_iter().flatten() {
            if is_there(*database) {
                given.insert(owned_key(*database, owned).entitlement(), self.owned_name(*database, owned));
            }
        }
        for (database, objects) in self.facts.objects.iter().filter(|(database, _)| is_there(**database)) {
            for coming in objects.defaults.iter().filter(|coming| coming.grantee == oid) {
                let key = self.key(GrantRow::Coming(*database, coming));
                given.insert(key.entitlement(), self.coming_name(*database, coming));
            }
        }
    }

    fn rows(&self, kind: GrantKind) -> Vec<GrantRow<'a>> {
        let people = || self.facts.cluster.roles.iter().filter(|role| !role.is_predefined());
        match kind {
            GrantKind::Account => people().map(GrantRow::Account).collect(),
            GrantKind::Attribute => people()
                .flat_map(|role| {
                    let held = role.attributes.iter().filter(|(_, is)| **is);
                    held.map(move |(name, _)| GrantRow::Attribute(role, name))
                })
                .collect(),
            GrantKind::Credential => {
                let stored = |role: &&DatabaseRole| !matches!(role.password.as_str(), "none" | "unseen");
                people().filter(stored).map(GrantRow::Password).collect()
            }
            GrantKind::Membership => {
                // Memberships of the server's own roles (pg_monitor in pg_read_all_settings) are part of the server.
                let made =
                    |row: &&RoleMembership| self.facts.role(row.member).is_some_and(|role| !role.is_predefined());
                self.facts.cluster.memberships.iter().filter(made).map(GrantRow::Member).collect()
            }
            GrantKind::Ownership => {
                let elsewhere = self.facts.cluster.owned_elsewhere.iter().map(GrantRow::Elsewhere);
                all_owned(self.facts).map(|(at, owned)| GrantRow::Owned(at, owned)).chain(elsewhere).collect()
            }
            GrantKind::Privilege => {
                let coming =
                    self.facts.objects.iter().flat_map(|(at, objects)| {
                        objects.defaults.iter().map(move |coming| GrantRow::Coming(*at, coming))
                    });
                let granted = all_entries(self.facts).filter(|(_, entry)| !entry.initial);
                granted.map(|(at, entry)| GrantRow::Entry(at, entry)).chain(coming).collect()
            }
            GrantKind::Policy | GrantKind::Rule => Vec::new(),
        }
    }

    fn key(&self, row: GrantRow<'_>) -> PostgresGrantKey {
        match row {
            GrantRow::Account(role) => PostgresGrantKey::Account { role: role.oid },
            GrantRow::Attribute(role, attribute) => {
                PostgresGrantKey::Attribute { attribute: attribute.to_owned(), role: role.oid }
            }
            GrantRow::Coming(database, coming) => PostgresGrantKey::Default {
                database,
                definer: coming.definer,
                schema: coming.schema,
                class: coming.class.clone(),
                privilege: coming.privilege.clone(),
                grantee: coming.grantee,
            },
            GrantRow::Elsewhere(it) => PostgresGrantKey::Ownership {
                database: it.database,
                catalog: it.catalog,
                object: it.object,
                owner: it.owner,
            },
            GrantRow::Entry(database, entry) => entry_key(database, entry),
            GrantRow::Member(row) => PostgresGrantKey::Membership {
                role: row.role,
                member: row.member,
                grantor: (self.facts.cluster.version >= SEVERAL_GRANTORS).then_some(row.grantor),
            },
            GrantRow::Owned(database, owned) => owned_key(database, owned),
            GrantRow::Password(role) => {
                PostgresGrantKey::Password { role: role.oid, fingerprint: role.password.clone() }
            }
        }
    }

    /// Returns `None` when a row names a role that is missing in the same reply, which cannot occur in one statement.
    fn grant_of(&self, row: GrantRow<'_>) -> Option<Grant> {
        let key = self.key(row);
        let holder = key.holder();
        let own = self.own_path(&key);
        let mut paths: BTreeSet<AccessPath> = self.paths(&key).into_iter().map(|found| found.path).collect();
        paths.remove(&own);
        let mut attributes = crate::model::Attributes::new();
        let mut expands_to = Vec::new();
        let yes_no = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let name = match row {
            GrantRow::Account(role) => {
                attributes.insert("connection-limit".to_owned(), role.limit.to_string());
                attributes.insert("inherit".to_owned(), yes_no(role.inherit));
                attributes.insert("login".to_owned(), yes_no(role.login));
                attributes.insert("valid-until".to_owned(), role.valid_until.clone());
                let mut dependents: Vec<&RoleDependents> =
                    self.facts.cluster.dependents.iter().filter(|it| it.role == role.oid).collect();
                dependents.sort();
                if !dependents.is_empty() {
                    let list = dependents.iter().map(|it| format!("{}/{}", it.database, it.what));
                    attributes.insert(DEPENDENTS.to_owned(), list.collect::<Vec<_>>().join(" "));
                }
                "account on the server".to_owned()
            }
            GrantRow::Attribute(_, attribute) => attribute.to_uppercase(),
            GrantRow::Coming(database, coming) => {
                attributes.insert("grantable".to_owned(), yes_no(coming.grantable));
                self.coming_name(database, coming)
            }
            GrantRow::Elsewhere(it) => format!(
                "OWNER OF OBJECT {}/{} IN DATABASE {}",
                it.catalog,
                it.object,
                shown(&self.facts.database(it.database))
            ),
            GrantRow::Entry(database, entry) => {
                attributes.insert("grantable".to_owned(), yes_no(entry.grantable));
                let by_owner = entry.grantor == entry.owner;
                let by = if by_owner { "owner".to_owned() } else { entry.grantor.to_string() };
                attributes.insert("granted-by".to_owned(), by);
                if entry.builtin {
                    attributes.insert("built-in".to_owned(), "yes".to_owned());
                }
                self.entry_name(database, entry)
            }
            GrantRow::Member(row) => {
                attributes.insert("admin".to_owned(), yes_no(row.admin));
                attributes.insert("inherit".to_owned(), yes_no(row.inherit));
                attributes.insert("set".to_owned(), yes_no(row.set));
                expands_to = self.expansion(row.role).as_ref().clone();
                format!("role {}", self.facts.name(row.role))
            }
            GrantRow::Owned(database, owned) => self.owned_name(database, owned),
            GrantRow::Password(role) => {
                let scheme = if role.password.len() == 64 { "scram-sha-256" } else { &role.password };
                attributes.insert("stored-as".to_owned(), scheme.to_owned());
                attributes.insert("valid-until".to_owned(), role.valid_until.clone());
                "password".to_owned()
            }
        };
        Some(Grant {
            system: self.system.clone(),
            kind: key.kind(),
            key: GrantKey::parse(&key.to_string()).ok()?,
            principal: Principal { id: holder.to_string(), name: self.facts.name(holder) },
            entitlement: Entitlement { id: key.entitlement(), name },
            paths: std::iter::once(own).chain(paths).collect(),
            attributes,
            expands_to,
            tier: tier::of(&key, self.facts, &self.roles),
        })
    }

    /// Returns the access path of the grant itself.
    pub(super) fn own_path(&self, key: &PostgresGrantKey) -> AccessPath {
        let by = |oid: u32| format!("granted by {}", self.facts.name(oid));
        match key {
            PostgresGrantKey::Account { role } => {
                direct(AccessRoute::Direct, role.to_string(), "the role itself".to_owned())
            }
            PostgresGrantKey::Attribute { attribute, .. } => {
                direct(AccessRoute::Direct, attribute.clone(), format!("set on the role: {}", attribute.to_uppercase()))
            }
            PostgresGrantKey::Default { definer, .. } => direct(
                AccessRoute::Default,
                definer.to_string(),
                format!("on future objects created by {}", self.facts.name(*definer)),
            ),
            PostgresGrantKey::Membership { role, member, grantor } => {
                // Before version 16, the grantor is only informative: it is in the text, not in the id.
                let text = match grantor {
                    Some(grantor) => by(*grantor),
                    None => self.granted_by(*role, *member).map_or_else(|| "granted".to_owned(), by),
                };
                let ids = grantor.map_or_else(|| "member".to_owned(), |oid| oid.to_string());
                direct(AccessRoute::Direct, ids, text)
            }
            PostgresGrantKey::Ownership { owner, .. } => {
                direct(AccessRoute::Ownership, owner.to_string(), "owns it".to_owned())
            }
            PostgresGrantKey::Password { fingerprint, .. } => {
                direct(AccessRoute::Direct, fingerprint.clone(), "stored on the server".to_owned())
            }
            PostgresGrantKey::Privilege { grantor, .. } => {
                direct(AccessRoute::Direct, grantor.to_string(), by(*grantor))
            }
        }
    }

    fn granted_by(&self, role: u32, member: u32) -> Option<u32> {
        self.members_of(role).iter().find(|row| row.member == member).map(|row| row.grantor)
    }

    fn place(&self, database: u32) -> String {
        if database == 0 { String::new() } else { format!(" IN DATABASE {}", shown(&self.facts.database(database))) }
    }

    pub(super) fn entry_name(&self, database: u32, entry: &AclEntry) -> String {
        let column = if entry.column == 0 { String::new() } else { format!(" ({})", entry.column_name) };
        format!("{}{column} ON {}{}", entry.privilege, entry.name, self.place(database))
    }

    pub(super) fn owned_name(&self, database: u32, owned: &OwnedObject) -> String {
        format!("OWNER OF {} {}{}", owned.kind.to_uppercase(), owned.name, self.place(database))
    }

    pub(super) fn coming_name(&self, database: u32, coming: &DefaultPrivilege) -> String {
        let schema = if coming.schema == 0 { String::new() } else { format!(" IN SCHEMA {}", coming.schema_name) };
        format!(
            "{} ON {} TO COME{schema} BY {}{}",
            coming.privilege,
            coming.class.replace('-', " "),
            shown(&self.facts.name(coming.definer)),
            self.place(database)
        )
    }
}

/// Returns all entries of a read, with their database.
pub(super) fn all_entries(facts: &ClusterSnapshot) -> impl Iterator<Item = (u32, &AclEntry)> {
    let shared = facts.cluster.entries.iter().map(|entry| (0, entry));
    shared.chain(facts.objects.iter().flat_map(|(at, objects)| objects.entries.iter().map(move |entry| (*at, entry))))
}

/// Returns all owned objects of a read, with their database.
pub(super) fn all_owned(facts: &ClusterSnapshot) -> impl Iterator<Item = (u32, &OwnedObject)> {
    let shared = facts.cluster.owned.iter().map(|owned| (0, owned));
    shared.chain(facts.objects.iter().flat_map(|(at, objects)| objects.owned.iter().map(move |owned| (*at, owned))))
}

pub(super) fn entry_key(database: u32, entry: &AclEntry) -> PostgresGrantKey {
    let on = DatabaseObject { database, class: entry.class.clone(), oid: entry.object, column: entry.column };
    PostgresGrantKey::Privilege {
        on,
        privilege: entry.privilege.clone(),
        grantee: entry.grantee,
        grantor: entry.grantor,
    }
}

pub(super) fn owned_key(database: u32, owned: &OwnedObject) -> PostgresGrantKey {
    PostgresGrantKey::Ownership { database, catalog: owned.catalog, object: owned.object, owner: owned.owner }
}

pub(super) fn direct(via: AccessRoute, ids: String, text: String) -> AccessPath {
    AccessPath { via, ids, text }
}

/// Quotes a name for display where SQL would require it.
pub(super) fn shown(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let simple = name.bytes().all(plain) && name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    if simple { name.to_owned() } else { ident(name) }
}

/// Shortens the contents of a role, which can be thousands of entitlements for hundreds of members: beyond a readable
/// number, one line with the digest of all of them replaces the rest. `~` sorts after every id.
fn shortened(given: BTreeMap<String, String>) -> Vec<Entitlement> {
    let all = given.len();
    let mut digest = String::new();
    if all > READABLE {
        let ids: Vec<&str> = given.keys().map(String::as_str).collect();
        digest = format!("~{}", crate::model::Digest::of(ids.join("\n")));
    }
    let mut list: Vec<Entitlement> =
        given.into_iter().take(READABLE).map(|(id, name)| Entitlement { id, name }).collect();
    if !digest.is_empty() {
        list.push(Entitlement { id: digest, name: format!("and {} more", all - READABLE) });
    }
    list
}

const READABLE: usize = 64;

/// The first version in which a membership can be granted several times, by different roles.
pub(super) const SEVERAL_GRANTORS: u32 = 160_000;
