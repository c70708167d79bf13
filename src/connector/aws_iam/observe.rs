//! Present effective access: the reviewed grant itself, and all other paths to the same entitlement.

use super::account::AwsIam;
use super::api_types::{IamGroup, IamUser};
use super::grant_key::IamGrantKey;
use super::grants;
use super::listing::PolicyHolder;
use super::principal_access::{HeldPolicy, PolicyReader, UserResources, can_sign_in};
use super::snapshot::{AccountSnapshot, GroupHolding, UserHolding};
use crate::connector::{ConnectorError, TargetQuery};
use crate::model::{AccessPath, AccessRoute, Grant, GrantObservation, Principal, RemainingAccess, RemainingPath, Tier};

/// Reads one grant. Data that cannot be read makes the presence unknown; a missing reply is an error.
pub(super) fn observe(aws: &AwsIam, query: &TargetQuery<'_>) -> Result<GrantObservation, ConnectorError> {
    let grant = query.grant;
    let Some(key) = IamGrantKey::parse(&grant.key) else {
        return Ok(unknown("the grant was not collected by aws-iam"));
    };
    let look = IamObserver { aws, grant, holdings: PolicyReader::new(aws) };
    let sighting = match &key {
        IamGrantKey::Account { user } => look.account(user),
        IamGrantKey::Membership { user, group } => look.membership(user, group),
        IamGrantKey::Attached { holder, id, .. } | IamGrantKey::Inline { holder, id, .. } => look.policy(*holder, id),
        _ => look.credential(&key),
    };
    match sighting {
        Err(
            error @ (ConnectorError::RateLimited { .. }
            | ConnectorError::Transient(_)
            | ConnectorError::Unauthenticated(_)),
        ) => Err(error),
        Err(error) => Ok(unknown(&error.to_string())),
        Ok(mut sighting) => {
            // A grant in the expected state is no remaining path of what was taken from it.
            if query.expects.is_shown_by(sighting.grant.as_ref()) {
                sighting.access.iter_mut().for_each(|left| left.paths.clear());
            }
            Ok(sighting)
        }
    }
}

/// The result of looking up an object by its immutable id.
pub(super) enum ResourceLookup<T> {
    /// The object does not exist; the text names a known object that the same read found.
    Gone(String),
    /// The object exists, under its present name.
    Here(T),
    /// The object was not found, and neither was any other one, which proves no absence.
    Nothing,
}

impl AwsIam {
    /// Returns the user with this id, regardless of its present name.
    pub(super) fn find_user(&self, id: &str, name: &str) -> Result<ResourceLookup<IamUser>, ConnectorError> {
        // A name of another kind of object may be invalid for a user; the list of all users then decides.
        if let Some(user) = self.api.user(name)?.filter(|user| user.user_id == id) {
            return Ok(ResourceLookup::Here(user));
        }
        let users = self.api.users()?;
        let count = users.len();
        Ok(match users.into_iter().find(|user| user.user_id == id) {
            Some(user) => ResourceLookup::Here(user),
            None if count == 0 => ResourceLookup::Nothing,
            None => ResourceLookup::Gone(format!("iam:ListUsers read to its end, {count} others found")),
        })
    }

    /// Returns the group with this id, regardless of its present name.
    pub(super) fn find_group(&self, id: &str) -> Result<ResourceLookup<IamGroup>, ConnectorError> {
        let groups = self.api.groups()?;
        let count = groups.len();
        if let Some(group) = groups.into_iter().find(|group| group.group_id == id) {
            return Ok(ResourceLookup::Here(group));
        }
        // A list of groups may be empty; existing users show that the replies are complete.
        let users = self.api.users_from(None)?.entries.len();
        if count + users == 0 {
            return Ok(ResourceLookup::Nothing);
        }
        Ok(ResourceLookup::Gone(format!("iam:ListGroups read to its end, {count} others found; {users} users found")))
    }
}

struct IamObserver<'a> {
    aws: &'a AwsIam,
    grant: &'a Grant,
    holdings: PolicyReader<'a>,
}

