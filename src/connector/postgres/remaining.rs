//! Compares what a principal can still do with what a change takes away.
//!
//! Rights are compared one by one: a privilege on a whole object contains those on its columns, and a membership gives
//! everything that the role reaches.

use super::{
    effective_access::FoundPath,
    grant_key::PostgresGrantKey,
    grants::GrantBuilder,
    lost_access::{GivenRight, LostAccess, MembershipUse},
    request::AccessRequest,
    role_graph::MembershipChain,
    survivors::by_admin,
};
use crate::model::{AccessPath, AccessRoute, Overlap, Tier};
use std::collections::{BTreeMap, BTreeSet};

/// A path that gives a part of the lost access.
#[derive(Clone, Debug)]
pub(super) struct Leftover {
    pub(super) path: AccessPath,
    pub(super) overlap: Overlap,
    pub(super) tier: Tier,
    /// The listed grant that gives it.
    pub(super) by: Option<PostgresGrantKey>,
    covers: Covered,
}

/// The rights that a path gives.
#[derive(Clone, Debug)]
enum Covered {
    /// The whole lost access.
    All,
    /// These; true for a part, such as one column.
    Rights(Vec<(PostgresGrantKey, bool)>),
}

impl Leftover {
    pub(super) fn whole(found: FoundPath, tier: Tier) -> Self {
        Self { path: found.path, overlap: Overlap::Whole, tier, by: found.by, covers: Covered::All }
    }

    /// Returns a path whose part of the lost access is not known.
    pub(super) fn untold(path: AccessPath, tier: Tier, by: Option<PostgresGrantKey>, why: &str) -> Self {
        let overlap = Overlap::CannotTell(why.to_owned());
        Self { path, overlap, tier, by, covers: Covered::Rights(Vec::new()) }
    }

    /// Returns a path that gives less than what was lost, of the lowest tier.
    pub(super) fn lesser(path: AccessPath, lost: Tier, by: Option<PostgresGrantKey>, what: &str) -> Self {
        let overlap = Overlap::Part(what.to_owned());
        Self { path, overlap, tier: lost.max(Tier::T3), by, covers: Covered::Rights(Vec::new()) }
    }

    /// Returns whether the path permits a request.
    pub(super) fn permits(&self, request: &AccessRequest) -> bool {
        let rights = match &self.covers {
            Covered::All => return true,
            Covered::Rights(rights) => rights,
        };
        rights.iter().any(|(key, is_part)| match (key, request) {
            (
                PostgresGrantKey::Privilege { on, privilege, .. },
                AccessRequest::Privilege { on: wanted, any_column, privilege: wanted_privilege, option: _ },
            ) => {
                let same = (on.database, &on.class, on.oid) == (wanted.database, &wanted.class, wanted.oid);
                let covered = *any_column || (!is_part && (on.column == 0 || on.column == wanted.column));
                same && privilege == wanted_privilege && covered
            }
            (
                PostgresGrantKey::Membership { role, .. },
                AccessRequest::ActAs(wanted) | AccessRequest::Inherit(wanted),
            ) => role == wanted,
            (key, request) => !is_part && AccessRequest::of(key, false).as_ref() == Some(request),
        })
    }
}

/// Returns every path by which the holder of `key` has a part of `lost` now. `is_expected` is whether the grant is as a
/// change should leave it.
pub(super) fn leftovers(
    picture: &GrantBuilder<'_>,
    key: &PostgresGrantKey,
    lost: &LostAccess,
    tier: Tier,
    is_expected: bool,
) -> Vec<Leftover> {
    let whole = |paths: Vec<FoundPath>| paths.into_iter().map(|found| Leftover::whole(found, tier)).collect();
    match lost {
        LostAccess::Login | LostAccess::Password { .. } => {
            whole(picture.paths(key).into_iter().filter(|_| !is_expected).collect())
        }
        LostAccess::Ownership => whole(picture.paths(key)),
        LostAccess::Attribute(attribute) => {
            let mut paths = picture.paths(key);
            if attribute == "superuser" {
                paths.extend(picture.by_power(key.holder()).into_iter().filter(|it| !it.path.ids.ends_with(attribute)));
            }
            paths.extend(server_programs(picture, key.holder(), &WAYS_TO_SUPERUSER));
            paths.sort();
            paths.dedup_by(|one, other| one.path == other.path);
            whole(paths)
        }
        LostAccess::Coming { option } | LostAccess::Privilege { option } => {
            let paths = picture.paths(key).into_iter().filter(|found| !option || found.grantable);
            let mut left: Vec<Leftover> = paths.map(|found| parted(found, key, tier)).collect();
            left.extend(by_server(picture, key, tier, &left));
            left
        }
        LostAccess::Membership(MembershipUse::All) => of_membership(picture, key, tier),
        LostAccess::Membership(part) => whole(of_option(picture, key, *part)),
    }
}

