//! Types of the replies of the Query API (IAM API version 2010-05-08, STS 2011-06-15).

use secrecy::SecretString;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de::DeserializeOwned};
use std::fmt;
use std::marker::PhantomData;

/// Parses `<ActionResponse><ActionResult>…</ActionResult>…</ActionResponse>`: exactly that action, exactly one result.
/// Parser errors are dropped, because they contain text of the target.
pub(super) fn result<T: DeserializeOwned>(action: &str, body: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(body).ok()?;
    is_answer_to(action, text).then_some(())?;
    quick_xml::de::from_str::<ResponseEnvelope<T>>(text).ok().map(|envelope| envelope.0)
}

/// Returns whether the reply belongs to this action, for calls without a result.
pub(super) fn acknowledges(action: &str, body: &[u8]) -> bool {
    let text = std::str::from_utf8(body).ok();
    text.is_some_and(|text| is_answer_to(action, text) && quick_xml::de::from_str::<IgnoredAny>(text).is_ok())
}

/// Returns the code of `<ErrorResponse><Error><Code>…`; `<Error>` may be enclosed in the `<Errors>` of other services.
pub(super) fn error_code(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct ErrorEnvelope {
        error: Option<ErrorDetail>,
        errors: Option<ErrorList>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct ErrorList {
        error: ErrorDetail,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct ErrorDetail {
        code: String,
    }
    let text = std::str::from_utf8(body).ok()?;
    root(text).filter(|name| name == "ErrorResponse")?;
    let response: ErrorEnvelope = quick_xml::de::from_str(text).ok()?;
    response.error.or(response.errors.map(|errors| errors.error)).map(|failure| failure.code)
}

fn is_answer_to(action: &str, text: &str) -> bool {
    root(text).and_then(|name| name.strip_suffix("Response").map(|name| name == action)).unwrap_or(false)
}

fn root(text: &str) -> Option<String> {
    let mut reader = quick_xml::Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            quick_xml::events::Event::Start(start) => {
                return String::from_utf8(start.local_name().as_ref().to_vec()).ok();
            }
            quick_xml::events::Event::Decl(_) | quick_xml::events::Event::Text(_) => {}
            // A document type could define entities; replies of AWS have none.
            _ => return None,
        }
    }
}

struct ResponseEnvelope<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ResponseEnvelope<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ResultVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ResultVisitor<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one result")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut parts: M) -> Result<T, M::Error> {
                let mut result = None;
                while let Some(name) = parts.next_key::<String>()? {
                    if !name.ends_with("Result") {
                        parts.next_value::<IgnoredAny>()?;
                    } else if result.replace(parts.next_value()?).is_some() {
                        return Err(M::Error::custom("two results"));
                    }
                }
                result.ok_or_else(|| M::Error::custom("no result"))
            }
        }
        deserializer.deserialize_map(ResultVisitor(PhantomData)).map(Self)
    }
}

/// A list: `<member>` elements.
#[derive(Deserialize)]
pub(super) struct MemberList<T> {
    #[serde(default = "Vec::new")]
    member: Vec<T>,
}

impl<T> MemberList<T> {
    pub(super) fn into_vec(self) -> Vec<T> {
        self.member
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.member.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.member.len()
    }
}

/// One page of a listing.
pub(super) trait ListPage: DeserializeOwned {
    type Entry;
    /// Returns the entries, whether there are more, and the next marker.
    fn parts(self) -> (Vec<Self::Entry>, Option<bool>, Option<String>);
}

macro_rules! listings {
    ($($name:ident, $element:literal, $entry:ty;)*) => {$(
        #[derive(Deserialize)]
        pub(super) struct $name {
            #[serde(rename = $element)]
            entries: MemberList<$entry>,
            #[serde(rename = "IsTruncated")]
            is_truncated: Option<bool>,
            #[serde(rename = "Marker")]
            marker: Option<String>,
        }

        impl ListPage for $name {
            type Entry = $entry;
            fn parts(self) -> (Vec<$entry>, Option<bool>, Option<String>) {
                (self.entries.into_vec(), self.is_truncated, self.marker)
            }
        }
    )*};
}

listings! {
    AccessKeys, "AccessKeyMetadata", AccessKey;
    AttachedPolicies, "AttachedPolicies", AttachedPolicy;
    Certificates, "Certificates", SigningCertificate;
    Groups, "Groups", IamGroup;
    MfaDevices, "MFADevices", MfaDevice;
    PolicyNames, "PolicyNames", String;
    SshPublicKeys, "SSHPublicKeys", SshPublicKey;
    Users, "Users", IamUser;
}

/// A user.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IamUser {
    pub user_name: String,
    pub user_id: String,
    pub create_date: String,
    pub password_last_used: Option<String>,
}

/// The result of `GetUser`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetUser {
    pub user: IamUser,
}

/// A group.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IamGroup {
    pub group_name: String,
    pub group_id: String,
}

/// One page of `GetGroup`: the group, and some of its members.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetGroup {
    pub group: IamGroup,
    users: MemberList<IamUser>,
    is_truncated: Option<bool>,
    marker: Option<String>,
}

impl ListPage for GetGroup {
    type Entry = (IamGroup, Option<IamUser>);
    /// The group itself is the first entry of each page, without a member.
    fn parts(self) -> (Vec<Self::Entry>, Option<bool>, Option<String>) {
        let group = self.group;
        let members = self.users.into_vec().into_iter().map(|user| (group.clone(), Some(user)));
        let entries = std::iter::once((group.clone(), None)).chain(members).collect();
        (entries, self.is_truncated, self.marker)
    }
}

/// An access key without its secret.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AccessKey {
    pub access_key_id: String,
    pub status: String,
    pub create_date: String,
}

