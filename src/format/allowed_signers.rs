//! Lines of an OpenSSH `allowed_signers` file, so that `ssh-keygen -Y verify` accepts the same signers as Tenure.

use super::ssh_keys::PublicKey;
use super::sshsig::SignatureNamespace;

/// Returns the line that allows `principal` to sign for `namespaces` with `key`, with its line feed.
///
/// Returns `None` without namespaces: OpenSSH accepts a line without `namespaces=` for every namespace. The name is
/// never a pattern, because a principal id contains no `*`, `?` or `!`.
pub fn line(principal: &str, namespaces: &[SignatureNamespace], key: &PublicKey) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if namespaces.is_empty() || principal.is_empty() || !principal.chars().all(plain) {
        return None;
    }
    let mut names: Vec<_> = namespaces.iter().map(|namespace| namespace.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    Some(format!("{principal} namespaces=\"{}\" {key}\n", names.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::ssh_keys::{PrivateKey, Signer as _};

    #[test]
    fn line_has_namespaces_and_no_pattern() {
        let key = PrivateKey::from_seed(&[3; 32]).public_key();
        let text = line("ana.ruiz", &[SignatureNamespace::Review, SignatureNamespace::Campaign], &key);
        let expected = format!("ana.ruiz namespaces=\"campaign.v1@tenure,review.v1@tenure\" {key}\n");
        assert_eq!(text, Some(expected));
        assert_eq!(line("ana.ruiz", &[], &key), None);
        for name in ["*", "a*", "a?", "!a", "a,b", "", "a b"] {
            assert_eq!(line(name, &[SignatureNamespace::Review], &key), None, "{name}");
        }
    }
}
