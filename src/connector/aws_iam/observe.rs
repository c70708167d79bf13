//! Effective access, now: the reviewed grant itself, and every other way to the same.

use super::AwsIam;
use super::grants;
use super::holdings::{Belongings, Held, Holdings, Place};
use super::key::Key;
use super::read::Holder;
use super::shapes::{Group, User};
use crate::connector::ConnectorError;
use crate::model::{AccessPath, Grant, Presence, Principal, Sighting, Tier, Via};

/// Looks at one grant. What cannot be read makes the presence unknown; no answer at all is an error.
pub(super) fn observe(aws: &AwsIam, grant: &Grant) -> Result<Sighting, ConnectorError> {
    let Some(key) = Key::parse(&grant.key) else { return Ok(unknown("the grant's key is not one of aws-iam")) };
    let look = Look { aws, grant, holdings: Holdings::new(aws) };
    let sighting = match &key {
        Key::Account { user } => look.account(user),
        Key::Membership { user, group } => look.membership(user, group),
        Key::Attached { holder, id, .. } | Key::Inline { holder, id, .. } => look.policy(*holder, id),
        _ => look.credential(),
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
pub(super) enum Found<T> {
    /// It is not there any more; the text says what known thing the same read found.
    Gone(String),
    /// It is there, under the name it has now.
    Here(T),
    /// It was not found, and neither was anything else: that proves nothing.
    Nothing,
}

impl AwsIam {
    /// Returns the user with this id, whatever its name is now.
    pub(super) fn find_user(&self, id: &str, name: &str) -> Result<Found<User>, ConnectorError> {
        // A name of another kind of thing may not be one a user can have; the list of all users then decides.
        if let Some(user) = self.api.user(name)?.filter(|user| user.user_id == id) {
            return Ok(Found::Here(user));
        }
        let users = self.api.users()?;
        let count = users.len();
        Ok(match users.into_iter().find(|user| user.user_id == id) {
            Some(user) => Found::Here(user),
            None if count == 0 => Found::Nothing,
            None => Found::Gone(format!("iam:ListUsers read to its end, {count} others found")),
        })
    }

    /// Returns the group with this id, whatever its name is now.
    pub(super) fn find_group(&self, id: &str) -> Result<Found<Group>, ConnectorError> {
        let groups = self.api.groups()?;
        let count = groups.len();
        if let Some(group) = groups.into_iter().find(|group| group.group_id == id) {
            return Ok(Found::Here(group));
        }
        // A group list may rightly be empty; that users can be read shows that the answers are real.
        let users = self.api.users_from(None)?.entries.len();
        if count + users == 0 {
            return Ok(Found::Nothing);
        }
        Ok(Found::Gone(format!("iam:ListGroups read to its end, {count} others found; {users} users found")))
    }
}

struct Look<'a> {
    aws: &'a AwsIam,
    grant: &'a Grant,
    holdings: Holdings<'a>,
}

impl Look<'_> {
    fn account(&self, user: &str) -> Result<Sighting, ConnectorError> {
        let user = match self.aws.find_user(user, &self.grant.principal.name)? {
            Found::Here(user) => user,
            Found::Gone(probe) => return Ok(absent(probe)),
            Found::Nothing => return Ok(unknown(NOTHING)),
        };
        let belongings = Belongings::read(&self.aws.api, &self.aws.words.config, &user)?;
        let now = grants::account(&self.aws.words.system, &user, &belongings)?;
        Ok(Sighting { presence: Presence::Present { paths: now.paths.clone() }, grant: Some(now) })
    }

    fn credential(&self) -> Result<Sighting, ConnectorError> {
        let Principal { id, name } = &self.grant.principal;
        let user = match self.aws.find_user(id, name)? {
            Found::Here(user) => user,
            // What hangs on a user goes with it.
            Found::Gone(probe) => return Ok(absent(probe)),
            Found::Nothing => return Ok(unknown(NOTHING)),
        };
        let belongings = Belongings::read(&self.aws.api, &self.aws.words.config, &user)?;
        let credentials = grants::credentials(&self.aws.words.system, &user, &belongings)?;
        match credentials.into_iter().find(|credential| credential.key == self.grant.key) {
            Some(now) => Ok(Sighting { presence: Presence::Present { paths: now.paths.clone() }, grant: Some(now) }),
            None => Ok(absent(format!("the user {} ({id}) was read", user.user_name))),
        }
    }

    fn membership(&self, user: &str, group: &str) -> Result<Sighting, ConnectorError> {
        let user = match self.aws.find_user(user, &self.grant.principal.name)? {
            Found::Here(user) => user,
            Found::Gone(probe) => return Ok(absent(probe)),
            Found::Nothing => return Ok(unknown(NOTHING)),
        };
        let groups = self.aws.api.groups_of(&user.user_name)?;
        if let Some(group) = groups.iter().find(|found| found.group_id == group) {
            let held = self.holdings.of(Holder::Group, &group.group_name)?;
            let now = grants::membership(&self.aws.words.system, &user, group, &held)?;
            return Ok(Sighting { presence: Presence::Present { paths: now.paths.clone() }, grant: Some(now) });
        }
        // Being an administrator by another way makes leaving a group of administrators an empty gesture.
        let administrators = self.grant.attribute("power") == Some("administrator");
        let paths = if administrators { self.ways(&user, &groups, Held::is_administrator)? } else { Vec::new() };
        Ok(present_by(paths, || format!("the user {} is in {} other groups", user.user_name, groups.len())))
    }

    fn policy(&self, holder: Holder, id: &str) -> Result<Sighting, ConnectorError> {
        let nothing = || Ok(unknown(NOTHING));
        let (name, principal, user) = match holder {
            Holder::User => match self.aws.find_user(id, &self.grant.principal.name)? {
                Found::Here(user) => (user.user_name.clone(), grants::user_principal(&user), Some(user)),
                Found::Gone(probe) => return Ok(absent(probe)),
                Found::Nothing => return nothing(),
            },
            Holder::Group => match self.aws.find_group(id)? {
                Found::Here(group) => (group.group_name.clone(), grants::group_principal(&group), None),
                Found::Gone(probe) => return Ok(absent(probe)),
                Found::Nothing => return nothing(),
            },
        };
        let own = self.holdings.of(holder, &name)?;
        let mut now = None;
        for held in &own {
            let made = grants::policy(&self.aws.words.system, holder, principal.clone(), held)?;
            if made.key == self.grant.key {
                now = Some(made);
            }
        }
        let same = self.same_right(&own)?;
        let mut paths = match user {
            Some(user) => {
                let groups = self.aws.api.groups_of(&user.user_name)?;
                self.ways(&user, &groups, same)?
            }
            None => own.iter().filter(|held| same(held)).map(|held| path(&principal, None, held)).collect(),
        };
        if let Some(now) = &now {
            // The reviewed grant first, whatever its document says by now.
            paths.retain(|path| !now.paths.contains(path));
            paths.splice(0..0, now.paths.iter().cloned());
        }
        let probe = || format!("{name} ({id}) was read, with {} policies", own.len());
        Ok(Sighting { grant: now, ..present_by(paths, probe) })
    }

    /// Returns what makes a policy another way to the reviewed right: the same policy, a document that says the same
    /// as the reviewed one did, and for an administrator every document that gives everything.
    fn same_right(&self, own: &[Held]) -> Result<impl Fn(&Held) -> bool + Copy + use<'_>, ConnectorError> {
        let grant = self.grant;
        let mut document = grant.attribute("document").map(str::to_owned);
        if document.is_none() {
            // A policy of AWS: what it says now.
            let mut held = own.iter().find(|held| id_of(held) == Some(&grant.entitlement.id)).cloned();
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
            id_of(held) == Some(&grant.entitlement.id)
                || digest == Some(held.document.digest)
                || (administrator && held.is_administrator())
        })
    }

    /// Returns every way by which a user holds a policy that is meant, itself or by its groups.
    fn ways(
        &self,
        user: &User,
        groups: &[Group],
        is_meant: impl Fn(&Held) -> bool,
    ) -> Result<Vec<AccessPath>, ConnectorError> {
        let principal = grants::user_principal(user);
        let own = self.holdings.of(Holder::User, &user.user_name)?;
        let mut paths: Vec<_> =
            own.iter().filter(|held| is_meant(held)).map(|held| path(&principal, None, held)).collect();
        for group in groups {
            let held = self.holdings.of(Holder::Group, &group.group_name)?;
            paths.extend(held.iter().filter(|held| is_meant(held)).map(|held| path(&principal, Some(group), held)));
        }
        paths.sort();
        Ok(paths)
    }
}

