//! Applies operations to the contents of files in memory, so that all changes are known before the first file is
//! written.

use super::{
    account_files::{self, GroupEntry, GshadowEntry, ParsedLine, PasswdEntry, ShadowEntry, lines, with_line, without},
    account_table::AccountTable,
    authorized_keys,
    calls::{
        DISABLE_ACCOUNT, ENABLE_ACCOUNT, JOIN_GROUP, LEAVE_GROUP, LOCK_GROUP, NARROW_RULE, REMOVE_ACCOUNT, REMOVE_KEY,
        REMOVE_RULE, REMOVE_SHADOW, SET_OPTIONS, SET_SHELL, parameter,
    },
    grant_key::{SudoersPrincipal, bound_account, decoded, part},
    grants::holders,
    rights::{ListMember, UnseenFiles},
    rule_digest::{hosts, rule_digest},
    snapshot::{GROUP, GSHADOW, HostSnapshot, PASSWD, SHADOW},
    sudo_world::sudo_world,
    sudoers::{self, AliasKind, RuleRewrite, StatementKind, expanded, written},
    text::{shown, shown_whole},
};
use crate::{
    connector::ConnectorError,
    model::{Operation, Timestamp},
};
use std::{collections::BTreeSet, ops::Range, sync::Arc};
use zeroize::Zeroizing;

/// The new contents of files, in writing order.
pub(super) struct PendingWrites<'a> {
    tree: &'a HostSnapshot,
    changed: Vec<(String, Zeroizing<Vec<u8>>)>,
    accounts: Arc<AccountTable<PasswdEntry>>,
    shadows: Arc<AccountTable<ShadowEntry>>,
    groups: Arc<AccountTable<GroupEntry>>,
    group_shadows: Arc<AccountTable<GshadowEntry>>,
}

type EditResult = Result<(), ConnectorError>;

impl<'a> PendingWrites<'a> {
    /// Starts with the files as they were read.
    pub(super) fn on(tree: &'a HostSnapshot) -> Self {
        Self {
            tree,
            changed: Vec::new(),
            accounts: tree.accounts.clone(),
            shadows: tree.shadows.clone(),
            groups: tree.groups.clone(),
            group_shadows: tree.group_shadows.clone(),
        }
    }

    /// Returns the files that differ from the read ones.
    pub(super) fn into_changed(self) -> Vec<(String, Zeroizing<Vec<u8>>)> {
        self.changed
    }

    /// Returns the new content of a file that differs from the read one.
    pub(super) fn changed(&self, path: &str) -> Option<&[u8]> {
        self.changed.iter().find(|(known, _)| known == path).map(|(_, bytes)| bytes.as_slice())
    }

    /// Returns whether accounts, groups or rules differ.
    pub(super) fn changes_rights(&self) -> bool {
        let rules = |path: &str| self.tree.sudoers.files.iter().any(|(known, _)| known == path);
        self.changed.iter().any(|(path, _)| matches!(path.as_str(), PASSWD | GROUP) || rules(path))
    }

    /// Applies an operation. Changes that are already made are kept.
    ///
    /// # Errors
    /// When the names and ids of the operation no longer match.
    pub(super) fn apply(&mut self, operation: &Operation) -> EditResult {
        let with = |name: &str| parameter(operation, name);
        match operation.call.as_str() {
            DISABLE_ACCOUNT => self.disable(with("account")?, with("expires")?),
            ENABLE_ACCOUNT => self.enable(with("account")?, with("expires")?),
            JOIN_GROUP => self.join(with("group")?, with("member")?),
            LEAVE_GROUP => self.remove_member(with("group")?, with("member")?),
            LOCK_GROUP => self.lock_group(with("group")?, with("file")?),
            NARROW_RULE => self.rule(with("file")?, with("holder")?, with("rule")?, Some(with("to")?)),
            REMOVE_ACCOUNT => self.remove_account(with("account")?),
            REMOVE_KEY => self.key(with("file")?, with("fingerprint")?, with("from")?, None),
            REMOVE_RULE => self.rule(with("file")?, with("holder")?, with("rule")?, None),
            REMOVE_SHADOW => self.remove_shadow(with("account")?),
            SET_OPTIONS => self.key(with("file")?, with("fingerprint")?, with("from")?, Some(with("to")?)),
            SET_SHELL => self.set_shell(with("account")?, with("from")?, with("to")?),
            other => Err(ConnectorError::Unsupported(format!("`{other}` is not an operation of this connector"))),
        }
    }

