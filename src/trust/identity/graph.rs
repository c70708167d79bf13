//! Index of principals by account, group and owner. The cost of a query is proportional to its result.

use crate::model::{
    PrincipalId, Timestamp,
    file::{PrincipalKind, PrincipalRecord, PrincipalStatus, Principals, Registry, RegistryPrincipal},
};
use crate::trust::identity::link::OwnershipLink;
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

/// The accounts of a principal.
pub(in crate::trust) type OwnershipLinks = BTreeMap<String, OwnershipLink>;

/// The registry and the principals files, with their indexes.
#[derive(Debug)]
pub(in crate::trust) struct IdentityGraph {
    registry: Option<Arc<Registry>>,
    people: Vec<Arc<Principals>>,
    /// The position of each entry: file and index.
    places: Vec<(usize, usize)>,
    random: RandomState,
    /// By account: the registered principals and the entries that claim it.
    registered: HashIndex,
    claims: HashIndex,
    /// The entries by id.
    entries: HashIndex,
    /// The non-human identities by owner, deputy and sponsor.
    wards: HashIndex,
    /// By group and team: registered members and entries.
    grouped: HashIndex,
    teams: HashIndex,
}

/// Indexes by hash of a string. The strings are not stored, so callers compare the entries found.
#[derive(Debug, Default)]
struct HashIndex(Vec<(u64, usize)>);

impl HashIndex {
    fn add(&mut self, random: &RandomState, text: &str, number: usize) {
        self.0.push((random.hash_one(text), number));
    }

    fn find(&self, random: &RandomState, text: &str) -> impl Iterator<Item = usize> {
        let hash = random.hash_one(text);
        let start = self.0.partition_point(|(own, _)| *own < hash);
        self.0[start..].iter().take_while(move |(own, _)| *own == hash).map(|(_, number)| *number)
    }
}

impl IdentityGraph {
    pub(in crate::trust) fn of(registry: Option<Arc<Registry>>, people: Vec<Arc<Principals>>) -> Self {
        let places = people.iter().enumerate();
        let places = places.flat_map(|(file, people)| (0..people.principals.len()).map(move |at| (file, at)));
        let (places, random) = (places.collect(), RandomState::new());
        let mut indexes: [HashIndex; 6] = Default::default();
        let [registered, claims, entries, wards, grouped, teams] = &mut indexes;
        for (number, own) in registry.iter().flat_map(|registry| &registry.principals).enumerate() {
            own.subjects.iter().for_each(|account| registered.add(&random, account, number));
            own.groups.iter().for_each(|group| grouped.add(&random, group, number));
        }
        for (number, entry) in people.iter().flat_map(|file| &file.principals).enumerate() {
            entries.add(&random, entry.id.as_str(), number);
            entry.accounts.iter().for_each(|account| claims.add(&random, account, number));
            entry.team.iter().for_each(|team| teams.add(&random, team, number));
            owners_of(entry).for_each(|guardian| wards.add(&random, guardian.as_str(), number));
        }
        indexes.iter_mut().for_each(|index| index.0.sort_unstable());
        let [registered, claims, entries, wards, grouped, teams] = indexes;
        Self { registry, people, places, random, registered, claims, entries, wards, grouped, teams }
    }

    /// Returns the accounts of a principal. If a group signs with its own key, the accounts of all its members are
    /// included.
    pub(in crate::trust) fn ties(&self, id: &PrincipalId) -> OwnershipLinks {
        let mut ties = self.own(id);
        for member in self.members(id.as_str()).into_iter().filter(|member| *member != id) {
            for subject in self.own(member).into_keys() {
                ties.entry(subject).or_insert_with(|| OwnershipLink::Member(member.clone()));
            }
        }
        ties
    }

    /// Returns when a principal leaves; the inner `None` means that it has left. If entries differ, the last one
    /// counts.
    pub(in crate::trust) fn leave_date(&self, id: &PrincipalId) -> Option<Option<Timestamp>> {
        let leaves = |entry: &PrincipalRecord| match (entry.status, entry.end_date) {
            (PrincipalStatus::Left, _) => Some(None),
            (PrincipalStatus::Active, ends) => ends.map(Some),
        };
        self.entries(id).filter_map(leaves).last()
    }

    /// Returns the principals to whom the account belongs, sorted.
    pub(in crate::trust) fn holders(&self, account: &str) -> Vec<PrincipalId> {
        let Some(first) = self.claimants(account).next() else { return Vec::new() };
        self.aliases(first, &mut OwnershipLinks::new()).into_iter().cloned().collect()
    }

    /// Returns whether two names are one person: by a common account, directly or through further names, or because one is
    /// a group with a key of its own and the other a member of it.
    pub(in crate::trust) fn is_same_person(&self, one: &PrincipalId, other: &PrincipalId) -> bool {
        let is_member = |group: &PrincipalId, id: &PrincipalId| self.members(group.as_str()).contains(id);
        self.aliases(one, &mut OwnershipLinks::new()).contains(other) || is_member(one, other) || is_member(other, one)
    }

