//! Comparison with a peer group: principals of the same team, or otherwise of the same kind.

use super::{ContextLine, ItemContext, kind_name};
use crate::{
    campaign::text::truncate,
    inventory::IdentityDirectory,
    model::{
        GrantKind, Inventory,
        file::{PrincipalKind, PrincipalRecord, PrincipalStatus},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// The accounts of all active principals, by system and then by team and kind of identity.
pub(super) struct PeerGroups<'a> {
    of_team: BTreeMap<(&'a str, &'a str, PrincipalKind), BTreeSet<&'a str>>,
    of_kind: BTreeMap<(&'a str, PrincipalKind), BTreeSet<&'a str>>,
}

impl<'a> PeerGroups<'a> {
    pub(super) fn new(people: &'a IdentityDirectory) -> Self {
        let (mut of_team, mut of_kind) = (BTreeMap::<_, BTreeSet<_>>::new(), BTreeMap::<_, BTreeSet<_>>::new());
        for entry in people.entries().filter(|entry| entry.status == PrincipalStatus::Active) {
            for (system, account) in entry.accounts.iter().filter_map(|account| account.split_once(':')) {
                of_kind.entry((system, entry.kind)).or_default().insert(account);
                if let Some(team) = entry.team.as_deref() {
                    of_team.entry((system, team, entry.kind)).or_default().insert(account);
                }
            }
        }
        Self { of_team, of_kind }
    }

    /// Returns the accounts of the peer group, and its description.
    fn like(&self, system: &str, entry: &PrincipalRecord, own: &str) -> Option<(String, Vec<&'a str>)> {
        let others = |found: Option<&BTreeSet<&'a str>>| -> Vec<&'a str> {
            found.into_iter().flatten().copied().filter(|account| *account != own).collect()
        };
        let (kind, one) = (entry.kind, kind_name(entry.kind));
        let team = entry.team.as_deref().unwrap_or_default();
        let of_team = others(self.of_team.iter().find(|(key, _)| **key == (system, team, kind)).map(|(_, set)| set));
        if of_team.len() >= FEWEST {
            return Some((format!("{one}s of team {}", truncate(team)), of_team));
        }
        let of_kind = others(self.of_kind.iter().find(|(key, _)| **key == (system, kind)).map(|(_, set)| set));
        (of_kind.len() >= FEWEST).then(|| (format!("{one}s"), of_kind))
    }
}

impl ItemContext<'_> {
    pub(super) fn peers(&self) -> Vec<ContextLine> {
        let (Some(grant), Some(loaded)) = (self.grant, self.loaded) else { return vec![ContextLine::unknown("peers")] };
        let inventory = &loaded.inventory;
        let holders: BTreeSet<&str> =
            inventory.of_entitlement(&grant.entitlement.id).map(|grant| grant.principal.id.as_str()).collect();
        let all = match holders.len() {
            0 | 1 => "no other account on this system holds it".to_owned(),
            2 => "1 other account on this system holds it".to_owned(),
            many => format!("{} other accounts on this system hold it", many - 1),
        };
        let all = ContextLine::plain(all);
        let own = grant.principal.id.as_str();
        let like = self.entry.and_then(|entry| self.library.peers.like(self.system.as_str(), entry, own));
        let Some((group, peers)) = like else {
            return vec![all, ContextLine::plain("too few peers for a comparison")];
        };
        let with: Vec<&str> = peers.iter().copied().filter(|account| holders.contains(account)).collect();
        // Accounts and credentials are individual; only shareable entitlements are compared.
        let shared = !matches!(grant.kind, GrantKind::Account | GrantKind::Credential);
        let outlier = shared && with.len() * OUTLIER < peers.len();
        let word = if outlier { " · an outlier" } else { "" };
        let compared = ContextLine {
            text: format!("of {} other {group} here, {} hold it{word}", peers.len(), with.len()),
            marked: outlier,
        };
        let mut counts: Vec<usize> = peers.iter().map(|account| inventory.of_principal(account).count()).collect();
        counts.sort_unstable();
        let (middle, mine) = (counts.get(counts.len() / 2).copied().unwrap_or(0), inventory.of_principal(own).count());
        let much = mine > 2 * middle.max(1);
        let word = if much { " · far above the median" } else { "" };
        let breadth = ContextLine {
            text: format!("it holds {mine} grants here; the median peer has {middle}{word}"),
            marked: much,
        };
        let usual = usual(inventory, &peers);
        let lines = if shared { vec![all, compared, breadth] } else { vec![breadth] };
        lines.into_iter().chain(usual).collect()
    }
}

/// The names of entitlements that more than half of the peers hold.
fn usual(inventory: &Inventory, peers: &[&str]) -> Option<ContextLine> {
    let mut held: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for grant in peers.iter().take(MOST_PEERS).flat_map(|account| inventory.of_principal(account)) {
        if !matches!(grant.kind, GrantKind::Account | GrantKind::Credential) {
            held.entry(&grant.entitlement.name).or_default().insert(&grant.principal.id);
        }
    }
    let many = peers.len().min(MOST_PEERS);
    let mut usual: Vec<_> = held.into_iter().filter(|(_, who)| who.len() * 2 > many).collect();
    usual.sort_by_key(|(name, who)| (std::cmp::Reverse(who.len()), *name));
    let names: Vec<String> = usual.iter().take(MOST_NAMES).map(|(name, _)| truncate(name)).collect();
    (!names.is_empty()).then(|| ContextLine::plain(format!("most peers hold: {}", names.join(", "))))
}

/// Minimum size of a peer group.
const FEWEST: usize = 2;
/// A grant held by fewer than one in this many peers is an outlier.
const OUTLIER: usize = 5;
/// Maximum number of compared peers; enough for a comparison, and quick to read.
const MOST_PEERS: usize = 500;
const MOST_NAMES: usize = 3;
