//! Effects of a change on other grants: an exclusion that is written into a shared rule.

use super::HostChangePlanner;
use crate::{
    connector::hosts::rule_digest::rule_digest,
    model::{Grant, GrantKey, GrantKind, action::SideEffect},
};

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
            SideEffect { grant: other.key.clone(), after: Some(after.digest()), is_created: false }
        });
        each.collect()
    }

    /// Returns the rule that a reduction writes, and the memberships of its group in their new form.
    pub(super) fn reduced(&self, rule: &Grant, to: &str) -> Vec<SideEffect> {
        let digest = rule_digest(to, rule.attribute("hosts").unwrap_or_default());
        let Some((place, old)) = rule.key.as_str().rsplit_once(':') else { return Vec::new() };
        let created = GrantKey::parse(&format!("{place}:{digest}")).ok();
        let created = created.map(|grant| SideEffect { grant, after: None, is_created: true });
        let (old, new) = (format!("sudo:{old}"), format!("sudo:{digest}"));
        let members =
            self.inventory.of_entitlement(&rule.principal.id).filter(|held| held.kind == GrantKind::Membership);
        let each = members.map(|held| {
            let mut after = held.clone();
            for given in after.expands_to.iter_mut().filter(|given| given.id == old) {
                given.id.clone_from(&new);
            }
            after.expands_to.sort();
            SideEffect { grant: held.key.clone(), after: Some(after.digest()), is_created: false }
        });
        created.into_iter().chain(each).collect()
    }

    /// Returns the grants with attributes that depend on `gone`: keys in the same file, rules that exclude its account,
    /// and denials beside its rule.
    pub(super) fn dependent(&self, gone: &[&Grant]) -> Vec<SideEffect> {
        let depends = |other: &&Grant| {
            gone.iter().any(|gone| {
                let is_other = other.key != gone.key;
                let same_file = other.attribute("file").is_some() && other.attribute("file") == gone.attribute("file");
                let excludes =
                    other.attribute("except").is_some_and(|ids| ids.split(',').any(|id| id == gone.principal.id));
                is_other
                    && (other.attribute("shared").is_some() && same_file
                        || gone.kind == GrantKind::Account && excludes
                        || gone.kind == GrantKind::Rule && other.attribute("hides").is_some())
            })
        };
        let effect = |other: &Grant| SideEffect { grant: other.key.clone(), after: None, is_created: false };
        self.inventory.grants().filter(depends).map(effect).collect()
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
