//! A git remote over SSH: a private OpenSSH server for the user who runs the tests.

use super::sandbox::{Sandbox, succeed};
use super::servers::{Server, free_port, program};
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A running `sshd` that accepts one key; stopped when dropped.
pub struct GitSsh {
    server: Server,
    port: u16,
    folder: PathBuf,
    user: String,
}

impl GitSsh {
    /// Serves all repositories that the user can access; the keys of both sides are in the folder `sshd` of the
    /// sandbox.
    pub fn serve(sandbox: &Sandbox) -> Self {
        let folder = sandbox.join("sshd");
        fs::DirBuilder::new().mode(0o700).create(&folder).expect("a folder in the sandbox can be made");
        for key in ["host", "person"] {
            let mut keygen = sandbox.command(program("ssh-keygen"), &folder);
            succeed(keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", key, "-f", key]));
        }
        fs::copy(folder.join("person.pub"), folder.join("authorized_keys")).expect("a key can be copied");
        let port = free_port();
        fs::write(folder.join("config"), config(&folder, port)).expect("a file in the sandbox can be written");
        let host = fs::read_to_string(folder.join("host.pub")).expect("the key was just made");
        fs::write(folder.join("known_hosts"), format!("[127.0.0.1]:{port} {host}")).expect("and can be written");
        if rustix::process::geteuid().is_root() {
            // Debian creates it when the service starts, which does not happen here.
            fs::create_dir_all("/run/sshd").expect("root can make sshd's own empty folder");
        }
        let mut command = sandbox.command(program("sshd"), sandbox.path());
        command.args(["-D", "-e", "-f"]).arg(folder.join("config"));
        let server = Server::start("sshd", &mut command, &sandbox.join("sshd.log")).wait_for_port(port);
        Self { server, port, folder, user: succeed(Command::new("id").arg("-un")) }
    }

    /// Returns the address of a repository by its full path.
    pub fn url(&self, repository: &Path) -> String {
        format!("ssh://{}@127.0.0.1:{}{}", self.user, self.port, repository.display())
    }

    /// Returns the value of `GIT_SSH_COMMAND` that logs in with the key and trusts the host.
    pub fn command(&self) -> String {
        let folder = self.folder.display();
        format!(
            "ssh -F /dev/null -i {folder}/person -o IdentitiesOnly=yes -o BatchMode=yes \
             -o UserKnownHostsFile={folder}/known_hosts -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes"
        )
    }

    /// Rejects all new logins; existing connections remain.
    pub fn forget_all_keys(&self) {
        fs::write(self.folder.join("authorized_keys"), "").expect("a file in the sandbox can be written");
    }

    /// Returns the output of the server.
    pub fn output(&self) -> String {
        self.server.output()
    }
}

/// Returns the complete configuration of the server: one key, no password, none of the user's own git settings.
fn config(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "ListenAddress 127.0.0.1:{port}\n\
         HostKey {folder}/host\n\
         PidFile none\n\
         AuthorizedKeysFile {folder}/authorized_keys\n\
         AuthenticationMethods publickey\n\
         PasswordAuthentication no\n\
         KbdInteractiveAuthentication no\n\
         PermitRootLogin prohibit-password\n\
         StrictModes no\n\
         UsePAM no\n\
         AcceptEnv GIT_PROTOCOL\n\
         SetEnv GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1\n\
         LogLevel VERBOSE\n"
    )
}
