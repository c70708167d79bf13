//! Paths of the files in a governed repository.

use crate::model::{
    ActionId, CampaignId, GrantKind, PrincipalId, SystemId,
    file::{FileKind, SignatureNamespace},
};

/// The meaning of a path in a governed repository.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RepoPath {
    /// `trust/allowed_signers`
    AllowedSigners,
    /// `attestations/<action>.toml`
    Attestation(ActionId),
    /// `campaigns/<id>/campaign.toml`
    Campaign(CampaignId),
    /// `delegations/<id>.toml`
    Delegation(PrincipalId),
    /// `exceptions/<id>.toml`
    Exception(PrincipalId),
    /// Not governed: the engine ignores the file.
    Foreign,
    /// `governance.toml`
    Governance,
    /// `inventory/<system>/grants/<kind>.jsonl`
    Grants {
        /// The system.
        system: SystemId,
        /// The kind of grants in it.
        kind: GrantKind,
    },
    /// `imports/<name>.toml`
    ImportMapping(PrincipalId),
    /// `trust/mandate/N.toml`
    Mandate(u32),
    /// An unexpected file in a governed folder.
    Misplaced,
    /// `inventory/<system>/observation.toml`
    Observation(SystemId),
    /// `policies/<name>.toml`
    Policy(String),
    /// `principals.toml` or `principals/<name>.toml`
    Principals,
    /// `proofs/<exception>/<n>.toml`
    Proof {
        /// The exception.
        exception: PrincipalId,
        /// The number of the proof, from 1.
        number: u32,
    },
    /// `trust/registry/N.toml`
    Registry(u32),
    /// `campaigns/<id>/reviews/<system>/<stem>.toml`
    Review {
        /// The campaign.
        campaign: CampaignId,
        /// The system its items are on.
        system: SystemId,
        /// The reviewer's id, optionally followed by `-2`, `-3`…
        stem: String,
    },
    /// `trust/root/N.toml`
    Root(u32),
    /// `campaigns/<id>/stages/<n>.toml`
    StageClose {
        /// The campaign.
        campaign: CampaignId,
        /// The stage, from 1.
        stage: u32,
    },
    /// `FILE.<signer>.sig` beside a file of a signed kind
    Signature {
        /// The path of the signed file.
        of: String,
        /// The signer's name.
        signer: PrincipalId,
    },
    /// `systems/<system>/N.toml`
    System {
        /// The system.
        system: SystemId,
        /// The version, from 1.
        version: u32,
    },
    /// `inventory/<system>/usage.jsonl`
    Usage(SystemId),
}

impl RepoPath {
    /// Returns the meaning of `path`.
    pub fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').collect();
        let top = parts.first().copied().unwrap_or_default();
        match signature(path).or_else(|| file(&parts)) {
            Some(place) => place,
            None if is_governed(top) => Self::Misplaced,
            None => Self::Foreign,
        }
    }

    /// Returns the kind of TOML file at this path. The kind of a policy is determined by its `schema`.
    pub const fn kind(&self) -> Option<FileKind> {
        match self {
            Self::Attestation(_) => Some(FileKind::Attestation),
            Self::Campaign(_) => Some(FileKind::Campaign),
            Self::Delegation(_) => Some(FileKind::Delegation),
            Self::Exception(_) => Some(FileKind::Exception),
            Self::Governance => Some(FileKind::Governance),
            Self::ImportMapping(_) => Some(FileKind::ImportMapping),
            Self::Mandate(_) => Some(FileKind::Mandate),
            Self::Observation(_) => Some(FileKind::Observation),
            Self::Principals => Some(FileKind::Principals),
            Self::Proof { .. } => Some(FileKind::Proof),
            Self::Registry(_) => Some(FileKind::Registry),
            Self::Review { .. } => Some(FileKind::Review),
            Self::Root(_) => Some(FileKind::Root),
            Self::StageClose { .. } => Some(FileKind::StageClose),
            Self::System { .. } => Some(FileKind::System),
            Self::AllowedSigners
            | Self::Foreign
            | Self::Grants { .. }
            | Self::Misplaced
            | Self::Policy(_)
            | Self::Signature { .. }
            | Self::Usage(_) => None,
        }
    }

    /// Returns the namespace for signatures of the file, if its kind is signed.
    pub fn namespace(&self) -> Option<SignatureNamespace> {
        self.kind()?.namespace()
    }

    /// Returns whether the engine reads the file.
    pub const fn is_governed(&self) -> bool {
        !matches!(self, Self::Foreign)
    }

    /// Returns whether the file belongs to the trust state.
    pub const fn is_trust(&self) -> bool {
        matches!(self, Self::Mandate(_) | Self::Registry(_) | Self::Root(_))
    }
}

