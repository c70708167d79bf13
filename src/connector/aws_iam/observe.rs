//! Effective access, now: the reviewed grant itself, and every other way to the same.

use super::AwsIam;
use super::api_types::{Group, User};
use super::grant_key::Subject;
use super::grants;
use super::listing::Holder;
use super::principal_access::{Held, PolicyReader, UserResources, can_sign_in};
use super::snapshot::{GroupHolding, Snapshot, UserHolding};
use crate::connector::ConnectorError;
use crate::model::{AccessPath, AccessRoute, Grant, Observation, Presence, Principal, Tier};

/// Looks at one grant. What cannot be read makes the presence unknown; no answer at all is an error.
pub(super) fn observe(aws: &AwsIam, grant: &Grant) -> Result<Observation, ConnectorError> {
    let Some(key) = Subject::parse(&grant.key) else { return Ok(unknown("the grant's key is not one of aws-iam")) };
    let look = Observer { aws, grant, holdings: PolicyReader::new(aws) };
    let sighting = match &key {
        Subject::Account { user } => look.account(user),
        Subject::Membership { user, group } => look.membership(user, group),
        Subject::Attached { holder, id, .. } | Subject::Inline { holder, id, .. } => look.policy(*holder, id),
        _ => look.credential(&key),
    };
    match sighting {
        Err(
            error @ (ConnectorError::RateLimited { .. }
            | ConnectorError::Transient(_)
            | ConnectorError::Unauthenticated(_)),
        ) => Err(error),
        Err(error) => Ok(unknown(&error.to_string())),
        Ok(sighting) => Ok(sighting),
    }
}

/// Something with an immutable id, found again or proven gone.
pub(super) enum Lookup<T> {
    /// It is not there any more; the text says what known thing the same read found.
    Gone(String),
    /// It is there, under the name it has now.
    Here(T),
    /// It was not found, and neither was anything else: that proves nothing.
    Nothing,
}

impl AwsIam {
    /// Returns the user with this id, whatever its name is now.
    pub(super) fn find_user(&self, id: &str, name: &str) -> Result<Lookup<User>, ConnectorError> {
        // A name of another kind of thing may not be one a user can have; the list of all users then decides.
        if let Some(user) = self.api.user(name)?.filter(|user| user.user_id == id) {
            return Ok(Lookup::Here(user));
        }
        let users = self.api.users()?;
        let count = users.len();
        Ok(match users.into_iter().find(|user| user.user_id == id) {
            Some(user) => Lookup::Here(user),
            None if count == 0 => Lookup::Nothing,
            None => Lookup::Gone(format!("iam:ListUsers read to its end, {count} others found")),
        })
    }

    /// Returns the group with this id, whatever its name is now.
    pub(super) fn find_group(&self, id: &str) -> Result<Lookup<Group>, ConnectorError> {
        let groups = self.api.groups()?;
        let count = groups.len();
        if let Some(group) = groups.into_iter().find(|group| group.group_id == id) {
            return Ok(Lookup::Here(group));
        }
        // A group list may rightly be empty; that users can be read shows that the answers are real.
        let users = self.api.users_from(None)?.entries.len();
        if count + users == 0 {
            return Ok(Lookup::Nothing);
        }
        Ok(Lookup::Gone(format!("iam:ListGroups read to its end, {count} others found; {users} users found")))
    }
}

struct Observer<'a> {
    aws: &'a AwsIam,
    grant: &'a Grant,
    holdings: PolicyReader<'a>,
}

