//! Graph of role memberships: the roles that a role can act as.

use super::snapshot::{ClusterSnapshot, DatabaseRole, RoleMembership};
use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

/// The path of memberships from a principal to a role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MembershipChain {
    /// The roles on the path; the reached one is the last.
    pub(super) roles: Vec<u32>,
    /// Whether the rights are inherited; otherwise the principal needs SET ROLE, or must grant itself the right to it.
    pub(super) inherits: bool,
    /// Whether the principal can become the role, and not only use its rights: attributes are not inherited.
    pub(super) acts: bool,
}

/// The roles that a principal can act as, each with its path.
pub(super) type ReachedRoles = Rc<BTreeMap<u32, MembershipChain>>;

/// The graph of memberships of one read.
pub(super) struct RoleGraph<'a> {
    facts: &'a ClusterSnapshot,
    up: BTreeMap<u32, Vec<&'a RoleMembership>>,
    /// By database and role; 0 is the cluster.
    known: RefCell<BTreeMap<(u32, u32), ReachedRoles>>,
    /// The predefined role of database owners.
    owners: Option<u32>,
}

impl<'a> RoleGraph<'a> {
    /// Returns the graph.
    pub(super) fn new(facts: &'a ClusterSnapshot) -> Self {
        let mut up: BTreeMap<u32, Vec<&RoleMembership>> = BTreeMap::new();
        for row in &facts.cluster.memberships {
            // Since version 16, a membership can have neither option and no ADMIN: it gives no access.
            if row.inherit || row.set || row.admin {
                up.entry(row.member).or_default().push(row);
            }
        }
        let is_owners = |role: &&DatabaseRole| role.is_predefined() && role.name == DATABASE_OWNER;
        let owners = facts.cluster.roles.iter().find(is_owners).map(|role| role.oid);
        Self { facts, up, known: RefCell::default(), owners }
    }

    /// Returns every role that `member` can act as, with the shortest path; inheriting paths are preferred. The role
    /// itself is not included.
    pub(super) fn reached_by(&self, member: u32) -> ReachedRoles {
        self.reached_in(0, member)
    }

    /// Returns the same in one database: its owner is a member of `pg_database_owner` there, which no catalog shows.
    pub(super) fn reached_in(&self, database: u32, member: u32) -> ReachedRoles {
        if let Some(known) = self.known.borrow().get(&(database, member)) {
            return Rc::clone(known);
        }
        let reached = if database == 0 {
            let acting = self.acting(member);
            let mut reached = self.walk(member, &|row| row.inherit);
            for (role, chain) in &mut reached {
                chain.acts = acting.get(role).is_some_and(|chain| chain.acts);
            }
            for (role, chain) in acting {
                reached.entry(role).or_insert(chain);
            }
            Rc::new(reached)
        } else {
            self.with_owners(database, member)
        };
        self.known.borrow_mut().insert((database, member), Rc::clone(&reached));
        reached
    }

    fn with_owners(&self, database: u32, member: u32) -> ReachedRoles {
        let reached = self.reached_by(member);
        let Some(owners) = self.owners else { return reached };
        let Some(database) = self.facts.cluster.databases.iter().find(|it| it.oid == database) else { return reached };
        let own = MembershipChain { roles: Vec::new(), inherits: true, acts: true };
        let chain = if database.owner == member { Some(&own) } else { reached.get(&database.owner) };
        let Some(chain) = chain else { return reached };
        let mut roles = chain.roles.clone();
        roles.push(owners);
        let chain = MembershipChain { roles, inherits: chain.inherits, acts: chain.acts };
        let mut all = reached.as_ref().clone();
        all.insert(owners, chain);
        Rc::new(all)
    }

    /// Returns the rights on all objects that `role`, or a role that it can act as, has without an entry in a list.
    pub(super) fn rights_everywhere(&self, role: u32) -> Vec<ClassRights> {
        if self.superuser(role).is_some() {
            return EVERYWHERE.iter().flat_map(|(_, rights)| rights.iter().copied()).chain(SUPERUSER).collect();
        }
        let reached = self.reached_by(role);
        let is_one = |name: &str| {
            std::iter::once(&role)
                .chain(reached.keys())
                .any(|oid| self.facts.role(*oid).is_some_and(|role| role.is_predefined() && role.name == name))
        };
        EVERYWHERE.iter().filter(|(name, _)| is_one(name)).flat_map(|(_, rights)| rights.iter().copied()).collect()
    }

    /// Returns the predefined role of database owners.
    pub(super) fn database_owners(&self) -> Option<u32> {
        self.owners
    }

    /// Returns the roles that `member` can act as by memberships with one option alone.
    pub(super) fn reached_with(
        &self,
        member: u32,
        has: &dyn Fn(&RoleMembership) -> bool,
    ) -> BTreeMap<u32, MembershipChain> {
        self.walk(member, has)
    }

    /// Returns the path to a superuser role that `member` is or can act as.
    pub(super) fn superuser(&self, member: u32) -> Option<MembershipChain> {
        self.with_attribute(member, "superuser")
    }

    /// Returns the path by which `member` can grant itself every role but superusers: CREATEROLE before version 16.
    pub(super) fn role_creator(&self, member: u32) -> Option<MembershipChain> {
        if self.facts.cluster.version >= BOUNDED_CREATEROLE { None } else { self.with_attribute(member, "createrole") }
    }