fn path(principal: &Principal, group: Option<&Group>, held: &Held) -> AccessPath {
    let id = id_of(held).unwrap_or(&held.name);
    let Principal { id: holder, name } = principal;
    match group {
        None => AccessPath {
            via: Via::Direct,
            ids: format!("{holder}/{id}"),
            text: format!("{} on {name} itself", held.name),
        },
        Some(group) => AccessPath {
            via: Via::Group,
            ids: format!("{holder}/{}/{id}", group.group_id),
            text: format!("{} by the group {}, which {name} is in", held.name, group.group_name),
        },
    }
}

fn id_of(held: &Held) -> Option<&String> {
    match &held.place {
        Place::Account { id, .. } | Place::Aws { id, .. } => Some(id),
        Place::Inline => None,
    }
}

fn present_by(paths: Vec<AccessPath>, probe: impl FnOnce() -> String) -> Sighting {
    let presence = if paths.is_empty() { Presence::Absent { probe: probe() } } else { Presence::Present { paths } };
    Sighting { presence, grant: None }
}

fn absent(probe: String) -> Sighting {
    Sighting { presence: Presence::Absent { probe }, grant: None }
}

fn unknown(reason: &str) -> Sighting {
    Sighting { presence: Presence::Unknown { reason: reason.to_owned() }, grant: None }
}

const NOTHING: &str = "the target lists no user and no group at all, which proves nothing";
