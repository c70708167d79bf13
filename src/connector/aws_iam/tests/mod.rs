//! Tests against an emulator of AWS (moto) and against misbehaving servers.

mod changing;
mod hostile;
mod reading;
mod removing;
mod rotating;

use super::{AwsIam, Config};
use crate::connector::TargetQuery;
use crate::connector::tests::conformance::list_all;
use crate::connector::tests::moto::{Moto, element};
use crate::connector::{
    ApplyReceipt, Collector as _, ConnectorError, ConnectorSchema as _, Intent, PlannedChange, Provisioner as _,
    SecretSink, UnconfiguredSink, UnsupportedChangeError,
};
use crate::model::action::{ActionBasis, ActionSpec, Planned};
use crate::model::{
    AccessChange, Action, ActionId, CampaignId, Digest, Grant, Inventory, ItemId, RepoId, SystemId, Timestamp, Verdict,
    VerificationLevel,
};
use crate::model::{GrantObservation, RemainingPath, SurvivingPath, Tier};
use secrecy::SecretString;

/// An account with one user: the engine, an administrator.
struct TestAccount {
    moto: Moto,
    engine: (String, String),
}

impl TestAccount {
    fn new() -> Self {
        let moto = Moto::start();
        moto.by_hand("CreateUser", &[("UserName", "engine")]);
        let with = [("UserName", "engine"), ("PolicyName", "all"), ("PolicyDocument", EVERYTHING)];
        moto.by_hand("PutUserPolicy", &with);
        let key = moto.by_hand("CreateAccessKey", &[("UserName", "engine")]);
        Self { engine: (element(&key, "AccessKeyId"), element(&key, "SecretAccessKey")), moto }
    }

    /// Creates a user, and returns its id.
    fn user(&self, name: &str) -> String {
        element(&self.moto.by_hand("CreateUser", &[("UserName", name)]), "UserId")
    }

    /// Creates an access key, and returns its id and secret.
    fn key(&self, user: &str) -> (String, String) {
        let key = self.moto.by_hand("CreateAccessKey", &[("UserName", user)]);
        (element(&key, "AccessKeyId"), element(&key, "SecretAccessKey"))
    }

    /// Creates a group with these members, and returns its id.
    fn group(&self, name: &str, members: &[&str]) -> String {
        let id = element(&self.moto.by_hand("CreateGroup", &[("GroupName", name)]), "GroupId");
        for member in members {
            self.moto.by_hand("AddUserToGroup", &[("GroupName", name), ("UserName", member)]);
        }
        id
    }

    /// Creates a managed policy, and returns its ARN.
    fn policy(&self, name: &str, document: &str) -> String {
        let with = [("PolicyName", name), ("PolicyDocument", document)];
        element(&self.moto.by_hand("CreatePolicy", &with), "Arn")
    }

    fn attach_to_user(&self, user: &str, arn: &str) {
        self.moto.by_hand("AttachUserPolicy", &[("UserName", user), ("PolicyArn", arn)]);
    }

    fn attach_to_group(&self, group: &str, arn: &str) {
        self.moto.by_hand("AttachGroupPolicy", &[("GroupName", group), ("PolicyArn", arn)]);
    }

    /// Connects as the engine.
    fn connector(&self) -> AwsIam {
        self.connector_as(&self.engine.0, &self.engine.1, "")
    }

    /// Connects with this key and additional settings.
    fn connector_as(&self, id: &str, secret: &str, more: &str) -> AwsIam {
        connect(&self.moto.url(), id, secret, more).expect("the emulator can be connected")
    }

    /// Collects everything, at a time long after the changes.
    fn inventory(&self) -> Inventory {
        inventory(&self.connector())
    }

    /// Returns the grant of this principal whose key has this prefix.
    fn grant(&self, key: &str, principal: &str) -> Grant {
        let is_meant = |grant: &&Grant| grant.key.as_str().starts_with(key) && grant.principal.name == principal;
        let inventory = self.inventory();
        inventory.grants().find(is_meant).unwrap_or_else(|| panic!("no {key} of {principal}")).clone()
    }

    /// Plans a change from a new inventory.
    fn plan_change(&self, change: &AccessChange, grant: &Grant) -> Result<PlannedChange, UnsupportedChangeError> {
        self.connector().plan_change(change, grant, &self.inventory())
    }

