//! Access paths that remain after a change, and the decisions that keep them.

use crate::{
    campaign::Resolution,
    model::{Digest, RemainingPath, SurvivingPath, SystemId, Verdict},
};
use std::collections::BTreeMap;

/// The grants that decisions in force keep, by system and digest of the reviewed grant.
pub(super) struct KeptGrants<'a>(BTreeMap<(&'a SystemId, Digest), &'a Resolution>);

impl<'a> KeptGrants<'a> {
    /// Returns the grants that `in_force`, the last resolution of each grant, keeps.
    pub(super) fn of(in_force: &[&'a Resolution]) -> Self {
        let keeps = |resolution: &&&Resolution| matches!(resolution.verdict, Verdict::Certify | Verdict::Except);
        Self(in_force.iter().filter(keeps).map(|kept| ((&kept.system, kept.grant), *kept)).collect())
    }

    /// Returns each path that remains after the change that `lost` decides, with its verdict if the target shows it.
    pub(super) fn surviving(&self, paths: Vec<RemainingPath>, lost: &Resolution) -> Vec<SurvivingPath> {
        let each = |path: RemainingPath| {
            let kept = path.grant.as_ref().and_then(|(_, digest)| self.keeper(*digest, lost));
            SurvivingPath::of(path, lost.tier, kept.map(|kept| kept.item))
        };
        let mut surviving: Vec<SurvivingPath> = paths.into_iter().map(each).collect();
        surviving.sort();
        surviving.dedup();
        surviving
    }

    /// Returns the decision that keeps the grant with this digest. It must have the approval that the lost access needs:
    /// it was reviewed at the same tier or a more critical one, or at least as many people signed it.
    fn keeper(&self, digest: Digest, lost: &Resolution) -> Option<&'a Resolution> {
        let kept = self.0.get(&(&lost.system, digest)).copied()?;
        (kept.tier <= lost.tier || kept.basis.signers.len() >= lost.basis.signers.len()).then_some(kept)
    }
}