    /// Returns the new content of a file.
    pub(super) fn bytes(&self, path: &str) -> &[u8] {
        let changed = self.changed.iter().find(|(known, _)| known == path).map(|(_, bytes)| bytes.as_slice());
        changed.or_else(|| self.tree.files.get(path).map(|content| content.bytes.as_slice())).unwrap_or_default()
    }

    /// Sets the content of a file.
    pub(super) fn set(&mut self, path: &str, bytes: Vec<u8>) {
        let old = self.bytes(path);
        if bytes == old {
            return;
        }
        match path {
            PASSWD => self.accounts = Arc::new(self.accounts.reparsed(old, &bytes, account_files::accounts)),
            SHADOW => self.shadows = Arc::new(self.shadows.reparsed(old, &bytes, account_files::shadows)),
            GROUP => self.groups = Arc::new(self.groups.reparsed(old, &bytes, account_files::groups)),
            GSHADOW => {
                self.group_shadows = Arc::new(self.group_shadows.reparsed(old, &bytes, account_files::group_shadows));
            }
            _ => {}
        }
        let bytes = Zeroizing::new(bytes);
        match self.changed.iter_mut().find(|(known, _)| known == path) {
            Some((_, old)) => *old = bytes,
            None => self.changed.push((path.to_owned(), bytes)),
        }
    }

    /// Changes the fields of a line of a file of accounts.
    fn edit(
        &mut self,
        path: &str,
        range: Option<Range<usize>>,
        change: impl FnOnce(&mut Vec<Vec<u8>>) -> Option<()>,
    ) -> EditResult {
        let new = range.and_then(|range| with_line(self.bytes(path), range, change)).ok_or_else(|| lost(path))?;
        self.set(path, new);
        Ok(())
    }

    /// Returns the lines and names of a group.
    fn lines_of_group(&self, group: &str) -> Vec<(usize, String)> {
        let gid = group.strip_prefix("gid:").and_then(|rest| rest.split(':').next()?.parse().ok());
        let places = gid.map(|gid| self.groups.places_of_id(gid)).unwrap_or_default();
        let rows = places.into_iter().filter_map(|at| self.groups.get(at));
        rows.filter(|row| SudoersPrincipal::Group(row.value.gid, row.value.name.clone()).bound() == group)
            .map(|row| (row.line, row.value.name.clone()))
            .collect()
    }

    fn remove_member(&mut self, group: &str, member: &str) -> EditResult {
        let written = decoded(member.rsplit(':').next().unwrap_or(member));
        let tree = self.tree;
        let same = |name: &str| name == written && SudoersPrincipal::user(tree, name).bound() == member;
        let lines = self.lines_of_group(group);
        if lines.is_empty() {
            return Err(ConnectorError::PreconditionFailed(format!("{GROUP} no longer has the group {group}")));
        }
        for (line, _) in &lines {
            let row = self.groups.get(self.groups.partition_point(|row| row.line < *line));
            let is_there = |members: &[String]| members.iter().any(|name| same(name));
            if row.is_some_and(|row| row.line == *line && !is_there(&row.value.members)) {
                continue;
            }
            let take = |fields: &mut Vec<Vec<u8>>| change(fields, 3, |list| without(list, &written));
            if same(&written) {
                self.edit(GROUP, self.groups.range(*line), take)?;
            }
        }
        for (_, name) in &lines {
            let rows: Vec<usize> = self.group_shadows.all_named(name).map(|row| row.line).collect();
            for line in rows.into_iter().filter(|_| same(&written)) {
                let take = |fields: &mut Vec<Vec<u8>>| {
                    change(fields, 2, |list| without(list, &written))?;
                    change(fields, 3, |list| without(list, &written))
                };
                self.edit(GSHADOW, self.group_shadows.range(line), take)?;
            }
        }
        Ok(())
    }

    fn join(&mut self, group: &str, member: &str) -> EditResult {
        let name = self.account_name(member)?;
        let add = |fields: &mut Vec<Vec<u8>>| {
            change(fields, 3, |list| {
                let there = list.split(|b| *b == b',').any(|one| one == name.as_bytes());
                match (there, list.is_empty()) {
                    (true, _) => list.to_vec(),
                    (false, true) => name.as_bytes().to_vec(),
                    (false, false) => [list, b",", name.as_bytes()].concat(),
                }
            })
        };
        if let Some((line, _)) = self.lines_of_group(group).first() {
            self.edit(GROUP, self.groups.range(*line), add)?;
        }
        let line = self
            .group_shadows
            .iter()
            .find(|row| group.ends_with(&format!(":{}", part(&row.value.name))))
            .map(|row| row.line);
        if let Some(line) = line {
            self.edit(GSHADOW, self.group_shadows.range(line), add)?;
        }
        Ok(())
    }

