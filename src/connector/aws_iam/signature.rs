//! AWS Signature Version 4 of POST requests without a query
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use ring::{digest, hmac};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// An access key with its secret; it has no `Debug`.
#[derive(Clone)]
pub(super) struct AccessKeySecret {
    pub id: String,
    pub key: SecretString,
    pub token: Option<SecretString>,
}

/// The scope in which a signature is valid.
pub(super) struct SignatureScope<'a> {
    pub region: &'a str,
    pub service: &'a str,
    pub time: Timestamp,
}

/// Returns the headers to add to a request: the time, the session token if there is one, and the signature over these, the
/// given headers, the host and the body.
pub(super) fn sign(
    url: &Url,
    headers: &[(String, String)],
    body: &[u8],
    secret: &AccessKeySecret,
    scope: &SignatureScope<'_>,
) -> Vec<(String, String)> {
    let time = scope.time.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut added = vec![("x-amz-date".to_owned(), time.clone())];
    let token = secret.token.as_ref().map(|token| token.expose_secret().to_owned());
    added.extend(token.map(|token| ("x-amz-security-token".to_owned(), token)));

    let (signed, request) = canonical_request(url, headers.iter().chain(&added), body);
    let date = &time[..8];
    let scope_text = format!("{date}/{}/{}/aws4_request", scope.region, scope.service);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope_text}\n{}", sha256(request.as_bytes()));
    let first = Zeroizing::new(format!("AWS4{}", secret.key.expose_secret()));
    let key = [date, scope.region, scope.service, "aws4_request"]
        .iter()
        .fold(hmac::Key::new(hmac::HMAC_SHA256, first.as_bytes()), |key, part| {
            hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref())
        });
    let signature = hex(hmac::sign(&key, text.as_bytes()).as_ref());
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope_text}, SignedHeaders={signed}, Signature={signature}",
        secret.id
    );
    added.push(("authorization".to_owned(), authorization));
    added
}

/// Returns the names of the signed headers, and the canonical request.
fn canonical_request<'h>(
    url: &Url,
    headers: impl Iterator<Item = &'h (String, String)>,
    body: &[u8],
) -> (String, Zeroizing<String>) {
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let mut lines: Vec<(String, String)> = headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")))
        .chain([("host".to_owned(), host)])
        .collect();
    lines.sort();
    let names: Vec<&str> = lines.iter().map(|(name, _)| name.as_str()).collect();
    let signed = names.join(";");
    // The path is encoded a second time, as for all services except S3.
    let mut text = Zeroizing::new(format!("POST\n{}\n\n", utf8_percent_encode(url.path(), PATH)));
    for (name, value) in &lines {
        *text += &format!("{name}:{value}\n");
    }
    *text += &format!("\n{signed}\n{}", sha256(body));
    (signed, text)
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The characters that are percent-encoded: all except the unreserved ones of RFC 3986.
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: &AsciiSet = &RESERVED.remove(b'/');

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    type SuiteCase = (&'static str, &'static [(&'static str, &'static str)], &'static str, bool, &'static str);

    /// Signatures of the test suite that AWS publishes: <https://github.com/awslabs/aws-c-auth>, folder
    /// `tests/aws-signing-test-suite/v4`. Name, headers beside the host, body, whether with a session token, signature.
    const SUITE: [SuiteCase; 7] = [
        ("post-vanilla", &[], "", false, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "post-header-key-sort",
            &[("My-Header1", "value1")],
            "",
            false,
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
        (
            "post-header-value-case",
            &[("My-Header1", "VALUE1")],
            "",
            false,
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
        ),
        (
            "post-x-www-form-urlencoded",
            &[
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("Content-Length", "13"),
                ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
            ],
            "Param1=value1",
            false,
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
        ),
        (
            "post-x-www-form-urlencoded-parameters",
            &[
                ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("Content-Length", "13"),
                ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
            ],
            "Param1=value1",
            false,
            "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
        ),
        ("post-sts-header-before", &[], "", true, "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
        ("post-sts-header-after", &[], "", false, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ];

    #[test]
    fn signature_equals_those_of_the_aws_test_suite() {
        let url = Url::parse("https://example.amazonaws.com").unwrap();
        let time = "2015-08-30T12:36:00Z".parse().unwrap();
        let scope = SignatureScope { region: "us-east-1", service: "service", time };
        for (name, headers, body, session, expected) in SUITE {
            let secret = AccessKeySecret {
                id: "AKIDEXAMPLE".to_owned(),
                key: SecretString::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                token: session.then(|| SecretString::from(TOKEN)),
            };
            let headers: Vec<_> = headers.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            let added = sign(&url, &headers, body.as_bytes(), &secret, &scope);
            let (_, authorization) = added.last().unwrap();
            assert_eq!(authorization.rsplit('=').next(), Some(expected), "{name}: {authorization}");
        }
    }

    #[test]
    fn signature_covers_port_path_and_date() {
        let secret = AccessKeySecret { id: "ID".to_owned(), key: SecretString::from("key"), token: None };
        let signature = |url: &str, time: &str| {
            let scope = SignatureScope { region: "eu-west-1", service: "iam", time: time.parse().unwrap() };
            let added = sign(&Url::parse(url).unwrap(), &[], b"", &secret, &scope);
            added.last().unwrap().1.clone()
        };
        let time = "2026-10-01T00:00:00Z";
        let all = [
            signature("http://127.0.0.1/", time),
            signature("http://127.0.0.1:5000/", time),
            signature("http://127.0.0.1/a%20b", time),
            signature("http://127.0.0.1/", "2026-10-01T00:00:01Z"),
        ];
        assert!(all.iter().all(|one| all.iter().filter(|other| *other == one).count() == 1), "{all:#?}");
        assert!(all[0].starts_with(
            "AWS4-HMAC-SHA256 Credential=ID/20261001/eu-west-1/iam/aws4_request, SignedHeaders=host;x-amz-date, "
        ));
    }

    const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeo\
                         IYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5V\
                         SXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yj\
                         c8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
}
