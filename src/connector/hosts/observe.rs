//! Reads the state of the system: health, control totals, and single grants.

use super::{
    account_files::lines,
    exclusions, half_done, identity,
    look::HostLook,
    oracle, other_sources,
    remaining_access::{AccessFindings, AccessReader},
    rights::TreeFiles,
    root_dir::RootDir,
    snapshot::{GROUP, GSHADOW, HostSnapshot, PASSWD, SHADOW, not_understood},
    sudoers::{read_rights, survives},
    text::shown,
};
use crate::{
    connector::{ConnectorError, ConnectorHealth, ControlTotal, TargetQuery},
    model::{
        AccessPath, AccessRoute, ExpectedState, Grant, GrantKind, GrantObservation, Inventory, Overlap, RemainingPath,
    },
};

/// Returns the health of the connection and its blind spots.
pub(super) fn health(root: &RootDir, tree: &HostSnapshot) -> Result<ConnectorHealth, ConnectorError> {
    let release = root.read_if_there("/etc/os-release")?.map(|content| content.bytes.to_vec()).unwrap_or_default();
    let release = String::from_utf8_lossy(&release).into_owned();
    let pretty = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("Linux");
    let mut blind_spots = tree.blind_spots.clone();
    blind_spots.extend(tree.unread.iter().map(not_understood));
    blind_spots.extend(other_sources::blind_spots(root, &tree.accounts));
    if identity::of(root)?.is_none() {
        blind_spots.push(
            "the system has neither a machine id nor host keys of sshd: another system in its place is not recognized"
                .to_owned(),
        );
    }
    for row in tree.accounts.iter() {
        if tree.account(&row.value.name) != Some(&row.value) {
            blind_spots.push(format!("line {} of {PASSWD} has the same name as an earlier line", row.line));
        }
    }
    Ok(ConnectorHealth {
        target: format!("{} below {}", shown(pretty.trim_matches('"')), root.path().display()),
        identity: format!("uid {}", rustix::process::geteuid().as_raw()),
        blind_spots,
    })
}

/// Counts accounts again from the raw lines, without the parser.
pub(super) fn control_totals(root: &RootDir) -> Result<Vec<ControlTotal>, ConnectorError> {
    let passwd = root.read(PASSWD)?;
    let digits = |field: &[u8]| {
        let field = field.trim_ascii_start();
        let field = field.strip_prefix(b"+").unwrap_or(field);
        !field.is_empty() && field.iter().all(u8::is_ascii_digit)
    };
    let entry = |line: &[u8]| {
        let fields: Vec<&[u8]> = line.split(|b| *b == b':').collect();
        let name = line.trim_ascii_start();
        fields.len() >= 4 && digits(fields[2]) && digits(fields[3]) && !name.starts_with(b"#")
    };
    let accounts =
        lines(&passwd.bytes).into_iter().filter(|range| entry(passwd.bytes[range.clone()].trim_ascii_end())).count();
    Ok(vec![ControlTotal { kind: GrantKind::Account, count: accounts as u64, source: COUNT.to_owned() }])
}

/// Reads what is left of the access that a change takes away. A failed read is unknown, never absence.
pub(super) fn sighting(look: HostLook<'_>, query: &TargetQuery<'_>) -> GrantObservation {
    match look.about(query.grant) {
        Ok((tree, inventory)) => {
            let mut seen = seen(look, query, &tree, &inventory);
            if let Some(rest) = half_done::rest(query, seen.grant.as_ref(), &tree) {
                seen.access = Err(rest);
            }
            seen
        }
        Err(error) => GrantObservation::unknown(error.to_string()),
    }
}

/// Returns the observation of a grant.
pub(super) fn seen(
    look: HostLook<'_>,
    query: &TargetQuery<'_>,
    tree: &HostSnapshot,
    inventory: &Inventory,
) -> GrantObservation {
    let grant = query.grant;
    let now = found(grant, query.expects, inventory).map(|now| exclusions::as_reviewed(grant, now, tree));
    let files = TreeFiles::below(look.root);
    let reader = AccessReader::new(look.root, look.config, tree, inventory, query, &files);
    let AccessFindings { mut access, witnesses } = reader.findings(now.as_ref());
    access.answers = oracle::answers(&reader, &witnesses);
    access.probe = probe(tree);
    let access = match doubt(grant, tree) {
        Some(reason) if access.paths.is_empty() => Err(reason),
        Some(reason) => {
            let path = AccessPath { via: AccessRoute::Rule, ids: "unread".to_owned(), text: reason.clone() };
            let overlap = Overlap::CannotTell("a line or file is not read".to_owned());
            access.paths.push(RemainingPath { path, overlap, tier: grant.tier, grant: None, allows: Vec::new() });
            Ok(access)
        }
        None => Ok(access),
    };
    GrantObservation { grant: now, access }
}

