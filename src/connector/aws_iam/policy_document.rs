//! Analysis of policy documents: the extent of the permissions (from read-only to full administration), and a digest to
//! compare documents.

use crate::model::{Digest, Tier, jcs};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The power of a document. Conditions and denials are ignored: a possible permission counts as given.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum PolicyPower {
    /// All actions on all resources.
    Administrator,
    /// Enough to obtain all other rights: identities, policies and keys of others.
    ControlPlane,
    /// Whole services on all resources.
    Broad,
    /// Some actions on some resources.
    Narrow,
    /// Reading only.
    Reader,
}

impl PolicyPower {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::ControlPlane => "control-plane",
            Self::Broad => "broad",
            Self::Narrow => "narrow",
            Self::Reader => "reader",
        }
    }

    pub(super) const fn tier(self) -> Tier {
        match self {
            Self::Administrator | Self::ControlPlane => Tier::T0,
            Self::Broad => Tier::T1,
            Self::Narrow => Tier::T2,
            Self::Reader => Tier::T3,
        }
    }
}

/// A parsed policy document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct PolicyDocument {
    /// The digest of its canonical form: equal for documents that differ only in order or spelling.
    pub digest: Digest,
    /// Its power.
    pub power: PolicyPower,
}

impl PolicyDocument {
    /// Parses a document as returned by IAM: JSON, percent-encoded (RFC 3986); `None` when it is malformed.
    pub(super) fn read(encoded: &str) -> Option<Self> {
        let text = percent_decode_str(encoded).decode_utf8().ok()?;
        let Value::Object(document) = serde_json::from_str(&text).ok()? else { return None };
        let statements: Option<Vec<Map<String, Value>>> =
            list(document.get("Statement")?).into_iter().map(|s| s.as_object().map(canonical)).collect();
        let mut statements = statements?;
        let power = statements.iter().map(power).min().unwrap_or(PolicyPower::Reader);
        statements.sort_by_cached_key(|statement| jcs::to_string(statement).unwrap_or_default());
        // If a number has no canonical form (a fraction in a condition), the text itself is compared.
        let digest = jcs::digest(&statements).unwrap_or_else(|_| Digest::of(text.as_bytes()));
        Some(Self { digest, power })
    }
}

/// Returns a statement without its label, with sorted lists where IAM accepts one value or many, and actions in lower
/// case.
fn canonical(statement: &Map<String, Value>) -> Map<String, Value> {
    let mut canonical = Map::new();
    for (key, value) in statement.iter().filter(|(key, _)| *key != "Sid") {
        let value = match key.as_str() {
            "Action" | "NotAction" => strings(value, str::to_ascii_lowercase),
            "Resource" | "NotResource" => strings(value, str::to_owned),
            _ => value.clone(),
        };
        canonical.insert(key.clone(), value);
    }
    canonical
}

fn strings(value: &Value, spelling: fn(&str) -> String) -> Value {
    let mut texts: Vec<String> = list(value).into_iter().filter_map(Value::as_str).map(spelling).collect();
    texts.sort();
    texts.dedup();
    texts.into()
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        one => vec![one],
    }
}

fn texts<'a>(statement: &'a Map<String, Value>, key: &str) -> Option<Vec<&'a str>> {
    statement.get(key).map(|value| list(value).into_iter().filter_map(Value::as_str).collect())
}

/// Returns the power of one canonical statement.
fn power(statement: &Map<String, Value>) -> PolicyPower {
    if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
        return PolicyPower::Reader;
    }
    let everywhere = texts(statement, "NotResource").is_some()
        || texts(statement, "Resource").is_some_and(|resources| resources.iter().any(|r| is_everything(r)));
    if let Some(spared) = texts(statement, "NotAction") {
        let spares = |action: &str| spared.iter().any(|pattern| matches(pattern, action));
        return match (everywhere, SELF_RAISING.iter().all(|action| spares(action))) {
            (true, false) => PolicyPower::ControlPlane,
            (true, true) => PolicyPower::Broad,
            (false, false) => PolicyPower::ControlPlane,
            (false, true) => PolicyPower::Narrow,
        };
    }
    let actions = texts(statement, "Action").unwrap_or_default();
    let any = |test: fn(&str) -> bool| actions.iter().any(|action| test(action));
    if any(is_everything) || any(|action| is_everything(action.trim_start_matches("*:"))) {
        return if everywhere { PolicyPower::Administrator } else { PolicyPower::ControlPlane };
    }
    // Rights over identities are counted for any resource: a user, role or policy named there may be an administrator.
    if actions.iter().any(|pattern| SELF_RAISING.iter().any(|action| matches(pattern, action))) {
        return PolicyPower::ControlPlane;
    }
    if everywhere && any(|action| action.ends_with(":*")) {
        return PolicyPower::Broad;
    }
    if actions.iter().all(|action| reads(action)) { PolicyPower::Reader } else { PolicyPower::Narrow }
}

