//! AWS IAM by its Query API: users and what they can sign in with, groups, and policies.
//!
//! Everything is keyed by the id AWS never gives twice (`AIDA…`, `AGPA…`, `ANPA…`, the key's id). Calls take names,
//! so every operation carries both, and before a call is made the target must say that the id still has the name.
//!
//! | file | what it is for |
//! |---|---|
//! | `config` | what the system file says |
//! | `api` | one signed call and what its answer means |
//! | `shapes` | the answers as types |
//! | `read` | whole listings, to the proven end |
//! | `policy` | what a policy document allows |
//! | `holdings` | what a user or group holds, read together |
//! | `grants` | what was read, as grants |
//! | `collect` | listings of grants, control totals, health |
//! | `observe` | effective access, now |
//! | `key` | grant keys |
//! | `snapshot` | who holds which policies in the whole account, at one moment |
//! | `draft` | the exact calls for a change, without a connection |
//! | `removal` | a user stopped or removed |
//! | `calls` | the calls that change something, and what each must be given |
//! | `apply` | making them |
//! | `rotate` | a new access key in place of an old one |

mod api;
mod api_types;
mod apply;
mod calls;
mod collect;
mod config;
mod grant_key;
mod grants;
mod observe;
mod operations;
mod pagination;
mod policy_document;
mod principal_access;
mod removal;
mod rotate;
mod snapshot;

pub use config::{Config, ConfigError, UnobservedKind};

use super::{
    ApplyReceipt, Collector, ConnectorDescriptor, ConnectorError, ConnectorHealth, ConnectorSchema, ControlTotal,
    GrantPage, Intent, ListingCursor, PlannedChange, Provisioner, SecretSink, UnsupportedChangeError,
};
use crate::model::action::Planned;
use crate::model::{
    AccessChange, Action, Grant, GrantKind, GrantObservation, Inventory, Operation, SystemId, VerificationLevel,
};
use api::IamApi;
use secrecy::SecretString;

/// The words of AWS IAM, without a connection.
#[derive(Clone, Debug)]
pub struct AwsIamSchema {
    system: SystemId,
    config: Config,
}

impl AwsIamSchema {
    /// Returns the words for the system with this id and these settings.
    pub fn new(system: SystemId, config: Config) -> Self {
        Self { system, config }
    }
}

/// AWS IAM, connected. It holds secrets and has no `Debug`.
pub struct AwsIam {
    words: AwsIamSchema,
    api: IamApi,
    documents: principal_access::PolicyDocuments,
}

impl AwsIam {
    /// Connects with the credential whose variables the settings name; `lookup` reads the environment.
    ///
    /// # Errors
    /// When a variable is not set, an endpoint cannot be used, or its name not be resolved.
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
        ConnectorDescriptor { name: "aws-iam", kinds: KINDS, needs: NEEDS, level: VerificationLevel::V3 }
    }

    fn draft(
        &self,
        change: &AccessChange,
        grant: &Grant,
        inventory: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError> {
        operations::draft(&self.config, change, grant, inventory)
    }

    /// A key that is inactive is deleted after the soak; users stay until somebody decides to remove them.
    fn soak(&self, grant: &Grant) -> Option<u16> {
        let inactive = grant.kind == GrantKind::Credential && grant.attribute("status") == Some(operations::INACTIVE);
        inactive.then_some(self.config.soak_days)
    }

    /// An explicit denial outweighs every allowance, wherever it comes from.
    fn denial(&self, grant: &Grant, what: &str) -> Option<String> {
        let who = &grant.principal.name;
        Some(format!("attach a policy with \"Effect\": \"Deny\" for all that `{what}` allows to user `{who}`"))
    }
}

impl ConnectorSchema for AwsIam {
    fn describe(&self) -> ConnectorDescriptor {
        self.words.describe()
    }

    fn draft(
        &self,
        change: &AccessChange,
        grant: &Grant,
        inventory: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError> {
        self.words.draft(change, grant, inventory)
    }

    fn soak(&self, grant: &Grant) -> Option<u16> {
        self.words.soak(grant)
    }

    fn denial(&self, grant: &Grant, what: &str) -> Option<String> {
        self.words.denial(grant, what)
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
