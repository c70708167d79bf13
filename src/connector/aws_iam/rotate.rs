//! Rotation of access keys: the new key is created, stored and verified by use; then the old key is deactivated,
//! verified and deleted.
//!
//! After a crash, the state is determined by listing the user's keys, of which AWS allows two:
//!
//! | found | meaning | next step |
//! |---|---|---|
//! | only the old key | the rotation has not begun | begin |
//! | the old key, and one that was last used for the identity call | the new secret is stored and verified | continue:
//! deactivate the old key |
//! | the old key and any other | its secret may not be stored, or it has another purpose | reject, with its name |
//! | no old key | the rotation is complete | none |

use super::account::AwsIam;
use super::api_types::{CreateAccessKey, IamUser, NewAccessKey};
use super::apply_errors::{after, not_as_planned};
use super::calls::operation;
use super::drafts::{INACTIVE, delete, drafted, incomplete, loss, status, unsupported, user};
use super::grant_key::IamGrantKey;
use super::observe::ResourceLookup;
use super::principal_access::ACTIVE;
use super::signature::AccessKeySecret;
use crate::connector::{ApplyReceipt, ConnectorError, PlannedChange, SecretSink, UnsupportedChangeError};
use crate::model::action::Planned;
use crate::model::{Action, ExpectedState, Grant, Inventory, Operation};
use secrecy::{ExposeSecret as _, SecretString};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Plans a rotation.
pub(super) fn plan_change(
    key: &str,
    grant: &Grant,
    inventory: &Inventory,
) -> Result<PlannedChange, UnsupportedChangeError> {
    let name = &grant.principal.name;
    if grant.attribute("status") != Some(ACTIVE) {
        return Err(unsupported(format!("{key} of {name} is not active, so it cannot be rotated"), "revoke it"));
    }
    let is_other = |other: &&Grant| other.attribute("type") == Some("access-key") && other.key != grant.key;
    if let Some(other) = inventory.of_principal(&grant.principal.id).find(is_other) {
        return Err(UnsupportedChangeError::Harm {
            why: format!("{name} has two access keys, {key} and {}, and AWS allows no third one", other.entitlement.id),
            instead: format!("revoke {} first if it is not needed, then rotate {key}", other.entitlement.id),
        });
    }
    let named = IamGrantKey::AccessKey { key: key.to_owned() };
    let step = |call: &str, text: String| {
        let with = user(grant).map(|(name, value)| (name.to_owned(), value.to_owned()));
        Operation { call: call.to_owned(), with: with.into(), text }
    };
    let listed = operation("ListAccessKeys", user(grant)).text;
    let operations = vec![
        operation("CreateAccessKey", user(grant)),
        step("sink:Deposit", "store the new secret in the sink".to_owned()),
        step(PROVE, format!("aws sts get-caller-identity  # with the new key: must be {}", grant.principal.id)),
        status(&named, grant).ok_or_else(incomplete)?,
        step(
            "iam:ListAccessKeys",
            format!("{listed}  # {key} must be {INACTIVE}, and rejected if its secret is available"),
        ),
        delete(&named, grant).ok_or_else(incomplete)?,
    ];
    let loses = vec![loss(name, &grant.entitlement.name)];
    let irreversible = Some(format!("{} cannot be restored", grant.entitlement.name));
    Ok(drafted(operations, ExpectedState::Replaced, loses, Vec::new(), irreversible))
}

