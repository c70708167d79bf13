//! What a change would take, from the inventory alone.

use super::{
    config::{HostsConfig, OptionalFile},
    effective,
    grants::date,
    keys,
    operation::{
        DISABLE_ACCOUNT, LEAVE_GROUP, LOCK_GROUP, NARROW_RULE, REMOVE_ACCOUNT, REMOVE_KEY, REMOVE_RULE, REMOVE_SHADOW,
        SET_OPTIONS, SET_SHELL, SUCCEED_KEY, operation,
    },
    sudoers::{narrowed, read_rights, written},
};
use crate::{
    connector::{Draft, Refusal},
    model::{Change, Expectation, Grant, GrantKind, Inventory, Loss, Operation, Timestamp},
};
use std::collections::BTreeMap;

/// Drafts a change of one grant.
pub(super) fn draft(
    config: &HostsConfig,
    change: &Change,
    grant: &Grant,
    inventory: &Inventory,
) -> Result<Draft, Refusal> {
    let drafting = Drafting { config, grant, inventory };
    match (grant.kind, change) {
        (GrantKind::Account, Change::Disable {}) => drafting.disable_account(),
        (GrantKind::Account, Change::Reduce { to }) => drafting.close_shell(to),
        (GrantKind::Account, Change::Revoke {}) => drafting.remove_account(),
        (GrantKind::Credential, change) if is_group_password(grant) => drafting.group_password(change),
        (GrantKind::Credential, Change::Disable {}) => drafting.expire_key(),
        (GrantKind::Credential, Change::Reduce { to }) => drafting.restrict_key(to),
        (GrantKind::Credential, Change::Revoke {}) => drafting.remove_key(),
        (GrantKind::Credential, Change::Rotate {}) => drafting.rotate_key(),
        (GrantKind::Membership, Change::Revoke {}) => drafting.leave_group(),
        (GrantKind::Rule, Change::Reduce { to }) => drafting.narrow_rule(to),
        (GrantKind::Rule, Change::Revoke {}) => drafting.remove_rule(),
        (kind, change) => unsupported(
            format!("a {kind} on a host has no way to {}", change.verb()),
            "decide `revoke`, or `certify` with an end date",
        ),
    }
}

struct Drafting<'a> {
    config: &'a HostsConfig,
    grant: &'a Grant,
    inventory: &'a Inventory,
}