/// Returns the present form of the reviewed grant. Its key may have changed through the decided change (a reduced rule
/// has another digest) or through other rules, so it is searched by file and holder as well. A grant of a renamed
/// account is returned in its new form, which differs from the reviewed one.
fn found(grant: &Grant, expects: &ExpectedState, inventory: &Inventory) -> Option<Grant> {
    if let Some(same) = inventory.grant(&grant.key) {
        return Some(same.clone());
    }
    let place = |key: &str| -> String {
        let key = key.split(":again-").next().unwrap_or(key);
        match grant.kind {
            GrantKind::Rule => key.rsplit_once(':').map_or(key, |(place, _)| place).to_owned(),
            _ => key.to_owned(),
        }
    };
    let here = place(grant.key.as_str());
    let neighbours = inventory.of_principal(&grant.principal.id).filter(|other| other.kind == grant.kind);
    let close = |other: &&Grant| {
        let rights = |grant: &Grant| grant.attribute("commands").and_then(read_rights);
        place(other.key.as_str()) == here
            && match (rights(grant), rights(other)) {
                (Some(old), Some(new)) => {
                    grant.attribute("hosts") == other.attribute("hosts")
                        && new.iter().all(|one| survives(&old, std::slice::from_ref(one)))
                }
                _ => true,
            }
    };
    // A smaller rule beside a removed one is another grant, and not a reduced form of it.
    let is_reduced = grant.kind != GrantKind::Rule || matches!(expects, ExpectedState::Shows(_));
    let mut candidates = neighbours.filter(|other| is_reduced && close(other));
    if let Some(other) = candidates.next() {
        // Under its old key, so that it can be compared.
        let mut now = other.clone();
        now.key = grant.key.clone();
        return Some(now);
    }
    // Another account with uid 0 is not the reviewed one under a new name: root is always there.
    let renamed = grant.kind != GrantKind::Account || grant.principal.id != "uid:0";
    let same_holder = |other: &&Grant| renamed && other.kind == grant.kind && other.principal.id == grant.principal.id;
    inventory.of_entitlement(&grant.entitlement.id).find(same_holder).cloned()
}

/// Returns the reason why a missing path is not a proof of absence.
fn doubt(grant: &Grant, tree: &HostSnapshot) -> Option<String> {
    let accounts = |file: &str| matches!(file, PASSWD | SHADOW | GROUP | GSHADOW);
    let sudo = |file: &str| tree.sudoers.files.iter().any(|(known, _)| known == file);
    let unread = match grant.kind {
        GrantKind::Membership | GrantKind::Rule => tree.first_unread(|file| accounts(file) || sudo(file)),
        GrantKind::Credential => {
            let holder = |file: &str| grant.attribute("file") == Some(file);
            // The read has the files of keys of this account alone.
            let other = |file: &str| !accounts(file) && !sudo(file);
            let hidden = tree.unread.iter().find(|(file, line)| *line == 0 && other(file)).map(not_understood);
            hidden.or_else(|| tree.first_unread(|file| holder(file) || file == PASSWD))
        }
        _ => tree.first_unread(|file| file == PASSWD),
    };
    if unread.is_some() {
        return unread;
    }
    let root = tree.account_of(0).is_some() && tree.group_of(0).is_some();
    (!root).then(|| format!("{PASSWD} or {GROUP} has no id 0: the file is incomplete"))
}

/// Returns the known objects that the read found.
fn probe(tree: &HostSnapshot) -> String {
    let rules: usize = tree.sudoers.files.iter().map(|(_, statements)| statements.len()).sum();
    let keys: usize = tree.keys.values().map(|file| file.keys.keys.len()).sum();
    let keys = if keys == 0 { String::new() } else { format!(", {keys} keys") };
    format!(
        "uid 0 and gid 0 in the same read; {} accounts, {} groups, {rules} lines of sudoers{keys}",
        tree.accounts.len(),
        tree.groups.len()
    )
}

/// The same count by a tool of the system.
const COUNT: &str =
    "awk -F: 'NF>3 && $3 ~ /^[ \\t]*[+]?[0-9]+$/ && $4 ~ /^[ \\t]*[+]?[0-9]+$/ && !/^[ \\t]*#/' /etc/passwd | wc -l";