    fn lock_group(&mut self, group: &str, file: &str) -> EditResult {
        let gone = || ConnectorError::PreconditionFailed(format!("{GROUP} no longer has the group {group}"));
        let (_, name) = self.lines_of_group(group).into_iter().next().ok_or_else(gone)?;
        let range = match file {
            GSHADOW => {
                let row = self.group_shadows.all_named(&name).next().ok_or_else(gone)?;
                self.group_shadows.range(row.line)
            }
            _ => {
                let row = self.groups.iter().find(|row| row.value.name == name).ok_or_else(gone)?;
                self.groups.range(row.line)
            }
        };
        self.edit(file, range, |fields| change(fields, 1, locked))
    }

    fn disable(&mut self, account: &str, expires: &str) -> EditResult {
        let day = Timestamp::parse(expires)
            .map_err(|error| ConnectorError::Permanent(error.to_string()))?
            .unix()
            .div_euclid(86_400)
            .to_string();
        self.shadow(account, |fields| {
            change(fields, 1, locked)?;
            change(fields, 7, |_| day.into_bytes())
        })?;
        // A hash in passwd itself is locked there.
        self.passwd(account, |fields| change(fields, 1, |old| if old == b"x" { old.to_vec() } else { locked(old) }))
    }

    fn enable(&mut self, account: &str, expires: &str) -> EditResult {
        let day = match expires {
            "never" => Vec::new(),
            date => {
                let time = Timestamp::parse(date).map_err(|error| ConnectorError::Permanent(error.to_string()))?;
                time.unix().div_euclid(86_400).to_string().into_bytes()
            }
        };
        self.shadow(account, |fields| {
            change(fields, 1, |old| old.strip_prefix(b"!").filter(|rest| !rest.is_empty()).unwrap_or(old).to_vec())?;
            change(fields, 7, |_| day)
        })
    }

    fn set_shell(&mut self, account: &str, from: &str, to: &str) -> EditResult {
        let now = self.line_of_account(account).map(|row| shown(&row.value.shell));
        match now.as_deref() {
            Some(now) if now == to => Ok(()),
            Some(now) if now == from => self.passwd(account, |fields| {
                // The last fields may be missing, and the shell is the rest of the line.
                fields.resize(7, Vec::new());
                change(fields, 6, |_| to.as_bytes().to_vec())
            }),
            Some(now) => {
                Err(ConnectorError::PreconditionFailed(format!("the shell of {account} is {now} now, not {from}")))
            }
            None => Err(ConnectorError::PreconditionFailed(format!("{PASSWD} no longer has {account}"))),
        }
    }

    fn remove_account(&mut self, account: &str) -> EditResult {
        if self.is_gone(account)? {
            return Ok(());
        }
        let name = self.account_name(account)?;
        let mut listed = self.groups.listing().iter().filter_map(|at| self.groups.get(*at));
        let listed = listed.find(|row| row.value.members.contains(&name)).map(|row| &row.value.name);
        let hidden = || {
            let rows = self.group_shadows.listing().iter().filter_map(|at| self.group_shadows.get(*at));
            let mut rows = rows.map(|row| &row.value);
            rows.find(|row| row.members.contains(&name) || row.administrators.contains(&name)).map(|row| &row.name)
        };
        if let Some(group) = listed.or_else(hidden) {
            let why = format!("{} is in the group {} since the inventory was collected", shown(&name), shown(group));
            return Err(ConnectorError::PreconditionFailed(why));
        }
        self.passwd(account, |_| None)
    }

    fn remove_shadow(&mut self, account: &str) -> EditResult {
        let name = account.rsplit(':').next().unwrap_or(account);
        let name = decoded(name);
        let Some(line) = self.shadows.all_named(&name).next().map(|row| row.line) else { return Ok(()) };
        // The account is already removed from passwd; a line under this name now belongs to another account.
        if self.accounts.named(&name).is_some() {
            let why = format!("{PASSWD} has another account named {}", shown(&name));
            return Err(ConnectorError::PreconditionFailed(why));
        }
        self.edit(SHADOW, self.shadows.range(line), |_| None)
    }