impl Drafting<'_> {
    fn leave_group(&self) -> Result<Draft, Refusal> {
        let [group, member] = self.bound()?;
        let (who, what) = (&self.grant.principal.name, &self.grant.entitlement.name);
        if self.grant.attribute("primary").is_some() {
            return harm(
                format!("{what} is the primary group of {who}: all its files and processes belong to it"),
                format!("give {who} another primary group by hand (usermod -g), then review again"),
            );
        }
        Ok(self.gone(vec![self.leave(&group, &member)]))
    }

    fn leave(&self, group: &str, member: &str) -> Operation {
        let (gid, name) = split(group);
        let person = split(member).1;
        let files = if self.has(OptionalFile::Gshadow) { "/etc/group, /etc/gshadow" } else { "/etc/group" };
        let text = format!("{files}: remove \"{person}\" from the members of \"{name}\" ({gid})");
        operation(LEAVE_GROUP, [("group", group), ("member", member)], text)
    }

    fn remove_rule(&self) -> Result<Draft, Refusal> {
        Ok(self.gone(vec![self.rule(self.grant, None)?]))
    }

    fn narrow_rule(&self, to: &str) -> Result<Draft, Refusal> {
        let old = self.grant.attribute("commands").and_then(read_rights).unwrap_or_default();
        let left = match narrowed(&old, to) {
            Ok(rights) => written(&rights),
            Err(why) => return harm(why, "name commands that the rule allows now, such as `/usr/bin/id, /usr/bin/ls`"),
        };
        let operations = vec![self.rule(self.grant, Some(&left))?];
        Ok(Draft { expects: shows([("commands", &left)]), ..self.gone(operations) })
    }

    fn rule(&self, rule: &Grant, to: Option<&str>) -> Result<Operation, Refusal> {
        let [holder, digest] = bound(rule)?;
        let file = self.attribute(rule, "file")?;
        let (who, what) = (&rule.principal.name, rule.attribute("commands").unwrap_or(""));
        let with = [("file", file), ("holder", &*holder), ("rule", &*digest)];
        Ok(match to {
            None => operation(REMOVE_RULE, with, format!("{file}: remove {who} from the rule \"{what}\"")),
            Some(to) => {
                let [file, holder, rule] = with;
                let text = format!("{file}: leave {who} \"{to}\" of the rule \"{what}\"", file = file.1);
                operation(NARROW_RULE, [file, holder, rule, ("to", to)], text)
            }
        })
    }

    fn remove_key(&self) -> Result<Draft, Refusal> {
        let operations = vec![self.key(self.grant, REMOVE_KEY, None)?];
        let lost = "the public key is kept nowhere else: its holder has to hand it in again".to_owned();
        Ok(Draft { irreversible: Some(lost), ..self.gone(operations) })
    }

    fn expire_key(&self) -> Result<Draft, Refusal> {
        let options = self.grant.attribute("options").unwrap_or("");
        let others = keys::options(options).unwrap_or_default();
        let others = others.into_iter().filter(|option| keys::option_name(option) != "expiry-time");
        let left: Vec<String> = others.chain(["expiry-time=\"19700102\"".to_owned()]).collect();
        self.with_options(&left.join(","))
    }

    fn restrict_key(&self, to: &str) -> Result<Draft, Refusal> {
        let example =
            "write the options as in authorized_keys: `restrict,command=\"/usr/bin/backup\",from=\"10.0.0.0/8\"`";
        let Some(wanted) = keys::options(to) else {
            return harm(format!("`{to}` are no options that sshd takes"), example);
        };
        let now = self.grant.attribute("options").filter(|options| !options.is_empty()).unwrap_or("");
        let held = if now.is_empty() { Vec::new() } else { keys::options(now).unwrap_or_default() };
        if let Some(more) = wanted.iter().find(|option| !takes_away(option, &wanted, &held)) {
            return harm(
                format!("`{more}` would give more than the key has now, or cannot be told to give less"),
                example,
            );
        }
        if let Some(lost) = held.iter().find(|option| {
            let name = keys::option_name(option);
            let covered = name.starts_with("no-") && names_option(&wanted, "restrict");
            !wanted.contains(option) && !covered && !GIVING.contains(&name.as_str())
        }) {
            return harm(
                format!("`{lost}` limits the key now and is not in `{to}`"),
                "keep every option the key has now",
            );
        }
        if to == now {
            return unsupported("those are the options of the key now".to_owned(), example);
        }
        self.with_options(&wanted.join(","))
    }

    fn with_options(&self, to: &str) -> Result<Draft, Refusal> {
        let operations = vec![self.key(self.grant, SET_OPTIONS, Some(to))?];
        Ok(Draft { expects: shows([("options", to)]), ..self.gone(operations) })
    }

    fn rotate_key(&self) -> Result<Draft, Refusal> {
        let options = keys::options(self.grant.attribute("options").unwrap_or("")).unwrap_or_default();
        if options.iter().any(|option| keys::option_name(option) == "cert-authority") {
            return unsupported(
                "the line trusts a certificate authority; its key is made where certificates are signed".to_owned(),
                "rotate the authority, then revoke this line",
            );
        }
        let operations = vec![self.key(self.grant, SUCCEED_KEY, None)?, self.key(self.grant, REMOVE_KEY, None)?];
        let lost = "the old key stops working at once: its users need the new one from the sink".to_owned();
        Ok(Draft { expects: Expectation::Replaced, irreversible: Some(lost), ..self.gone(operations) })
    }

    fn key(&self, grant: &Grant, call: &str, to: Option<&str>) -> Result<Operation, Refusal> {
        let account = grant.paths.first().and_then(|path| path.ids.split('/').nth(1)).unwrap_or("");
        let fingerprint = grant.entitlement.id.split_once("SHA256:").map_or("", |(_, digest)| digest);
        let fingerprint = &*format!("SHA256:{fingerprint}");
        let file = self.attribute(grant, "file")?;
        if grant.attribute("shared").is_some() {
            return harm(
                format!("other accounts take their keys from {file} as well, and would lose this one"),
                "give each account a file of its own (AuthorizedKeysFile), then collect again",
            );
        }
        if let Some(owner) = grant.attribute("owner") {
            return harm(
                format!(
                    "{file} belongs to {owner}, neither to the account nor to root; sshd takes no keys from it (StrictModes)"
                ),
                "find out who put it there, and remove it by hand",
            );
        }
        let options = grant.attribute("options").unwrap_or("");
        let with = [("account", account), ("file", file), ("fingerprint", fingerprint), ("from", options)];
        Ok(match (call, to) {
            (SET_OPTIONS, Some(to)) => {
                let [account, file, fingerprint, from] = with;
                let text = format!("{}: put the options {to} in front of the key {}", file.1, fingerprint.1);
                operation(SET_OPTIONS, [account, file, fingerprint, from, ("to", to)], text)
            }
            (SUCCEED_KEY, _) => {
                let text = format!(
                    "{file}: add a new ed25519 key with the options of {fingerprint}, its private part to the sink"
                );
                operation(SUCCEED_KEY, with, text)
            }
            _ => operation(REMOVE_KEY, with, format!("{file}: remove the line of the key {fingerprint}")),
        })
    }

    fn disable_account(&self) -> Result<Draft, Refusal> {
        if !self.has(OptionalFile::Shadow) {
            return unsupported(
                "without /etc/shadow an account cannot expire, and SSH keys open a locked one".to_owned(),
                "decide `revoke`, or revoke its keys and reduce its shell",
            );
        }
        self.keep_a_superuser()?;
        let [account] = self.bound()?;
        let day = match self.config.soak_days {
            // As usermod -e 1 does: before any clock a system may have.
            0 => 1,
            // The day before, because PAM counts the day itself as expired and sshd alone does not.
            _ => self.inventory.observed_at().unix().div_euclid(DAY) - 1,
        };
        let (expires, expired) = (date(day), self.grant.attribute("expires").unwrap_or("never"));
        let text = format!(
            "/etc/shadow: lock the password of \"{}\" with `!`, and let the account expire on {expires} (so that SSH keys are refused as well)",
            split(&account).1
        );
        let with = [("account", &*account), ("expired", expired), ("expires", &*expires)];
        let draft = self.gone(vec![operation(DISABLE_ACCOUNT, with, text)]);
        Ok(Draft {
            expects: shows([("expires", &expires), ("password", "locked")]),
            loses: self.all_of_account(&account),
            ..draft
        })
    }

    fn close_shell(&self, to: &str) -> Result<Draft, Refusal> {
        let to = if to == "nologin" { "/usr/sbin/nologin" } else { to };
        if self.config.opens(to) {
            return harm(format!("`{to}` is not a shell that lets nobody in"), "decide `reduce` to `nologin`");
        }
        self.keep_a_superuser()?;
        let [account] = self.bound()?;
        let from = self.attribute(self.grant, "shell")?;
        if from == to {
            return unsupported(format!("its shell is `{to}` already"), "decide `disable` or `revoke`");
        }
        let text = format!("/etc/passwd: give \"{}\" the shell \"{to}\" in place of \"{from}\"", split(&account).1);
        let operations = vec![operation(SET_SHELL, [("account", &*account), ("from", from), ("to", to)], text)];
        Ok(Draft { expects: shows([("shell", to)]), ..self.gone(operations) })
    }

    fn remove_account(&self) -> Result<Draft, Refusal> {
        self.keep_a_superuser()?;
        let [account] = self.bound()?;
        self.soaked()?;
        let name = split(&account).1;
        let mut operations = Vec::new();
        for held in self.held(&account) {
            match held.kind {
                // What is not the account's own file stays for those whose it is.
                GrantKind::Credential if held.attribute("shared").or(held.attribute("owner")).is_some() => {}
                GrantKind::Credential => operations.push(self.key(held, REMOVE_KEY, None)?),
                GrantKind::Rule => operations.push(self.rule(held, None)?),
                GrantKind::Membership if held.attribute("primary").is_none() => {
                    let [group, member] = bound(held)?;
                    operations.push(self.leave(&group, &member));
                }
                _ => {}
            }
        }
        // Keys, rules and memberships go first: whoever is given the name next must not find them.
        operations.sort_by(|a, b| a.call.cmp(&b.call));
        let with = [("account", &*account)];
        operations.push(operation(REMOVE_ACCOUNT, with, format!("/etc/passwd: remove the line of \"{name}\"")));
        if self.has(OptionalFile::Shadow) {
            operations.push(operation(REMOVE_SHADOW, with, format!("/etc/shadow: remove the line of \"{name}\"")));
        }
        let (id, home) = (&self.grant.entitlement.id, self.grant.attribute("home").unwrap_or("/"));
        let lost = format!(
            "{id} is free to be given again, and its next owner would own the files left behind, first of all {home}"
        );
        let draft = self.gone(operations);
        Ok(Draft { irreversible: Some(lost), loses: self.all_of_account(&account), ..draft })
    }

    fn soaked(&self) -> Result<(), Refusal> {
        let soak = i64::from(self.config.soak_days);
        let expires = self.grant.attribute("expires").and_then(|text| Timestamp::parse(text).ok());
        let locked = self.grant.attribute("password") == Some("locked");
        let due = expires.map(|day| day.plus_days(soak));
        let who = &self.grant.principal.name;
        match due {
            _ if soak == 0 => Ok(()),
            Some(due) if locked && due <= self.inventory.observed_at() => Ok(()),
            Some(due) if locked => harm(
                format!("{who} has not been disabled for {soak} days yet"),
                format!("collect again and decide `revoke` after {due}"),
            ),
            _ => harm(
                format!("{who} is not disabled; accounts soak {soak} days before they are deleted"),
                "decide `disable` first",
            ),
        }
    }

    /// A system nobody administers cannot be repaired.
    fn keep_a_superuser(&self) -> Result<(), Refusal> {
        let usable = |other: &&Grant| {
            other.kind == GrantKind::Account
                && other.key != self.grant.key
                && other.attribute("expires") == Some("never")
                && other.attribute("login") == Some("yes")
        };
        if self.grant.entitlement.id == "uid:0" && !self.inventory.of_entitlement("uid:0").any(|other| usable(&other)) {
            return harm(
                format!(
                    "{} is the only account with uid 0 that works: system services and repairs need it",
                    self.grant.principal.name
                ),
                "revoke its keys and lock its password by hand if nobody may log in as root",
            );
        }
        Ok(())
    }

    fn group_password(&self, change: &Change) -> Result<Draft, Refusal> {
        if !matches!(change, Change::Disable {} | Change::Revoke {}) {
            return unsupported("a group password can only be taken away".to_owned(), "decide `revoke`");
        }
        let [group] = self.bound()?;
        let file = self.attribute(self.grant, "file")?;
        let text = format!("{file}: lock the password of group \"{}\" with `!`", split(&group).1);
        Ok(self.gone(vec![operation(LOCK_GROUP, [("file", file), ("group", &group)], text)]))
    }

    fn gone(&self, operations: Vec<Operation>) -> Draft {
        let own = self.grant.paths.first().map(|path| path.ids.as_str());
        let paths = effective::paths(self.grant, self.inventory);
        let survives = paths.into_iter().filter(|path| Some(path.ids.as_str()) != own).map(|path| path.text).collect();
        Draft { operations, expects: Expectation::Absent, loses: self.losers(), survives, irreversible: None }
    }

    /// The holder; for what a group holds, each of its members.
    fn losers(&self) -> Vec<Loss> {
        let loss = |principal: &str| Loss {
            principal: principal.to_owned(),
            entitlement: self.grant.entitlement.name.clone(),
        };
        let mut losers = vec![loss(&self.grant.principal.name)];
        if self.grant.kind == GrantKind::Rule {
            let members = self.inventory.of_entitlement(&self.grant.principal.id);
            losers.extend(members.filter(|m| m.kind == GrantKind::Membership).map(|m| loss(&m.principal.name)));
        }
        losers.sort();
        losers.dedup();
        losers
    }

    fn all_of_account(&self, account: &str) -> Vec<Loss> {
        let loss =
            |held: &Grant| Loss { principal: held.principal.name.clone(), entitlement: held.entitlement.name.clone() };
        let mut losses: Vec<Loss> = self.held(account).into_iter().map(loss).collect();
        losses.sort();
        losses.dedup();
        losses
    }

    /// The grants of this very account: not those of another with the same uid.
    fn held(&self, account: &str) -> Vec<&Grant> {
        let own = |grant: &&Grant| grant.paths.iter().any(|path| path.ids.split('/').any(|part| part == account));
        self.inventory.of_principal(&self.grant.principal.id).filter(own).collect()
    }

    fn has(&self, file: OptionalFile) -> bool {
        !self.config.absent.contains(&file)
    }

    fn attribute<'a>(&self, grant: &'a Grant, name: &str) -> Result<&'a str, Refusal> {
        grant.attribute(name).ok_or_else(|| foreign(grant))
    }

    fn bound<const N: usize>(&self) -> Result<[String; N], Refusal> {
        bound(self.grant)
    }
}

