//! Reads users, groups, policies and keys through the IAM API; every listing is read to its last page.

use super::api::IamApi;
use super::api_types::{
    AccessKey, AccessKeys, AttachedPolicies, AttachedPolicy, Certificates, GetAccessKeyLastUsed, GetGroup,
    GetLoginProfile, GetPolicy, GetPolicyVersion, GetUser, Groups, IamGroup, IamUser, InlinePolicy, LastUsed, ListPage,
    LoginProfile, ManagedPolicy, MfaDevice, MfaDevices, PolicyNames, ServiceSpecificCredential,
    ServiceSpecificCredentials, SigningCertificate, SshPublicKey, SshPublicKeys, Users,
};
use crate::connector::ConnectorError;
use crate::connector::http::PageCounter;

/// The holder of a policy.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum PolicyHolder {
    Group,
    User,
}

impl PolicyHolder {
    /// Returns the word in grant keys.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::User => "user",
        }
    }

    /// Returns the call parameter for the name of the holder.
    pub(super) const fn parameter(self) -> &'static str {
        match self {
            Self::Group => "GroupName",
            Self::User => "UserName",
        }
    }

    const fn of<'a>(self, group: &'a str, user: &'a str) -> &'a str {
        match self {
            Self::Group => group,
            Self::User => user,
        }
    }
}

/// One page, and the marker of the next one.
pub(super) struct EntryBatch<T> {
    pub entries: Vec<T>,
    pub next: Option<String>,
}

impl IamApi {
    pub(super) fn users_from(&self, marker: Option<&str>) -> Result<EntryBatch<IamUser>, ConnectorError> {
        self.batch::<Users>("ListUsers", &[], marker)
    }

    pub(super) fn users(&self) -> Result<Vec<IamUser>, ConnectorError> {
        self.all::<Users>("ListUsers", &[])
    }

    pub(super) fn user(&self, name: &str) -> Result<Option<IamUser>, ConnectorError> {
        present(self.read::<GetUser>("GetUser", &[("UserName", name)]).map(|answer| answer.user))
    }

    pub(super) fn groups_from(&self, marker: Option<&str>) -> Result<EntryBatch<IamGroup>, ConnectorError> {
        self.batch::<Groups>("ListGroups", &[], marker)
    }

    pub(super) fn groups(&self) -> Result<Vec<IamGroup>, ConnectorError> {
        self.all::<Groups>("ListGroups", &[])
    }

    pub(super) fn groups_of(&self, user: &str) -> Result<Vec<IamGroup>, ConnectorError> {
        self.all::<Groups>("ListGroupsForUser", &[("UserName", user)])
    }

    /// Returns the group with this name and all its members; `None` when it does not exist.
    pub(super) fn members(&self, group: &str) -> Result<Option<(IamGroup, Vec<IamUser>)>, ConnectorError> {
        let Some(entries) = present(self.all::<GetGroup>("GetGroup", &[("GroupName", group)]))? else {
            return Ok(None);
        };
        let mut found: Option<IamGroup> = None;
        let mut members = Vec::new();
        for (group, member) in entries {
            if found.as_ref().is_some_and(|found| found.group_id != group.group_id) {
                return Err(ConnectorError::Transient("iam:GetGroup: the group changed while it was read".to_owned()));
            }
            found = Some(group);
            members.extend(member);
        }
        Ok(found.map(|group| (group, members)))
    }

    pub(super) fn attached(&self, holder: PolicyHolder, name: &str) -> Result<Vec<AttachedPolicy>, ConnectorError> {
        let action = holder.of("ListAttachedGroupPolicies", "ListAttachedUserPolicies");
        self.all::<AttachedPolicies>(action, &[(holder.parameter(), name)])
    }

    pub(super) fn inline_names(&self, holder: PolicyHolder, name: &str) -> Result<Vec<String>, ConnectorError> {
        let action = holder.of("ListGroupPolicies", "ListUserPolicies");
        self.all::<PolicyNames>(action, &[(holder.parameter(), name)])
    }

    /// Returns the document of an inline policy; `None` when it does not exist.
    pub(super) fn inline(
        &self,
        holder: PolicyHolder,
        name: &str,
        policy: &str,
    ) -> Result<Option<String>, ConnectorError> {
        let action = holder.of("GetGroupPolicy", "GetUserPolicy");
        let answer = self.read::<InlinePolicy>(action, &[(holder.parameter(), name), ("PolicyName", policy)]);
        present(answer.map(|policy| policy.policy_document))
    }

    /// Returns the managed policy with this ARN; `None` when it does not exist.
    pub(super) fn policy(&self, arn: &str) -> Result<Option<ManagedPolicy>, ConnectorError> {
        present(self.read::<GetPolicy>("GetPolicy", &[("PolicyArn", arn)]).map(|answer| answer.policy))
    }

