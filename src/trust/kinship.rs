//! Whose access is whose: what a principal may not review because it is their own.

use crate::model::{
    PrincipalId, Timestamp,
    file::{PrincipalEntry, PrincipalKind, PrincipalStatus, Principals, Registry},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Who is tied to which accounts, by immutable ids and never by names: from the signed registry and from the principals'
/// files.
#[derive(Clone, Debug, Default)]
pub struct Kinship {
    /// What is a principal's own, by its id.
    own: BTreeMap<PrincipalId, BTreeMap<String, Tie>>,
    /// Who has left, and who leaves when.
    leaves: BTreeMap<PrincipalId, Option<Timestamp>>,
}

/// How an account is tied to a principal.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Tie {
    /// It is one of their own accounts.
    Account,
    /// It is an account of somebody in the group that they are.
    Member(PrincipalId),
    /// It is an account of a non-human identity they answer for, themselves or as one of a group.
    Owned(PrincipalId),
}

impl fmt::Display for Tie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str("their own access"),
            Self::Member(member) => write!(f, "the access of `{member}`, who is one of them"),
            Self::Owned(identity) => write!(f, "the access of `{identity}`, which they answer for"),
        }
    }
}

impl Kinship {
    /// Returns who is tied to what.
    pub fn new<'a>(registry: &'a Registry, people: impl IntoIterator<Item = &'a Principals>) -> Self {
        let family = Family::of(registry, people);
        let entries = family.entries.values().flatten();
        let leaves = entries.filter_map(|entry| match (entry.status, entry.ends) {
            (PrincipalStatus::Left, _) => Some((entry.id.clone(), None)),
            (PrincipalStatus::Active, ends) => ends.map(|ends| (entry.id.clone(), Some(ends))),
        });
        Self { leaves: leaves.collect(), own: family.ids().map(|id| (id.clone(), family.ties(id))).collect() }
    }

    /// Returns whether somebody has not left, and stays until then, as far as the principals' files say.
    pub fn stays(&self, principal: &PrincipalId, until: Timestamp) -> bool {
        self.leaves.get(principal).is_none_or(|leaves| leaves.is_some_and(|leaves| leaves >= until))
    }

    /// Returns how `subject` (`<system>:<immutable id>`) is tied to a principal; nothing when it is somebody else's.
    pub fn tie(&self, principal: &PrincipalId, subject: &str) -> Option<&Tie> {
        self.own.get(principal)?.get(subject)
    }

    /// Returns whose own account `subject` is; more than one where it is disputed.
    pub fn holders<'a>(&'a self, subject: &'a str) -> impl Iterator<Item = &'a PrincipalId> {
        self.own.iter().filter(move |(_, ties)| ties.get(subject) == Some(&Tie::Account)).map(|(id, _)| id)
    }
}

/// Everybody, indexed by what ties them: the cost of one principal's ties is that of what is theirs.
#[derive(Default)]
struct Family<'a> {
    /// The accounts that the registry says are a principal's own.
    registered: BTreeMap<&'a PrincipalId, &'a [String]>,
    entries: BTreeMap<&'a PrincipalId, Vec<&'a PrincipalEntry>>,
    /// The identities that claim an account.
    claims: BTreeMap<&'a str, Vec<&'a PrincipalEntry>>,
    /// The non-human identities that a principal, or a group of them, answers for.
    wards: BTreeMap<&'a str, Vec<&'a PrincipalEntry>>,
    /// The groups and teams that a principal is in.
    groups: BTreeMap<&'a PrincipalId, BTreeSet<&'a str>>,
    /// Who is in a group or team.
    members: BTreeMap<&'a str, BTreeSet<&'a PrincipalId>>,
}

impl<'a> Family<'a> {
    fn of(registry: &'a Registry, people: impl IntoIterator<Item = &'a Principals>) -> Self {
        let mut family = Self::default();
        family.registered.extend(registry.principals.iter().map(|p| (&p.id, p.subjects.as_slice())));
        for principal in &registry.principals {
            principal.groups.iter().for_each(|group| family.join(&principal.id, group));
        }
        for entry in people.into_iter().flat_map(|file| &file.principals) {
            family.entries.entry(&entry.id).or_default().push(entry);
            entry.team.iter().for_each(|team| family.join(&entry.id, team));
            for account in &entry.accounts {
                family.claims.entry(account).or_default().push(entry);
            }
            // A manager may review the people they lead; whoever answers for a machine may not review the machine.
            if entry.kind != PrincipalKind::Person {
                for guardian in [&entry.owner, &entry.deputy, &entry.sponsor].into_iter().flatten() {
                    family.wards.entry(guardian.as_str()).or_default().push(entry);
                }
            }
        }
        family
    }

    fn join(&mut self, principal: &'a PrincipalId, group: &'a str) {
        self.groups.entry(principal).or_default().insert(group);
        self.members.entry(group).or_default().insert(principal);
    }

