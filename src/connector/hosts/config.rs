//! Settings of a `hosts` system in its system file.

use crate::connector::{ConnectorSettings, InvalidSettingError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The `[settings]` of a `hosts` system.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostsConfig {
    /// The root directory of the system: `/`, or a tree such as a mounted image.
    pub root: PathBuf,
    /// Files that the system does not have. A missing file that is not listed fails the collection, and so does an
    /// existing file that is listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<OptionalFile>,
    /// Groups that are equivalent to root on this system, in addition to the well-known ones (docker, disk, sudo and
    /// others).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub admin_groups: Vec<String>,
    /// Groups with privileged access below root on this system, in addition to the well-known ones (adm and others).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub privileged_groups: Vec<String>,
    /// Shells that allow no login.
    #[serde(default = "closed_shells")]
    pub closed_shells: Vec<String>,
    /// The number of days for which an account stays disabled before it may be deleted; 0 deletes immediately.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub soak_days: u16,
    /// The number of seconds to wait for the lock of another tool.
    #[serde(default = "lock_wait_seconds")]
    pub lock_wait_seconds: u16,
}

/// A file that may be missing on a system.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OptionalFile {
    /// `/etc/gshadow`: group passwords are in `/etc/group`.
    Gshadow,
    /// `/etc/shadow`: passwords are in `/etc/passwd`.
    Shadow,
    /// `/etc/sudoers`: sudo is not installed.
    Sudoers,
}

impl ConnectorSettings for HostsConfig {
    const VARIABLES: &'static [&'static str] = &[];

    fn resolve_paths(&mut self, base: &Path) {
        self.root = base.join(&self.root);
    }

    fn validate(&self) -> Result<(), InvalidSettingError> {
        if self.root.as_os_str().is_empty() {
            let why = "`root` is empty; write `/`, or the folder of a mounted system".to_owned();
            return Err(InvalidSettingError { setting: "root", why });
        }
        Ok(())
    }
}

impl HostsConfig {
    /// Returns the default settings for the system below `root`.
    pub fn below(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            absent: Vec::new(),
            admin_groups: Vec::new(),
            privileged_groups: Vec::new(),
            closed_shells: closed_shells(),
            soak_days: 0,
            lock_wait_seconds: lock_wait_seconds(),
        }
    }

    /// Returns whether a shell allows login.
    pub(super) fn opens(&self, shell: &str) -> bool {
        !self.closed_shells.iter().any(|closed| closed == shell)
    }
}

fn closed_shells() -> Vec<String> {
    let shells =
        ["/bin/false", "/bin/sync", "/sbin/nologin", "/usr/bin/false", "/usr/bin/nologin", "/usr/sbin/nologin"];
    shells.map(str::to_owned).to_vec()
}

const fn lock_wait_seconds() -> u16 {
    15 // As lckpwdf(3).
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(days: &u16) -> bool {
    *days == 0
}

/// The name of the connector.
pub(super) const NAME: &str = "hosts";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_root_is_rejected() {
        assert!(HostsConfig::below("").validate().is_err_and(|error| error.why.starts_with("`root` is empty")));
        assert_eq!(HostsConfig::below("/").validate(), Ok(()));
    }
}
