//! Provenance that a run records: its CI job, and the merges of the decisions it applies. Unavailable data is recorded
//! as unknown.

use super::github::{ApiScope, GitHub, TokenRequest, claims as signed};
use crate::{
    model::{
        Timestamp,
        history::EvidenceHistory,
        record::{ForgeReport, MergeProvenance, RecordPayload, short},
    },
    trust::RepositoryState,
};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};

/// A job of GitHub Actions, described by its environment variables; or no job at all.
pub struct GithubJob<'a> {
    /// Returns an environment variable, unless it is empty.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

impl GithubJob<'_> {
    /// Returns the claims about the CI job: verified if the Git host signs an id token, otherwise as set in the
    /// environment. Empty outside of a CI job.
    pub fn claims(&self, now: Timestamp) -> BTreeMap<String, String> {
        if !self.is_job() {
            return BTreeMap::new();
        }
        let url = self.variable("ACTIONS_ID_TOKEN_REQUEST_URL");
        let token = self.variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN").map(SecretString::from);
        let why = match (url, token) {
            (Some(url), Some(token)) => {
                let server = self.variable("GITHUB_SERVER_URL").unwrap_or_default();
                let job =
                    CLAIMED.iter().filter_map(|(name, variable)| Some((*name, self.variable(variable)?))).collect();
                let nearness = self.nearness();
                let asked = TokenRequest { url: &url, token: &token, server: &server, nearness, now, job: &job };
                match signed(&asked) {
                    Ok(claims) => return claims,
                    Err(error) => error.to_string(),
                }
            }
            _ => "the job has no permission to request an id-token".to_owned(),
        };
        let named = CLAIMED.iter().filter_map(|(name, variable)| Some((*name, short(&self.variable(variable)?))));
        let mut claims: BTreeMap<String, String> = named.map(|(name, value)| (name.to_owned(), value)).collect();
        claims.insert("standing".to_owned(), "claimed".to_owned());
        claims.insert("why".to_owned(), short(&why));
        claims
    }

    /// Returns the reports of the Git host on the merges of these records, and on earlier merges recorded as unknown.
    /// Empty outside of a CI job.
    pub fn merges(
        &self,
        governed: &RepositoryState,
        history: &EvidenceHistory,
        taken_up: &[RecordPayload],
    ) -> Vec<RecordPayload> {
        let is_known = |commit: &String| history.merge(commit).is_some();
        let commits: BTreeSet<String> =
            brought(governed, taken_up).into_iter().filter(|commit| !is_known(commit)).collect();
        let is_unknown = |seen: &&MergeProvenance| matches!(seen.told, ForgeReport::Unknown(_));
        let unknown = history.merges().map(|(_, seen)| seen).filter(is_unknown);
        let again: Vec<String> = unknown.map(|seen| seen.commit.clone()).take(AGAIN).collect();
        if !self.is_job() || commits.is_empty() && again.is_empty() {
            return Vec::new();
        }
        let github = match self.client() {
            Ok(github) => github,
            Err(why) => {
                let forge = short(&self.variable("GITHUB_REPOSITORY").unwrap_or_default());
                let told = ForgeReport::Unknown(short(&why));
                let unknown = |commit| MergeProvenance { commit, forge: forge.clone(), told: told.clone() };
                return commits.into_iter().map(unknown).map(RecordPayload::Merge).collect();
            }
        };
        let mut seen: Vec<MergeProvenance> = commits.iter().map(|commit| github.merge(commit)).collect();
        // Merges that are still unknown are already recorded as such.
        seen.extend(again.iter().map(|commit| github.merge(commit)).filter(|seen| !is_unknown(&seen)));
        seen.into_iter().map(RecordPayload::Merge).collect()
    }

    /// Returns the client for the Git host of this job, with the token of the job.
    ///
    /// # Errors
    /// The reason if there is no Git host.
    pub fn client(&self) -> Result<GitHub, String> {
        let named = |name: &str| self.variable(name).ok_or_else(|| format!("{name} is not set"));
        let token = SecretString::from(named("GITHUB_TOKEN")?);
        GitHub::connect(&named("GITHUB_API_URL")?, &named("GITHUB_REPOSITORY")?, &token, self.nearness())
            .map_err(|error| error.to_string())
    }

    fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name)
    }

    fn is_job(&self) -> bool {
        self.variable("GITHUB_ACTIONS").as_deref() == Some("true")
    }

    /// Returns the allowed API addresses. Only debug builds allow a Git host on loopback, for tests.
    fn nearness(&self) -> ApiScope {
        if cfg!(debug_assertions) && self.variable("TENURE_FORGE_ON_LOOPBACK").is_some() {
            ApiScope::Loopback
        } else {
            ApiScope::Far
        }
    }
}

/// Returns the commits on main that added the files of these records.
fn brought(governed: &RepositoryState, taken_up: &[RecordPayload]) -> BTreeSet<String> {
    let mut commits = BTreeSet::new();
    for entry in taken_up {
        match entry {
            RecordPayload::Attestation(seen) => {
                let file = governed.attestations().iter().find(|file| file.path() == seen.path);
                commits.extend(file.map(|file| file.commit().to_string()));
            }
            RecordPayload::DecisionAccepted(accepted) => drop(commits.insert(accepted.commit.clone())),
            RecordPayload::Exception(seen) => {
                let file = governed.exceptions().iter().find(|file| file.path() == seen.path);
                commits.extend(file.map(|file| file.commit().to_string()));
            }
            _ => {}
        }
    }
    // The first version of a system changes no target.
    let changes = governed.systems().values().flat_map(|versions| versions.iter().skip(1));
    commits.extend(changes.map(|version| version.commit().to_string()));
    commits
}

/// Names of claims, with the environment variables of the runner.
const CLAIMED: [(&str, &str); 9] = [
    ("actor", "GITHUB_ACTOR"),
    ("actor_id", "GITHUB_ACTOR_ID"),
    ("event_name", "GITHUB_EVENT_NAME"),
    ("ref", "GITHUB_REF"),
    ("repository", "GITHUB_REPOSITORY"),
    ("run_attempt", "GITHUB_RUN_ATTEMPT"),
    ("run_id", "GITHUB_RUN_ID"),
    ("sha", "GITHUB_SHA"),
    ("workflow_ref", "GITHUB_WORKFLOW_REF"),
];
/// Maximum number of unknown merges that one run requests again.
const AGAIN: usize = 20;
