//! Scans texts for secrets before they are pushed.

/// Checks a text before it is pushed, and returns the reason if it is not allowed.
pub type SecretScanner = Box<dyn Fn(&str) -> Result<(), String> + Send>;

/// Rejects texts that contain private keys, tokens of known vendors, or passwords in SQL or in URLs.
///
/// # Errors
/// The kind of secret, never the text.
pub fn no_secrets(text: &str) -> Result<(), String> {
    let found = |kind: &str| Err(format!("it appears to contain {kind}"));
    if let Some((_, kind)) = MARKS.iter().find(|(mark, _)| text.contains(mark)) {
        return found(kind);
    }
    if TOKENS.iter().any(|(prefix, length)| has_token(text, prefix, *length)) {
        return found("an access token");
    }
    if text.split("://").skip(1).any(has_password) {
        return found("a password in a URL");
    }
    let upper = text.to_ascii_uppercase();
    if ["PASSWORD '", "PASSWORD \\\"", "PASSWORD="].iter().any(|mark| has_value(&upper, mark)) {
        return found("a password");
    }
    Ok(())
}

fn has_token(text: &str, prefix: &str, length: usize) -> bool {
    text.match_indices(prefix).any(|(at, _)| {
        let rest = &text.as_bytes()[at + prefix.len()..];
        rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')).count()
            >= length
    })
}

fn has_password(rest: &str) -> bool {
    let authority = rest.split(['/', '"', ' ', '\\']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

/// Returns whether a value follows the mark. Placeholders such as `PASSWORD '<kept in the sink>'` are not values.
fn has_value(text: &str, mark: &str) -> bool {
    text.match_indices(mark).any(|(at, _)| {
        text[at + mark.len()..]
            .chars()
            .next()
            .is_some_and(|first| !matches!(first, '<' | '$' | '*' | '\'' | '"' | ' ' | '\\'))
    })
}

const MARKS: [(&str, &str); 2] = [("PRIVATE KEY-----", "a private key"), ("AGE-SECRET-KEY-1", "an age identity")];

/// Prefixes of tokens, and the minimum number of characters that follow.
const TOKENS: [(&str, usize); 9] = [
    ("eyJhbGci", 40),
    ("ghp_", 36),
    ("gho_", 36),
    ("ghs_", 36),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("sk_live_", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_rejected() {
        let filler = "a1".repeat(30);
        for text in [
            format!("token ghp_{filler} was used"),
            format!("bearer eyJhbGci{filler}"),
            "-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(),
            "connect postgres://app:hunter2@db/x failed".to_owned(),
            "ALTER ROLE x PASSWORD 'hunter2'".to_owned(),
        ] {
            let refused = no_secrets(&text).unwrap_err();
            assert!(!refused.contains("hunter2") && !refused.contains(&filler));
        }
    }

    #[test]
    fn ordinary_evidence_is_accepted() {
        for text in [
            "ALTER ROLE x PASSWORD '<from the sink>'",
            "ALTER ROLE x PASSWORD NULL",
            "REVOKE reporting_admin FROM svc_export",
            "https://db.example/x?y=1 answered 403",
            "ssh://git@example.com/r",
            "credential:AKIAIOSFODNN7EXAMPLE",
            "ghp_short",
        ] {
            assert_eq!(no_secrets(text), Ok(()), "{text}");
        }
    }
}