    pub(super) fn document(&self, policy: &ManagedPolicy) -> Result<String, ConnectorError> {
        let with = [("PolicyArn", policy.arn.as_str()), ("VersionId", policy.default_version_id.as_str())];
        self.read::<GetPolicyVersion>("GetPolicyVersion", &with).map(|answer| answer.policy_version.document)
    }

    pub(super) fn access_keys(&self, user: &str) -> Result<Vec<AccessKey>, ConnectorError> {
        self.all::<AccessKeys>("ListAccessKeys", &[("UserName", user)])
    }

    pub(super) fn last_used(&self, key: &str) -> Result<LastUsed, ConnectorError> {
        let answer = self.read::<GetAccessKeyLastUsed>("GetAccessKeyLastUsed", &[("AccessKeyId", key)]);
        answer.map(|answer| answer.access_key_last_used)
    }

    pub(super) fn login_profile(&self, user: &str) -> Result<Option<LoginProfile>, ConnectorError> {
        let answer = self.read::<GetLoginProfile>("GetLoginProfile", &[("UserName", user)]);
        present(answer.map(|answer| answer.login_profile))
    }

    pub(super) fn mfa_devices(&self, user: &str) -> Result<Vec<MfaDevice>, ConnectorError> {
        self.all::<MfaDevices>("ListMFADevices", &[("UserName", user)])
    }

    pub(super) fn ssh_public_keys(&self, user: &str) -> Result<Vec<SshPublicKey>, ConnectorError> {
        self.all::<SshPublicKeys>("ListSSHPublicKeys", &[("UserName", user)])
    }

    pub(super) fn certificates(&self, user: &str) -> Result<Vec<SigningCertificate>, ConnectorError> {
        self.all::<Certificates>("ListSigningCertificates", &[("UserName", user)])
    }

    pub(super) fn service_credentials(&self, user: &str) -> Result<Vec<ServiceSpecificCredential>, ConnectorError> {
        self.all::<ServiceSpecificCredentials>("ListServiceSpecificCredentials", &[("UserName", user)])
    }

    /// Reads all pages of a listing.
    pub(super) fn all<L: ListPage>(
        &self,
        action: &str,
        with: &[(&str, &str)],
    ) -> Result<Vec<L::Entry>, ConnectorError> {
        let mut pages = PageCounter::new(&format!("iam:{action}"), self.limits().pages);
        let mut entries = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let batch = self.batch::<L>(action, with, marker.as_deref())?;
            entries.extend(batch.entries);
            let Some(next) = batch.next else { return Ok(entries) };
            pages.next(&next)?;
            marker = Some(next);
        }
    }

    fn batch<L: ListPage>(
        &self,
        action: &str,
        with: &[(&str, &str)],
        marker: Option<&str>,
    ) -> Result<EntryBatch<L::Entry>, ConnectorError> {
        let size = self.page_size().to_string();
        let mut with = with.to_vec();
        // This call accepts a page size only if all users are requested.
        if action != "ListServiceSpecificCredentials" {
            with.push(("MaxItems", &size));
        }
        with.extend(marker.map(|marker| ("Marker", marker)));
        let (entries, is_truncated, next) = self.read::<L>(action, &with)?.parts();
        let refuse = |why: &str| Err(ConnectorError::Permanent(format!("iam:{action}: {why}")));
        match (is_truncated, next) {
            (Some(true), Some(next)) => Ok(EntryBatch { entries, next: Some(next) }),
            (Some(true), None) => refuse("the target reports more pages, but no marker"),
            (Some(false), None) => Ok(EntryBatch { entries, next: None }),
            (Some(false), Some(next)) if next.is_empty() => Ok(EntryBatch { entries, next: None }),
            (_, Some(_)) => refuse("the target reports the end of the list, and a marker"),
            // `IsTruncated` is optional in the API model, and these calls return complete lists without it. A list that
            // fills its page may be truncated, so it is not accepted.
            (None, None) if MAY_OMIT_END.contains(&action) && entries.len() < usize::from(self.page_size()) => {
                Ok(EntryBatch { entries, next: None })
            }
            (None, None) => refuse("the target does not report whether there are more pages"),
        }
    }
}

/// Converts "no such entity" to `None`; other errors are kept.
pub(super) fn present<T>(answer: Result<T, ConnectorError>) -> Result<Option<T>, ConnectorError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(ConnectorError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

const MAY_OMIT_END: &[&str] = &[
    "GetGroup",
    "ListAccessKeys",
    "ListGroupPolicies",
    "ListGroups",
    "ListSSHPublicKeys",
    "ListServiceSpecificCredentials",
    "ListSigningCertificates",
];
