//! Connector for AWS IAM through its Query API: users and their credentials, groups, and policies.
//!
//! Objects are identified by ids that AWS never reuses (`AIDA…`, `AGPA…`, `ANPA…`, the key id). Calls take names, so
//! every operation contains both, and before a call the connector checks that the id still has the name.
//!
//! - `attributes`: attributes for rules
//! - `config`: settings in the system file
//! - `definition`: the definition for the registry
//! - `api`: signed calls and error classes
//! - `api_types`: types of the replies
//! - `listing`: complete listings
//! - `policy_document`: the power of a policy document
//! - `principal_access`: the policies and credentials of a user or group
//! - `grants`: grants built from replies
//! - `collect`: listings of grants, control totals, health
//! - `observe`: present effective access
//! - `grant_key`: grant keys
//! - `snapshot`: the policies of all users and groups at one point in time
//! - `operations`: the exact calls of a change, planned without a connection
//! - `removal`: disabling and removing a user
//! - `calls`: mutating calls and their parameters
//! - `apply`: execution of calls
//! - `phrases`: descriptions of policies for reviewers
//! - `rotate`: rotation of access keys

mod api;
mod api_types;
mod apply;
mod attributes;
mod calls;
mod collect;
mod config;
mod definition;
mod grant_key;
mod grants;
mod listing;
mod observe;
mod operations;
mod phrases;
mod policy_document;
mod principal_access;
mod removal;
mod rotate;
mod signature;
mod snapshot;
#[cfg(test)]
mod tests;

pub use config::{Config, UnobservedKind};
pub use definition::AwsIamDefinition;

use super::{
    ApplyReceipt, Collector, ConnectorDefinition as _, ConnectorDescriptor, ConnectorError, ConnectorHealth,
    ConnectorSchema, ControlTotal, GrantPage, Intent, ListingCursor, PlannedChange, Provisioner, SecretSink,
    UnsupportedChangeError,
};
use crate::model::action::Planned;
use crate::model::{
    AccessChange, Action, Grant, GrantKind, GrantObservation, Inventory, Operation, SystemId, VerificationLevel,
};
use api::IamApi;
use secrecy::SecretString;

/// The planning interface of AWS IAM, without a connection.
#[derive(Clone, Debug)]
pub struct AwsIamSchema {
    system: SystemId,
    config: Config,
}

impl AwsIamSchema {
    /// Returns the planning interface for the system with this id and these settings.
    pub fn new(system: SystemId, config: Config) -> Self {
        Self { system, config }
    }
}

/// A connection to AWS IAM. It contains secrets and has no `Debug`.
pub struct AwsIam {
    words: AwsIamSchema,
    api: IamApi,
    documents: principal_access::PolicyDocuments,
}

impl AwsIam {
    /// Connects with the credential in the environment variables of the settings; `lookup` reads the environment.
    ///
    /// # Errors
    /// When a variable is not set, an endpoint is invalid, or its name cannot be resolved.
    pub fn connect(
        system: SystemId,
        config: Config,
        lookup: impl Fn(&str) -> Option<SecretString>,
    ) -> Result<Self, ConnectorError> {
        let api = IamApi::connect(&config, lookup)?;
        Ok(Self {
            words: AwsIamSchema::new(system, config),
            api,
            documents: principal_access::PolicyDocuments::default(),
        })
    }
}

impl ConnectorSchema for AwsIamSchema {
    fn describe(&self) -> ConnectorDescriptor {
        ConnectorDescriptor { name: AwsIamDefinition::NAME, kinds: KINDS, needs: NEEDS, level: VerificationLevel::V3 }
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
        let inactive = grant.kind == GrantKind::Credential && grant.attribute("status") == Some(operations::INACTIVE);
        inactive.then_some(self.config.soak_days)
    }

    /// An explicit denial overrides every permission.
    fn deny_statement(&self, grant: &Grant, what: &str) -> Option<String> {
        let who = &grant.principal.name;
        Some(format!("attach a policy with \"Effect\": \"Deny\" for all actions of `{what}` to user `{who}`"))
    }
}

impl ConnectorSchema for AwsIam {
    fn describe(&self) -> ConnectorDescriptor {
        self.words.describe()
    }

    fn plan_change(
        &self,
        change: &AccessChange,
        grant: &Grant,
        inventory: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError> {
        self.words.plan_change(change, grant, inventory)
    }

    fn grace_period_days(&self, grant: &Grant) -> Option<u16> {
        self.words.grace_period_days(grant)
    }

    fn deny_statement(&self, grant: &Grant, what: &str) -> Option<String> {
        self.words.deny_statement(grant, what)
    }
}

impl Collector for AwsIam {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        collect::validate(self)
    }

    fn list(&self, kind: GrantKind, from: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError> {
        collect::list(self, kind, from)
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        collect::control_totals(self)
    }

    fn observe(&self, grant: &Grant) -> Result<GrantObservation, ConnectorError> {
        observe::observe(self, grant)
    }

    fn calls(&self) -> u64 {
        self.api.calls()
    }
}

impl Provisioner for AwsIam {
    fn apply(
        &self,
        action: &Action<Planned>,
        intent: Intent,
        sink: &dyn SecretSink,
    ) -> Result<ApplyReceipt, ConnectorError> {
        apply::apply(self, action, intent, sink)
    }

    fn compensate(&self, action: &Action<Planned>) -> Option<Vec<Operation>> {
        operations::compensate(action)
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
