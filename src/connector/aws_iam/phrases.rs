//! Descriptions of managed policies of AWS for reviewers.

use crate::connector::PrivilegePhrase;
use crate::model::GrantKind;

/// Returns the description of a well-known policy.
pub(super) fn phrase(_: Option<GrantKind>, entitlement: &str) -> Option<PrivilegePhrase> {
    POLICIES.iter().find(|(name, _)| *name == entitlement).map(|(_, phrase)| PrivilegePhrase::Capability(phrase))
}

const POLICIES: &[(&str, &str)] = &[
    ("AdministratorAccess", "do everything in the AWS account"),
    ("PowerUserAccess", "do everything in the AWS account except manage IAM"),
    ("IAMFullAccess", "manage IAM in the AWS account, and thereby do everything"),
    ("ReadOnlyAccess", "read everything in the AWS account"),
];
