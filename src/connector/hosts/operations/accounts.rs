//! Plans changes of accounts.

use super::{
    super::{
        calls::{DISABLE_ACCOUNT, REMOVE_ACCOUNT, REMOVE_KEY, REMOVE_SHADOW, SET_SHELL, operation},
        config::OptionalFile,
        grants::date,
    },
    HostChangePlanner, bound, harm, shows, split, unsupported,
};
use crate::{
    connector::{PlannedChange, UnsupportedChangeError},
    model::{AccessLoss, Grant, GrantKind, Timestamp},
};

impl HostChangePlanner<'_> {
    pub(super) fn disable_account(&self) -> Result<PlannedChange, UnsupportedChangeError> {
        if !self.has(OptionalFile::Shadow) {
            return unsupported(
                "without /etc/shadow an account cannot expire, and SSH keys still open a locked one".to_owned(),
                "decide `revoke`, or revoke its keys and reduce its shell",
            );
        }
        self.keep_a_superuser()?;
        let [account] = self.bound()?;
        let day = match self.config.soak_days {
            // As usermod -e 1 does: before the time of any system clock.
            0 => 1,
            // The day before, because PAM treats the day itself as expired and sshd does not.
            _ => self.inventory.observed_at().unix().div_euclid(DAY) - 1,
        };
        let (expires, expired) = (date(day), self.grant.attribute("expires").unwrap_or("never"));
        let text = format!(
            "/etc/shadow: lock the password of \"{}\" with `!`, and set its expiry date to {expires} (so that SSH keys are refused as well)",
            split(&account).1
        );
        let with = [("account", &*account), ("expired", expired), ("expires", &*expires)];
        let draft = self.gone(vec![operation(DISABLE_ACCOUNT, with, text)]);
        Ok(PlannedChange {
            expects: shows([("expires", &expires), ("password", "locked")]),
            loses: self.all_of_account(&account),
            ..draft
        })
    }

    pub(super) fn close_shell(&self, to: &str) -> Result<PlannedChange, UnsupportedChangeError> {
        let to = if to == "nologin" { "/usr/sbin/nologin" } else { to };
        if self.config.opens(to) {
            return harm(format!("`{to}` is not a shell without login"), "decide `reduce` to `nologin`");
        }
        self.keep_a_superuser()?;
        let [account] = self.bound()?;
        let from = self.attribute(self.grant, "shell")?;
        if from == to {
            return unsupported(format!("its shell is already `{to}`"), "decide `disable` or `revoke`");
        }
        let text = format!("/etc/passwd: set the shell of \"{}\" to \"{to}\" instead of \"{from}\"", split(&account).1);
        let operations = vec![operation(SET_SHELL, [("account", &*account), ("from", from), ("to", to)], text)];
        Ok(PlannedChange { expects: shows([("shell", to)]), ..self.gone(operations) })
    }

    pub(super) fn remove_account(&self) -> Result<PlannedChange, UnsupportedChangeError> {
        self.keep_a_superuser()?;
        let [account] = self.bound()?;
        self.soaked()?;
        let name = split(&account).1;
        self.opens_no_other(&account)?;
        let mut operations = Vec::new();
        for held in self.held(&account) {
            match held.kind {
                // A file that does not belong to the account alone is not edited.
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
        // Keys, rules and memberships are removed first: a later account with the same name must not inherit them.
        operations.sort_by(|a, b| a.call.cmp(&b.call));
        let with = [("account", &*account)];
        operations.push(operation(REMOVE_ACCOUNT, with, format!("/etc/passwd: remove the line of \"{name}\"")));
        if self.has(OptionalFile::Shadow) {
            operations.push(operation(REMOVE_SHADOW, with, format!("/etc/shadow: remove the line of \"{name}\"")));
        }
        let (id, home) = (&self.grant.entitlement.id, self.grant.attribute("home").unwrap_or("/"));
        let lost =
            format!("{id} can be assigned again, and its next owner would own the remaining files, such as {home}");
        let draft = self.gone(operations);
        let mut gone = self.held(&account);
        gone.push(self.grant);
        let mut effects = self.dependent(&gone);
        effects.sort();
        effects.dedup_by(|later, first| later.grant == first.grant);
        Ok(PlannedChange { irreversible: Some(lost), loses: self.all_of_account(&account), effects, ..draft })
    }

    /// A key that also opens another account of the uid has to be removed there first: afterwards it is not known as one
    /// of this account any more.
    fn opens_no_other(&self, account: &str) -> Result<(), UnsupportedChangeError> {
        for key in self.held(account).into_iter().filter(|held| held.kind == GrantKind::Credential) {
            let same = |other: &&Grant| {
                other.kind == GrantKind::Credential && !self.held(account).iter().any(|held| held.key == other.key)
            };
            if let Some(other) = self.inventory.of_entitlement(&key.entitlement.id).find(same) {
                return harm(
                    format!(
                        "\"{}\" is the same key as \"{}\", which stays",
                        key.entitlement.name, other.entitlement.name
                    ),
                    format!("decide `revoke` on {} first", other.key),
                );
            }
        }
        Ok(())
    }

    pub(super) fn soaked(&self) -> Result<(), UnsupportedChangeError> {
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
                format!("{who} is not disabled; an account must be disabled for {soak} days before it is deleted"),
                "decide `disable` first",
            ),
        }
    }

    /// A system without an administrator cannot be repaired.
    pub(super) fn keep_a_superuser(&self) -> Result<(), UnsupportedChangeError> {
        let usable = |other: &&Grant| {
            other.kind == GrantKind::Account
                && other.key != self.grant.key
                && other.attribute("expires") == Some("never")
                && other.attribute("login") == Some("yes")
        };
        if self.grant.entitlement.id == "uid:0" && !self.inventory.of_entitlement("uid:0").any(|other| usable(&other)) {
            return harm(
                format!(
                    "{} is the only usable account with uid 0, which system services and repairs need",
                    self.grant.principal.name
                ),
                "to prevent root logins, revoke its keys and lock its password manually",
            );
        }
        Ok(())
    }

    pub(super) fn all_of_account(&self, account: &str) -> Vec<AccessLoss> {
        let loss = |held: &Grant| AccessLoss {
            principal: held.principal.name.clone(),
            entitlement: held.entitlement.name.clone(),
        };
        let mut losses: Vec<AccessLoss> = self.held(account).into_iter().map(loss).collect();
        losses.sort();
        losses.dedup();
        losses
    }

    /// Returns the grants of this account: not those of another account with the same uid.
    pub(super) fn held(&self, account: &str) -> Vec<&Grant> {
        let own = |grant: &&Grant| grant.paths.iter().any(|path| path.ids.split('/').any(|part| part == account));
        self.inventory.of_principal(&self.grant.principal.id).filter(own).collect()
    }
}

const DAY: i64 = 86_400;