/// Executes the rotation, or continues an interrupted one.
pub(super) fn rotate(
    aws: &AwsIam,
    action: &Action<Planned>,
    sink: &dyn SecretSink,
) -> Result<ApplyReceipt, ConnectorError> {
    let calls: Vec<&str> = action.operations.iter().map(|operation| operation.call.as_str()).collect();
    let Some(IamGrantKey::AccessKey { key: old }) = IamGrantKey::parse(&action.grant.key).filter(|_| calls == STEPS)
    else {
        return Err(ConnectorError::Unsupported("a rotation whose steps are not those of an access key".to_owned()));
    };
    let principal = &action.grant.principal;
    let user = match aws.find_user(&principal.id, &principal.name)? {
        ResourceLookup::Here(user) if user.user_name == principal.name => user,
        ResourceLookup::Here(_) => return Err(not_as_planned("the user now has another name")),
        ResourceLookup::Gone(_) => return Err(not_as_planned("the user no longer exists, nor do its keys")),
        ResourceLookup::Nothing => return Err(not_as_planned("no user can be read")),
    };
    let keys = aws.api.access_keys(&user.user_name)?;
    let (olds, others): (Vec<_>, Vec<_>) = keys.iter().partition(|key| key.access_key_id == old);
    let rotation = KeyRotation { aws, old: &old, user: &user };
    match (olds.first(), others.as_slice()) {
        (None, others) => Ok(ApplyReceipt {
            text: format!("{old} no longer exists"),
            already: true,
            successor: match others {
                [one] => Some(IamGrantKey::AccessKey { key: one.access_key_id.clone() }.grant_key()?),
                _ => None,
            },
            deposited: None,
        }),
        (Some(key), []) if key.status == ACTIVE => rotation.begin(action, sink),
        (Some(_), []) => Err(not_as_planned(&format!("{old} is inactive and has no successor: revoke it instead"))),
        (Some(_), [new]) if new.status == ACTIVE && rotation.was_proven(&new.access_key_id)? => {
            rotation.end(&new.access_key_id, None, 0)
        }
        (Some(_), others) => {
            let names: Vec<&str> = others.iter().map(|key| key.access_key_id.as_str()).collect();
            Err(not_as_planned(&format!(
                "the user also has {}, which is not in the plan; an interrupted rotation leaves such a key: delete it \
                 if it is not needed, then run again",
                names.join(", ")
            )))
        }
    }
}

struct KeyRotation<'a> {
    aws: &'a AwsIam,
    old: &'a str,
    user: &'a IamUser,
}

