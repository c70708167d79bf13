//! Determines who may sign a governed file, from the newest files of trust beside it.

use crate::{
    format::{codec, ssh_keys::PublicKey},
    model::{
        PrincipalId,
        file::{
            Attestation, Delegation, Exception, GovernedFile, KeyState, Mandate, Proof, Registry, Review, ReviewTerms,
            Root, System,
        },
    },
    store::RepoPath,
    trust::{SystemSigners, TrustError, check_decision, check_severities},
};

/// A name and a key that may sign a file.
pub type KnownSigner = (PrincipalId, PublicKey);

/// The newest root, registry and mandate, unverified. They are used only to find names.
pub struct TrustHints<'r> {
    read: &'r dyn Fn(&str) -> Option<Vec<u8>>,
    root: Option<Root>,
    /// The newest registry.
    pub registry: Option<Registry>,
    mandate: Option<Mandate>,
}

impl<'r> TrustHints<'r> {
    /// Reads the files through `read`, which returns the bytes at a path of the repository.
    pub fn read(read: &'r dyn Fn(&str) -> Option<Vec<u8>>) -> Self {
        Self {
            read,
            root: newest(read, "root").and_then(|(path, bytes)| codec::parse(&path, &bytes).ok()),
            registry: newest(read, "registry").and_then(|(path, bytes)| codec::parse(&path, &bytes).ok()),
            mandate: newest(read, "mandate").and_then(|(path, bytes)| codec::parse(&path, &bytes).ok()),
        }
    }

    /// Returns the names and keys that may sign the file at `path`, as far as its kind alone determines them.
    pub fn known(&self, path: &str, bytes: &[u8]) -> Vec<KnownSigner> {
        let own: Option<Root> = codec::parse(path, bytes).ok();
        let roots = [own.as_ref(), self.root.as_ref()].into_iter().flatten();
        match RepoPath::of(path) {
            RepoPath::Root(_) => roots.flat_map(|root| role_keys(&root.roles.root.keys)).collect(),
            RepoPath::Registry(_) => roots.flat_map(|root| role_keys(&root.roles.registry.keys)).collect(),
            RepoPath::Mandate(_) => roots.flat_map(|root| role_keys(&root.roles.mandate.keys)).collect(),
            _ => self.registry.iter().flat_map(registered_keys).collect(),
        }
    }

    /// Returns the principals who may sign the file at `path`; none when the file cannot be read, or names no signers.
    pub fn permitted(&self, path: &str, bytes: &[u8]) -> Option<Vec<PrincipalId>> {
        fn parsed<T: GovernedFile>(path: &str, bytes: &[u8]) -> Option<T> {
            codec::parse(path, bytes).ok()
        }
        let mut names = match RepoPath::of(path) {
            RepoPath::Attestation(_) => {
                parsed::<Attestation>(path, bytes).map(|file| vec![file.executor, file.witness])?
            }
            RepoPath::Campaign(_) | RepoPath::StageClose { .. } => {
                let group = self.campaign_owner_group()?;
                let principals = self.registry.iter().flat_map(|registry| &registry.principals);
                principals.filter(|one| one.groups.iter().any(|name| name == group)).map(|one| one.id.clone()).collect()
            }
            RepoPath::Delegation(_) => vec![parsed::<Delegation>(path, bytes)?.from],
            RepoPath::Exception(_) => {
                let file = parsed::<Exception>(path, bytes)?;
                std::iter::once(file.approver).chain(file.approvers).collect()
            }
            RepoPath::Proof { .. } => vec![parsed::<Proof>(path, bytes)?.by],
            RepoPath::Review { .. } => {
                let file = parsed::<Review>(path, bytes)?;
                std::iter::once(file.reviewer).chain(file.cosigners).collect()
            }
            RepoPath::System { .. } => {
                let system = parsed::<System>(path, bytes)?;
                let signers = self.system_signers(&system, |signers| signers.permitted.into_iter().cloned().collect());
                signers?
            }
            RepoPath::Mandate(_) | RepoPath::Registry(_) | RepoPath::Root(_) => {
                self.known(path, bytes).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
            }
            _ => return None,
        };
        names.sort();
        names.dedup();
        Some(names)
    }

    /// Refuses a signature that `tenure check` would reject: by a principal who may not sign, or under an incomplete
    /// decision.
    ///
    /// # Errors
    /// The rejection of the check.
    pub fn check(&self, path: &str, bytes: &[u8], name: &PrincipalId) -> Result<(), TrustError> {
        if let Some(permitted) = self.permitted(path, bytes).filter(|permitted| !permitted.contains(name)) {
            let signer = name.to_string();
            return Err(match (RepoPath::of(path), self.campaign_owner_group()) {
                (RepoPath::Campaign(_) | RepoPath::StageClose { .. }, Some(group)) => {
                    TrustError::NotInGroup { signer, group: group.to_owned() }
                }
                _ => TrustError::SignerNotNamed { signer, allowed: joined(&permitted) },
            });
        }
        if let RepoPath::Mandate(_) = RepoPath::of(path) {
            let problems = check_severities(path, bytes);
            if problems.has_errors() {
                return Err(problems.into());
            }
        }
        if let RepoPath::Review { .. } = RepoPath::of(path) {
            let review: Review = codec::parse(path, bytes)?;
            let terms = self.mandate.as_ref().map_or_else(ReviewTerms::usual, Mandate::review_terms);
            review
                .items
                .iter()
                .filter(|item| item.decision.is_some())
                .try_for_each(|item| check_decision(item, &terms))?;
        }
        Ok(())
    }

    /// Returns `of` the signers of a version of a system, which follows the one before it; `None` without registry and
    /// mandate.
    pub fn system_signers<T>(&self, system: &System, of: impl FnOnce(SystemSigners<'_>) -> T) -> Option<T> {
        let before = format!("systems/{}/{}.toml", system.system, system.version.saturating_sub(1));
        let before = (self.read)(&before).and_then(|bytes| codec::parse::<System>(&before, &bytes).ok());
        let (registry, mandate) = (self.registry.as_ref()?, self.mandate.as_ref()?);
        Some(of(SystemSigners::of(registry, mandate, before.as_ref(), system)))
    }

    fn campaign_owner_group(&self) -> Option<&str> {
        self.mandate.as_ref().map(|mandate| mandate.campaign_owner_group.as_str())
    }
}

/// Returns names as a list in a sentence.
pub fn joined(names: &[PrincipalId]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Returns the keys of a registry that may sign.
pub fn registered_keys(registry: &Registry) -> Vec<KnownSigner> {
    let keys = registry.principals.iter().flat_map(|principal| principal.keys.iter().map(move |key| (principal, key)));
    keys.filter(|(_, key)| key.state == KeyState::Active)
        .filter_map(|(principal, key)| Some((principal.id.clone(), PublicKey::parse(&key.ssh).ok()?)))
        .collect()
}

/// Returns the newest version of a file of trust, with its path.
pub fn newest(read: &dyn Fn(&str) -> Option<Vec<u8>>, kind: &str) -> Option<(String, Vec<u8>)> {
    let versions = (1_u32..).map(|version| format!("trust/{kind}/{version}.toml"));
    versions.map_while(|path| read(&path).map(|bytes| (path, bytes))).last()
}

fn role_keys(lines: &[String]) -> Vec<KnownSigner> {
    let parse = |line: &String| {
        let (key, name) = PublicKey::parse_line(line).ok()?;
        Some((PrincipalId::parse(name).ok()?, key))
    };
    lines.iter().filter_map(parse).collect()
}
