//! Sample host of the demo: a folder with the account files of a Debian server after some years of use.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

/// Writes the files of the host below `root`. `old_key` and `new_key` are the public key lines of the deployment
/// account: one of a laptop whose owner left, one of the build server.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(root: &Path, old_key: &str, new_key: &str) -> io::Result<()> {
    let files: [(&str, u32, String); 8] = [
        ("etc/passwd", 0o644, PASSWD.to_owned()),
        ("etc/shadow", 0o640, SHADOW.to_owned()),
        ("etc/group", 0o644, GROUP.to_owned()),
        ("etc/gshadow", 0o640, GSHADOW.to_owned()),
        ("etc/sudoers", 0o440, SUDOERS.to_owned()),
        ("etc/sudoers.d/backup", 0o440, SUDOERS_BACKUP.to_owned()),
        ("etc/hostname", 0o644, "web-1\n".to_owned()),
        ("srv/deploy/.ssh/authorized_keys", 0o600, format!("{old_key} li@laptop\n{new_key} build@ci\n")),
    ];
    for (path, mode, text) in files {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// `svc_export` is a retired job; `svc_backup` has root through two paths; `li` has left.
const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
ben:x:1001:1001:Ben Okafor:/home/ben:/bin/bash
li:x:1002:1002:Li Chen:/home/li:/bin/bash
svc_export:x:1101:1101:nightly export:/srv/export:/bin/bash
svc_backup:x:1102:1102:backup agent:/srv/backup:/bin/bash
deploy:x:1103:1103:deployment:/srv/deploy:/bin/bash
";

/// All passwords are locked: `!` locks an account, and `*` never matches.
const SHADOW: &str = "\
root:!:20000:0:99999:7:::
daemon:*:20000:0:99999:7:::
ben:!:20000:0:99999:7:::
li:!:20000:0:99999:7:::
svc_export:!:20000:0:99999:7:::
svc_backup:!:20000:0:99999:7:::
deploy:!:20000:0:99999:7:::
";

const GROUP: &str = "\
root:x:0:
daemon:x:1:
sudo:x:27:ben,svc_export,svc_backup
docker:x:998:deploy,li
ben:x:1001:
li:x:1002:
svc_export:x:1101:
svc_backup:x:1102:
deploy:x:1103:
";

const GSHADOW: &str = "\
root:*::
daemon:*::
sudo:*::ben,svc_export,svc_backup
docker:!::deploy,li
ben:!::
li:!::
svc_export:!::
svc_backup:!::
deploy:!::
";

const SUDOERS: &str = "\
Defaults\tenv_reset
root\tALL=(ALL:ALL) ALL
%sudo\tALL=(ALL:ALL) ALL
@includedir /etc/sudoers.d
";

/// The forgotten second path to root.
const SUDOERS_BACKUP: &str = "\
# restore drill 2024, remove after the weekend
svc_backup ALL=NOPASSWD: ALL
";
