//! Listings of grants, independent control totals, and the health of the connection.

use super::account::AwsIam;
use super::api_types::{AccountSummary, IamGroup, IamUser};
use super::config::Config;
use super::grants;
use super::listing::{EntryBatch, PolicyHolder};
use super::principal_access::{PolicyReader, UserResources};
use super::snapshot;
use crate::connector::{ConnectorError, ConnectorHealth, ControlTotal, GrantPage, ListingCursor};
use crate::model::{Grant, GrantKind, Usage};

pub(super) fn list(aws: &AwsIam, kind: GrantKind, from: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError> {
    let place = ListingPosition::read(from, kind)?;
    match (kind, place.part) {
        (GrantKind::Account, _) => {
            let batch = aws.api.users_from(place.marker())?;
            users(aws, place, batch, |page, user| accounts(aws, page, user))
        }
        (GrantKind::Credential, _) => {
            let batch = aws.api.users_from(place.marker())?;
            users(aws, place, batch, |page, user| credentials(aws, page, user))
        }
        (GrantKind::Membership, _) => memberships(aws, place),
        (GrantKind::Policy, ListingPart::Groups) => group_policies(aws, place),
        (GrantKind::Policy, ListingPart::Users) => {
            let holdings = PolicyReader::new(aws);
            let batch = aws.api.users_from(place.marker())?;
            users(aws, place, batch, |page, user| {
                for held in holdings.of(PolicyHolder::User, &user.user_name)? {
                    let principal = grants::user_principal(user);
                    page.grants.push(grants::policy(&aws.system, PolicyHolder::User, principal, &held)?);
                }
                Ok(())
            })
            .map(|page| {
                if page.next.is_none() { GrantPage { next: Some(ListingPosition::groups()), ..page } } else { page }
            })
        }
        _ => Err(ConnectorError::Unsupported(format!("aws-iam has no grants of kind {kind}"))),
    }
}

/// Returns a page with the grants of a batch of users.
fn users(
    aws: &AwsIam,
    place: ListingPosition,
    batch: EntryBatch<IamUser>,
    mut add: impl FnMut(&mut GrantPage, &IamUser) -> Result<(), ConnectorError>,
) -> Result<GrantPage, ConnectorError> {
    let mut page = GrantPage { next: place.next(aws, batch.next)?, ..GrantPage::default() };
    for user in &batch.entries {
        add(&mut page, user)?;
    }
    Ok(page)
}

fn accounts(aws: &AwsIam, page: &mut GrantPage, user: &IamUser) -> Result<(), ConnectorError> {
    let belongings = UserResources::read(&aws.api, &aws.config, user)?;
    let devices = aws.api.mfa_devices(&user.user_name)?;
    let account = grants::account(&aws.system, user, &devices, belongings.can_sign_in())?;
    let mut all: Vec<Usage> = belongings
        .access_keys
        .iter()
        .map(|key| grants::key_usage(&key.create_date, aws.api.last_used(&key.access_key_id)))
        .collect();
    if let Some(password) = &belongings.password {
        all.push(grants::password_usage(user, &password.create_date));
    }
    if !belongings.service_credentials.is_empty()
        || !belongings.ssh_public_keys.is_empty()
        || !belongings.certificates.is_empty()
    {
        all.push(Usage::Unknown(UNTRACKED.into()));
    }
    page.usage.push((account.key.clone(), grants::account_usage(user, &all)));
    page.grants.push(account);
    Ok(())
}

fn credentials(aws: &AwsIam, page: &mut GrantPage, user: &IamUser) -> Result<(), ConnectorError> {
    let belongings = UserResources::read(&aws.api, &aws.config, user)?;
    for credential in grants::credentials(&aws.system, user, &belongings)? {
        let created = credential.attribute("created").unwrap_or_default();
        let usage = match credential.attribute("type") {
            Some("access-key") => grants::key_usage(created, aws.api.last_used(&credential.entitlement.id)),
            Some("password") => grants::password_usage(user, created),
            _ => Usage::Unknown(UNTRACKED.into()),
        };
        page.usage.push((credential.key.clone(), usage));
        page.grants.push(credential);
    }
    Ok(())
}

fn memberships(aws: &AwsIam, place: ListingPosition) -> Result<GrantPage, ConnectorError> {
    let holdings = PolicyReader::new(aws);
    let batch = aws.api.groups_from(place.marker())?;
    let mut page = GrantPage { next: place.next(aws, batch.next)?, ..GrantPage::default() };
    for listed in &batch.entries {
        let (group, members) = same(listed.group_id.as_str(), aws.api.members(&listed.group_name)?)?;
        if members.is_empty() {
            continue;
        }
        let held = holdings.of(PolicyHolder::Group, &group.group_name)?;
        let made = members.iter().map(|user| grants::membership(&aws.system, user, &group, &held));
        page.grants.extend(made.collect::<Result<Vec<Grant>, _>>()?);
    }
    Ok(page)
}

fn same<T>(id: &str, found: Option<(IamGroup, T)>) -> Result<(IamGroup, T), ConnectorError> {
    let changed = || ConnectorError::Transient("a group changed while the groups were read".to_owned());
    found.filter(|(group, _)| group.group_id == id).ok_or_else(changed)
}

fn group_policies(aws: &AwsIam, place: ListingPosition) -> Result<GrantPage, ConnectorError> {
    let holdings = PolicyReader::new(aws);
    let batch = aws.api.groups_from(place.marker())?;
    let mut page = GrantPage { next: place.next(aws, batch.next)?, ..GrantPage::default() };
    for group in &batch.entries {
        for held in holdings.of(PolicyHolder::Group, &group.group_name)? {
            let principal = grants::group_principal(group);
            page.grants.push(grants::policy(&aws.system, PolicyHolder::Group, principal, &held)?);
        }
    }
    Ok(page)
}

/// The start of a page in a listing. It includes the number of pages, so that an endless listing is detected.
struct ListingPosition {
    part: ListingPart,
    pages: u32,
    marker: String,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum ListingPart {
    Groups,
    Users,
}

impl ListingPosition {
    fn read(from: Option<&ListingCursor>, kind: GrantKind) -> Result<Self, ConnectorError> {
        let start = if kind == GrantKind::Membership { ListingPart::Groups } else { ListingPart::Users };
        let Some(ListingCursor(text)) = from else { return Ok(Self { part: start, pages: 0, marker: String::new() }) };
        let foreign = || ConnectorError::Permanent("the cursor does not belong to aws-iam".to_owned());
        let (part, rest) = text.split_once(':').ok_or_else(foreign)?;
        let (pages, marker) = rest.split_once(':').ok_or_else(foreign)?;
        let part = match part {
            "groups" => ListingPart::Groups,
            "users" => ListingPart::Users,
            _ => return Err(foreign()),
        };
        Ok(Self { part, pages: pages.parse().map_err(|_| foreign())?, marker: marker.to_owned() })
    }

    fn groups() -> ListingCursor {
        ListingCursor("groups:0:".to_owned())
    }

    fn marker(&self) -> Option<&str> {
        Some(self.marker.as_str()).filter(|marker| !marker.is_empty())
    }

    fn next(&self, aws: &AwsIam, marker: Option<String>) -> Result<Option<ListingCursor>, ConnectorError> {
        let Some(marker) = marker else { return Ok(None) };
        let part = if self.part == ListingPart::Groups { "groups" } else { "users" };
        let refuse = |why: &str| Err(ConnectorError::Permanent(format!("the list of {part}: {why}")));
        if marker == self.marker || marker.is_empty() {
            return refuse("the pages of the target form a loop");
        }
        if self.pages >= aws.api.limits().pages {
            return refuse("the listing exceeds the page limit");
        }
        Ok(Some(ListingCursor(format!("{part}:{}:{marker}", self.pages + 1))))
    }
}

pub(super) fn control_totals(aws: &AwsIam) -> Result<Vec<ControlTotal>, ConnectorError> {
    let summary: AccountSummary = aws.api.read("GetAccountSummary", &[])?;
    let missing =
        || ConnectorError::Permanent("iam:GetAccountSummary: the reply contains no number of users".to_owned());
    let total = |kind, count: usize| {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        ControlTotal { kind, count, source: "iam:GetAccountAuthorizationDetails".to_owned() }
    };
    let (memberships, policies) = snapshot::count(&aws.api)?;
    Ok(vec![
        ControlTotal {
            kind: GrantKind::Account,
            count: summary.value("Users").ok_or_else(missing)?,
            source: "iam:GetAccountSummary".to_owned(),
        },
        total(GrantKind::Membership, memberships),
        total(GrantKind::Policy, policies),
    ])
}

pub(super) fn validate(aws: &AwsIam) -> Result<ConnectorHealth, ConnectorError> {
    let Config { account, unseen, .. } = &aws.config;
    let caller = aws.api.caller(&aws.api.secret())?;
    if caller.account != *account {
        let why = format!("the credential does not belong to the account {account} of the system file");
        return Err(ConnectorError::PreconditionFailed(why));
    }
    let mut blind_spots: Vec<String> = unseen.iter().map(|what| what.text().to_owned()).collect();
    let mut probe = |what: &str, refused: Option<ConnectorError>| match refused {
        Some(ConnectorError::Forbidden { missing }) => {
            blind_spots.push(format!("{what}: {missing} is refused"));
            Ok(())
        }
        Some(error) => Err(error),
        None => Ok(()),
    };
    probe("users", aws.api.users_from(None).err())?;
    probe("groups", aws.api.groups_from(None).err())?;
    probe("control totals", aws.api.read::<AccountSummary>("GetAccountSummary", &[]).err())?;
    blind_spots.extend(ALWAYS_UNSEEN.iter().map(|&what| what.to_owned()));
    Ok(ConnectorHealth {
        target: format!("AWS IAM 2010-05-08 at {}, account {account}", aws.api.host()),
        identity: caller.arn,
        blind_spots,
    })
}

const UNTRACKED: &str = "AWS does not record its use";
const ALWAYS_UNSEEN: &[&str] = &[
    "the root user's password and keys",
    "roles, who may assume them, and Identity Center",
    "policies on resources, permissions boundaries and service control policies",
    "an independent count of credentials: the credential report may be four hours old",
];