    /// Plans a change and applies it.
    fn change(&self, change: AccessChange, grant: &Grant) -> Result<ApplyReceipt, ConnectorError> {
        self.apply(&self.plan(change, grant), &UnconfiguredSink)
    }

    /// Plans a change as the action of a plan.
    fn plan(&self, change: AccessChange, grant: &Grant) -> Action<Planned> {
        let draft = self.plan_change(&change, grant).expect("it can be drafted");
        action(change, grant, draft)
    }

    fn apply(&self, action: &Action<Planned>, sink: &dyn SecretSink) -> Result<ApplyReceipt, ConnectorError> {
        self.connector().apply(action, Intent::recorded(action.id.clone(), 1), sink)
    }

    /// Reads a grant.
    fn presence(&self, grant: &Grant) -> GrantObservation {
        self.connector().observe(&TargetQuery::removal(grant)).expect("the emulator answers")
    }
}

fn connect(url: &str, id: &str, secret: &str, more: &str) -> Result<AwsIam, ConnectorError> {
    connect_to("123456789012", url, id, secret, more)
}

fn connect_to(account: &str, url: &str, id: &str, secret: &str, more: &str) -> Result<AwsIam, ConnectorError> {
    let unseen = "unseen = [\"service-specific-credentials\"]\n";
    let unseen = if more.contains("unseen") { "" } else { unseen };
    let settings = format!(
        "account = \"{account}\"\nendpoint = \"{url}\"\naccess_key_id_env = \"ID\"\nsecret_access_key_env = \"SECRET\"\n\
         settle_seconds = 0\n{unseen}{more}"
    );
    let config: Config = toml::from_str(&settings).expect("settings of a test");
    AwsIam::connect(system(), config, |name| match name {
        "ID" => Some(SecretString::from(id.to_owned())),
        "SECRET" => Some(SecretString::from(secret.to_owned())),
        _ => None,
    })
}

fn inventory(aws: &AwsIam) -> Inventory {
    let all = list_all(aws).into_values().flatten();
    let mut usage = std::collections::BTreeMap::new();
    for &kind in aws.describe().kinds {
        usage.extend(aws.list(kind, None).expect("a first page").usage);
    }
    let later = Timestamp::parse("2040-01-01").expect("a date");
    Inventory::new(system(), later, Digest::ZERO, true, all, usage)
}

fn action(change: AccessChange, grant: &Grant, draft: PlannedChange) -> Action<Planned> {
    let campaign = CampaignId::parse("2026-q4").expect("an id");
    let item = ItemId::of(&campaign, &grant.system, &grant.key);
    let basis = ActionBasis {
        path: "campaigns/2026-q4/reviews/aws/ana.toml".to_owned(),
        file: Digest::ZERO,
        item,
        verdict: Verdict::Revoke,
        signers: vec!["ana".to_owned()],
        decided: Default::default(),
    };
    Action::new(ActionSpec {
        id: ActionId::of(&RepoId::random(), &item, &grant.digest(), change.verb()),
        basis,
        change,
        grant: grant.clone(),
        precondition: grant.digest(),
        operations: draft.operations,
        expects: draft.expects,
        loses: draft.loses,
        survives: surviving(draft.survives, grant.tier),
        effects: draft.effects,
        irreversible: draft.irreversible,
        level: VerificationLevel::V3,
    })
}

fn system() -> SystemId {
    SystemId::parse("aws-test").expect("an id")
}

fn texts(seen: &GrantObservation) -> Vec<String> {
    seen.access.as_ref().unwrap().paths.iter().map(|left| left.path.text.clone()).collect()
}

fn survivors(planned: &PlannedChange) -> Vec<String> {
    planned.survives.iter().map(|left| left.path.text.clone()).collect()
}

fn is_absent(presence: &GrantObservation) -> bool {
    presence.is_absent()
}

const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const READ_BUCKETS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"}]}"#;

fn surviving(paths: Vec<RemainingPath>, lost: Tier) -> Vec<SurvivingPath> {
    paths.into_iter().map(|path| SurvivingPath::of(path, lost, None)).collect()
}
