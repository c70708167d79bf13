//! Parses authorized_keys in the format of sshd(8): options, key and comment, one key per line.

use super::account_files::lines;
use base64ct::{Base64, Base64Unpadded, Encoding};
use sha2::{Digest, Sha256};

/// A line with a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct AuthorizedKey {
    /// Its number, from 1.
    pub line: usize,
    /// The options before the key, in order; empty without options.
    pub options: Vec<String>,
    /// The type, as in `ssh-ed25519`.
    pub kind: String,
    /// The fingerprint as `ssh-keygen -l` prints it: `SHA256:` and unpadded base64.
    pub fingerprint: String,
    /// The length of an RSA key.
    pub bits: Option<usize>,
    /// The text after the key.
    pub comment: String,
}

/// The keys of one file, and the numbers of malformed lines.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct AuthorizedKeys {
    pub keys: Vec<AuthorizedKey>,
    pub unread: Vec<usize>,
}

/// Parses a file of keys.
pub(super) fn read(bytes: &[u8]) -> AuthorizedKeys {
    let mut found = AuthorizedKeys::default();
    for (index, range) in lines(bytes).into_iter().enumerate() {
        let line = bytes[range].trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        match std::str::from_utf8(line).ok().and_then(|text| key(text, index + 1)) {
            Some(key) => found.keys.push(key),
            None => found.unread.push(index + 1),
        }
    }
    found
}

/// Parses the options before a key; `None` when sshd would reject them.
pub(super) fn options(text: &str) -> Option<Vec<String>> {
    let (options, rest) = split_options(text)?;
    (rest.is_empty() && options.iter().all(|option| known(option))).then_some(options)
}

/// Returns the part of `line` after its options: type, key and comment.
pub(super) fn without_options(line: &str) -> Option<&str> {
    let line = line.trim_start_matches([' ', '\t']);
    if starts_with_type(line) { Some(line) } else { split_options(line).map(|(_, rest)| rest) }
}

/// Returns the name of an option, in lower case, as sshd compares it.
pub(super) fn option_name(option: &str) -> String {
    option.split('=').next().unwrap_or(option).to_ascii_lowercase()
}

/// Returns the fingerprint of a public key in wire format.
pub(super) fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", Base64Unpadded::encode_string(&Sha256::digest(blob)))
}

fn key(text: &str, line: usize) -> Option<AuthorizedKey> {
    let (options, rest) = if starts_with_type(text) { (Vec::new(), text) } else { split_options(text)? };
    let mut words = rest.splitn(3, [' ', '\t']).map(str::trim);
    let (kind, encoded) = (words.next()?, words.next()?);
    let blob = Base64::decode_vec(encoded).ok()?;
    let (inner, body) = string(&blob)?;
    if inner != kind.as_bytes() || !TYPES.contains(&kind) {
        return None;
    }
    let bits = (kind == "ssh-rsa").then(|| string(body).and_then(|(_, rest)| string(rest))).flatten().map(|(n, _)| {
        let digits = n.iter().skip_while(|b| **b == 0);
        digits.clone().count() * 8 - digits.clone().next().map_or(0, |b| b.leading_zeros() as usize)
    });
    Some(AuthorizedKey {
        line,
        options,
        kind: kind.to_owned(),
        fingerprint: fingerprint(&blob),
        bits,
        comment: words.next().unwrap_or("").trim().to_owned(),
    })
}

fn starts_with_type(text: &str) -> bool {
    text.split([' ', '\t']).next().is_some_and(|word| TYPES.contains(&word))
}

/// Splits options from the rest at the first blank outside quotes.
fn split_options(text: &str) -> Option<(Vec<String>, &str)> {
    let (mut options, mut option) = (Vec::new(), String::new());
    let (mut quoted, mut escaped) = (false, false);
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else {
            match c {
                '\\' if text[at + 1..].starts_with('"') => escaped = true,
                '"' => quoted = !quoted,
                ',' if !quoted => {
                    options.push(std::mem::take(&mut option));
                    continue;
                }
                ' ' | '\t' if !quoted => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        option.push(c);
    }
    options.push(option);
    let fine = !quoted && options.iter().all(|option| !option.is_empty());
    fine.then(|| (options, text[end..].trim_start_matches([' ', '\t'])))
}

fn known(option: &str) -> bool {
    let name = option_name(option);
    let value = option.split_once('=').map(|(_, value)| value);
    let quoted = value.is_some_and(|v| v.len() >= 2 && v.starts_with('"') && v.ends_with('"'));
    let clean = !option.chars().any(char::is_control);
    clean
        && if WITH_VALUE.contains(&name.as_str()) { quoted } else { value.is_none() && FLAGS.contains(&name.as_str()) }
}

/// Returns a string of the SSH wire format (RFC 4251 section 5), and the remaining bytes.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

const TYPES: [&str; 15] = [
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "sk-ssh-ed25519@openssh.com",
    "ssh-dss",
    "ssh-dss-cert-v01@openssh.com",
    "ssh-ed25519",
    "ssh-ed25519-cert-v01@openssh.com",
    "ssh-rsa",
    "ssh-rsa-cert-v01@openssh.com",
    "ssh-xmss@openssh.com",
];

const WITH_VALUE: [&str; 8] =
    ["command", "environment", "expiry-time", "from", "permitlisten", "permitopen", "principals", "tunnel"];

const FLAGS: [&str; 15] = [
    "agent-forwarding",
    "cert-authority",
    "no-agent-forwarding",
    "no-port-forwarding",
    "no-pty",
    "no-touch-required",
    "no-user-rc",
    "no-x11-forwarding",
    "port-forwarding",
    "pty",
    "restrict",
    "touch-required",
    "user-rc",
    "verify-required",
    "x11-forwarding",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BLOB: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

    proptest! {
        #[test]
        fn parser_does_not_panic(text in "([a-z=\", \\\\\t]|ssh-ed25519 |AAAAC3NzaC1lZDI1NTE5|\n|é){0,40}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (read(text.as_bytes()), options(&text), without_options(&text), read(&bytes));
        }
    }

    #[test]
    fn options_keys_and_comments_are_separated() {
        let line = format!("from=\"10.0.0.0/8,!10.1.*\",command=\"echo \\\"a b\\\"\",no-pty ssh-ed25519 {BLOB} a b@c");
        let found = read(format!("# note\n\n{line}\nssh-ed25519 {BLOB}\nssh-rsa {BLOB}\nnot a key\n").as_bytes());
        assert_eq!(found.unread, [5, 6]);
        assert_eq!(found.keys[0].options, ["from=\"10.0.0.0/8,!10.1.*\"", "command=\"echo \\\"a b\\\"\"", "no-pty"]);
        assert_eq!(found.keys[0].comment, "a b@c");
        assert_eq!(found.keys[1].fingerprint, found.keys[0].fingerprint);
        assert_eq!(without_options(&line), Some(&line[line.find("ssh-").unwrap()..]));
    }

    #[test]
    fn options_that_sshd_rejects_are_rejected() {
        assert!(options("restrict,command=\"/usr/bin/backup\",from=\"10.0.0.1\"").is_some());
        for text in
            ["", "from=10.0.0.1", "command", "no-pty,", "unheard-of", "restrict ssh-rsa AAAA", "command=\"a\nb\""]
        {
            assert!(options(text).is_none(), "{text}");
        }
    }
}