/// Returns whether an option is held already, or only makes a key less useful.
fn takes_away(option: &String, wanted: &[String], held: &[String]) -> bool {
    let name = keys::option_name(option);
    let known = |names: &[&str]| names.contains(&name.as_str());
    // After `restrict`, naming a permission gives it back: less than before only where nothing had taken it yet.
    let gives_back = || {
        let taken = names_option(held, "restrict") || names_option(held, &format!("no-{name}"));
        known(&GIVING) && names_option(wanted, "restrict") && !taken
    };
    held.contains(option) || known(&RESTRICTING) || (known(&LIMITING) && !names_option(held, &name)) || gives_back()
}

fn names_option(options: &[String], name: &str) -> bool {
    options.iter().any(|option| keys::option_name(option) == name)
}

/// Returns the last parts of the path a grant is: ids and names as they were bound when it was collected.
fn bound<const N: usize>(grant: &Grant) -> Result<[String; N], Refusal> {
    let ids = grant.paths.first().map_or("", |path| path.ids.as_str());
    let parts: Vec<String> = ids.rsplit('/').take(N).map(str::to_owned).collect::<Vec<_>>().into_iter().rev().collect();
    parts.try_into().map_err(|_| foreign(grant))
}

fn foreign(grant: &Grant) -> Refusal {
    Refusal::Unsupported {
        why: format!("{} was not collected by this connector", grant.key),
        instead: "collect the system again".to_owned(),
    }
}

