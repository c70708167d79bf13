//! Logins that are left: the same key in another file or for another name, and other accounts that the credentials of a
//! lost account open.

use super::{
    super::{
        account_files::{PasswdEntry, PasswordField},
        authorized_keys,
        grant_key::{SudoersPrincipal, path_part},
        grants::date,
        snapshot::SHADOW,
        text::shown,
    },
    AccessFindings, AccessReader, account_of, uid_of,
};
use crate::model::{AccessRoute, ExpectedState, Grant, GrantKind, Overlap, RemainingPath};
use std::collections::BTreeSet;

impl AccessReader<'_> {
    /// Adds the other places of a key or of a group's password.
    pub(super) fn logins_by_credential(&self, found: &mut AccessFindings) {
        let grant = self.query.grant;
        let Some((uid, fingerprint)) = grant.entitlement.id.split_once(":SHA256:") else {
            let others = self.inventory.of_entitlement(&grant.entitlement.id);
            for other in others.filter(|other| other.kind == GrantKind::Credential && other.key != grant.key) {
                let whole = other.paths.first().map(|path| RemainingPath::whole(path.clone(), grant.tier).by(other));
                found.access.paths.extend(whole);
            }
            return;
        };
        let (Some(uid), fingerprint) = (uid_of(uid), format!("SHA256:{fingerprint}")) else { return };
        for (file, listed) in &self.tree.keys {
            for account in
                listed.accounts.iter().filter_map(|name| self.tree.account(name)).filter(|one| one.uid == uid)
            {
                for key in listed.keys.keys.iter().filter(|key| key.fingerprint == fingerprint) {
                    if !self.opens(&key.options) {
                        continue;
                    }
                    let who = SudoersPrincipal::Account(account.uid, account.name.clone());
                    let ids = format!("key/{}/{fingerprint}{}", who.bound(), path_part(file));
                    let text = format!("{} lists {fingerprint}", shown(file));
                    let strict = [0, uid].contains(&listed.owner);
                    let overlap = if strict {
                        Overlap::Whole
                    } else {
                        Overlap::CannotTell("the file has another owner, and sshd may ignore it".to_owned())
                    };
                    found.add(AccessRoute::Direct, &ids, text, overlap, grant.tier);
                    let line = self
                        .inventory
                        .of_entitlement(&grant.entitlement.id)
                        .find(|one| one.paths.iter().any(|path| path.ids == ids));
                    if let (Some(path), Some(line)) = (found.access.paths.pop(), line) {
                        found.access.paths.push(path.by(line));
                    }
                }
            }
        }
    }

    /// Returns whether a line with these options gives a part of what the change takes away.
    fn opens(&self, options: &[String]) -> bool {
        let ended = |option: &String| {
            let end = option
                .to_ascii_lowercase()
                .strip_prefix("expiry-time=\"")
                .and_then(|text| text.get(..8).map(str::to_owned));
            // As a date before every clock, which the change itself writes.
            end.is_some_and(|day| day.as_str() < "19710101")
        };
        if options.iter().any(ended) {
            return false;
        }
        let ExpectedState::Shows(expected) = self.query.expects else { return true };
        let Some(left) = expected.get("options").and_then(|text| authorized_keys::options(text)) else { return true };
        !left.iter().all(|option| options.contains(option))
    }

    /// Adds the other names of an account's uid.
    pub(super) fn logins_of_account(&self, now: Option<&Grant>, found: &mut AccessFindings) {
        let grant = self.query.grant;
        let Some((uid, name)) = account_of(grant) else { return };
        let own = self.files_of(&name, grant);
        for other in self.tree.accounts.values().filter(|other| other.uid == uid && other.name != name) {
            if self.is_closed(other) {
                continue;
            }
            let who = SudoersPrincipal::Account(other.uid, other.name.clone());
            let ids = format!("passwd/{}", who.bound());
            let text = format!("/etc/passwd has {} with uid {uid}", shown(&other.name));
            let overlap = match self.opened_by(other, &own, &name) {
                Some(how) => Some((format!("{text}, {how}"), Overlap::Whole)),
                // Its own credentials may be those of the same person; those of root are not.
                None if uid != 0 => {
                    Some((text, Overlap::CannotTell("it is the same identity, with a login of its own".to_owned())))
                }
                None => None,
            };
            let Some((text, overlap)) = overlap else { continue };
            found.add(AccessRoute::Direct, &ids, text, overlap, grant.tier);
            let listed = self
                .inventory
                .of_entitlement(&grant.entitlement.id)
                .find(|one| one.paths.iter().any(|path| path.ids == ids));
            if let (Some(path), Some(listed)) = (found.access.paths.pop(), listed) {
                found.access.paths.push(path.by(listed));
            }
        }
        if now.is_none() || self.query.expects.is_shown_by(now) {
            self.processes_of_account(found);
            self.jobs_of_account(now, &name, found);
        }
    }

    /// Returns the fingerprints that open an account, and the files that list them.
    fn files_of(&self, name: &str, grant: &Grant) -> (BTreeSet<String>, BTreeSet<String>) {
        let home = grant
            .attribute("home")
            .filter(|home| home.len() > 1)
            .map(|home| format!("{}/", home.trim_end_matches('/')));
        let mine = |file: &String, accounts: &BTreeSet<String>| {
            accounts.contains(name) || home.as_ref().is_some_and(|home| file.starts_with(home))
        };
        let files = self.tree.keys.iter().filter(|(file, listed)| mine(file, &listed.accounts));
        let (mut prints, mut paths) = (BTreeSet::new(), BTreeSet::new());
        for (file, listed) in files {
            paths.insert(file.clone());
            prints.extend(listed.keys.keys.iter().map(|key| key.fingerprint.clone()));
        }
        (prints, paths)
    }

    /// Returns how the credentials of the lost account open another one.
    fn opened_by(&self, other: &PasswdEntry, own: &(BTreeSet<String>, BTreeSet<String>), name: &str) -> Option<String> {
        let (prints, paths) = own;
        for (file, listed) in self.tree.keys.iter().filter(|(_, listed)| listed.accounts.contains(&other.name)) {
            let same = listed.keys.keys.iter().any(|key| prints.contains(&key.fingerprint));
            if same || paths.contains(file) && !listed.keys.keys.is_empty() {
                return Some(format!("whose keys in {} open it as well", shown(file)));
            }
        }
        if self
            .password_field(&other.name)
            .is_some_and(|mine| self.password_field(name).is_some_and(|theirs| mine == theirs))
        {
            return Some("which has the same password".to_owned());
        }
        let shadow = self.tree.shadow(&other.name).map_or(other.password, |shadow| shadow.password);
        (shadow == PasswordField::Empty).then(|| "which needs no password".to_owned())
    }

    /// Returns the hash of an account without the mark of a lock. It is compared here and goes nowhere.
    fn password_field(&self, name: &str) -> Option<&[u8]> {
        let content = self.tree.files.get(SHADOW)?;
        let line = content
            .bytes
            .split(|b| *b == b'\n')
            .find(|line| line.split(|b| *b == b':').next() == Some(name.as_bytes()))?;
        let hash = line.split(|b| *b == b':').nth(1)?;
        let hash = &hash[hash.iter().take_while(|b| **b == b'!').count()..];
        (hash.len() >= 13).then_some(hash)
    }

    /// Returns whether an account cannot be used for a new login: it has expired. No clock is needed: a day that was over
    /// when the file was last written is over now.
    fn is_closed(&self, account: &PasswdEntry) -> bool {
        let written = self.tree.files.get(SHADOW).map(|content| date(content.stamp.modified_day()));
        let expires = self.tree.shadow(&account.name).and_then(|shadow| shadow.expires).map(date);
        expires.zip(written).is_some_and(|(expires, written)| expires < written)
    }

    /// Jobs that run as an account which still exists.
    fn jobs_of_account(&self, now: Option<&Grant>, name: &str, found: &mut AccessFindings) {
        let Some(now) = now else { return };
        if now.attribute("expires") == self.query.grant.attribute("expires") {
            return;
        }
        let job = |line: &[u8]| !line.trim_ascii().is_empty() && !line.trim_ascii_start().starts_with(b"#");
        let mut jobs = Vec::new();
        for directory in ["/var/spool/cron/crontabs", "/var/spool/cron"] {
            let file = format!("{directory}/{name}");
            if let Ok(Some(content)) = self.root.read_moving(&file)
                && content.split(|b| *b == b'\n').any(job)
            {
                jobs.push(file);
            }
        }
        // In these files, the sixth field is the user, or the second one after `@daily` and the like.
        let more = self.root.names("/etc/cron.d").ok().flatten().unwrap_or_default();
        let files = ["/etc/crontab".to_owned(), "/etc/anacrontab".to_owned()].into_iter();
        for file in files.chain(more.into_iter().map(|file| format!("/etc/cron.d/{file}"))) {
            let user = |line: &String| {
                let words: Vec<&str> = line.split_whitespace().collect();
                let at = if line.starts_with('@') { 1 } else { 5 };
                words.get(at).is_some_and(|user| *user == name)
            };
            if self.root.lines(&file).iter().any(|(_, line)| user(line)) {
                jobs.push(file);
            }
        }
        for directory in ["/var/spool/cron/atjobs", "/var/spool/at"] {
            for file in self.root.names(directory).ok().flatten().unwrap_or_default() {
                let path = format!("{directory}/{file}");
                let owner = self.root.metadata(&path).ok().flatten().map(|found| found.owner);
                if owner.is_some() && owner == uid_of(&self.query.grant.entitlement.id) && !file.starts_with('.') {
                    jobs.push(path);
                }
            }
        }
        found.access.lingering.extend(
            jobs.into_iter().map(|file| format!("the jobs in {}, unless cron asks PAM for the account", shown(&file))),
        );
        self.ticket(name, found);
    }

    /// A ticket of sudo (`timestamp_timeout`): a session that is open needs no password while it lasts.
    pub(super) fn ticket(&self, name: &str, found: &mut AccessFindings) {
        for directory in ["/run/sudo/ts", "/var/run/sudo/ts", "/var/lib/sudo/ts"] {
            for file in [
                name.to_owned(),
                uid_of(&self.query.grant.principal.id).map_or_else(String::new, |uid| uid.to_string()),
            ] {
                let path = format!("{directory}/{file}");
                let stamp = self.root.stamp(&path).ok().flatten().filter(|_| !file.is_empty());
                let age = stamp.zip(self.tree.surroundings.now).map(|(stamp, now)| now - stamp.modified_seconds());
                if age.is_some_and(|age| (0..TICKET_SECONDS).contains(&age)) {
                    let text = format!(
                        "a ticket in {} lets an open session use sudo without a password for 15 minutes",
                        shown(&path)
                    );
                    if !found.access.lingering.contains(&text) {
                        found.access.lingering.push(text);
                    }
                }
            }
        }
    }
}

/// The default of `timestamp_timeout`.
const TICKET_SECONDS: i64 = 15 * 60;
