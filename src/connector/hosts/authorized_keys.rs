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
        match key(line, index + 1) {
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

/// Returns the options of a line, and the part after them: type, key and comment. A comment may have any encoding.
pub(super) fn split(line: &[u8]) -> Option<(&str, &[u8])> {
    let line = trim_start(line);
    if starts_with_type(line) {
        return Some(("", line));
    }
    let end = end_of_options(line)?;
    Some((std::str::from_utf8(&line[..end]).ok()?, trim_start(&line[end..])))
}

/// Returns the name of an option, in lower case, as sshd compares it.
pub(super) fn option_name(option: &str) -> String {
    option.split('=').next().unwrap_or(option).to_ascii_lowercase()
}

/// Returns the fingerprint of a public key in wire format.
pub(super) fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", Base64Unpadded::encode_string(&Sha256::digest(blob)))
}

fn key(text: &[u8], line: usize) -> Option<AuthorizedKey> {
    // The C strings of sshd end at a NUL.
    let text = text.split(|b| *b == 0).next().unwrap_or_default();
    let (before, rest) = split(text)?;
    let options = if before.is_empty() { Vec::new() } else { split_options(before)?.0 };
    let (kind, rest) = word(rest);
    let (encoded, comment) = word(rest);
    let (kind, encoded) = (std::str::from_utf8(kind).ok()?, std::str::from_utf8(encoded).ok()?);
    let blob = Base64::decode_vec(encoded).ok()?;
    let (inner, body) = string(&blob)?;
    let signed_with = SIGNATURES.contains(&kind).then_some("ssh-rsa");
    let kind = signed_with.unwrap_or(kind);
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
        comment: decoded(comment).trim().to_owned(),
    })
}

/// Returns the first word of a text, and the text after the blanks that follow it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|b| is_blank(*b)).unwrap_or(text.len());
    (&text[..end], trim_start(&text[end..]))
}

/// Returns a text in UTF-8, or else in Latin-1, in which every byte is a character.
fn decoded(text: &[u8]) -> String {
    std::str::from_utf8(text).map_or_else(|_| text.iter().copied().map(char::from).collect(), str::to_owned)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn trim_start(text: &[u8]) -> &[u8] {
    &text[text.iter().position(|b| !is_blank(*b)).unwrap_or(text.len())..]
}

fn starts_with_type(text: &[u8]) -> bool {
    std::str::from_utf8(word(text).0).is_ok_and(|word| TYPES.contains(&word) || SIGNATURES.contains(&word))
}

/// Returns the position of the first blank outside quotes.
fn end_of_options(text: &[u8]) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text.get(at + 1) == Some(&b'"') => escaped = true,
            b'"' => quoted = !quoted,
            b' ' | b'\t' if !quoted => return Some(at),
            _ => {}
        }
    }
    (!quoted).then_some(text.len())
}

/// Splits options from the rest at the first blank outside quotes.
fn split_options(text: &str) -> Option<(Vec<String>, &str)> {
    let end = end_of_options(text.as_bytes())?;
    let (mut options, mut option) = (Vec::new(), String::new());
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text[..end].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if text[at + 1..].starts_with('"') => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                options.push(std::mem::take(&mut option));
                continue;
            }
            _ => {}
        }
        option.push(c);
    }
    options.push(option);
    let fine = options.iter().all(|option| !option.is_empty());
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

/// Names of signatures that sshd also accepts as the type of an RSA key.
const SIGNATURES: [&str; 2] = ["rsa-sha2-256", "rsa-sha2-512"];

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
            let _ = (read(text.as_bytes()), options(&text), split(text.as_bytes()), read(&bytes), split(&bytes));
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
        let (options, rest) = line.split_at(line.find("ssh-").unwrap());
        assert_eq!(split(line.as_bytes()), Some((options.trim_end(), rest.as_bytes())));
    }

    /// Cases k11 and k12, and line ends of Windows.
    #[test]
    fn lines_that_sshd_accepts_are_read() {
        let lines = [
            format!("ssh-ed25519  {BLOB} a\n"),
            format!("\tssh-ed25519 \t {BLOB}\ta\n"),
            format!("no-pty\t ssh-ed25519\t{BLOB} a\r\n"),
            format!("ssh-ed25519 {BLOB}\r\n"),
            format!("ssh-ed25519 {BLOB}\0 rest\n"),
        ];
        let mut file: Vec<u8> = lines.concat().into_bytes();
        file.extend_from_slice(format!("no-pty ssh-ed25519 {BLOB} Andr").as_bytes());
        file.extend_from_slice(b"\xe9\n");
        let found = read(&file);
        assert_eq!((found.keys.len(), &found.unread), (6, &vec![]), "{found:?}");
        let comments: Vec<_> = found.keys.iter().map(|key| key.comment.as_str()).collect();
        assert_eq!(comments, ["a", "a", "a", "", "", "Andr\u{e9}"]);
        assert!(found.keys.iter().all(|key| key.fingerprint == found.keys[0].fingerprint));
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
