//! The policies of all users and groups of an account at one point in time, read by one query.

use super::api::IamApi;
use super::api_types::{
    AttachedPolicy, AuthorizationDetail, AuthorizationDetails, GroupDetail, IamGroup, IamUser, InlineDetail,
    MemberList, PolicyDetail, UserDetail, VersionDetail,
};
use super::policy_document::PolicyDocument;
use super::principal_access::{HeldPolicy, PolicyLocation, changed, illegible};
use crate::connector::ConnectorError;
use std::collections::BTreeMap;

/// The users, groups and policies of an account.
pub(super) struct AccountSnapshot {
    pub users: Vec<UserHolding>,
    pub groups: Vec<GroupHolding>,
}

/// A user, the names of its groups, and its own policies.
pub(super) struct UserHolding {
    pub user: IamUser,
    pub groups: Vec<String>,
    pub held: Vec<HeldPolicy>,
}

/// A group and its policies.
pub(super) struct GroupHolding {
    pub group: IamGroup,
    pub held: Vec<HeldPolicy>,
}

impl AccountSnapshot {
    /// Reads `GetAccountAuthorizationDetails` to its end.
    ///
    /// # Errors
    /// When it cannot be read completely, or does not describe an attached policy.
    pub(super) fn read(api: &IamApi) -> Result<Self, ConnectorError> {
        let (mut users, mut groups, mut policies) = (Vec::new(), Vec::new(), BTreeMap::new());
        for detail in details(api, &["User", "Group", "LocalManagedPolicy", "AWSManagedPolicy"])? {
            match detail {
                AuthorizationDetail::Group(group) => groups.push(group),
                AuthorizationDetail::Policy(policy) => {
                    policies.insert(policy.arn.clone(), policy);
                }
                AuthorizationDetail::User(user) => users.push(user),
            }
        }
        let mut policies = ManagedPolicies { api, described: policies };
        let users = users.into_iter().map(|user| policies.of_user(user)).collect::<Result<_, _>>()?;
        let groups = groups.into_iter().map(|group| policies.of_group(group)).collect::<Result<_, _>>()?;
        Ok(Self { users, groups })
    }

    /// Returns the groups of a user.
    ///
    /// # Errors
    /// When the reply does not describe one of them.
    pub(super) fn groups_of(&self, user: &UserHolding) -> Result<Vec<&GroupHolding>, ConnectorError> {
        let named = |name: &String| self.groups.iter().find(|holding| holding.group.group_name == *name);
        user.groups.iter().map(|name| named(name).ok_or_else(changed)).collect()
    }
}

/// Counts memberships and policies by this query alone.
pub(super) fn count(api: &IamApi) -> Result<(usize, usize), ConnectorError> {
    let (mut memberships, mut policies) = (0, 0);
    for detail in details(api, &["User", "Group"])? {
        match detail {
            AuthorizationDetail::Group(group) => {
                policies += group.attached_managed_policies.len() + group.group_policy_list.len()
            }
            AuthorizationDetail::Policy(_) => {}
            AuthorizationDetail::User(user) => {
                memberships += user.group_list.len();
                policies += user.attached_managed_policies.len();
                policies += user.user_policy_list.as_ref().map_or(0, MemberList::len);
            }
        }
    }
    Ok((memberships, policies))
}

fn details(api: &IamApi, filters: &[&str]) -> Result<Vec<AuthorizationDetail>, ConnectorError> {
    let names: Vec<String> = (1..=filters.len()).map(|index| format!("Filter.member.{index}")).collect();
    let with: Vec<_> = names.iter().map(String::as_str).zip(filters.iter().copied()).collect();
    api.all::<AuthorizationDetails>("GetAccountAuthorizationDetails", &with)
}

/// The managed policies in the reply.
struct ManagedPolicies<'a> {
    api: &'a IamApi,
    described: BTreeMap<String, PolicyDetail>,
}

impl ManagedPolicies<'_> {
    fn of_user(&mut self, detail: UserDetail) -> Result<UserHolding, ConnectorError> {
        let inline = detail.user_policy_list.map(MemberList::into_vec).unwrap_or_default();
        Ok(UserHolding {
            user: IamUser {
                user_name: detail.user_name,
                user_id: detail.user_id,
                create_date: detail.create_date,
                password_last_used: None,
            },
            groups: detail.group_list.into_vec(),
            held: self.held(detail.attached_managed_policies, inline)?,
        })
    }

    fn of_group(&mut self, detail: GroupDetail) -> Result<GroupHolding, ConnectorError> {
        Ok(GroupHolding {
            group: IamGroup { group_name: detail.group_name, group_id: detail.group_id },
            held: self.held(detail.attached_managed_policies, detail.group_policy_list.into_vec())?,
        })
    }

    fn held(
        &mut self,
        attached: MemberList<AttachedPolicy>,
        inline: Vec<InlineDetail>,
    ) -> Result<Vec<HeldPolicy>, ConnectorError> {
        let mut held = Vec::new();
        for AttachedPolicy { policy_name: name, policy_arn: arn } in attached.into_vec() {
            let policy = self.described.get_mut(&arn).ok_or_else(changed)?;
            let id = match &policy.policy_id {
                Some(id) => id.clone(),
                None => self.api.policy(&arn)?.ok_or_else(changed)?.policy_id,
            };
            policy.policy_id = Some(id.clone());
            let is_default = |version: &&VersionDetail| version.version_id == policy.default_version_id;
            let version = policy.policy_version_list.iter().find(is_default).ok_or_else(changed)?;
            let document = PolicyDocument::read(&version.document).ok_or_else(illegible)?;
            held.push(HeldPolicy { name, place: PolicyLocation::managed(id, arn), document });
        }
        for InlineDetail { policy_name: name, policy_document } in inline {
            let document = PolicyDocument::read(&policy_document).ok_or_else(illegible)?;
            held.push(HeldPolicy { name, place: PolicyLocation::Inline, document });
        }
        Ok(held)
    }
}