impl Observer<'_> {
    fn account(&self, user: &str) -> Result<Observation, ConnectorError> {
        let user = match self.aws.find_user(user, &self.grant.principal.name)? {
            Lookup::Here(user) => user,
            Lookup::Gone(probe) => return Ok(absent(probe)),
            Lookup::Nothing => return Ok(unknown(NOTHING)),
        };
        let devices = self.aws.api.mfa_devices(&user.user_name)?;
        let is_active = can_sign_in(&self.aws.api, &self.aws.words.config, &user)?;
        let now = grants::account(&self.aws.words.system, &user, &devices, is_active)?;
        Ok(Observation { presence: Presence::Present { paths: now.paths.clone() }, grant: Some(now) })
    }

    fn credential(&self, key: &Subject) -> Result<Observation, ConnectorError> {
        let Principal { id, name } = &self.grant.principal;
        let user = match self.aws.find_user(id, name)? {
            Lookup::Here(user) => user,
            // What hangs on a user goes with it.
            Lookup::Gone(probe) => return Ok(absent(probe)),
            Lookup::Nothing => return Ok(unknown(NOTHING)),
        };
        let belongings = UserResources::of_kind(&self.aws.api, key, &user)?;
        let credentials = grants::credentials(&self.aws.words.system, &user, &belongings)?;
        match credentials.into_iter().find(|credential| credential.key == self.grant.key) {
            Some(now) => Ok(Observation { presence: Presence::Present { paths: now.paths.clone() }, grant: Some(now) }),
            None => Ok(absent(format!("the user {} ({id}) was read", user.user_name))),
        }
    }

    fn membership(&self, user: &str, group: &str) -> Result<Observation, ConnectorError> {
        let account = Snapshot::read(&self.aws.api)?;
        let Some(holding) = account.users.iter().find(|holding| holding.user.user_id == user) else {
            return Ok(no_user(&account));
        };
        let groups = account.groups_of(holding)?;
        if let Some(own) = groups.iter().find(|holding| holding.group.group_id == group) {
            let now = grants::membership(&self.aws.words.system, &holding.user, &own.group, &own.held)?;
            return Ok(Observation { presence: Presence::Present { paths: now.paths.clone() }, grant: Some(now) });
        }
        // Being an administrator by another way makes leaving a group of administrators an empty gesture.
        let administrators = self.grant.attribute("power") == Some("administrator");
        let paths = if administrators { ways(holding, &groups, Held::is_administrator) } else { Vec::new() };
        Ok(present_by(paths, || format!("the user {} is in {} other groups", holding.user.user_name, groups.len())))
    }

    fn policy(&self, holder: Holder, id: &str) -> Result<Observation, ConnectorError> {
        let account = Snapshot::read(&self.aws.api)?;
        let user = account.users.iter().find(|holding| holding.user.user_id == id);
        let group = account.groups.iter().find(|holding| holding.group.group_id == id);
        let (principal, own) = match (holder, user, group) {
            (Holder::User, Some(holding), _) => (grants::user_principal(&holding.user), &holding.held),
            (Holder::Group, _, Some(holding)) => (grants::group_principal(&holding.group), &holding.held),
            (Holder::User, None, _) => return Ok(no_user(&account)),
            (Holder::Group, _, None) => return Ok(no_group(&account)),
        };
        let mut now = None;
        for held in own {
            let made = grants::policy(&self.aws.words.system, holder, principal.clone(), held)?;
            if made.key == self.grant.key {
                now = Some(made);
            }
        }
        let same = self.same_right(own)?;
        let mut paths = match (holder, user) {
            (Holder::User, Some(holding)) => ways(holding, &account.groups_of(holding)?, same),
            _ => own.iter().filter(|held| same(held)).map(|held| path(&principal, None, held)).collect(),
        };
        if let Some(now) = &now {
            // The reviewed grant first, whatever its document says by now.
            paths.retain(|path| !now.paths.iter().any(|own| own.ids == path.ids));
            paths.splice(0..0, now.paths.iter().cloned());
        }
        let probe = || format!("{} ({id}) was read, with {} policies", principal.name, own.len());
        Ok(Observation { grant: now, ..present_by(paths, probe) })
    }

    /// Returns what makes a policy another way to the reviewed right: the same policy, a document that says the same
    /// as the reviewed one did, and for an administrator every document that gives everything.
    fn same_right(&self, own: &[Held]) -> Result<impl Fn(&Held) -> bool + Copy + use<'_>, ConnectorError> {
        let grant = self.grant;
        let mut document = grant.attribute("document").map(str::to_owned);
        if document.is_none() {
            // A policy of AWS: what it says now.
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
        Ok(move |held: &Held| {
            held.place.id() == Some(grant.entitlement.id.as_str())
                || digest == Some(held.document.digest)
                || (administrator && held.is_administrator())
        })
    }
}

/// Returns every way by which a user holds a policy that is meant, itself or by its groups.
fn ways(holding: &UserHolding, groups: &[&GroupHolding], is_meant: impl Fn(&Held) -> bool) -> Vec<AccessPath> {
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

fn path(principal: &Principal, group: Option<&Group>, held: &Held) -> AccessPath {
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
            text: format!("{} by the group {}, which {name} is in", held.name, group.group_name),
        },
    }
}

fn no_user(account: &Snapshot) -> Observation {
    match account.users.len() {
        0 => unknown(NOTHING),
        count => absent(format!("{QUERY}, {count} other users found")),
    }
}

/// A list of groups may rightly be empty; that users were read shows that the answer is real.
fn no_group(account: &Snapshot) -> Observation {
    match (account.users.len(), account.groups.len()) {
        (0, 0) => unknown(NOTHING),
        (users, groups) => absent(format!("{QUERY}, {groups} other groups and {users} users found")),
    }
}

fn present_by(paths: Vec<AccessPath>, probe: impl FnOnce() -> String) -> Observation {
    let presence = if paths.is_empty() { Presence::Absent { probe: probe() } } else { Presence::Present { paths } };
    Observation { presence, grant: None }
}

fn absent(probe: String) -> Observation {
    Observation { presence: Presence::Absent { probe }, grant: None }
}

fn unknown(reason: &str) -> Observation {
    Observation { presence: Presence::Unknown { reason: reason.to_owned() }, grant: None }
}

const QUERY: &str = "iam:GetAccountAuthorizationDetails read to its end";
const NOTHING: &str = "the target lists no user and no group at all, which proves nothing";