impl IamObserver<'_> {
    fn account(&self, user: &str) -> Result<GrantObservation, ConnectorError> {
        let user = match self.aws.find_user(user, &self.grant.principal.name)? {
            ResourceLookup::Here(user) => user,
            ResourceLookup::Gone(probe) => return Ok(absent(probe)),
            ResourceLookup::Nothing => return Ok(unknown(NOTHING)),
        };
        let devices = self.aws.api.mfa_devices(&user.user_name)?;
        let is_active = can_sign_in(&self.aws.api, &self.aws.config, &user)?;
        let now = grants::account(&self.aws.system, &user, &devices, is_active)?;
        Ok(present(now))
    }

    fn credential(&self, key: &IamGrantKey) -> Result<GrantObservation, ConnectorError> {
        let Principal { id, name } = &self.grant.principal;
        let user = match self.aws.find_user(id, name)? {
            ResourceLookup::Here(user) => user,
            // Credentials are deleted with their user.
            ResourceLookup::Gone(probe) => return Ok(absent(probe)),
            ResourceLookup::Nothing => return Ok(unknown(NOTHING)),
        };
        let belongings = UserResources::of_kind(&self.aws.api, key, &user)?;
        let credentials = grants::credentials(&self.aws.system, &user, &belongings)?;
        match credentials.into_iter().find(|credential| credential.key == self.grant.key) {
            Some(now) => Ok(present(now)),
            None => Ok(absent(format!("the user {} ({id}) was read", user.user_name))),
        }
    }

    fn membership(&self, user: &str, group: &str) -> Result<GrantObservation, ConnectorError> {
        let account = AccountSnapshot::read(&self.aws.api)?;
        let Some(holding) = account.users.iter().find(|holding| holding.user.user_id == user) else {
            return Ok(no_user(&account));
        };
        let groups = account.groups_of(holding)?;
        if let Some(own) = groups.iter().find(|holding| holding.group.group_id == group) {
            let now = grants::membership(&self.aws.system, &holding.user, &own.group, &own.held)?;
            return Ok(present(now));
        }
        // Another path to administrator rights makes leaving a group of administrators ineffective.
        let administrators = self.grant.attribute("power") == Some("administrator");
        let paths = if administrators { ways(holding, &groups, HeldPolicy::is_administrator) } else { Vec::new() };
        Ok(present_by(paths, self.grant.tier, || {
            format!("the user {} is in {} other groups", holding.user.user_name, groups.len())
        }))
    }

    fn policy(&self, holder: PolicyHolder, id: &str) -> Result<GrantObservation, ConnectorError> {
        let account = AccountSnapshot::read(&self.aws.api)?;
        let user = account.users.iter().find(|holding| holding.user.user_id == id);
        let group = account.groups.iter().find(|holding| holding.group.group_id == id);
        let (principal, own) = match (holder, user, group) {
            (PolicyHolder::User, Some(holding), _) => (grants::user_principal(&holding.user), &holding.held),
            (PolicyHolder::Group, _, Some(holding)) => (grants::group_principal(&holding.group), &holding.held),
            (PolicyHolder::User, None, _) => return Ok(no_user(&account)),
            (PolicyHolder::Group, _, None) => return Ok(no_group(&account)),
        };
        let mut now = None;
        for held in own {
            let made = grants::policy(&self.aws.system, holder, principal.clone(), held)?;
            if made.key == self.grant.key {
                now = Some(made);
            }
        }
        let same = self.same_right(own)?;
        let mut paths = match (holder, user) {
            (PolicyHolder::User, Some(holding)) => ways(holding, &account.groups_of(holding)?, same),
            _ => own.iter().filter(|held| same(held)).map(|held| path(&principal, None, held)).collect(),
        };
        if let Some(now) = &now {
            // The reviewed grant is the first path, even if its document has changed.
            paths.retain(|path| !now.paths.iter().any(|own| own.ids == path.ids));
            paths.splice(0..0, now.paths.iter().cloned());
        }
        let probe = || format!("{} ({id}) was read, with {} policies", principal.name, own.len());
        Ok(GrantObservation { grant: now, ..present_by(paths, self.grant.tier, probe) })
    }

    /// Returns a predicate for policies that give the reviewed right: the same policy, a document with the reviewed
    /// content, and for an administrator every document with full access.
    fn same_right(&self, own: &[HeldPolicy]) -> Result<impl Fn(&HeldPolicy) -> bool + Copy + use<'_>, ConnectorError> {
        let grant = self.grant;
        let mut document = grant.attribute("document").map(str::to_owned);
        if document.is_none() {
            // For a policy of AWS, its present document.
            let mut held = own.iter().find(|held| held.place.id() == Some(grant.entitlement.id.as_str())).cloned();
            if held.is_none()
                && let Some(arn) = grant.attribute("arn")
            {
                held = self.holdings.managed(arn)?;
            }
            document = held.map(|held| held.document.digest.to_string());
        }
        let digest = document.and_then(|text| crate::model::Digest::parse(&text).ok());
        let administrator = grant.tier == Tier::T0 && grant.attribute("power") == Some("administrator");
        Ok(move |held: &HeldPolicy| {
            held.place.id() == Some(grant.entitlement.id.as_str())
                || digest == Some(held.document.digest)
                || (administrator && held.is_administrator())
        })
    }
}

