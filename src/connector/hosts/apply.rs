//! An action carried out: locks, a fresh read, the precondition, edits in memory, files replaced one by one.

use super::{
    atomic_replace::{check, replace},
    authorized_keys,
    calls::{SUCCEED_KEY, parameter},
    config::HostsConfig,
    file_edits::PendingWrites,
    grant_key::key,
    grants,
    lock::{self, LockTargets},
    observe,
    root_dir::RootDir,
    rotate::{ReplacementKey, succeed},
    snapshot::{HostSnapshot, SUDOERS},
    sudoers::{self, StatementKind},
};
use crate::{
    connector::{ApplyReceipt, ConnectorError, Intent, SecretSink},
    model::{Action, Operation, Presence, SystemId, action::Planned},
};
use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// Carries out an action.
pub(super) fn apply(
    system: &SystemId,
    config: &HostsConfig,
    root: &RootDir,
    action: &Action<Planned>,
    intent: &Intent,
    sink: &dyn SecretSink,
) -> Result<ApplyReceipt, ConnectorError> {
    if *intent.action() != action.id || action.grant.system != *system {
        return Err(ConnectorError::Permanent("the intent is for another action".to_owned()));
    }
    let touches = |what: &str| action.operations.iter().any(|operation| operation.call.contains(what));
    let wanted = LockTargets {
        accounts: touches(":passwd:") || touches(":shadow:") || touches(":group:"),
        sudoers: touches(":sudoers:"),
    };
    let _held = lock::take(root, wanted, Duration::from_secs(config.lock_wait_seconds.into()))?;
    let tree = HostSnapshot::read(root, config)?;
    let inventory = grants::inventory(system, config, &tree)?;
    let sighting = observe::seen(root, &action.grant, &tree, &inventory);
    match (&sighting.grant, &sighting.presence) {
        (Some(grant), _) if grant.digest() == action.precondition => {}
        // Gone, or an earlier attempt was cut short behind the change that matters: the rest is tidied up.
        (_, Presence::Absent { .. }) | (None, Presence::Lingering { .. }) => {}
        (Some(_), _) => return Err(drifted("it is not as it was reviewed")),
        (None, Presence::Unknown { reason }) => return Err(ConnectorError::Transient(reason.clone())),
        (None, Presence::Present { .. }) => {
            return Err(drifted("it is gone, and its holder has the access by another path"));
        }
    }
    let Some(succession) = action.operations.iter().find(|operation| operation.call == SUCCEED_KEY) else {
        let changed = edit(root, &tree, &action.operations)?;
        return Ok(receipt(&changed, None));
    };
    rotate(root, config, action, succession, &tree, sink)
}

/// The new key goes in and is read back; only then the old one goes out.
fn rotate(
    root: &RootDir,
    config: &HostsConfig,
    action: &Action<Planned>,
    succession: &Operation,
    tree: &HostSnapshot,
    sink: &dyn SecretSink,
) -> Result<ApplyReceipt, ConnectorError> {
    let mut work = PendingWrites::on(tree);
    let successor = succeed(&mut work, succession, &action.id, sink)?;
    let mut changed = write(root, tree, work)?;
    let file = parameter(succession, "file")?;
    let after = HostSnapshot::read(root, config).map_err(|error| half_done(&changed, file, &error))?;
    let proven = after.files.get(file).map(|content| authorized_keys::read(&content.bytes).keys).unwrap_or_default();
    if !proven.iter().any(|key| key.fingerprint == successor.fingerprint) {
        return Err(ConnectorError::Ambiguous(format!("{file} does not show the new key; the old one is untouched")));
    }
    let rest: Vec<Operation> =
        action.operations.iter().filter(|operation| operation.call != SUCCEED_KEY).cloned().collect();
    changed.extend(edit(root, &after, &rest).map_err(|error| half_done(&changed, file, &error))?);
    let mut receipt = receipt(&changed, successor.deposited.clone());
    let account = parameter(succession, "account")?;
    receipt.successor = Some(key(&["key", account, &successor.fingerprint])?);
    let ReplacementKey { fingerprint, .. } = successor;
    receipt.text = format!("{}; {fingerprint} took its place", receipt.text);
    Ok(receipt)
}

/// Puts operations into effect and returns the files that changed.
fn edit(root: &RootDir, tree: &HostSnapshot, operations: &[Operation]) -> Result<Vec<String>, ConnectorError> {
    let mut work = PendingWrites::on(tree);
    for operation in operations {
        work.put(operation)?;
    }
    write(root, tree, work)
}

fn write(root: &RootDir, tree: &HostSnapshot, work: PendingWrites<'_>) -> Result<Vec<String>, ConnectorError> {
    let changed = work.into_changed();
    let old = |path: &str| tree.files.get(path).ok_or_else(|| ConnectorError::NotFound(path.to_owned()));
    for (path, new) in &changed {
        check(root, path, old(path)?)?;
        if tree.sudoers.files.iter().any(|(known, _)| known == path) {
            valid_sudoers(path, new)?;
        }
    }
    let mut done: Vec<String> = Vec::new();
    for (path, new) in &changed {
        replace(root, path, old(path)?, new).map_err(|error| half_done(&done, path, &error))?;
        done.push(path.clone());
    }
    Ok(done)
}

/// After the first file is written, an error is no longer "nothing happened".
fn half_done(done: &[String], path: &str, error: &ConnectorError) -> ConnectorError {
    if done.is_empty() {
        return error.clone();
    }
    ConnectorError::Ambiguous(format!("{} written, {path} not: {error}", done.join(", ")))
}

/// Refuses what sudo would: its own checker where there is one, and ours always.
fn valid_sudoers(path: &str, new: &[u8]) -> Result<(), ConnectorError> {
    let Some(visudo) = VISUDO.iter().map(Path::new).find(|path| path.exists()) else { return Ok(()) };
    // Alone: included files belong to this tree, not to the machine visudo runs on.
    let mut alone = new.to_vec();
    for statement in sudoers::parse(new) {
        if matches!(statement.kind, StatementKind::Include { .. })
            && let Some(first) = new[statement.range.clone()].iter().position(|b| matches!(b, b'@' | b'#'))
        {
            // `# nclude…` is a comment, and every line keeps its number.
            alone[statement.range.start + first] = b'#';
            alone[statement.range.start + first + 1] = b' ';
        }
    }
    let failed = |error: std::io::Error| ConnectorError::Transient(format!("visudo cannot be run: {error}"));
    let mut child = Command::new(visudo)
        .args(["-c", "-q", "-f", "-"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // A checker that stops reading has found an error; its status says so.
        let _ = input.write_all(&alone);
    }
    if child.wait().map_err(failed)?.success() {
        return Ok(());
    }
    let included = if path == SUDOERS { "" } else { " (an included file)" };
    Err(ConnectorError::Permanent(format!("visudo refuses {path}{included} as it would be; nothing was changed")))
}

fn receipt(changed: &[String], deposited: Option<String>) -> ApplyReceipt {
    let text = if changed.is_empty() {
        "nothing was left to change".to_owned()
    } else {
        format!("replaced {}", changed.join(", "))
    };
    ApplyReceipt { text, already: changed.is_empty(), successor: None, deposited }
}

fn drifted(how: &str) -> ConnectorError {
    ConnectorError::PreconditionFailed(how.to_owned())
}

const VISUDO: [&str; 4] = ["/usr/sbin/visudo", "/sbin/visudo", "/usr/bin/visudo", "/usr/local/sbin/visudo"];
