//! Executes an action: takes locks, reads again, checks the precondition, edits in memory, and replaces the files one
//! by one.

use super::{
    atomic_replace::{check, replace},
    authorized_keys,
    calls::{SUCCEED_KEY, parameter},
    collateral,
    file_edits::PendingWrites,
    grant_key::key,
    half_done,
    lock::{self, LockTargets},
    look::HostLook,
    observe,
    root_dir::RootDir,
    rotate::{ReplacementKey, succeed},
    snapshot::{HostSnapshot, SUDOERS},
    sudoers::{self, StatementKind},
};
use crate::{
    connector::{ApplyReceipt, ConnectorError, Intent, SecretSink, TargetQuery},
    model::{
        Action, Operation,
        action::{ActionSpec, Planned},
    },
};
use std::{
    collections::BTreeSet,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// Executes an action.
pub(super) fn apply(
    look: HostLook<'_>,
    action: &Action<Planned>,
    intent: &Intent,
    sink: &dyn SecretSink,
) -> Result<ApplyReceipt, ConnectorError> {
    let HostLook { system, config, root, .. } = look;
    if *intent.action() != action.id || action.grant.system != *system {
        return Err(ConnectorError::Permanent("the intent is for another action".to_owned()));
    }
    let _held = lock::acquire(root, &LockTargets::of(action), Duration::from_secs(config.lock_wait_seconds.into()))?;
    let (tree, inventory) = look.about(&action.grant)?;
    let sighting = observe::seen(look, &TargetQuery::about(action), &tree, &inventory);
    match (&sighting.grant, &sighting.access) {
        (Some(grant), _) if grant.digest() == action.precondition => {}
        // An earlier action of the run took a part of it: the rules of a group before its members.
        (Some(grant), _) if grant.only_lost_paths(&action.grant) => {}
        // An earlier attempt was interrupted after the essential change: the remaining edits are made.
        _ if half_done::has_edits_left(action, &tree, &inventory) => {}
        (_, Ok(left)) if left.paths.is_empty() => {}
        (Some(_), _) if action.expects.is_shown_by(sighting.grant.as_ref()) => {}
        (Some(_), _) => return Err(drifted("it has changed since it was reviewed")),
        (None, Err(reason)) => return Err(ConnectorError::Transient(reason.clone())),
        (None, Ok(_)) => {
            return Err(drifted("it was removed, but its holder has the access by another path"));
        }
    }
    let Some(succession) = action.operations.iter().find(|operation| operation.call == SUCCEED_KEY) else {
        let changed = edit(root, action, &tree, &action.operations)?;
        return Ok(receipt(&changed, None));
    };
    rotate(look, action, succession, &tree, sink)
}

/// The new key is added and read back; only then the old key is removed.
fn rotate(
    look: HostLook<'_>,
    action: &Action<Planned>,
    succession: &Operation,
    tree: &HostSnapshot,
    sink: &dyn SecretSink,
) -> Result<ApplyReceipt, ConnectorError> {
    let root = look.root;
    let mut work = PendingWrites::on(tree);
    let successor = succeed(&mut work, succession, &action.id, sink)?;
    let mut changed = write(root, tree, work)?;
    let file = parameter(succession, "file")?;
    let (after, _) = look.about(&action.grant).map_err(|error| half_done(&changed, file, &error))?;
    let proven = after.files.get(file).map(|content| authorized_keys::read(&content.bytes).keys).unwrap_or_default();
    if !proven.iter().any(|key| key.fingerprint == successor.fingerprint) {
        return Err(ConnectorError::Ambiguous(format!(
            "{file} does not contain the new key; the old one was not removed"
        )));
    }
    let rest: Vec<Operation> =
        action.operations.iter().filter(|operation| operation.call != SUCCEED_KEY).cloned().collect();
    changed.extend(edit(root, action, &after, &rest).map_err(|error| half_done(&changed, file, &error))?);
    let mut receipt = receipt(&changed, successor.deposited.clone());
    let account = parameter(succession, "account")?;
    receipt.successor = Some(key(&["key", account, &successor.fingerprint])?);
    let ReplacementKey { fingerprint, .. } = successor;
    receipt.text = format!("{}; replaced by {fingerprint}", receipt.text);
    Ok(receipt)
}

/// Applies the operations and returns the changed files.
fn edit(
    root: &RootDir,
    action: &ActionSpec,
    tree: &HostSnapshot,
    operations: &[Operation],
) -> Result<Vec<String>, ConnectorError> {
    let mut work = PendingWrites::on(tree);
    for operation in operations {
        work.apply(operation)?;
    }
    collateral::check(root, action, tree, &work)?;
    write(root, tree, work)
}

fn write(root: &RootDir, tree: &HostSnapshot, work: PendingWrites<'_>) -> Result<Vec<String>, ConnectorError> {
    let changed = work.into_changed();
    let old = |path: &str| tree.files.get(path).ok_or_else(|| ConnectorError::NotFound(path.to_owned()));
    for (path, new) in &changed {
        check(root, path, old(path)?)?;
        if tree.sudoers.files.iter().any(|(known, _)| known == path) {
            valid_sudoers(path, &old(path)?.bytes, new)?;
        }
    }
    let mut done: Vec<String> = Vec::new();
    for (path, new) in &changed {
        replace(root, path, old(path)?, new).map_err(|error| half_done(&done, path, &error))?;
        done.push(path.clone());
    }
    Ok(done)
}

/// Returns the error of a write after the first file was written: the effect is ambiguous.
fn half_done(done: &[String], path: &str, error: &ConnectorError) -> ConnectorError {
    if done.is_empty() {
        return error.clone();
    }
    ConnectorError::Ambiguous(format!("{} written, {path} not: {error}", done.join(", ")))
}

/// Rejects a file that sudo would reject, with visudo if available, and always with the built-in parser.
fn valid_sudoers(path: &str, old: &[u8], new: &[u8]) -> Result<(), ConnectorError> {
    let Some(visudo) = VISUDO.iter().map(Path::new).find(|path| path.exists()) else { return Ok(()) };
    if rejected(visudo, new)?.is_none() {
        return Ok(());
    }
    let included = if path == SUDOERS { "" } else { " (an included file)" };
    Err(ConnectorError::Permanent(match rejected(visudo, old)? {
        Some(line) => {
            let place = line.map(|line| format!("line {line} of ")).unwrap_or_default();
            format!(
                "{place}{path}{included} has an error that was there before, and visudo rejects the file; no change was made; correct it with `visudo -f {path}`, then run `tenure enforce` again"
            )
        }
        None => format!("visudo rejects the new content of {path}{included}; no change was made"),
    }))
}

/// Returns whether visudo rejects a content, and the first line that it names.
fn rejected(visudo: &Path, new: &[u8]) -> Result<Option<Option<usize>>, ConnectorError> {
    // Checked alone: included files belong to this tree, not to the machine that visudo runs on.
    let mut alone = new.to_vec();
    let mut defined = BTreeSet::new();
    for statement in sudoers::parse(new) {
        // sudo keeps the first definition of an alias, and visudo rejects the second one.
        let repeated = match &statement.kind {
            StatementKind::Aliases(all) => {
                !all.iter().fold(false, |new, (kind, name, _)| new | defined.insert((*kind, name.clone())))
            }
            _ => false,
        };
        if repeated {
            // A continued line is one comment.
            let text = &mut alone[statement.range.clone()];
            text.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'#');
        }
        if matches!(statement.kind, StatementKind::Include { .. })
            && let Some(first) = new[statement.range.clone()].iter().position(|b| matches!(b, b'@' | b'#'))
        {
            // `# nclude…` is a comment, and keeps the line numbers.
            alone[statement.range.start + first] = b'#';
            alone[statement.range.start + first + 1] = b' ';
        }
    }
    let failed = |error: std::io::Error| ConnectorError::Transient(format!("visudo cannot be run: {error}"));
    let mut child = Command::new(visudo)
        .args(["-c", "-f", "-"])
        .env_clear()
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // A checker that stops reading has found an error, which its status shows.
        let _ = input.write_all(&alone);
    }
    let out = child.wait_with_output().map_err(failed)?;
    // `stdin:LINE:COLUMN: syntax error`, with the line itself after it, which is not repeated.
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("stdin:")?.split(':').next()?.parse().ok());
    Ok((!out.status.success()).then_some(line))
}

fn receipt(changed: &[String], deposited: Option<String>) -> ApplyReceipt {
    let text =
        if changed.is_empty() { "no change was needed".to_owned() } else { format!("replaced {}", changed.join(", ")) };
    ApplyReceipt { text, already: changed.is_empty(), successor: None, deposited }
}

fn drifted(how: &str) -> ConnectorError {
    ConnectorError::PreconditionFailed(how.to_owned())
}

const VISUDO: [&str; 4] = ["/usr/sbin/visudo", "/sbin/visudo", "/usr/bin/visudo", "/usr/local/sbin/visudo"];