fn file(parts: &[&str]) -> Option<RepoPath> {
    match parts {
        ["governance.toml"] => Some(RepoPath::Governance),
        ["principals.toml"] => Some(RepoPath::Principals),
        ["trust", "allowed_signers"] => Some(RepoPath::AllowedSigners),
        ["trust", "root", name] => Some(RepoPath::Root(version(name)?)),
        ["trust", "registry", name] => Some(RepoPath::Registry(version(name)?)),
        ["trust", "mandate", name] => Some(RepoPath::Mandate(version(name)?)),
        ["attestations", name] => Some(RepoPath::Attestation(ActionId::parse(stem(name)?).ok()?)),
        ["delegations", name] => Some(RepoPath::Delegation(PrincipalId::parse(stem(name)?).ok()?)),
        ["exceptions", name] => Some(RepoPath::Exception(PrincipalId::parse(stem(name)?).ok()?)),
        ["imports", name] => Some(RepoPath::ImportMapping(PrincipalId::parse(stem(name)?).ok()?)),
        ["principals", name] => PrincipalId::parse(stem(name)?).ok().map(|_| RepoPath::Principals),
        ["proofs", exception, name] => {
            Some(RepoPath::Proof { exception: PrincipalId::parse(exception).ok()?, number: version(name)? })
        }
        ["policies", name] => PrincipalId::parse(stem(name)?).ok().map(|id| RepoPath::Policy(id.to_string())),
        ["systems", system, name] => {
            Some(RepoPath::System { system: SystemId::parse(system).ok()?, version: version(name)? })
        }
        ["inventory", system, "observation.toml"] => Some(RepoPath::Observation(SystemId::parse(system).ok()?)),
        ["inventory", system, "usage.jsonl"] => Some(RepoPath::Usage(SystemId::parse(system).ok()?)),
        ["inventory", system, "grants", name] => {
            let name = name.strip_suffix(".jsonl")?;
            let kind = KINDS.into_iter().find(|kind| kind.as_str() == name)?;
            Some(RepoPath::Grants { system: SystemId::parse(system).ok()?, kind })
        }
        ["campaigns", id, "campaign.toml"] => Some(RepoPath::Campaign(CampaignId::parse(id).ok()?)),
        ["campaigns", id, "stages", name] => {
            Some(RepoPath::StageClose { campaign: CampaignId::parse(id).ok()?, stage: version(name)? })
        }
        ["campaigns", id, "reviews", system, name] => {
            let stem = PrincipalId::parse(stem(name)?).ok()?.to_string();
            let (campaign, system) = (CampaignId::parse(id).ok()?, SystemId::parse(system).ok()?);
            Some(RepoPath::Review { campaign, system, stem })
        }
        _ => None,
    }
}

fn signature(path: &str) -> Option<RepoPath> {
    let (of, signer) = path.strip_suffix(".sig")?.rsplit_once(".toml.")?;
    let of = format!("{of}.toml");
    let signer = PrincipalId::parse(signer).ok().filter(|signer| !signer.as_str().ends_with(".toml"))?;
    let parts: Vec<&str> = of.split('/').collect();
    file(&parts)?.namespace()?;
    Some(RepoPath::Signature { of, signer })
}

/// Returns whether a top-level name belongs to the engine: files of a kind are below it, or it is one.
fn is_governed(top: &str) -> bool {
    FileKind::ALL.iter().flat_map(|kind| kind.paths()).any(|path| path.split('/').next() == Some(top))
}

fn stem(name: &str) -> Option<&str> {
    name.strip_suffix(".toml")
}

fn version(name: &str) -> Option<u32> {
    let number: u32 = stem(name)?.parse().ok()?;
    (number > 0 && format!("{number}.toml") == name).then_some(number)
}

const KINDS: [GrantKind; 8] = [
    GrantKind::Account,
    GrantKind::Attribute,
    GrantKind::Credential,
    GrantKind::Membership,
    GrantKind::Ownership,
    GrantKind::Policy,
    GrantKind::Privilege,
    GrantKind::Rule,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_path() {
        for kind in FileKind::ALL {
            for path in kind.paths() {
                let path = path.replace("<action>", &format!("act-{}", "0".repeat(32)));
                let path = path.replace(['<', '>'], "").replace("version", "12").replace("number", "3");
                let path = path.replace("/stage.toml", "/2.toml");
                let place = RepoPath::of(&path);
                match place {
                    RepoPath::Policy(_) => assert_eq!(kind.namespace(), None, "{path}"),
                    _ => assert_eq!(place.kind(), Some(kind), "{path}"),
                }
            }
        }
        assert_eq!(RepoPath::of("inventory/pg-orders/grants/membership.jsonl").kind(), None);
    }

    #[test]
    fn signature_path_requires_a_signed_kind() {
        let signer = PrincipalId::parse("ana.ruiz").unwrap();
        let of = "campaigns/q4/reviews/db/ana.ruiz.toml".to_owned();
        assert_eq!(RepoPath::of(&format!("{of}.ana.ruiz.sig")), RepoPath::Signature { of, signer });
        let unsigned = "inventory/db/observation.toml.ana.sig";
        for path in [unsigned, "trust/root/1.toml.sig", "trust/root/1.sig", "trust/root/1.toml.A.sig"] {
            assert_eq!(RepoPath::of(path), RepoPath::Misplaced, "{path}");
        }
    }

    #[test]
    fn unexpected_file_in_governed_folder_is_misplaced() {
        let paths = [
            "trust/root/01.toml",
            "trust/root/0.toml",
            "trust/root/-1.toml",
            "trust/root/1.TOML",
            "trust/root/a/1.toml",
            "trust/note.md",
            "campaigns/../campaign.toml",
            "campaigns/q4/reviews/ana.toml",
            "campaigns/q4/reviews/db/Ana.toml",
            "inventory/db/grants/other.jsonl",
            "systems",
            "systems/db.toml",
        ];
        for path in paths {
            assert_eq!(RepoPath::of(path), RepoPath::Misplaced, "{path}");
        }
        for path in ["README.md", ".github/CODEOWNERS", "Trust/root/1.toml", "docs/trust/root/1.toml"] {
            assert_eq!(RepoPath::of(path), RepoPath::Foreign, "{path}");
        }
    }
}