fn is_everything(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b == b'*')
}

fn reads(action: &str) -> bool {
    let verb = action.split_once(':').map_or("", |(_, verb)| verb);
    ["get", "list", "describe", "batchget", "head", "view", "search", "lookup"].iter().any(|r| verb.starts_with(r))
        // These actions read secrets or personal data.
        && !["secretsmanager:", "ssm:getparameter", "sts:"].iter().any(|secret| action.starts_with(secret))
}

/// Matches `*` and `?` as IAM does.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || Some(&byte) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|&byte| byte == b'*')
}

/// Actions by which a principal can extend its own rights or take over those of others.
const SELF_RAISING: &[&str] = &[
    "iam:addusertogroup",
    "iam:attachgrouppolicy",
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:createaccesskey",
    "iam:createloginprofile",
    "iam:createpolicyversion",
    "iam:deleteuserpermissionsboundary",
    "iam:deleterolepermissionsboundary",
    "iam:passrole",
    "iam:putgrouppolicy",
    "iam:putrolepolicy",
    "iam:putuserpolicy",
    "iam:setdefaultpolicyversion",
    "iam:updateassumerolepolicy",
    "iam:updateloginprofile",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> PolicyDocument {
        PolicyDocument::read(
            &percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string(),
        )
        .unwrap()
    }

    fn allow(action: &str, resource: &str) -> PolicyDocument {
        document(&format!(r#"{{"Statement":{{"Effect":"Allow","Action":{action},"Resource":{resource}}}}}"#))
    }

    #[test]
    fn power_is_that_of_the_strongest_statement() {
        for (action, resource, power) in [
            (r#""*""#, r#""*""#, PolicyPower::Administrator),
            (r#"["s3:Get*","*:*"]"#, r#"["*"]"#, PolicyPower::Administrator),
            (r#""iam:*""#, r#""*""#, PolicyPower::ControlPlane),
            (r#""IAM:PutUserPolicy""#, r#""arn:aws:iam::1:user/x""#, PolicyPower::ControlPlane),
            (r#""iam:P*""#, r#""*""#, PolicyPower::ControlPlane),
            (r#""s3:*""#, r#""*""#, PolicyPower::Broad),
            (r#""s3:*""#, r#""arn:aws:s3:::b/*""#, PolicyPower::Narrow),
            (r#"["s3:GetObject","s3:ListBucket"]"#, r#""*""#, PolicyPower::Reader),
            (r#""secretsmanager:GetSecretValue""#, r#""*""#, PolicyPower::Narrow),
        ] {
            assert_eq!(allow(action, resource).power, power, "{action} on {resource}");
        }
    }

    #[test]
    fn not_action_is_evaluated_by_its_complement() {
        let but = |spared: &str| {
            document(&format!(r#"{{"Statement":[{{"Effect":"Allow","NotAction":{spared},"Resource":"*"}}]}}"#)).power
        };
        assert_eq!(but(r#"["iam:*","organizations:*"]"#), PolicyPower::Broad);
        assert_eq!(but(r#""s3:*""#), PolicyPower::ControlPlane);
    }

    #[test]
    fn denial_gives_no_power() {
        let deny = document(r#"{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#);
        assert_eq!(deny.power, PolicyPower::Reader);
    }

    #[test]
    fn digest_ignores_order_and_spelling() {
        let one = document(
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"b"}]}"#,
        );
        let other =
            document(r#"{"Statement":{"Resource":["b"],"Action":["S3:putobject","s3:GetObject"],"Effect":"Allow"}}"#);
        assert_eq!(one.digest, other.digest);
        assert_ne!(one.digest, allow(r#""s3:GetObject""#, r#""b""#).digest);
    }

    #[test]
    fn malformed_document_is_rejected() {
        for text in ["", "%7B%7D", "[]", "%ff", "{\"Statement\":[1]}"] {
            assert_eq!(PolicyDocument::read(text), None, "{text}");
        }
    }
}
