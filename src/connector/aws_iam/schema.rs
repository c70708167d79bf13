//! The planning interface of an AWS account.

use super::config::{Config, NAME};
use super::drafts::INACTIVE;
use super::operations;
use crate::connector::{ConnectorDescriptor, ConnectorSchema, PlannedChange, UnsupportedChangeError};
use crate::model::{AccessChange, Grant, GrantKind, Inventory, VerificationLevel};

/// The planning interface of AWS IAM, without a connection.
#[derive(Clone, Debug)]
pub struct AwsIamSchema {
    config: Config,
}

impl AwsIamSchema {
    /// Returns the planning interface of a system with these settings.
    pub fn new(config: Config) -> Self {
        Self { config }
    }
}

impl ConnectorSchema for AwsIamSchema {
    fn describe(&self) -> ConnectorDescriptor {
        ConnectorDescriptor { name: NAME, kinds: KINDS, needs: NEEDS, level: VerificationLevel::V3 }
    }

    fn plan_change(
        &self,
        change: &AccessChange,
        grant: &Grant,
        inventory: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError> {
        operations::plan_change(&self.config, change, grant, inventory)
    }

    /// An inactive key is deleted after the soak period; users stay until a decision to remove them.
    fn grace_period_days(&self, grant: &Grant) -> Option<u16> {
        let inactive = grant.kind == GrantKind::Credential && grant.attribute("status") == Some(INACTIVE);
        inactive.then_some(self.config.soak_days)
    }

    /// An explicit denial overrides every permission.
    fn deny_statement(&self, grant: &Grant, what: &str) -> Option<String> {
        let who = &grant.principal.name;
        Some(format!("attach a policy with \"Effect\": \"Deny\" for all actions of `{what}` to user `{who}`"))
    }
}

const KINDS: &[GrantKind] = &[GrantKind::Account, GrantKind::Credential, GrantKind::Membership, GrantKind::Policy];
const NEEDS: &[&str] = &[
    "iam:GetAccessKeyLastUsed",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetAccountSummary",
    "iam:GetGroup",
    "iam:GetGroupPolicy",
    "iam:GetLoginProfile",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetUser",
    "iam:GetUserPolicy",
    "iam:ListAccessKeys",
    "iam:ListAttachedGroupPolicies",
    "iam:ListAttachedUserPolicies",
    "iam:ListGroupPolicies",
    "iam:ListGroups",
    "iam:ListGroupsForUser",
    "iam:ListMFADevices",
    "iam:ListSSHPublicKeys",
    "iam:ListServiceSpecificCredentials",
    "iam:ListSigningCertificates",
    "iam:ListUserPolicies",
    "iam:ListUsers",
    "iam:CreateAccessKey",
    "iam:DeactivateMFADevice",
    "iam:DeleteAccessKey",
    "iam:DeleteGroupPolicy",
    "iam:DeleteLoginProfile",
    "iam:DeleteSSHPublicKey",
    "iam:DeleteServiceSpecificCredential",
    "iam:DeleteSigningCertificate",
    "iam:DeleteUser",
    "iam:DeleteUserPolicy",
    "iam:DeleteVirtualMFADevice",
    "iam:DetachGroupPolicy",
    "iam:DetachUserPolicy",
    "iam:RemoveUserFromGroup",
    "iam:UpdateAccessKey",
    "iam:UpdateSSHPublicKey",
    "iam:UpdateServiceSpecificCredential",
    "iam:UpdateSigningCertificate",
];
