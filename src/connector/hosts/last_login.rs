//! Last use of accounts from lastlog(5) and wtmp(5), as far as they reach back.

use super::{grant_key::bound_account, root_dir::RootDir};
use crate::{
    connector::ConnectorError,
    model::{Grant, GrantKey, GrantKind, Timestamp, Usage},
};
use std::collections::BTreeMap;

/// Returns the last use of each grant, or the reason why it is unknown.
pub(super) fn of(root: &RootDir, grants: &[Grant]) -> Result<Vec<(GrantKey, Usage)>, ConnectorError> {
    let log = |path: &str| match root.read_moving(path) {
        // A file that is too large must not fail the whole collection.
        Err(ConnectorError::Permanent(_)) => Ok(None),
        answer => answer,
    };
    let lastlog = log("/var/log/lastlog")?;
    let wtmp = log("/var/log/wtmp")?.map(|bytes| WtmpLogins::read(&bytes));
    let each = |grant: &Grant| {
        let usage = match grant.kind {
            GrantKind::Account => account(grant, lastlog.as_deref(), wtmp.as_ref()),
            GrantKind::Credential => Usage::Unknown("the system does not record the last use of a key".into()),
            GrantKind::Rule => Usage::Unknown("sudo does not record the last use of a rule".into()),
            _ => Usage::Unknown("the system does not record the use of a membership".into()),
        };
        (grant.key.clone(), usage)
    };
    Ok(grants.iter().map(each).collect())
}

fn account(grant: &Grant, lastlog: Option<&[u8]>, wtmp: Option<&WtmpLogins>) -> Usage {
    let bound = grant.key.as_str().strip_prefix("account:").and_then(bound_account);
    let Some((uid, name)) = bound else { return Usage::Unknown("the account has no uid".into()) };
    let by_lastlog = lastlog.and_then(|bytes| lastlog_of(bytes, uid));
    let by_wtmp = wtmp.and_then(|wtmp| wtmp.last.get(&name).copied());
    if let Some(last) = by_lastlog.max(by_wtmp) {
        return Usage::At(Timestamp::from_unix(last));
    }
    match wtmp.and_then(|wtmp| wtmp.since) {
        // lastlog has no expiry, but does not record its own start; wtmp does.
        Some(since) => Usage::NeverSince(Timestamp::from_unix(since)),
        None if lastlog.is_some() => Usage::Unknown("lastlog has no login and no start time; there is no wtmp".into()),
        None => Usage::Unknown("there is no readable lastlog or wtmp".into()),
    }
}

/// lastlog(5) is an array by uid of a 32-bit time, a line of 32 bytes and a host of 256.
fn lastlog_of(bytes: &[u8], uid: u32) -> Option<i64> {
    let start = usize::try_from(uid).ok()?.checked_mul(LASTLOG_SIZE)?;
    let time = u32::from_le_bytes(bytes.get(start..start.checked_add(4)?)?.try_into().ok()?);
    (time != 0).then(|| i64::from(time))
}

/// Logins of wtmp(5).
#[derive(Debug, Default)]
struct WtmpLogins {
    last: BTreeMap<String, i64>,
    since: Option<i64>,
}

impl WtmpLogins {
    fn read(bytes: &[u8]) -> Self {
        let mut wtmp = Self::default();
        for record in bytes.chunks_exact(WTMP_SIZE) {
            let number =
                |at: usize| record.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
            let time = i64::from(number(WTMP_TIME));
            if time == 0 {
                continue;
            }
            wtmp.since = Some(wtmp.since.map_or(time, |since| since.min(time)));
            if number(0) & 0xffff == USER_PROCESS {
                let name = record[WTMP_USER..WTMP_USER + 32].split(|b| *b == 0).next().unwrap_or_default();
                let last = wtmp.last.entry(super::grant_key::part(&String::from_utf8_lossy(name))).or_default();
                *last = time.max(*last);
            }
        }
        wtmp
    }
}

// The layout of glibc's <utmp.h> on 64-bit little-endian systems, with 32-bit times.
const LASTLOG_SIZE: usize = 292;
const WTMP_SIZE: usize = 384;
const WTMP_USER: usize = 44;
const WTMP_TIME: usize = 340;
const USER_PROCESS: u32 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_no_login_and_unknown_use_are_distinguished() {
        let mut lastlog = vec![0; LASTLOG_SIZE * 3];
        lastlog[LASTLOG_SIZE * 2..LASTLOG_SIZE * 2 + 4].copy_from_slice(&1_700_000_000_u32.to_le_bytes());
        assert_eq!(lastlog_of(&lastlog, 2), Some(1_700_000_000));
        assert_eq!(lastlog_of(&lastlog, 1), None);
        assert_eq!(lastlog_of(&lastlog, u32::MAX), None);
        let mut wtmp = vec![0; WTMP_SIZE * 2];
        wtmp[WTMP_TIME..WTMP_TIME + 4].copy_from_slice(&1_600_000_000_u32.to_le_bytes());
        wtmp[WTMP_SIZE] = 7;
        wtmp[WTMP_SIZE + WTMP_USER..WTMP_SIZE + WTMP_USER + 3].copy_from_slice(b"ana");
        wtmp[WTMP_SIZE + WTMP_TIME..WTMP_SIZE + WTMP_TIME + 4].copy_from_slice(&1_650_000_000_u32.to_le_bytes());
        let read = WtmpLogins::read(&wtmp);
        assert_eq!(read.last.get("ana"), Some(&1_650_000_000));
        assert_eq!(read.since, Some(1_600_000_000));
    }
}