    fn rule(&mut self, file: &str, holder: &str, digest: &str, to: Option<&str>) -> EditResult {
        let left = to.map_or(RuleRewrite::Nothing, RuleRewrite::Commands);
        let before = unread(self.bytes(file));
        // A rule may occur more than once; each round removes one.
        for round in 0..ROUNDS {
            let bytes = self.bytes(file).to_vec();
            let Some((statement, privilege, name)) = self.find_rule(&bytes, holder, digest) else {
                let done = round > 0 || to.is_none() || to.is_some_and(|to| self.has_rule(&bytes, holder, to));
                let gone =
                    || ConnectorError::PreconditionFailed(format!("{file} no longer has this rule for {holder}"));
                return if done { Ok(()) } else { Err(gone()) };
            };
            let others = self.other_members(&statement, &name);
            let others: Option<Vec<_>> = others.map(|all| all.into_iter().map(|one| (one.name, one.negated)).collect());
            let new = sudoers::rewrite(&bytes, &statement, privilege, &name, left, others.as_deref());
            let new = new.ok_or_else(|| lost(file))?;
            if new == bytes || unread(&new) > before {
                return Err(ConnectorError::Permanent(format!(
                    "the rule in {file} cannot be edited without breaking it"
                )));
            }
            self.set(file, new);
        }
        Err(ConnectorError::Permanent(format!("{file} has this rule more than {ROUNDS} times")))
    }

    /// Returns the members of a rule's list without one that an alias contains, when an exclusion of that member would
    /// exclude others as well; `None` when it would not.
    fn other_members(&self, statement: &sudoers::SudoersStatement, member: &str) -> Option<Vec<ListMember>> {
        let StatementKind::Spec(spec) = &statement.kind else { return None };
        let id = |name: &str| SudoersPrincipal::listed(self.tree, name).id();
        let flat = self.tree.sudoers.flat(AliasKind::User, &spec.users);
        let list = |keep: &dyn Fn(&str) -> bool| -> Vec<ListMember> {
            let each = flat.iter().map(|(item, _)| ListMember { name: item.name.clone(), negated: item.negated });
            each.filter(|item| item.negated || keep(&item.name)).collect()
        };
        let without = list(&|name| id(name) != id(member));
        let world = sudo_world(self.tree, &UnseenFiles);
        let mut excluded = list(&|_| true);
        excluded.push(ListMember { name: member.to_owned(), negated: true });
        // Only for those that the removed members name, the lists can differ.
        let removed: Vec<ListMember> = flat
            .iter()
            .map(|(item, _)| item.name.clone())
            .filter(|name| id(name) == id(member))
            .chain([member.to_owned()])
            .map(|name| ListMember { name, negated: false })
            .collect();
        let mut named = BTreeSet::new();
        if !world.may_include(&removed, &mut named) {
            named.extend(world.directory.accounts().iter().map(|account| account.name.clone()));
        }
        let differs = named.iter().filter_map(|name| world.directory.subject(name));
        let differs = differs.into_iter().any(|one| world.includes(&without, &one) != world.includes(&excluded, &one));
        differs.then_some(without)
    }

    fn find_rule(
        &self,
        bytes: &[u8],
        holder: &str,
        digest: &str,
    ) -> Option<(sudoers::SudoersStatement, usize, String)> {
        self.rules_of(bytes, holder).find_map(|(statement, index, name, commands, hosts)| {
            (rule_digest(&commands, &hosts) == digest).then_some((statement, index, name))
        })
    }

    fn has_rule(&self, bytes: &[u8], holder: &str, commands: &str) -> bool {
        self.rules_of(bytes, holder).any(|(_, _, _, now, _)| now == commands)
    }

    fn rules_of(
        &self,
        bytes: &[u8],
        holder: &str,
    ) -> impl Iterator<Item = (sudoers::SudoersStatement, usize, String, String, String)> {
        let mut found = Vec::new();
        for statement in sudoers::parse(bytes) {
            let StatementKind::Spec(spec) = &statement.kind else { continue };
            for one in holders(self.tree, spec).into_iter().filter(|one| one.who.bound() == holder) {
                for (index, privilege) in spec.privileges.iter().enumerate() {
                    let commands = written(&expanded(&privilege.commands, &self.tree.sudoers));
                    let hosts = hosts(&self.tree.sudoers, privilege);
                    found.push((statement.clone(), index, one.name.clone(), commands, hosts));
                }
            }
        }
        found.into_iter()
    }