fn parted(found: FoundPath, key: &PostgresGrantKey, tier: Tier) -> Leftover {
    let (overlap, covers) = match &found.part {
        None => (Overlap::Whole, Covered::All),
        Some(part) => (Overlap::Part(part.clone()), Covered::Rights(vec![(key.clone(), true)])),
    };
    Leftover { path: found.path, overlap, tier, by: found.by, covers }
}

/// Paths to one use of a membership.
fn of_option(picture: &GrantBuilder<'_>, key: &PostgresGrantKey, part: MembershipUse) -> Vec<FoundPath> {
    let PostgresGrantKey::Membership { role, member, .. } = key else { return Vec::new() };
    let mut paths = picture.by_power(*member);
    if part == MembershipUse::Administer {
        let granted = picture.paths(key).into_iter().filter(|found| found.grantable);
        paths.extend(granted.filter(|found| found.path.via != AccessRoute::Administrator));
        return paths;
    }
    let inherits = part == MembershipUse::Inherit;
    if let Some(chain) = picture.roles.administrator(*member, *role) {
        let by = picture.first_edge(*member, &chain, 0);
        let ids = if chain.roles.is_empty() { member.to_string() } else { chain.ids() };
        paths.push(FoundPath { path: by_admin(&ids), ..FoundPath::new(AccessRoute::Role, ids, String::new(), by) });
    }
    let reached = match inherits {
        true => picture.roles.reached_with(*member, &|row| row.inherit),
        false => picture
            .roles
            .reached_by(*member)
            .iter()
            .filter(|(_, chain)| chain.acts)
            .map(|(oid, chain)| (*oid, chain.clone()))
            .collect(),
    };
    let by_admin_alone = |chain: &MembershipChain| {
        !inherits
            && chain.roles.len() == 1
            && !picture.members_of(*role).iter().any(|row| row.member == *member && row.set)
    };
    if let Some(chain) = reached.get(role).filter(|chain| !by_admin_alone(chain)) {
        let by = picture.first_edge(*member, chain, 0);
        let text = match chain.roles.as_slice() {
            [_] => "by a membership of its own".to_owned(),
            _ => picture.roles.words(chain),
        };
        paths.push(FoundPath::new(AccessRoute::Role, chain.ids(), text, by));
    }
    paths
}

/// Paths to what a role gives, one for each grant that gives a part of it.
fn of_membership(picture: &GrantBuilder<'_>, key: &PostgresGrantKey, tier: Tier) -> Vec<Leftover> {
    let PostgresGrantKey::Membership { role, member, .. } = key else { return Vec::new() };
    let mut left: Vec<Leftover> = picture.paths(key).into_iter().map(|found| Leftover::whole(found, tier)).collect();
    if picture.facts.role(*member).is_none() {
        return left;
    }
    let listed = picture.given_by(*role, *member);
    let everywhere = picture.given_everywhere(*role, *member);
    let given: Vec<&GivenRight> = listed.iter().chain(&everywhere).collect();
    let mut groups: BTreeMap<(AccessRoute, String), PartialPath<'_>> = BTreeMap::new();
    let mut covered = 0;
    for right in given.iter().copied() {
        let mut is_covered = false;
        for (found, is_part, tier) in ways_to(picture, right, *member) {
            is_covered |= !is_part;
            let group = match &found.by {
                Some(by) => by.to_string(),
                None => found.path.ids.clone(),
            };
            let entry = groups.entry((found.path.via, group));
            entry.or_insert_with(|| PartialPath::new(found)).rights.push((right, is_part, tier));
        }
        covered += usize::from(is_covered);
    }
    let everything = covered == given.len() && picture.roles.rights_everywhere(*role).is_empty();
    // Paths to the role itself give all of it.
    let known: Vec<Option<PostgresGrantKey>> = left.iter().map(|whole| whole.by.clone()).collect();
    let parts = groups.into_values().filter(|part| part.found.by.is_none() || !known.contains(&part.found.by));
    left.extend(parts.map(|part| part.into_leftover(tier, everything)).collect::<Vec<_>>());
    if !given.is_empty() || !picture.roles.rights_everywhere(*role).is_empty() {
        left.extend(by_server(picture, key, tier, &left));
    }
    for database in &picture.facts.unread {
        let text = format!("rights in database {}, which was not read", picture.facts.database(*database));
        let path = AccessPath { via: AccessRoute::Role, ids: format!("unread/{database}"), text };
        left.push(Leftover::untold(path, tier, None, "the database refused the connection"));
    }
    left
}

