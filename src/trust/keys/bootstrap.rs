//! Initial files of a governed repository.

use crate::trust::error::TrustError;
use crate::trust::keys::registry::TrustRegistry;
use crate::trust::keys::root::TrustRoot;
use crate::trust::keys::trust_state::{PartialTrust, TrustMandate};
use crate::{
    connector::registry,
    format::{codec, note::VerifierKey, ssh_keys::PublicKey},
    model::{
        Digest, Handle, PrincipalId, RepoId,
        file::{
            self, Engine, EngineRole, FileKind, Governance, Guardrails, KeyState, PrincipalKind, PrincipalRecord,
            Principals, RegistryKey, RegistryPrincipal, Role, Roles, Thresholds,
        },
    },
};
use std::collections::BTreeMap;

/// A founder of the repository.
#[derive(Clone, Debug)]
pub struct Founder {
    /// The principal id.
    pub id: PrincipalId,
    /// The SSH public key.
    pub key: PublicKey,
    /// The login name on the forge.
    pub handle: Option<Handle>,
    /// Immutable ids of the founder's own accounts, `<system>:<id>`, which the founder can never review.
    pub subjects: Vec<String>,
}

/// The inputs for a new governed repository.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    /// The id of the repository.
    pub repo: RepoId,
    /// The founders: they sign root, registry and mandate, own campaigns and approve exceptions.
    pub founders: Vec<Founder>,
    /// The number of founders who must sign trust files, and reviews of tiers T0 and T1.
    pub threshold: u32,
    /// The origin of the evidence log.
    pub log_origin: String,
    /// The engine key that signs commits and segments.
    pub commit_key: PublicKey,
    /// The engine key that signs checkpoints.
    pub log_key: PublicKey,
    /// The read-back key, if the job that reads targets back is separate.
    pub readback_key: Option<PublicKey>,
    /// The default code owners, such as `@acme/access`.
    pub code_owners: Vec<Handle>,
    /// The engine release that the workflows install.
    pub engine: Option<Engine>,
}

impl Bootstrap {
    /// Returns the unsigned files sorted by path, and the pin: the digest of the first root.
    ///
    /// # Errors
    /// When the inputs are inconsistent: a duplicate key, or a threshold above the number of founders.
    pub fn files(&self) -> Result<(Vec<(String, String)>, Digest), TrustError> {
        let root = codec::render(&self.root()?);
        let registry = codec::render(&self.registry());
        let mandate = codec::render(&self.mandate());
        let allowed = render_allowed_signers(root.as_bytes(), registry.as_bytes(), mandate.as_bytes())?;
        let pin = Digest::of(&root);
        let mut files = vec![
            ("governance.toml".to_owned(), codec::render(&self.governance())),
            ("principals.toml".to_owned(), codec::render(&self.principals())),
            ("trust/allowed_signers".to_owned(), allowed),
            ("trust/mandate/1.toml".to_owned(), mandate),
            ("trust/registry/1.toml".to_owned(), registry),
            ("trust/root/1.toml".to_owned(), root),
        ];
        files.sort();
        Ok((files, pin))
    }

    fn governance(&self) -> Governance {
        Governance {
            schema: FileKind::Governance.schema().to_owned(),
            repo: self.repo.clone(),
            branch: "main".to_owned(),
            profiles: Vec::new(),
            code_owners: {
                let mut owners = self.code_owners.clone();
                owners.sort();
                owners.dedup();
                owners
            },
            engine: self.engine.clone(),
        }
    }

    fn root(&self) -> Result<file::Root, TrustError> {
        let keys: Vec<String> = self.founders.iter().map(|founder| format!("{} {}", founder.key, founder.id)).collect();
        let role = Role { threshold: self.threshold, keys };
        let log = VerifierKey::new(&self.log_origin, self.log_key).map_err(|_| TrustError::Place {
            says: self.log_origin.clone(),
            lies: "the origin of the log, without spaces and plus signs".to_owned(),
        })?;
        Ok(file::Root {
            schema: FileKind::Root.schema().to_owned(),
            version: 1,
            repo: self.repo.clone(),
            log_origin: self.log_origin.clone(),
            evidence: None,
            prev: "none".to_owned(),
            roles: Roles {
                root: role.clone(),
                registry: role.clone(),
                mandate: role,
                engine: EngineRole {
                    commit_keys: vec![self.commit_key.to_string()],
                    log_keys: vec![log.to_string()],
                    readback_keys: self.readback_key.iter().map(PublicKey::to_string).collect(),
                },
                witness: None,
            },
        })
    }