    fn key(&mut self, file: &str, fingerprint: &str, from: &str, to: Option<&str>) -> EditResult {
        let bytes = self.bytes(file).to_vec();
        let found = authorized_keys::read(&bytes).keys;
        let same = |key: &&authorized_keys::AuthorizedKey| {
            key.fingerprint == fingerprint && shown_whole(&key.options.join(",")) == from
        };
        let targets: Vec<usize> = found.iter().filter(same).map(|key| key.line).collect();
        let Some(to) = to else {
            self.set(file, mapped(&bytes, &targets, |_| Some(Vec::new())).ok_or_else(|| lost(file))?);
            return Ok(());
        };
        let done = found.iter().any(|key| key.fingerprint == fingerprint && key.options.join(",") == to);
        if targets.is_empty() && !done {
            return Err(ConnectorError::PreconditionFailed(format!(
                "{file} no longer has {fingerprint} as it was reviewed"
            )));
        }
        let change = |line: &[u8]| {
            let (_, rest) = authorized_keys::split(line)?;
            let blank: &[u8] = if to.is_empty() { b"" } else { b" " };
            Some([to.as_bytes(), blank, rest].concat())
        };
        self.set(file, mapped(&bytes, &targets, change).ok_or_else(|| lost(file))?);
        Ok(())
    }

    fn shadow(&mut self, account: &str, change: impl FnOnce(&mut Vec<Vec<u8>>) -> Option<()>) -> EditResult {
        let name = self.account_name(account)?;
        let row = self.shadows.all_named(&name).next();
        let row = row.ok_or_else(|| ConnectorError::Permanent(format!("{SHADOW} has no line for {}", shown(&name))))?;
        self.edit(SHADOW, self.shadows.range(row.line), change)
    }

    fn passwd(&mut self, account: &str, change: impl FnOnce(&mut Vec<Vec<u8>>) -> Option<()>) -> EditResult {
        let row = self.line_of_account(account);
        let row = row.ok_or_else(|| ConnectorError::PreconditionFailed(format!("{PASSWD} no longer has {account}")))?;
        self.edit(PASSWD, self.accounts.range(row.line), change)
    }

    /// Returns the line of an account in its present content.
    fn line_of_account(&self, account: &str) -> Option<&ParsedLine<Arc<PasswdEntry>>> {
        let (_, name) = bound_account(account)?;
        let name = decoded(&name);
        self.accounts.all_named(&name).find(|row| bound(&row.value) == account)
    }

    /// Returns the name of an account, if uid and name still match.
    fn account_name(&self, account: &str) -> Result<String, ConnectorError> {
        let name = bound_account(account).map(|(_, name)| decoded(&name)).unwrap_or_default();
        let found = self.tree.accounts.all_named(&name).map(|row| &row.value).find(|one| bound(one) == account);
        let moved =
            || ConnectorError::PreconditionFailed(format!("{PASSWD} no longer has {account} under this uid and name"));
        found.map(|one| one.name.clone()).ok_or_else(moved)
    }

    /// Returns whether the account is gone; an error when its uid or its name belongs to another account.
    fn is_gone(&self, account: &str) -> Result<bool, ConnectorError> {
        let (uid, name) = bound_account(account).unwrap_or_default();
        if self.line_of_account(account).is_some() {
            return Ok(false);
        }
        match self.accounts.named(&decoded(&name)).or_else(|| self.accounts.with_id(uid)) {
            None => Ok(true),
            Some(other) => {
                let why = format!("{PASSWD} has {} with uid {} now, not {account}", shown(&other.name), other.uid);
                Err(ConnectorError::PreconditionFailed(why))
            }
        }
    }
}

fn bound(account: &account_files::PasswdEntry) -> String {
    SudoersPrincipal::Account(account.uid, account.name.clone()).bound()
}

fn change(fields: &mut [Vec<u8>], at: usize, new: impl FnOnce(&[u8]) -> Vec<u8>) -> Option<()> {
    let field = fields.get_mut(at)?;
    *field = new(field);
    Some(())
}

fn locked(old: &[u8]) -> Vec<u8> {
    if old.starts_with(b"!") { old.to_vec() } else { [b"!", old].concat() }
}

/// Returns the file with `change` applied to some lines; an empty new line is removed.
fn mapped(bytes: &[u8], targets: &[usize], change: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut new = Vec::with_capacity(bytes.len() + 64);
    for (index, range) in lines(bytes).into_iter().enumerate() {
        let line = &bytes[range];
        if !targets.contains(&(index + 1)) {
            new.extend_from_slice(line);
            continue;
        }
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        let changed = change(body)?;
        if !changed.is_empty() {
            new.extend_from_slice(&changed);
            new.extend_from_slice(&line[body.len()..]);
        }
    }
    Some(new)
}

fn unread(bytes: &[u8]) -> usize {
    sudoers::parse(bytes).iter().filter(|statement| statement.kind == StatementKind::Unread).count()
}

fn lost(path: &str) -> ConnectorError {
    ConnectorError::Permanent(format!("a line of {path} cannot be edited in its present form"))
}

const ROUNDS: usize = 100;