/// The result of `CreateAccessKey`: the only call that returns the secret.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateAccessKey {
    pub access_key: NewAccessKey,
}

/// A new access key with its secret; it has no `Debug`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewAccessKey {
    pub access_key_id: String,
    pub user_name: String,
    #[serde(deserialize_with = "secret")]
    pub secret_access_key: SecretString,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// The result of `GetAccessKeyLastUsed`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetAccessKeyLastUsed {
    pub access_key_last_used: LastUsed,
}

/// The last use of a key; a key that was never used has no date.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LastUsed {
    pub last_used_date: Option<String>,
    pub service_name: Option<String>,
}

/// The result of `GetLoginProfile`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetLoginProfile {
    pub login_profile: LoginProfile,
}

/// A console password.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LoginProfile {
    pub create_date: String,
}

/// A multi-factor authentication device.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MfaDevice {
    pub serial_number: String,
}

/// A signing certificate.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SigningCertificate {
    pub certificate_id: String,
    pub status: String,
}

/// An SSH public key.
#[derive(Deserialize)]
pub(super) struct SshPublicKey {
    #[serde(rename = "SSHPublicKeyId")]
    pub id: String,
    #[serde(rename = "Status")]
    pub status: String,
}

/// The result of `ListServiceSpecificCredentials`; only its newer form has pages.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceSpecificCredentials {
    service_specific_credentials: MemberList<ServiceSpecificCredential>,
    is_truncated: Option<bool>,
    marker: Option<String>,
}

impl ListPage for ServiceSpecificCredentials {
    type Entry = ServiceSpecificCredential;
    fn parts(self) -> (Vec<Self::Entry>, Option<bool>, Option<String>) {
        (self.service_specific_credentials.into_vec(), self.is_truncated, self.marker)
    }
}

/// A credential for one service.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceSpecificCredential {
    pub service_specific_credential_id: String,
    pub status: String,
    pub service_name: String,
}

/// A managed policy in the list of its holder.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttachedPolicy {
    pub policy_name: String,
    pub policy_arn: String,
}

/// The result of `GetPolicy`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetPolicy {
    pub policy: ManagedPolicy,
}

/// A managed policy.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ManagedPolicy {
    pub policy_id: String,
    pub policy_name: String,
    pub arn: String,
    pub default_version_id: String,
}

/// The result of `GetPolicyVersion`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetPolicyVersion {
    pub policy_version: PolicyVersion,
}

/// A version of a managed policy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyVersion {
    pub document: String,
}

/// The result of `GetUserPolicy` and `GetGroupPolicy`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InlinePolicy {
    pub policy_document: String,
}

/// One page of `GetAccountAuthorizationDetails`: a part of the requested objects.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AuthorizationDetails {
    user_detail_list: Option<MemberList<UserDetail>>,
    group_detail_list: Option<MemberList<GroupDetail>>,
    policies: Option<MemberList<PolicyDetail>>,
    is_truncated: Option<bool>,
    marker: Option<String>,
}

/// An object in `GetAccountAuthorizationDetails`.
pub(super) enum AuthorizationDetail {
    Group(GroupDetail),
    Policy(PolicyDetail),
    User(UserDetail),
}

impl ListPage for AuthorizationDetails {
    type Entry = AuthorizationDetail;
    fn parts(self) -> (Vec<AuthorizationDetail>, Option<bool>, Option<String>) {
        fn all<T>(
            members: Option<MemberList<T>>,
            entry: fn(T) -> AuthorizationDetail,
        ) -> impl Iterator<Item = AuthorizationDetail> {
            members.map(MemberList::into_vec).unwrap_or_default().into_iter().map(entry)
        }
        let entries = all(self.user_detail_list, AuthorizationDetail::User)
            .chain(all(self.group_detail_list, AuthorizationDetail::Group))
            .chain(all(self.policies, AuthorizationDetail::Policy));
        (entries.collect(), self.is_truncated, self.marker)
    }
}

/// A user with its groups and policies.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UserDetail {
    pub user_name: String,
    pub user_id: String,
    pub create_date: String,
    pub group_list: MemberList<String>,
    pub attached_managed_policies: MemberList<AttachedPolicy>,
    // AWS omits this list when it is empty.
    pub user_policy_list: Option<MemberList<InlineDetail>>,
}

/// A group with its policies.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GroupDetail {
    pub group_name: String,
    pub group_id: String,
    pub attached_managed_policies: MemberList<AttachedPolicy>,
    pub group_policy_list: MemberList<InlineDetail>,
}

/// An inline policy with its document.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InlineDetail {
    pub policy_name: String,
    pub policy_document: String,
}

/// A managed policy with its versions.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyDetail {
    /// AWS always sends it; the emulator does not.
    pub policy_id: Option<String>,
    pub arn: String,
    pub default_version_id: String,
    pub policy_version_list: MemberList<VersionDetail>,
}

/// A version of a managed policy with its document.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VersionDetail {
    pub version_id: String,
    pub document: String,
}

/// The result of `GetAccountSummary`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AccountSummary {
    summary_map: SummaryMap,
}

#[derive(Deserialize)]
struct SummaryMap {
    entry: Vec<SummaryEntry>,
}

#[derive(Deserialize)]
struct SummaryEntry {
    key: String,
    value: u64,
}

impl AccountSummary {
    pub(super) fn value(&self, key: &str) -> Option<u64> {
        self.summary_map.entry.iter().find(|entry| entry.key == key).map(|entry| entry.value)
    }
}

/// The result of `GetCallerIdentity`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CallerIdentity {
    pub account: String,
    pub arn: String,
    pub user_id: String,
}
