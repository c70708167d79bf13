//! The identity of a machine.

use super::root_dir::RootDir;
use crate::{connector::ConnectorError, model::Digest};

/// Returns the identity of the machine below a root directory: the digest of its machine id (machine-id(5)), or of the
/// public host keys of sshd; `None` without both. The machine id itself is confidential, so only a digest is used.
pub(super) fn of(root: &RootDir) -> Result<Option<String>, ConnectorError> {
    if let Some(content) = root.read_if_there("/etc/machine-id")? {
        let text = String::from_utf8_lossy(&content.bytes);
        let id = text.trim();
        // A system that has not been started yet has an empty file, or `uninitialized`.
        if id.len() == MACHINE_ID && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Some(format!("machine-id:{}", short(id.as_bytes()))));
        }
    }
    let mut keys = Vec::new();
    for name in root.names("/etc/ssh")?.unwrap_or_default() {
        if name.starts_with("ssh_host_") && name.ends_with("_key.pub") {
            let content = root.read_if_there(&format!("/etc/ssh/{name}"))?;
            keys.extend(content.map(|content| content.bytes.to_vec()).unwrap_or_default());
        }
    }
    Ok((!keys.is_empty()).then(|| format!("host-keys:{}", short(&keys))))
}

fn short(bytes: &[u8]) -> String {
    Digest::of(bytes).hex()[..32].to_owned()
}

const MACHINE_ID: usize = 32;