/// Returns every path by which a user has a matching policy, directly or through groups.
fn ways(holding: &UserHolding, groups: &[&GroupHolding], is_meant: impl Fn(&HeldPolicy) -> bool) -> Vec<AccessPath> {
    let principal = grants::user_principal(&holding.user);
    let own = holding.held.iter().filter(|held| is_meant(held)).map(|held| path(&principal, None, held));
    let by_group = groups.iter().flat_map(|holding| {
        let meant = holding.held.iter().filter(|held| is_meant(held));
        meant.map(|held| path(&principal, Some(&holding.group), held)).collect::<Vec<_>>()
    });
    let mut paths: Vec<AccessPath> = own.chain(by_group).collect();
    paths.sort();
    paths
}

fn path(principal: &Principal, group: Option<&IamGroup>, held: &HeldPolicy) -> AccessPath {
    let id = held.place.id().unwrap_or(&held.name);
    let Principal { id: holder, name } = principal;
    match group {
        None => AccessPath {
            via: AccessRoute::Direct,
            ids: format!("{holder}/{id}"),
            text: format!("{} on {name} itself", held.name),
        },
        Some(group) => AccessPath {
            via: AccessRoute::Group,
            ids: format!("{holder}/{}/{id}", group.group_id),
            text: format!("{} through the group {} of {name}", held.name, group.group_name),
        },
    }
}

fn no_user(account: &AccountSnapshot) -> GrantObservation {
    match account.users.len() {
        0 => unknown(NOTHING),
        count => absent(format!("{QUERY}, {count} other users found")),
    }
}

/// A list of groups may be empty; existing users show that the reply is complete.
fn no_group(account: &AccountSnapshot) -> GrantObservation {
    match (account.users.len(), account.groups.len()) {
        (0, 0) => unknown(NOTHING),
        (users, groups) => absent(format!("{QUERY}, {groups} other groups and {users} users found")),
    }
}

/// Returns the observation of a grant that exists.
fn present(now: Grant) -> GrantObservation {
    let whole = |path: &AccessPath| RemainingPath::whole(path.clone(), now.tier).by(&now);
    let paths = now.paths.iter().map(whole).collect();
    GrantObservation { access: Ok(RemainingAccess { paths, ..RemainingAccess::nothing(ITSELF) }), grant: Some(now) }
}

fn present_by(paths: Vec<AccessPath>, tier: Tier, probe: impl FnOnce() -> String) -> GrantObservation {
    let paths = paths.into_iter().map(|path| RemainingPath::whole(path, tier)).collect();
    GrantObservation { grant: None, access: Ok(RemainingAccess { paths, ..RemainingAccess::nothing(probe()) }) }
}

fn absent(probe: String) -> GrantObservation {
    GrantObservation::absent(probe)
}

fn unknown(reason: &str) -> GrantObservation {
    GrantObservation::unknown(reason)
}

const ITSELF: &str = "the grant itself";

const QUERY: &str = "iam:GetAccountAuthorizationDetails read to its end";
const NOTHING: &str = "the target lists no user and no group, so absence cannot be confirmed";
