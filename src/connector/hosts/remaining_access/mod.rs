//! Access that remains of what a change takes away, by every path that one read of a system shows.
//!
//! `sudo` compares rights to run commands, `other_users` those of users that sudo permits to become, `groups` the access of a group itself, `holders` finds the accounts of a rule, `logins` keys and accounts, `outside`
//! sources beside these files. `processes` finds what was started before and runs on.

mod groups;
mod holders;
mod logins;
mod other_users;
mod outside;
mod processes;
mod sudo;

pub(super) use other_users::ROOT_GROUPS;
pub(super) use sudo::{responsible, tier as part_tier};

use super::{
    config::HostsConfig,
    grant_key::bound_account,
    rights::{AccountDirectory, SudoSubject, SudoWorld, TreeFiles},
    root_dir::RootDir,
    snapshot::HostSnapshot,
    sudo_world::sudo_world,
};
use crate::{
    connector::TargetQuery,
    model::{
        AccessPath, AccessRoute, Grant, GrantKind, Inventory, Overlap, RemainingAccess, RemainingPath, Tier, Witness,
    },
};
use std::sync::Arc;

/// One read of a system, and the question about it.
pub(super) struct AccessReader<'a> {
    pub root: &'a RootDir,
    pub config: &'a HostsConfig,
    pub tree: &'a HostSnapshot,
    pub inventory: &'a Inventory,
    pub query: &'a TargetQuery<'a>,
    pub world: SudoWorld<'a>,
}

/// The remaining access, and the requests that represent the lost one.
#[derive(Default)]
pub(super) struct AccessFindings {
    pub access: RemainingAccess,
    /// At most the requests that are asked about one change.
    pub witnesses: Vec<Witness>,
}

impl<'a> AccessReader<'a> {
    /// Returns the reader of a system whose files are `files`.
    pub(super) fn new(
        root: &'a RootDir,
        config: &'a HostsConfig,
        tree: &'a HostSnapshot,
        inventory: &'a Inventory,
        query: &'a TargetQuery<'a>,
        files: &'a TreeFiles<'a>,
    ) -> Self {
        Self { root, config, tree, inventory, query, world: sudo_world(tree, files) }
    }

    /// Returns what is left. `now` is the grant in its present form.
    pub(super) fn findings(&self, now: Option<&Grant>) -> AccessFindings {
        let mut found = AccessFindings::default();
        let grant = self.query.grant;
        match grant.kind {
            GrantKind::Membership => {
                self.group(&mut found);
                self.sudo_of_group(&mut found);
                self.processes_with_group(&mut found);
            }
            GrantKind::Rule => self.sudo_of_rule(&mut found),
            GrantKind::Account => self.logins_of_account(now, &mut found),
            GrantKind::Credential => self.logins_by_credential(&mut found),
            _ => {}
        }
        self.itself(now, &mut found);
        let paths = &mut found.access.paths;
        paths.sort_by(|a, b| (&a.path, a.tier).cmp(&(&b.path, b.tier)));
        paths.dedup_by(|a, b| a.path == b.path);
        found
    }

    /// The grant itself, as long as it is there in another form than expected.
    fn itself(&self, now: Option<&Grant>, found: &mut AccessFindings) {
        let Some(now) = now.filter(|now| !self.query.expects.is_shown_by(Some(now))) else { return };
        let Some(path) = now.paths.first() else { return };
        // The reviewed key stays in the observation, and the listed one in the path.
        let listed = self.listed(&path.ids).unwrap_or(now);
        found.access.paths.retain(|known| known.path.ids != path.ids);
        found.access.paths.push(RemainingPath::whole(path.clone(), self.query.grant.tier).by(listed));
    }

    fn listed(&self, ids: &str) -> Option<&'a Grant> {
        self.inventory.grants().find(|grant| grant.paths.iter().any(|path| path.ids == ids))
    }

    /// Returns the logins of the principal: every name of its uid.
    fn subjects(&self) -> Vec<Arc<SudoSubject>> {
        match uid_of(&self.query.grant.principal.id) {
            Some(uid) => self.directory().subjects_of(uid),
            None => Vec::new(),
        }
    }

    fn directory(&self) -> &AccountDirectory {
        &self.world.directory
    }

    /// Adds that uid 0 may do everything.
    fn superuser(&self, found: &mut AccessFindings) {
        let grant = self.query.grant;
        if grant.principal.id == "uid:0" {
            let text = format!("{} has uid 0, which may do everything", grant.principal.name);
            found.add(AccessRoute::Administrator, "uid:0", text, Overlap::Whole, grant.tier);
        }
    }
}

impl AccessFindings {
    fn add(&mut self, via: AccessRoute, ids: &str, text: String, overlap: Overlap, tier: Tier) {
        let path = AccessPath { via, ids: ids.to_owned(), text };
        self.access.paths.push(RemainingPath { path, overlap, tier, grant: None, allows: Vec::new() });
    }

    fn doubt(&mut self, ids: &str, text: String, why: &str, tier: Tier) {
        self.add(AccessRoute::Rule, ids, text, Overlap::CannotTell(why.to_owned()), tier);
    }
}

/// Returns the uid in the id of a principal.
fn uid_of(id: &str) -> Option<u32> {
    id.strip_prefix("uid:")?.parse().ok()
}

/// Returns the gid in the id of a group.
fn gid_of(id: &str) -> Option<u32> {
    id.strip_prefix("gid:")?.parse().ok()
}

/// Returns uid and name of the account that the path of a grant names.
fn account_of(grant: &Grant) -> Option<(u32, String)> {
    let ids = &grant.paths.first()?.ids;
    let (uid, name) = ids.split('/').find_map(bound_account)?;
    Some((uid, super::grant_key::decoded(&name)))
}
