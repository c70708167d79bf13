//! Detects cycles of managers.

use crate::model::PrincipalId;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// People who manage each other in a cycle: each is managed by the next, and the last by the first. A cycle of one is a
/// person who is their own manager. The first has the smallest id.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ManagerCycle<'a>(Vec<&'a PrincipalId>);

impl<'a> ManagerCycle<'a> {
    /// Returns the people of the cycle.
    pub fn members(&self) -> &[&'a PrincipalId] {
        &self.0
    }
}

impl fmt::Display for ManagerCycle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "`{one}` is their own manager"),
            all => {
                let named: Vec<_> = all.iter().take(NAMED).map(|id| format!("`{id}`")).collect();
                let more = all.len() - named.len();
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                write!(f, "the managers form a cycle: each of {}{more} is managed by the next", named.join(", "))
            }
        }
    }
}

/// Returns the cycles among people, each with their manager.
pub fn manager_cycles<'a>(managers: &BTreeMap<&'a PrincipalId, &'a PrincipalId>) -> Vec<ManagerCycle<'a>> {
    let mut done: BTreeSet<&PrincipalId> = BTreeSet::new();
    let mut cycles = Vec::new();
    for start in managers.keys() {
        let (mut path, mut on_path) = (Vec::new(), BTreeMap::new());
        let mut next = Some(*start);
        while let Some(id) = next.filter(|id| !done.contains(id)) {
            if let Some(begin) = on_path.insert(id, path.len()) {
                let mut cycle = path.split_off(begin);
                done.extend(cycle.iter().copied());
                let smallest = (0..cycle.len()).min_by_key(|at| cycle[*at]).unwrap_or_default();
                cycle.rotate_left(smallest);
                cycles.push(ManagerCycle(cycle));
                break;
            }
            path.push(id);
            next = managers.get(id).copied();
        }
        done.extend(path);
    }
    cycles.sort();
    cycles
}

/// The number of people that a message names.
const NAMED: usize = 5;
