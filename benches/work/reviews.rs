//! Review files with two signatures each: strict parsing and verification.

use super::key;
use std::fs;
use std::path::Path;
use tenure::format::codec;
use tenure::format::ssh_keys::Signer as _;
use tenure::format::sshsig::{SignatureNamespace, SshSignature};
use tenure::model::file::{GovernedFile as _, Item, Review};
use tenure::model::{CampaignId, Digest, ItemId, PrincipalId, RepoId, SystemId, Tier, Verdict};

/// A review file in a repository.
pub struct Signed {
    /// Its bytes.
    pub file: Vec<u8>,
    /// The bytes of its signature files.
    pub signatures: [Vec<u8>; 2],
}

/// Writes `count` review files of ten items, for example 100,000 items in 10,000 files.
pub fn prepare(folder: &Path, count: u64) {
    for n in 0..count {
        let signed = signed(n);
        let name = |end: &str| folder.join(format!("{n:06}{end}"));
        fs::write(name(".toml"), &signed.file).expect("a file can be written");
        fs::write(name(".ana.sig"), &signed.signatures[0]).expect("a file can be written");
        fs::write(name(".li.sig"), &signed.signatures[1]).expect("a file can be written");
    }
}

/// Reads them into memory, as git would return them from a pack.
pub fn load(folder: &Path, count: u64) -> Vec<Signed> {
    let read = |n: u64, end: &str| fs::read(folder.join(format!("{n:06}{end}"))).expect("it was prepared");
    let load = |n| Signed { file: read(n, ".toml"), signatures: [read(n, ".ana.sig"), read(n, ".li.sig")] };
    (0..count).map(load).collect()
}

/// Reads and verifies all files; returns the number of valid ones.
pub fn verify(all: &[Signed]) -> u64 {
    all.iter().filter(|signed| is_good(signed)).count() as u64
}

/// Returns whether a file is canonical and has two valid signatures.
pub fn is_good(signed: &Signed) -> bool {
    let review = codec::parse::<Review>("ana.ruiz.toml", &signed.file);
    let signers = signed.signatures.iter().map(|bytes| {
        let signature = SshSignature::parse(bytes).ok()?;
        signature.verify(SignatureNamespace::Review, &signed.file).ok()
    });
    review.is_ok_and(|review| review.items.len() == ITEMS)
        && signers.eq([Some(key(1).public_key()), Some(key(2).public_key())])
}

/// Returns the `n`th review file, signed twice.
pub fn signed(n: u64) -> Signed {
    let file = codec::render(&review(n)).into_bytes();
    let sign = |by: u8| {
        let signature = SshSignature::sign(&key(by), SignatureNamespace::Review, &file).expect("a key in memory signs");
        signature.armored().into_bytes()
    };
    let signatures = [sign(1), sign(2)];
    Signed { file, signatures }
}

fn review(n: u64) -> Review {
    let items = (0..ITEMS).map(|item| {
        let about = format!("{n} {item}");
        Item {
            id: ItemId::parse(&format!("itm-{}", &Digest::of(&about).hex()[..16])).expect("16 digits"),
            grant_digest: Digest::of(about),
            subject: format!("pg-orders:{}", 16_384 + n),
            tier: Tier::T2,
            summary: "service account; owner li.chen (left 2026-09-30); unused 143 days; inherits 41 entitlements"
                .into(),
            recommendation: "revoke: NHI-OWN-02, NHI-LIF-02".into(),
            severity: None,
            principal: format!("svc_export_{n}"),
            entitlement: format!("role reporting_admin_{item}"),
            decision: Some(Verdict::Revoke),
            to: None,
            until: None,
            reason: "export job retired in May".into(),
            supersedes: None,
        }
    });
    Review {
        schema: Review::KIND.schema().into(),
        repo: RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").expect("a repository id"),
        campaign: CampaignId::parse("2026-q4-privileged").expect("a campaign id"),
        digest: Digest::of("campaign"),
        system: SystemId::parse("pg-orders").expect("a system id"),
        reviewer: PrincipalId::parse("ana.ruiz").expect("a principal id"),
        cosigners: vec![PrincipalId::parse("li.chen").expect("a principal id")],
        stage: None,
        items: items.collect(),
    }
}

const ITEMS: usize = 10;
