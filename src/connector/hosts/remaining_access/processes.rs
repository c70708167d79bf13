//! Processes that keep access that the files do not give any more.

use super::{AccessFindings, AccessReader, gid_of, uid_of};
use crate::connector::ConnectorError;

impl AccessReader<'_> {
    /// Processes that still have a group which their account has left.
    pub(super) fn processes_with_group(&self, found: &mut AccessFindings) {
        let grant = self.query.grant;
        let (Some(gid), Some(uid)) = (gid_of(&grant.entitlement.id), uid_of(&grant.principal.id)) else { return };
        if self.subjects().iter().any(|subject| subject.gids.contains(&gid)) {
            return;
        }
        let has = |status: &str| field(status, "Groups:").chain(field(status, "Gid:")).any(|one| one == gid);
        match self.processes(uid, has) {
            Ok(0) => {}
            Ok(count) => found.access.lingering.push(processes(count, &format!("uid {uid} with the group {gid}"))),
            Err(error) => {
                let text = format!("processes with the group {gid} cannot be counted");
                found.doubt("proc", text, &error.to_string(), grant.tier);
            }
        }
    }

    /// Processes of an account that allows no login any more.
    pub(super) fn processes_of_account(&self, found: &mut AccessFindings) {
        let grant = self.query.grant;
        let Some(uid) = uid_of(&grant.entitlement.id) else { return };
        // Processes of root are never those of one account.
        if uid == 0 {
            return;
        }
        match self.processes(uid, |_| true) {
            Ok(0) => {}
            Ok(count) => found.access.lingering.push(processes(count, &format!("uid:{uid}"))),
            Err(error) => {
                found.doubt("proc", format!("processes of uid:{uid} cannot be counted"), &error.to_string(), grant.tier)
            }
        }
    }

    /// Counts the processes of a uid, if the tree has a `/proc`.
    fn processes(&self, uid: u32, counts: impl Fn(&str) -> bool) -> Result<usize, ConnectorError> {
        let mut count = 0;
        for name in self.root.names("/proc")?.unwrap_or_default() {
            if !name.bytes().all(|b| b.is_ascii_digit()) {
                continue;
            }
            // A process may end between the listing and the read.
            let Ok(Some(status)) = self.root.read_moving(&format!("/proc/{name}/status")) else { continue };
            let status = String::from_utf8_lossy(&status);
            count += usize::from(field(&status, "Uid:").any(|one| one == uid) && counts(&status));
        }
        Ok(count)
    }
}

fn field<'a>(status: &'a str, name: &str) -> impl Iterator<Item = u32> + 'a {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().filter_map(|number| number.parse().ok())
}

fn processes(count: usize, of: &str) -> String {
    if count == 1 { format!("a process of {of}") } else { format!("{count} processes of {of}") }
}