fn is_group_password(grant: &Grant) -> bool {
    grant.attribute("type") == Some("group-password")
}

/// Splits `uid:1001:svc` into `uid 1001` and `svc`.
fn split(bound: &str) -> (String, &str) {
    let mut parts = bound.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(kind), Some(id), Some(name)) => (format!("{kind} {id}"), name),
        _ => (bound.to_owned(), bound.split_once(':').map_or(bound, |(_, name)| name)),
    }
}

fn shows<const N: usize>(pairs: [(&str, &str); N]) -> Expectation {
    Expectation::Shows(BTreeMap::from(pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))))
}

fn harm<T>(why: String, instead: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Harm { why, instead: instead.into() })
}

fn unsupported<T>(why: String, instead: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Unsupported { why, instead: instead.into() })
}

/// Options whose presence only takes away.
const RESTRICTING: [&str; 8] = [
    "no-agent-forwarding",
    "no-port-forwarding",
    "no-pty",
    "no-user-rc",
    "no-x11-forwarding",
    "restrict",
    "touch-required",
    "verify-required",
];

/// Options that take away by what they name.
const LIMITING: [&str; 5] = ["command", "expiry-time", "from", "permitlisten", "permitopen"];

/// Options that give something back which `restrict` took.
const GIVING: [&str; 5] = ["agent-forwarding", "port-forwarding", "pty", "user-rc", "x11-forwarding"];

const DAY: i64 = 86_400;
