//! Graph of role memberships: the roles that a role can act as.

use super::snapshot::{ClusterSnapshot, DatabaseRole};
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
}

/// The graph of memberships of one read.
pub(super) struct RoleGraph<'a> {
    facts: &'a ClusterSnapshot,
    up: BTreeMap<u32, Vec<MembershipEdge>>,
    known: RefCell<BTreeMap<u32, Rc<BTreeMap<u32, MembershipChain>>>>,
}

#[derive(Clone, Copy)]
struct MembershipEdge {
    role: u32,
    inherits: bool,
}

impl<'a> RoleGraph<'a> {
    /// Returns the graph.
    pub(super) fn new(facts: &'a ClusterSnapshot) -> Self {
        let mut up: BTreeMap<u32, Vec<MembershipEdge>> = BTreeMap::new();
        for row in &facts.cluster.memberships {
            // Since version 16, a membership can have neither option and no ADMIN: it gives no access.
            if row.inherit || row.set || row.admin {
                up.entry(row.member).or_default().push(MembershipEdge { role: row.role, inherits: row.inherit });
            }
        }
        Self { facts, up, known: RefCell::default() }
    }

    /// Returns every role that `member` can act as, with the shortest path; inheriting paths are preferred. The role
    /// itself is not included.
    pub(super) fn reached_by(&self, member: u32) -> Rc<BTreeMap<u32, MembershipChain>> {
        if let Some(known) = self.known.borrow().get(&member) {
            return Rc::clone(known);
        }
        let mut reached = self.walk(member, true);
        for (role, chain) in self.walk(member, false) {
            reached.entry(role).or_insert(MembershipChain { inherits: false, ..chain });
        }
        let reached = Rc::new(reached);
        self.known.borrow_mut().insert(member, Rc::clone(&reached));
        reached
    }

    /// Returns the path to a superuser role that `member` is or can act as.
    pub(super) fn superuser(&self, member: u32) -> Option<MembershipChain> {
        let is = |oid: u32| self.facts.role(oid).is_some_and(|role: &DatabaseRole| role.is("superuser"));
        if is(member) {
            return Some(MembershipChain { roles: Vec::new(), inherits: true });
        }
        // The attribute is not inherited and needs SET ROLE.
        let reached = self.reached_by(member);
        let found = reached.iter().find(|(oid, _)| is(**oid))?;
        Some(MembershipChain { inherits: false, ..found.1.clone() })
    }

    /// Returns the path to the predefined role with this name, if `member` can act as it.
    pub(super) fn predefined(&self, member: u32, name: &str) -> Option<MembershipChain> {
        let role = self.facts.cluster.roles.iter().find(|role| role.is_predefined() && role.name == name)?;
        self.reached_by(member).get(&role.oid).cloned()
    }

    /// Returns the path to `role`, if `member` can act as it.
    pub(super) fn chain(&self, member: u32, role: u32) -> Option<MembershipChain> {
        self.reached_by(member).get(&role).cloned()
    }

    /// Describes a path: `member of a, of b`.
    pub(super) fn words(&self, chain: &MembershipChain) -> String {
        let names: Vec<String> = chain.roles.iter().map(|oid| self.facts.name(*oid)).collect();
        let way = names.join(", of ");
        if chain.inherits { format!("member of {way}") } else { format!("member of {way}, by SET ROLE") }
    }

    fn walk(&self, member: u32, inheriting: bool) -> BTreeMap<u32, MembershipChain> {
        let mut reached: BTreeMap<u32, MembershipChain> = BTreeMap::new();
        let mut next = VecDeque::from([(member, Vec::new())]);
        while let Some((at, way)) = next.pop_front() {
            for edge in self.up.get(&at).into_iter().flatten() {
                if (inheriting && !edge.inherits) || edge.role == member || reached.contains_key(&edge.role) {
                    continue;
                }
                let mut roles: Vec<u32> = way.clone();
                roles.push(edge.role);
                reached.insert(edge.role, MembershipChain { roles: roles.clone(), inherits: inheriting });
                next.push_back((edge.role, roles));
            }
        }
        reached
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