/// Returns the other ways to one right that a role gives, whether each gives only a part, and the tier of that.
fn ways_to(picture: &GrantBuilder<'_>, right: &GivenRight, member: u32) -> Vec<(FoundPath, bool, Tier)> {
    let own = picture.paths(&right.key).into_iter();
    let mut ways: Vec<(FoundPath, bool, Tier)> =
        own.map(|found| (found.part.is_some(), found)).map(|(is_part, found)| (found, is_part, right.tier)).collect();
    // A right that others granted on an owned object is a part of owning it.
    if let Some(on) = picture.object_of(&right.key) {
        let reached = picture.roles.reached_in(on.database, member);
        let privileges: BTreeSet<String> =
            picture.entries_on(&on, member, &reached).iter().map(|entry| entry.privilege.clone()).collect();
        for privilege in privileges {
            let key = PostgresGrantKey::Privilege { on: on.clone(), privilege, grantee: member, grantor: 0 };
            let tier = super::tier::of(&key, picture.facts, &picture.roles);
            ways.extend(picture.paths(&key).into_iter().map(|found| (found, true, tier)));
        }
    }
    ways
}

struct PartialPath<'a> {
    found: FoundPath,
    rights: Vec<(&'a GivenRight, bool, Tier)>,
}

impl PartialPath<'_> {
    fn new(found: FoundPath) -> Self {
        Self { found, rights: Vec::new() }
    }

    fn into_leftover(self, lost: Tier, everything: bool) -> Leftover {
        let mut names: Vec<&str> = self.rights.iter().map(|(right, ..)| right.name.as_str()).collect();
        names.dedup();
        let count = names.len();
        let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join("; ");
        let what = if count > NAMED { format!("{shown}; and {} more", count - NAMED) } else { shown };
        let tier = self.rights.iter().map(|(_, _, tier)| *tier).min().unwrap_or(lost);
        let covers = self.rights.iter().map(|(right, is_part, _)| (right.key.clone(), *is_part)).collect();
        let (overlap, tier) = if everything { (Overlap::Whole, lost) } else { (Overlap::Part(what), tier) };
        Leftover { path: self.found.path, overlap, tier, by: self.found.by, covers: Covered::Rights(covers) }
    }
}

/// Predefined roles that lead to the data of the server past its checks.
fn by_server(picture: &GrantBuilder<'_>, key: &PostgresGrantKey, tier: Tier, known: &[Leftover]) -> Vec<Leftover> {
    let holder = key.holder();
    if holder == 0 || known.iter().any(|it| it.path.via == AccessRoute::Administrator) {
        return Vec::new();
    }
    let reads = matches!(key, PostgresGrantKey::Privilege { privilege, .. } if privilege == "SELECT")
        || matches!(key, PostgresGrantKey::Membership { .. });
    let roles: &[&str] = if reads { &WAYS_AND_READING } else { &WAYS_TO_SUPERUSER };
    let mut left: Vec<Leftover> = server_programs(picture, holder, roles)
        .into_iter()
        .map(|found| Leftover::untold(found.path, tier, found.by, "it leads past the checks of the server"))
        .collect();
    if let Some(chain) = picture.roles.with_attribute(holder, "replication").filter(|_| reads) {
        let (by, ids, text) = if chain.roles.is_empty() {
            let by = PostgresGrantKey::Attribute { attribute: "replication".to_owned(), role: holder };
            (Some(by), "replication".to_owned(), "REPLICATION, which copies all data".to_owned())
        } else {
            let text = format!("{}, REPLICATION, which copies all data", picture.roles.words(&chain));
            (picture.first_edge(holder, &chain, 0), format!("{}/replication", chain.ids()), text)
        };
        let path = AccessPath { via: AccessRoute::Administrator, ids, text };
        left.push(Leftover::untold(path, tier, by, "pg_hba.conf and the level of the log decide on it"));
    }
    left
}

fn server_programs(picture: &GrantBuilder<'_>, holder: u32, roles: &[&str]) -> Vec<FoundPath> {
    let found = roles.iter().filter_map(|role| picture.roles.predefined(holder, role));
    let found = found.map(|chain| {
        let by = picture.first_edge(holder, &chain, 0);
        FoundPath::new(AccessRoute::Role, chain.ids(), picture.roles.words(&chain), by)
    });
    found.collect()
}

/// Predefined roles that lead to superuser (documentation, section 22.5).
const WAYS_TO_SUPERUSER: [&str; 2] = ["pg_execute_server_program", "pg_write_server_files"];
const WAYS_AND_READING: [&str; 3] = ["pg_execute_server_program", "pg_read_server_files", "pg_write_server_files"];

/// The number of rights that are named.
const NAMED: usize = 3;