    fn ids(&self) -> impl Iterator<Item = &'a PrincipalId> {
        self.registered.keys().chain(self.entries.keys()).copied().collect::<BTreeSet<_>>().into_iter()
    }

    /// Returns what is somebody's own. Where a group signs with a key of its own, what is any of its members' is too.
    fn ties(&self, id: &'a PrincipalId) -> BTreeMap<String, Tie> {
        let mut ties = self.own(id);
        for member in self.members.get(id.as_str()).into_iter().flatten().filter(|member| **member != id) {
            for subject in self.own(member).into_keys() {
                ties.entry(subject).or_insert_with(|| Tie::Member((*member).clone()));
            }
        }
        ties
    }

    fn own(&self, id: &'a PrincipalId) -> BTreeMap<String, Tie> {
        let mut ties = BTreeMap::new();
        let selves = self.selves(id, &mut ties);
        // Ownership reaches through identities that own identities, and to everybody in a group that owns one.
        let groups = selves.iter().filter_map(|own| self.groups.get(*own)).flatten().copied();
        let all = selves.iter().map(|own| own.as_str()).chain(groups);
        // Nearly everybody answers for nobody.
        let mut next: Vec<&str> = all.filter(|guardian| self.wards.contains_key(guardian)).collect();
        let mut seen: BTreeSet<&str> = next.iter().copied().collect();
        while let Some(guardian) = next.pop() {
            for ward in self.wards.get(guardian).into_iter().flatten() {
                for account in &ward.accounts {
                    let tie = Tie::Owned(ward.id.clone());
                    if ties.get(account).is_none_or(|nearer| tie < *nearer) {
                        ties.insert(account.clone(), tie);
                    }
                }
                if seen.insert(ward.id.as_str()) {
                    next.push(ward.id.as_str());
                }
            }
        }
        ties
    }

    /// Returns the ids that are one principal: a second identity is the same one when it shares an account.
    fn selves(&self, id: &'a PrincipalId, ties: &mut BTreeMap<String, Tie>) -> BTreeSet<&'a PrincipalId> {
        let mut selves = BTreeSet::from([id]);
        let mut next: Vec<&'a PrincipalId> = vec![id];
        while let Some(current) = next.pop() {
            let registered = self.registered.get(current).copied().unwrap_or_default();
            let claimed = self.entries.get(current).into_iter().flatten().flat_map(|entry| &entry.accounts);
            for account in registered.iter().chain(claimed) {
                if ties.insert(account.clone(), Tie::Account).is_some() {
                    continue;
                }
                for entry in self.claims.get(account.as_str()).into_iter().flatten() {
                    if selves.insert(&entry.id) {
                        next.push(&entry.id);
                    }
                }
            }
        }
        selves
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::governed;

    fn id(text: &str) -> PrincipalId {
        PrincipalId::parse(text).unwrap()
    }

    fn people(text: &str) -> Principals {
        let entries: String = text
            .lines()
            .map(|line| {
                let parts: Vec<_> = line.split_whitespace().collect();
                let accounts: Vec<_> = parts[2].split(',').filter(|a| *a != "-").map(|a| format!("\"{a}\"")).collect();
                let mut entry = format!(
                    "\n[[principal]]\nid = \"{}\"\nkind = \"{}\"\nstatus = \"active\"\naccounts = [{}]\n",
                    parts[0],
                    parts[1],
                    accounts.join(", ")
                );
                for (key, value) in
                    ["owner", "deputy", "sponsor"].iter().zip(&parts[3..]).filter(|(_, value)| **value != "-")
                {
                    entry.push_str(&format!("{key} = \"{value}\"\n"));
                }
                entry
            })
            .collect();
        governed::parse("principals.toml", format!("schema = \"tenure/principals/v1\"\n{entries}").as_bytes())
            .unwrap_or_else(|problems| panic!("{}", problems.render(crate::diag::Style::plain())))
    }

    #[test]
    fn row_7_every_link_of_identity_is_followed() {
        let registry = Registry {
            schema: "tenure/registry/v1".to_owned(),
            version: 1,
            repo: crate::model::RepoId::random(),
            prev: "none".to_owned(),
            principals: vec![crate::model::file::RegistryPrincipal {
                id: id("ana"),
                subjects: vec!["aws:1".to_owned()],
                groups: vec!["ops".to_owned()],
                keys: Vec::new(),
            }],
        };
        let file = people(
            "ana person db:1 boss\nana-admin person db:2,aws:1\nbot agent db:3 ana\netl service db:4 bot\n\
             boss person db:5\nhelped service db:6 boss ana\ncircle-a service db:7 circle-b\ncircle-b service db:8 circle-a\n\
             ops person -\nshared service db:9 ops\nhers agent db:10 boss - ana\n",
        );
        let kinship = Kinship::new(&registry, [&file]);
        let tie = |who: &str, subject: &str| kinship.tie(&id(who), subject).cloned();
        for own in ["db:1", "aws:1", "db:2"] {
            assert_eq!(tie("ana", own), Some(Tie::Account), "{own}");
        }
        for (owned, through) in [("db:3", "bot"), ("db:4", "etl"), ("db:6", "helped"), ("db:10", "hers")] {
            assert_eq!(tie("ana", owned), Some(Tie::Owned(id(through))), "{owned}");
        }
        assert_eq!(tie("ana", "db:5"), None);
        assert_eq!(tie("boss", "db:1"), None, "a manager may review the people they lead");
        assert_eq!(tie("ops", "db:1"), Some(Tie::Member(id("ana"))), "a group is each of its members");
        assert_eq!(
            tie("ana", "db:9"),
            Some(Tie::Owned(id("shared"))),
            "and each of them answers for what is the group's"
        );
        assert_eq!(tie("boss", "db:9"), None);
        assert_eq!(tie("circle-a", "db:8"), Some(Tie::Owned(id("circle-b"))));
        assert_eq!(tie("ana", "db:7"), None);
    }
}
