//! Plans changes of SSH keys.

use super::{
    super::{
        authorized_keys,
        calls::{REMOVE_KEY, SET_OPTIONS, SUCCEED_KEY, operation},
    },
    HostChangePlanner, harm, shows, unsupported,
};
use crate::{
    connector::{PlannedChange, UnsupportedChangeError},
    model::{ExpectedState, Grant, Operation},
};

impl HostChangePlanner<'_> {
    pub(super) fn remove_key(&self) -> Result<PlannedChange, UnsupportedChangeError> {
        let operations = vec![self.key(self.grant, REMOVE_KEY, None)?];
        let lost = "the public key is not stored elsewhere: its holder has to provide it again".to_owned();
        Ok(PlannedChange { irreversible: Some(lost), ..self.gone(operations) })
    }

    pub(super) fn expire_key(&self) -> Result<PlannedChange, UnsupportedChangeError> {
        let others = self.options()?;
        let others = others.into_iter().filter(|option| authorized_keys::option_name(option) != "expiry-time");
        let left: Vec<String> = others.chain(["expiry-time=\"19700102\"".to_owned()]).collect();
        self.with_options(&left.join(","))
    }

    pub(super) fn restrict_key(&self, to: &str) -> Result<PlannedChange, UnsupportedChangeError> {
        let example = self.example();
        let Some(wanted) = authorized_keys::options(to) else {
            return harm(format!("`{to}` are not valid options of sshd"), example);
        };
        let now = self.grant.attribute("options").unwrap_or("");
        let held = self.options()?;
        if let Some(more) = wanted.iter().find(|option| !takes_away(option, &wanted, &held)) {
            return harm(
                format!("`{more}` would give more rights than the key has now, or cannot be compared"),
                example,
            );
        }
        if let Some(lost) = held.iter().find(|option| {
            let name = authorized_keys::option_name(option);
            let covered = name.starts_with("no-") && names_option(&wanted, "restrict");
            !wanted.contains(option) && !covered && !GIVING.contains(&name.as_str())
        }) {
            return harm(format!("`{lost}` restricts the key now, but is missing in `{to}`"), example);
        }
        if to == now {
            return unsupported("the key already has these options".to_owned(), example);
        }
        self.with_options(&wanted.join(","))
    }

    /// Returns the way to a reduction that is accepted: the present options, and one that restricts the key further.
    fn example(&self) -> String {
        let held = self.options().unwrap_or_default();
        let more = ["restrict".to_owned(), "from=\"10.0.0.0/8\"".to_owned(), "command=\"/usr/bin/backup\"".to_owned()];
        let new = more.into_iter().filter(|option| !names_option(&held, &authorized_keys::option_name(option)));
        let all: Vec<String> = new.take(1).chain(held.iter().cloned()).collect();
        format!("keep all present options, and add some in the format of authorized_keys: `{}`", all.join(","))
    }

    /// Returns the present options. Without a complete list, a change could drop some of them.
    fn options(&self) -> Result<Vec<String>, UnsupportedChangeError> {
        match self.grant.attribute("options").unwrap_or("") {
            "" => Ok(Vec::new()),
            text => match authorized_keys::options(text) {
                Some(options) => Ok(options),
                None => harm(
                    format!("the options `{text}` cannot be read completely"),
                    "change the line manually, or revoke the key",
                ),
            },
        }
    }

    pub(super) fn with_options(&self, to: &str) -> Result<PlannedChange, UnsupportedChangeError> {
        let operations = vec![self.key(self.grant, SET_OPTIONS, Some(to))?];
        Ok(PlannedChange { expects: shows([("options", to)]), ..self.gone(operations) })
    }

    pub(super) fn rotate_key(&self) -> Result<PlannedChange, UnsupportedChangeError> {
        let options = self.options()?;
        if options.iter().any(|option| authorized_keys::option_name(option) == "cert-authority") {
            return unsupported(
                "the line trusts a certificate authority, whose key is created where certificates are signed"
                    .to_owned(),
                "rotate the authority, then revoke this line",
            );
        }
        let operations = vec![self.key(self.grant, SUCCEED_KEY, None)?, self.key(self.grant, REMOVE_KEY, None)?];
        let lost = "the old key stops working immediately: its users need the new one from the sink".to_owned();
        Ok(PlannedChange { expects: ExpectedState::Replaced, irreversible: Some(lost), ..self.gone(operations) })
    }

    pub(super) fn key(&self, grant: &Grant, call: &str, to: Option<&str>) -> Result<Operation, UnsupportedChangeError> {
        let account = grant.paths.first().and_then(|path| path.ids.split('/').nth(1)).unwrap_or("");
        let fingerprint = grant.entitlement.id.split_once("SHA256:").map_or("", |(_, digest)| digest);
        let fingerprint = &*format!("SHA256:{fingerprint}");
        let file = self.attribute(grant, "file")?;
        if grant.attribute("shared").is_some() {
            return harm(
                format!("other accounts use {file} as well, and would lose this key"),
                "configure a separate file for each account (AuthorizedKeysFile), then collect again",
            );
        }
        if let Some(owner) = grant.attribute("owner") {
            return harm(
                format!(
                    "{file} belongs to {owner}, neither to the account nor to root, so sshd ignores it (StrictModes)"
                ),
                "find out who created it, and remove it manually",
            );
        }
        let options = grant.attribute("options").unwrap_or("");
        let with = [("account", account), ("file", file), ("fingerprint", fingerprint), ("from", options)];
        Ok(match (call, to) {
            (SET_OPTIONS, Some(to)) => {
                let [account, file, fingerprint, from] = with;
                let text = format!("{}: set the options {to} of the key {}", file.1, fingerprint.1);
                operation(SET_OPTIONS, [account, file, fingerprint, from, ("to", to)], text)
            }
            (SUCCEED_KEY, _) => {
                let text = format!(
                    "{file}: add a new ed25519 key with the options of {fingerprint}, and store its private part in the sink"
                );
                operation(SUCCEED_KEY, with, text)
            }
            _ => operation(REMOVE_KEY, with, format!("{file}: remove the line of the key {fingerprint}")),
        })
    }
}

/// Returns whether the key already has an option, or the option only restricts the key.
fn takes_away(option: &String, wanted: &[String], held: &[String]) -> bool {
    let name = authorized_keys::option_name(option);
    let known = |names: &[&str]| names.contains(&name.as_str());
    // After `restrict`, a permission option restores the permission: no extension only if an earlier option had not
    // removed it.
    let gives_back = || {
        let taken = names_option(held, "restrict") || names_option(held, &format!("no-{name}"));
        known(&GIVING) && names_option(wanted, "restrict") && !taken
    };
    held.contains(option) || known(&RESTRICTING) || (known(&LIMITING) && !names_option(held, &name)) || gives_back()
}

fn names_option(options: &[String], name: &str) -> bool {
    options.iter().any(|option| authorized_keys::option_name(option) == name)
}

/// Options that restrict a key by their presence.
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

/// Options that restrict a key by their value.
const LIMITING: [&str; 5] = ["command", "expiry-time", "from", "permitlisten", "permitopen"];

/// Options that restore a permission removed by `restrict`.
const GIVING: [&str; 5] = ["agent-forwarding", "port-forwarding", "pty", "user-rc", "x11-forwarding"];
