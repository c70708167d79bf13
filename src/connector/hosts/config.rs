//! What a system file says about a `hosts` system.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The table of a system file that belongs to this connector.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostsConfig {
    /// The root directory of the system: `/`, or a tree such as a mounted image.
    pub root: PathBuf,
    /// Files this system is known not to have. A file that is missing and not named here makes the read fail; one that is
    /// named here and there makes it fail as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<OptionalFile>,
    /// Groups that are as good as root here, beside those known everywhere (docker, disk, sudo and the like).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub admin_groups: Vec<String>,
    /// Groups that give privileged, but not root's, access here, beside those known everywhere (adm and the like).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub privileged_groups: Vec<String>,
    /// Shells that let nobody in.
    #[serde(default = "closed_shells")]
    pub closed_shells: Vec<String>,
    /// Days an account stays disabled before it may be deleted; 0 deletes at once.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub soak_days: u16,
    /// Seconds to wait for another tool's lock before giving up.
    #[serde(default = "lock_wait_seconds")]
    pub lock_wait_seconds: u16,
}

/// A file that some systems do without.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OptionalFile {
    /// `/etc/gshadow`: group passwords stand in `/etc/group`.
    Gshadow,
    /// `/etc/shadow`: passwords stand in `/etc/passwd`.
    Shadow,
    /// `/etc/sudoers`: sudo is not installed.
    Sudoers,
}

impl HostsConfig {
    /// Returns the configuration for the system below `root` with every default.
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

    /// Returns whether a shell lets somebody in.
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
    15 // lckpwdf(3) waits as long.
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(days: &u16) -> bool {
    *days == 0
}
