//! Effects of a change on other grants: an exclusion that is written into a shared rule.

use super::HostChangePlanner;
use crate::model::{Grant, GrantKind, action::SideEffect};

impl HostChangePlanner<'_> {
    /// Returns the changes of other grants when `rule` is removed or reduced. `excluded` is the id of its
    /// principal after the change.
    pub(super) fn effects_of(&self, rule: &Grant, excluded: &str) -> Vec<SideEffect> {
        if rule.kind != GrantKind::Rule || rule.attribute("alias").is_none() {
            return Vec::new();
        }
        let place = |grant: &Grant| {
            let digest = grant.paths.first().and_then(|path| path.ids.rsplit('/').next().map(str::to_owned));
            (digest, grant.attribute("file").map(str::to_owned))
        };
        let shares =
            |other: &&Grant| other.kind == GrantKind::Rule && other.key != rule.key && place(other) == place(rule);
        let others: Vec<&Grant> = self.inventory.of_entitlement(&rule.entitlement.id).filter(shares).collect();
        let written = others.iter().any(|other| self.meets(rule, other));
        let each = others.into_iter().map(|other| {
            let mut after = other.clone();
            if written {
                // The members are written in place of their alias.
                after.attributes.remove("alias");
            } else {
                let mut ids: Vec<&str> = other.attribute("except").into_iter().flat_map(|ids| ids.split(',')).collect();
                ids.push(excluded);
                ids.sort_unstable();
                ids.dedup();
                let ids = ids.join(",");
                after.attributes.insert("except".to_owned(), ids);
            }
            SideEffect { grant: other.key.clone(), after: Some(after.digest()) }
        });
        each.collect()
    }

    /// Returns whether an exclusion of the holder of one rule would exclude an account that another holder includes.
    fn meets(&self, rule: &Grant, other: &Grant) -> bool {
        let (own, others) = (rule.principal.id.as_str(), other.principal.id.as_str());
        let member = |account: &str, group: &str| {
            self.inventory
                .of_principal(account)
                .any(|held| held.kind == GrantKind::Membership && held.entitlement.id == group)
        };
        own == "everyone"
            || others == "everyone"
            || member(own, others)
            || member(others, own)
            || own.starts_with("gid:")
                && others.starts_with("gid:")
                && self.inventory.of_entitlement(own).any(|held| member(&held.principal.id, others))
    }
}