    fn registry(&self) -> file::Registry {
        let mut principals: Vec<RegistryPrincipal> = self.founders.iter().map(founder).collect();
        principals.sort_by(|a, b| a.id.cmp(&b.id));
        file::Registry {
            schema: FileKind::Registry.schema().to_owned(),
            version: 1,
            repo: self.repo.clone(),
            prev: "none".to_owned(),
            principals,
        }
    }

    fn mandate(&self) -> file::Mandate {
        let both = self.threshold.clamp(1, 2);
        file::Mandate {
            schema: FileKind::Mandate.schema().to_owned(),
            version: 1,
            repo: self.repo.clone(),
            prev: "none".to_owned(),
            connectors: registry::names().map(str::to_owned).collect(),
            engine_releases: self.engine.as_ref().map(Engine::digests).unwrap_or_default(),
            campaign_owner_group: CAMPAIGN_GROUP.to_owned(),
            exception_group: EXCEPTION_GROUP.to_owned(),
            system_group: SYSTEM_GROUP.to_owned(),
            max_files_per_change: None,
            thresholds: Thresholds { t0: both, t1: both, t2: 1, t3: 1 },
            guardrails: Guardrails {
                max_removals_per_run: 50,
                max_removals_per_system: 25,
                max_removals_per_owner: 25,
                max_removal_percent: 20,
                percent_min_removals: 5,
                max_inventory_shrink_percent: 20,
                protected: Vec::new(),
                freeze: Vec::new(),
            },
            review: None,
            no_response: None,
            severities: BTreeMap::new(),
            exceptions: Vec::new(),
        }
    }

    fn principals(&self) -> Principals {
        let mut principals: Vec<PrincipalRecord> = self
            .founders
            .iter()
            .map(|founder| PrincipalRecord {
                accounts: founder.subjects.clone(),
                handle: founder.handle.clone(),
                ..PrincipalRecord::new(founder.id.clone(), PrincipalKind::Person)
            })
            .collect();
        principals.sort_by(|a, b| a.id.cmp(&b.id));
        Principals { schema: FileKind::Principals.schema().to_owned(), principals }
    }
}

/// Returns the content of `trust/allowed_signers` for these files, signed or not.
///
/// # Errors
/// When one of the files is invalid.
pub fn render_allowed_signers(root: &[u8], registry: &[u8], mandate: &[u8]) -> Result<String, TrustError> {
    let root = TrustRoot::parse("trust/root/N.toml", root)?;
    let registry = TrustRegistry::unchained(registry, "trust/registry/N.toml", &root)?;
    let file = codec::parse("trust/mandate/N.toml", mandate)?;
    let mandate = TrustMandate::unverified(file, mandate);
    let whole = PartialTrust { root: Some(root), registry: Some(registry), mandate: Some(mandate) }.whole();
    Ok(whole.map(|trust| trust.allowed_signers()).unwrap_or_default())
}

fn founder(founder: &Founder) -> RegistryPrincipal {
    RegistryPrincipal {
        id: founder.id.clone(),
        subjects: founder.subjects.clone(),
        groups: [CAMPAIGN_GROUP, EXCEPTION_GROUP, SYSTEM_GROUP].map(str::to_owned).to_vec(),
        keys: vec![RegistryKey { ssh: founder.key.to_string(), state: KeyState::Active, suspect_from_index: None }],
    }
}

const CAMPAIGN_GROUP: &str = "campaign-owner";
const EXCEPTION_GROUP: &str = "risk-owner";
const SYSTEM_GROUP: &str = "system-registrar";