    /// Returns the path to a role with this attribute that `member` is or can act as.
    pub(super) fn with_attribute(&self, member: u32, attribute: &str) -> Option<MembershipChain> {
        let is = |oid: u32| self.facts.role(oid).is_some_and(|role: &DatabaseRole| role.is(attribute));
        if is(member) {
            return Some(MembershipChain { roles: Vec::new(), inherits: true, acts: true });
        }
        // Attributes are not inherited and need SET ROLE.
        let reached = self.reached_by(member);
        let found = reached.iter().find(|(oid, chain)| chain.acts && is(**oid))?;
        Some(MembershipChain { inherits: false, ..found.1.clone() })
    }

    /// Returns the path to the predefined role with this name, if `member` can act as it.
    pub(super) fn predefined(&self, member: u32, name: &str) -> Option<MembershipChain> {
        let role = self.facts.cluster.roles.iter().find(|role| role.is_predefined() && role.name == name)?;
        self.reached_by(member).get(&role.oid).cloned()
    }

    /// Describes a path: `member of a, of b`.
    pub(super) fn words(&self, chain: &MembershipChain) -> String {
        let mut roles = chain.roles.as_slice();
        let mut text = String::new();
        if let ([before @ .., last], true) = (roles, self.is_owners(roles)) {
            text = format!("owner of the database, thus {}", self.facts.name(*last));
            roles = before;
            if !roles.is_empty() {
                text = format!("an {text}");
            }
        }
        if !roles.is_empty() {
            let names: Vec<String> = roles.iter().map(|oid| self.facts.name(*oid)).collect();
            let members = format!("member of {}", names.join(", of "));
            text = if text.is_empty() { members } else { format!("{members}, {text}") };
        }
        if chain.inherits { text } else { format!("{text}, by SET ROLE") }
    }

    fn is_owners(&self, roles: &[u32]) -> bool {
        roles.last().is_some_and(|last| Some(*last) == self.owners)
    }

    fn walk(&self, member: u32, follows: &dyn Fn(&RoleMembership) -> bool) -> BTreeMap<u32, MembershipChain> {
        let mut reached: BTreeMap<u32, MembershipChain> = BTreeMap::new();
        let mut next = VecDeque::from([(member, Vec::new())]);
        while let Some((at, way)) = next.pop_front() {
            for edge in self.up.get(&at).into_iter().flatten() {
                if !follows(edge) || edge.role == member || reached.contains_key(&edge.role) {
                    continue;
                }
                let mut roles: Vec<u32> = way.clone();
                roles.push(edge.role);
                reached.insert(edge.role, MembershipChain { roles: roles.clone(), inherits: true, acts: true });
                next.push_back((edge.role, roles));
            }
        }
        reached
    }

    /// Returns the roles that `member` can become, and those whose rights it can use after it became another one. SET ROLE
    /// needs the SET option on the whole path; a role on which the ADMIN option is held can be granted to oneself.
    fn acting(&self, member: u32) -> BTreeMap<u32, MembershipChain> {
        let mut reached: BTreeMap<u32, MembershipChain> = BTreeMap::new();
        let mut next = VecDeque::from([(member, Vec::new(), true)]);
        while let Some((at, way, acts)) = next.pop_front() {
            for edge in self.up.get(&at).into_iter().flatten().filter(|edge| edge.role != member) {
                let becomes = edge.admin || (acts && edge.set);
                let known = reached.get(&edge.role);
                if (!becomes && !edge.inherit) || known.is_some_and(|known| known.acts || !becomes) {
                    continue;
                }
                let mut roles: Vec<u32> = way.clone();
                roles.push(edge.role);
                reached.insert(edge.role, MembershipChain { roles: roles.clone(), inherits: false, acts: becomes });
                next.push_back((edge.role, roles, becomes));
            }
        }
        reached
    }

    /// Returns the path by which `member` can grant `role` to others, and to itself.
    pub(super) fn administrator(&self, member: u32, role: u32) -> Option<MembershipChain> {
        let reached = self.reached_by(member);
        let own = MembershipChain { roles: Vec::new(), inherits: true, acts: true };
        let holders = std::iter::once((member, &own)).chain(reached.iter().map(|(oid, chain)| (*oid, chain)));
        let administers = |oid: u32| self.up.get(&oid).into_iter().flatten().any(|row| row.admin && row.role == role);
        holders.filter(|(oid, _)| administers(*oid)).map(|(_, chain)| chain.clone()).next()
    }
}

impl MembershipChain {
    /// Returns the oids of the path for an access path id.
    pub(super) fn ids(&self) -> String {
        let oids: Vec<String> = self.roles.iter().map(u32::to_string).collect();
        let how = if self.inherits { "" } else { "/set" };
        format!("{}{how}", oids.join("/"))
    }
}

/// A class of objects, and privileges on them.
type ClassRights = (&'static str, &'static [&'static str]);

/// The rights of predefined roles on all objects (documentation, section 22.5).
const EVERYWHERE: [(&str, &[ClassRights]); 3] = [
    ("pg_read_all_data", &[("table", &["SELECT"]), ("sequence", &["SELECT"]), ("schema", &["USAGE"])]),
    (
        "pg_write_all_data",
        &[("table", &["INSERT", "UPDATE", "DELETE"]), ("sequence", &["UPDATE"]), ("schema", &["USAGE"])],
    ),
    ("pg_maintain", &[("table", &["MAINTAIN"])]),
];

/// Further rights of superusers.
const SUPERUSER: [ClassRights; 4] = [
    ("table", &["REFERENCES", "TRIGGER", "TRUNCATE"]),
    ("sequence", &["USAGE"]),
    ("schema", &["CREATE"]),
    ("routine", &["EXECUTE"]),
];

/// The predefined role of which the owner of a database is a member there.
pub(super) const DATABASE_OWNER: &str = "pg_database_owner";

/// The first version in which CREATEROLE is limited to roles on which its holder has ADMIN.
const BOUNDED_CREATEROLE: u32 = 160_000;