    fn own(&self, id: &PrincipalId) -> OwnershipLinks {
        let mut ties = OwnershipLinks::new();
        let selves = self.aliases(id, &mut ties);
        // Ownership is transitive through identities that own identities, and extends to all members of an owning
        // group.
        let groups = selves.iter().flat_map(|own| self.groups(own));
        let mut next: Vec<&str> = selves.iter().map(|own| own.as_str()).chain(groups).collect();
        let mut seen: BTreeSet<&str> = next.iter().copied().collect();
        while let Some(guardian) = next.pop() {
            for ward in self.owned_identities(guardian) {
                for account in &ward.accounts {
                    let tie = OwnershipLink::Owned(ward.id.clone());
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

    /// Returns the ids that denote one person: two identities with a common account are the same.
    fn aliases<'a>(&'a self, id: &'a PrincipalId, ties: &mut OwnershipLinks) -> BTreeSet<&'a PrincipalId> {
        let mut selves = BTreeSet::from([id]);
        let mut next: Vec<&'a PrincipalId> = vec![id];
        while let Some(current) = next.pop() {
            let registered = self.principal(current).into_iter().flat_map(|own| &own.subjects);
            let claimed = self.entries(current).flat_map(|entry| &entry.accounts);
            for account in registered.chain(claimed) {
                if ties.insert(account.clone(), OwnershipLink::Account).is_none() {
                    next.extend(self.claimants(account).filter(|other| selves.insert(other)));
                }
            }
        }
        selves
    }

    /// Returns the principals that claim an account.
    fn claimants(&self, account: &str) -> impl Iterator<Item = &PrincipalId> {
        let registered = self.registered.find(&self.random, account).filter_map(|number| self.registered_at(number));
        let registered = registered.filter(move |own| own.subjects.iter().any(|subject| subject == account));
        let claims = self.claims.find(&self.random, account).filter_map(|number| self.entry(number));
        let claims = claims.filter(move |entry| entry.accounts.iter().any(|own| own == account));
        registered.map(|own| &own.id).chain(claims.map(|entry| &entry.id))
    }

    /// Returns the groups and teams of a principal.
    fn groups<'a>(&'a self, id: &PrincipalId) -> impl Iterator<Item = &'a str> + use<'a> {
        let groups = self.principal(id).into_iter().flat_map(|own| &own.groups);
        groups.chain(self.entries(id).filter_map(|entry| entry.team.as_ref()).collect::<Vec<_>>()).map(String::as_str)
    }

    /// Returns the members of a group or team.
    fn members(&self, group: &str) -> BTreeSet<&PrincipalId> {
        let registered = self.grouped.find(&self.random, group).filter_map(|number| self.registered_at(number));
        let registered = registered.filter(|own| own.groups.iter().any(|one| one == group)).map(|own| &own.id);
        let teams = self.teams.find(&self.random, group).filter_map(|number| self.entry(number));
        let teams = teams.filter(|entry| entry.team.as_deref() == Some(group)).map(|entry| &entry.id);
        registered.chain(teams).collect()
    }

    /// Returns the non-human identities that a principal or group owns.
    fn owned_identities(&self, guardian: &str) -> impl Iterator<Item = &PrincipalRecord> {
        let wards = self.wards.find(&self.random, guardian).filter_map(|number| self.entry(number));
        wards.filter(move |ward| owners_of(ward).any(|own| own.as_str() == guardian))
    }

    fn entries(&self, id: &PrincipalId) -> impl Iterator<Item = &PrincipalRecord> {
        let found = self.entries.find(&self.random, id.as_str()).filter_map(|number| self.entry(number));
        found.filter(move |entry| entry.id == *id)
    }

    fn entry(&self, number: usize) -> Option<&PrincipalRecord> {
        let (file, at) = self.places.get(number)?;
        self.people.get(*file)?.principals.get(*at)
    }

    /// A registry is sorted by id; acceptance checks this.
    fn principal(&self, id: &PrincipalId) -> Option<&RegistryPrincipal> {
        let principals = &self.registry.as_ref()?.principals;
        principals.binary_search_by(|own| own.id.cmp(id)).ok().and_then(|at| principals.get(at))
    }

    fn registered_at(&self, number: usize) -> Option<&RegistryPrincipal> {
        self.registry.as_ref()?.principals.get(number)
    }
}

/// Returns the owners of a non-human identity. A manager may review the people they lead; the owner of a machine
/// identity may not review it.
fn owners_of(entry: &PrincipalRecord) -> impl Iterator<Item = &PrincipalId> {
    let is_machine = entry.kind != PrincipalKind::Person;
    [&entry.owner, &entry.deputy, &entry.sponsor].into_iter().flatten().filter(move |_| is_machine)
}