impl KeyRotation<'_> {
    fn begin(&self, action: &Action<Planned>, sink: &dyn SecretSink) -> Result<ApplyReceipt, ConnectorError> {
        let name = self.user.user_name.as_str();
        let made: CreateAccessKey = self.aws.api.create("CreateAccessKey", &[("UserName", name)])?;
        let NewAccessKey { access_key_id: id, user_name, secret_access_key: key } = made.access_key;
        if user_name != name {
            return Err(ConnectorError::Ambiguous("iam:CreateAccessKey: the reply is about another user".to_owned()));
        }
        let secret = AccessKeySecret { id, key, token: None };
        let label = format!("{}-{name}-{}", action.grant.system, secret.id);
        let place =
            sink.deposit(&label, &environment(&secret)).map_err(|error| self.undo(&secret, &format!("{error}")))?;
        if let Err(error) = self.prove_alive(&secret) {
            return Err(self.undo(&secret, &format!("the new key could not be verified by use: {error}")));
        }
        self.end(&secret.id.clone(), Some((secret, place)), 1)
    }

    /// Deactivates the old key, verifies that it is rejected, and deletes it.
    fn end(
        &self,
        new: &str,
        kept: Option<(AccessKeySecret, String)>,
        made: usize,
    ) -> Result<ApplyReceipt, ConnectorError> {
        let api = &self.aws.api;
        let held = Some(api.secret()).filter(|secret| secret.id == self.old);
        let (secret, deposited) = kept.map_or((None, None), |(secret, place)| (Some(secret), Some(place)));
        match (&held, secret) {
            // From here on, the engine's own old key cannot sign any more.
            (Some(_), Some(new)) => api.sign_with(new),
            (Some(_), None) => {
                return Err(not_as_planned(
                    "the engine would deactivate its own key without the secret of the new one",
                ));
            }
            (None, _) => {}
        }
        let with = [("UserName", self.user.user_name.as_str()), ("AccessKeyId", self.old)];
        let stop: Vec<_> = with.into_iter().chain([("Status", INACTIVE)]).collect();
        api.write("UpdateAccessKey", &stop).map_err(|error| after(made, CALLS, error))?;
        self.prove_dead(held.as_ref())?;
        match api.write("DeleteAccessKey", &with) {
            Ok(()) | Err(ConnectorError::NotFound(_)) => {}
            Err(error) => return Err(after(made + 1, CALLS, error)),
        }
        let how = if held.is_some() { "rejected when used" } else { "inactive" };
        Ok(ApplyReceipt {
            text: format!("{new} works for {}; {} was {how}, then deleted", self.user.user_name, self.old),
            already: false,
            successor: Some(IamGrantKey::AccessKey { key: new.to_owned() }.grant_key()?),
            deposited,
        })
    }

    /// Returns whether the last use of a key was the verification call.
    fn was_proven(&self, key: &str) -> Result<bool, ConnectorError> {
        let last = self.aws.api.last_used(key)?;
        Ok(last.last_used_date.is_some() && last.service_name.as_deref() == Some("sts"))
    }

    /// Makes a harmless call with the new key, which must be accepted for the same user.
    fn prove_alive(&self, secret: &AccessKeySecret) -> Result<(), ConnectorError> {
        let caller = self.settled(|| match self.aws.api.caller(secret) {
            // A new key takes a few seconds to propagate in AWS.
            Err(ConnectorError::Unauthenticated(_)) => None,
            answer => Some(answer),
        });
        let refused = || ConnectorError::Unauthenticated("it is not accepted".to_owned());
        let caller = caller.ok_or_else(refused)??;
        if caller.user_id == self.user.user_id && caller.account == self.aws.config.account {
            Ok(())
        } else {
            Err(not_as_planned("it belongs to another user"))
        }
    }

    /// Verifies that the old key no longer works: by a rejected call if its secret is available, otherwise by its
    /// status.
    fn prove_dead(&self, held: Option<&AccessKeySecret>) -> Result<(), ConnectorError> {
        let alive = |how: &str| {
            let text = format!("{} was deactivated and {how}; it was not deleted", self.old);
            ConnectorError::Ambiguous(text)
        };
        let name = &self.user.user_name;
        let inactive = self.settled(|| match self.aws.api.access_keys(name) {
            Err(error) => Some(Err(error)),
            Ok(keys) => {
                keys.iter().any(|key| key.access_key_id == self.old && key.status == INACTIVE).then_some(Ok(()))
            }
        });
        inactive.ok_or_else(|| alive("is not shown as inactive"))?.map_err(|error| after(1, CALLS, error))?;
        let Some(secret) = held else { return Ok(()) };
        let refused = self.settled(|| match self.aws.api.caller(secret) {
            Ok(_) => None,
            Err(ConnectorError::Unauthenticated(_)) => Some(Ok(())),
            Err(error) => Some(Err(error)),
        });
        refused.ok_or_else(|| alive("is still accepted"))?.map_err(|error| after(1, CALLS, error))
    }

    /// Repeats a request until it has a result, or the propagation time is over.
    fn settled<T>(&self, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + Duration::from_secs(u64::from(self.aws.config.settle_seconds));
        loop {
            if let Some(answer) = ask() {
                return Some(answer);
            }
            if Instant::now() >= deadline {
                return None;
            }
            sleep(Duration::from_secs(1));
        }
    }

    /// Deletes the new key again: the old one still works, and no key with a lost secret remains.
    fn undo(&self, secret: &AccessKeySecret, why: &str) -> ConnectorError {
        let with = [("UserName", self.user.user_name.as_str()), ("AccessKeyId", secret.id.as_str())];
        match self.aws.api.write("DeleteAccessKey", &with) {
            Ok(()) => ConnectorError::Permanent(format!("{why}; the new key {} was deleted again", secret.id)),
            Err(error) => ConnectorError::Ambiguous(format!("{why}; the new key {} is left: {error}", secret.id)),
        }
    }
}

/// Returns the secret as a file of environment variables.
fn environment(secret: &AccessKeySecret) -> SecretString {
    let AccessKeySecret { id, key, .. } = secret;
    SecretString::from(format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={}\n", key.expose_secret()))
}

const PROVE: &str = "sts:GetCallerIdentity";
const STEPS: [&str; 6] =
    ["iam:CreateAccessKey", "sink:Deposit", PROVE, "iam:UpdateAccessKey", "iam:ListAccessKeys", "iam:DeleteAccessKey"];
const CALLS: usize = 3;
