//! Effects of a change on other grants.

use super::HostChangePlanner;
use crate::{
    connector::hosts::rule_digest::rule_digest,
    model::{Grant, GrantKey, GrantKind, action::SideEffect},
};

impl HostChangePlanner<'_> {
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

    /// Returns the grants with attributes that depend on `gone`: keys in the same file, and rules that exclude its
    /// account or concern its group.
    pub(super) fn dependent(&self, gone: &[&Grant]) -> Vec<SideEffect> {
        let depends = |other: &&Grant| {
            gone.iter().any(|gone| {
                let is_other = other.key != gone.key;
                let same_file = other.attribute("file").is_some() && other.attribute("file") == gone.attribute("file");
                let excludes =
                    other.attribute("except").is_some_and(|ids| ids.split(',').any(|id| id == gone.principal.id));
                let by_group = gone.kind == GrantKind::Membership && has_exclusion_with(other, &gone.entitlement.id);
                let by_account = gone.kind == GrantKind::Account && excludes;
                is_other && (other.attribute("shared").is_some() && same_file || by_account || by_group)
            })
        };
        let effect = |other: &Grant| SideEffect { grant: other.key.clone(), after: None, is_created: false };
        self.inventory.grants().filter(depends).map(effect).collect()
    }
}

/// Returns whether a rule excludes a group, or excludes one of its members.
fn has_exclusion_with(rule: &Grant, group: &str) -> bool {
    let except = rule.attribute("except");
    except.is_some_and(|ids| rule.principal.id == group || ids.split(',').any(|id| id == group))
}
