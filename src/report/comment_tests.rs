//! Tests of the pull request comment: dependents, size limits, and escaping.

use super::*;
use crate::{
    campaign::Resolution,
    connector::{ConnectorDescriptor, ConnectorSchema, PlannedChange, UnsupportedChangeError},
    inventory::IdentityDirectory,
    model::{
        AccessChange, AccessLoss, AccessPath, AccessRoute, Attributes, CampaignId, Digest, Entitlement, ExpectedState,
        Grant, GrantKey, GrantKind, Inventory, ItemId, Operation, Principal, PrincipalId, RemainingPath, Timestamp,
        Usage, Verdict, VerificationLevel,
        action::ActionBasis,
        file::{AttributeValue, PrincipalKind, PrincipalRecord, Principals, System},
        history::EvidenceHistory,
    },
    plan::{BuildInputs, GuardrailViolation, PlanInputs, PlanTarget, build},
};
use std::collections::BTreeMap;

/// A target with irreversible changes, some of which leave access behind.
struct Words;

impl ConnectorSchema for Words {
    fn describe(&self) -> ConnectorDescriptor {
        ConnectorDescriptor { name: "words", kinds: &[GrantKind::Membership], needs: &[], level: VerificationLevel::V3 }
    }

    fn plan_change(
        &self,
        change: &AccessChange,
        grant: &Grant,
        _: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError> {
        let operation = Operation { call: "do".into(), with: BTreeMap::new(), text: format!("{change} {}", grant.key) };
        let loses =
            vec![AccessLoss { principal: grant.principal.name.clone(), entitlement: grant.entitlement.name.clone() }];
        let told = |name: &str| grant.attribute(name).map(str::to_owned);
        Ok(PlannedChange {
            operations: vec![operation],
            expects: ExpectedState::Absent,
            loses,
            survives: told("survives").into_iter().map(|text| remaining(text, grant)).collect(),
            effects: vec![],
            irreversible: told("lost"),
        })
    }
}

fn grant(kind: GrantKind, holder: (&str, &str), of: (&str, &str)) -> Grant {
    Grant {
        system: SystemId::parse("pg").unwrap(),
        kind,
        key: GrantKey::parse(&format!("{kind}:{}/{}", holder.0, of.0)).unwrap(),
        principal: Principal { id: holder.0.into(), name: holder.1.into() },
        entitlement: Entitlement { id: of.0.into(), name: of.1.into() },
        paths: vec![],
        attributes: Attributes::new(),
        expands_to: vec![],
        tier: Tier::T1,
    }
}

fn decided(grant: &Grant, verdict: Verdict) -> Resolution {
    let campaign = CampaignId::parse("c").unwrap();
    let item = ItemId::of(&campaign, &grant.system, &grant.key);
    let signers = vec!["ana".into()];
    let basis =
        ActionBasis { path: "p".into(), file: Digest::ZERO, item, verdict, signers, decided: Default::default() };
    Resolution {
        campaign,
        system: grant.system.clone(),
        item,
        grant: grant.digest(),
        subject: format!("pg:{}", grant.principal.id),
        tier: grant.tier,
        verdict,
        to: None,
        until: None,
        basis,
    }
}

/// Returns the comment on the plan of these decisions over these grants.
fn comment(
    grants: &[Grant],
    decisions: &[Resolution],
    usage: BTreeMap<GrantKey, Usage>,
    complete: bool,
    people: &IdentityDirectory,
    trips: &[GuardrailViolation],
) -> (String, Digest) {
    let id = SystemId::parse("pg").unwrap();
    let inventory = Inventory::new(id.clone(), Timestamp::from_unix(0), Digest::ZERO, complete, grants.to_vec(), usage);
    let system: System = toml::from_str(
        "schema = \"tenure/system/v1\"\nrepo = \"urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11\"\nsystem = \"pg\"\nversion = 1\nprev = \"none\"\nconnector = \"words\"\nowner = \"ana\"\ntier = \"T3\"\n\
         remediation = \"automatic\"\n[settings]\n",
    )
    .unwrap();
    let target = PlanTarget { system: &system, inventory: Some(&inventory), vocabulary: Some(&Words) };
    let targets = BTreeMap::from([(id.clone(), target)]);
    let premises = PlanInputs::test_fixture();
    let (history, reviewed) = (EvidenceHistory::default(), |_: &Resolution| None);
    let inputs = BuildInputs {
        premises,
        resolutions: decisions,
        suspended: &BTreeMap::new(),
        unreadable: &BTreeMap::new(),
        targets: &targets,
        history: &history,
        reviewed: &reviewed,
        duties: None,
    };
    let plan = build(&inputs).unwrap();
    let inventories = BTreeMap::from([(id, &inventory)]);
    (
        plan_markdown(&plan, PlanView { inventories: &inventories, people, trips, items: &BTreeMap::new() }),
        plan.digest(),
    )
}

fn people(entries: Vec<PrincipalRecord>) -> IdentityDirectory {
    let file = Principals { schema: "tenure/principals/v1".into(), principals: entries };
    IdentityDirectory::new([("principals.toml", file)]).0
}

#[test]
fn dependents_and_unknowns_are_listed() {
    let export = ("10", "svc_export");
    let mut account = grant(GrantKind::Account, export, ("account", "account svc_export"));
    account.attributes.insert("lost".into(), "its password is not kept".into());
    let mut member = grant(GrantKind::Membership, ("20", "reporting"), ("30", "role orders_read"));
    member.attributes.insert("survives".into(), "PUBLIC may read the same".into());
    let grants = [
        account.clone(),
        grant(GrantKind::Ownership, export, ("t1", "OWNER OF TABLE sales.orders")),
        grant(GrantKind::Credential, export, ("k1", "password of svc_export")),
        member.clone(),
        grant(GrantKind::Membership, ("11", "ana"), ("20", "role reporting")),
        grant(GrantKind::Membership, ("12", "zoe"), ("20", "role reporting")),
    ];
    let mut entry = PrincipalRecord::new(PrincipalId::parse("svc-export").unwrap(), PrincipalKind::Service);
    entry.accounts = vec!["pg:10".into()];
    (entry.workload, entry.purpose) = (Some("warehouse".into()), Some("the nightly export".into()));
    entry.attributes.insert("usage.consumers".into(), AttributeValue::Texts(vec!["cron on web-1".into()]));
    let usage = BTreeMap::from([(account.key.clone(), Usage::At(Timestamp::parse("2026-11-20").unwrap()))]);
    let decisions = [decided(&account, Verdict::Disable), decided(&member, Verdict::Revoke)];
    let (text, digest) = comment(&grants, &decisions, usage, false, &people(vec![entry]), &[]);
    insta::assert_snapshot!(text.replace(&digest.to_string(), "sha256:…"), @r#"
    <!-- tenure:plan -->
    ### Tenure plan: 2 actions on 1 system, 2 holders losing access, 1 cannot be undone, 1 will survive

    **Cannot be undone**

    | action | holder | what |
    |---|---|---|
    | act-68fdfd6d | svc\_export | its password is not kept |

    **Access that remains after the change**

    | action | holder | what |
    |---|---|---|
    | act-9c8d167d | reporting | will survive&#58; PUBLIC may read the same |

    **Actions**

    | system | action | change | holder | entitlement | tier | decided by | expected after |
    |---|---|---|---|---|---|---|---|
    | pg | act-68fdfd6d | disable | svc\_export | account svc\_export | T1 | ana | gone by every path |
    | pg | act-9c8d167d | revoke | reporting | role orders\_read | T1 | ana | gone by every path |

    **Blast radius**

    | action | holder | who loses what | dependents |
    |---|---|---|---|
    | act-68fdfd6d | svc\_export | svc\_export&#58; account svc\_export | owned objects left behind&#58; OWNER OF TABLE sales.orders; its credentials stop&#58; password of svc\_export; serves warehouse&#58; the nightly export; known consumers&#58; cron on web-1; last used 2026-11-20T00&#58;00&#58;00Z; possibly more&#58; the inventory is incomplete |
    | act-9c8d167d | reporting | reporting&#58; role orders\_read | affects the members&#58; ana, zoe; consumers&#58; unknown; last use&#58; unknown \(the system does not report it\); possibly more&#58; the inventory is incomplete |

    plan `sha256:…`
    "#);
}

#[test]
fn row_25_a_hostile_name_stays_a_name_in_every_column() {
    for hostile in [
        "@acme/admins <img src=x onerror=alert(1)>",
        "x\n\n| injected | row |\n</details><!-- tenure:plan -->",
        "[click](https://evil.example) ![x](https://evil.example/x.png)",
        "`$(id)` \u{202e}gnp.exe ::set-output name=x::y ##[add-mask]z",
        "-->\r\n# heading",
    ] {
        let mut odd = grant(GrantKind::Account, ("10", hostile), ("e", hostile));
        odd.attributes.extend([("survives".to_owned(), hostile.to_owned()), ("lost".to_owned(), hostile.to_owned())]);
        let owned = grant(GrantKind::Ownership, ("10", hostile), ("t", hostile));
        let mut entry = PrincipalRecord::new(PrincipalId::parse("odd").unwrap(), PrincipalKind::Service);
        entry.accounts = vec!["pg:10".into()];
        entry.purpose = Some(hostile.into());
        entry.attributes.insert("usage.consumers".into(), AttributeValue::Texts(vec![hostile.into()]));
        let usage = BTreeMap::from([(odd.key.clone(), Usage::Unknown(hostile.into()))]);
        let trips = [GuardrailViolation { code: "principal-protected", message: hostile.into(), help: hostile.into() }];
        let grants = [odd.clone(), owned];
        let (text, digest) =
            comment(&grants, &[decided(&odd, Verdict::Disable)], usage, true, &people(vec![entry]), &trips);
        let text = text.strip_prefix(MARKER).unwrap();
        for dangerous in ["@acme", "](", "<", "::", "\r", "\u{202e}", "\n#", "-->", "\n| injected", "##["] {
            assert!(!text.replace("### Tenure plan", "").contains(dangerous), "{dangerous:?} in {text}");
        }
        assert!(text.ends_with(&format!("plan `{digest}`\n")));
        assert!(!text.contains("more; `tenure plan`"), "nothing is left out: {text}");
    }
}

#[test]
fn large_plan_fits_comment_with_all_tables() {
    let name = |number: u32| format!("{number}{}", "&@".repeat(120));
    let mut grants: Vec<_> = (0..2_000)
        .map(|number| grant(GrantKind::Membership, (&number.to_string(), &name(number)), ("e", "role admin")))
        .collect();
    for grant in &mut grants {
        grant.attributes.extend([("survives".to_owned(), name(1)), ("lost".to_owned(), name(2))]);
    }
    let decisions: Vec<_> = grants.iter().map(|grant| decided(grant, Verdict::Revoke)).collect();
    let trips = [GuardrailViolation {
        code: "removals-per-run",
        message: "2,000 removals, 50 allowed".into(),
        help: "sign".into(),
    }];
    let (text, digest) = comment(&grants, &decisions, BTreeMap::new(), true, &people(vec![]), &trips);
    assert!(text.len() <= crate::report::MAX_MARKDOWN, "{} bytes", text.len());
    assert!(text.len() > crate::report::MAX_MARKDOWN * 9 / 10, "the limit is used: {} bytes", text.len());
    assert!(text.ends_with(&format!("plan `{digest}`\n")));
    assert!(
        text.contains("2000 actions on 1 system, 2000 holders losing access, 2000 cannot be undone, 2000 will survive")
    );
    for title in ["Tripped guardrails", "Cannot be undone", "Access that remains", "Actions", "Blast radius"] {
        let (_, table) = text.split_once(&format!("\n**{title}")).unwrap_or_else(|| panic!("{title} is hidden"));
        let table = table.split("\n**").next().unwrap_or_default();
        let shown = table.lines().filter(|line| line.starts_with("| ")).count() - 1;
        assert!(shown > 0, "{title} has no row: {table}");
        let more = format!("\n… and {} more; `tenure plan` shows them all.\n", 2_000 - shown);
        assert!(title == "Tripped guardrails" || table.contains(&more), "{title} counts omitted rows");
    }
    let comment_by_github = 65_536;
    assert!(text.chars().count() < comment_by_github);
}

fn remaining(text: String, grant: &Grant) -> RemainingPath {
    RemainingPath::whole(AccessPath { via: AccessRoute::Role, ids: "r".into(), text }, grant.tier)
}
