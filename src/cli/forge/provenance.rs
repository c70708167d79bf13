//! What a run seals about the job it is and about the merges it rests on. What cannot be read is sealed as unknown.

use crate::{
    cli::{CommandContext, session::RepositorySession},
    connector::github::{ApiScope, GitHub, TokenRequest, claims as signed},
    model::{
        history::EvidenceHistory,
        record::{ForgeReport, MergeProvenance, RecordPayload, short},
    },
};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};

/// Returns which job of a forge this is: verified where the forge signs for it, else as the environment claims; nothing
/// outside of a forge.
pub(in crate::cli) fn claims(context: &CommandContext) -> BTreeMap<String, String> {
    if !is_job(context) {
        return BTreeMap::new();
    }
    let url = context.variable("ACTIONS_ID_TOKEN_REQUEST_URL");
    let token = context.variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN").map(SecretString::from);
    let why = match (url, token) {
        (Some(url), Some(token)) => {
            let server = context.variable("GITHUB_SERVER_URL").unwrap_or_default();
            let now = context.clock.now();
            match signed(&TokenRequest { url: &url, token: &token, server: &server, nearness: nearness(context), now })
            {
                Ok(claims) => return claims,
                Err(error) => error.to_string(),
            }
        }
        _ => "the job has no right to an id-token".to_owned(),
    };
    let told = CLAIMED.iter().filter_map(|(name, variable)| Some((*name, short(&context.variable(variable)?))));
    let mut claims: BTreeMap<String, String> = told.map(|(name, value)| (name.to_owned(), value)).collect();
    claims.insert("standing".to_owned(), "claimed".to_owned());
    claims.insert("why".to_owned(), short(&why));
    claims
}

/// Returns what the forge tells of the merges that brought what is taken up, and of earlier ones it said nothing of; nothing
/// outside of a forge.
pub(in crate::cli) fn merges(
    context: &CommandContext,
    session: &RepositorySession,
    history: &EvidenceHistory,
    taken_up: &[RecordPayload],
) -> Vec<RecordPayload> {
    let is_known = |commit: &String| history.merge(commit).is_some();
    let commits: BTreeSet<String> = brought(session, taken_up).into_iter().filter(|commit| !is_known(commit)).collect();
    let is_unknown = |seen: &&MergeProvenance| matches!(seen.told, ForgeReport::Unknown(_));
    let again: Vec<String> =
        history.merges().map(|(_, seen)| seen).filter(is_unknown).map(|seen| seen.commit.clone()).take(AGAIN).collect();
    if !is_job(context) || commits.is_empty() && again.is_empty() {
        return Vec::new();
    }
    let github = match forge(context) {
        Ok(github) => github,
        Err(why) => {
            let repository = context.variable("GITHUB_REPOSITORY").unwrap_or_default();
            let unknown =
                |commit| MergeProvenance { commit, forge: short(&repository), told: ForgeReport::Unknown(short(&why)) };
            return commits.into_iter().map(unknown).map(RecordPayload::Merge).collect();
        }
    };
    let mut seen: Vec<MergeProvenance> = commits.iter().map(|commit| github.merge(commit)).collect();
    // What is still unknown has been said before.
    seen.extend(again.iter().map(|commit| github.merge(commit)).filter(|seen| !is_unknown(&seen)));
    seen.into_iter().map(RecordPayload::Merge).collect()
}

/// Returns the forge that this job belongs to, with the job's token; why not, where there is none.
pub(in crate::cli) fn forge(context: &CommandContext) -> Result<GitHub, String> {
    let named = |name: &str| context.variable(name).ok_or_else(|| format!("{name} is not set"));
    let token = SecretString::from(named("GITHUB_TOKEN")?);
    GitHub::connect(&named("GITHUB_API_URL")?, &named("GITHUB_REPOSITORY")?, &token, nearness(context))
        .map_err(|error| error.to_string())
}

/// The commits on main that brought what is taken up.
fn brought(session: &RepositorySession, taken_up: &[RecordPayload]) -> BTreeSet<String> {
    let governed = &session.governed;
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
    commits
}

fn is_job(context: &CommandContext) -> bool {
    context.variable("GITHUB_ACTIONS").as_deref() == Some("true")
}

/// A forge for tests lies on this machine; a release never looks there.
fn nearness(context: &CommandContext) -> ApiScope {
    if cfg!(debug_assertions) && context.variable("TENURE_FORGE_ON_LOOPBACK").is_some() {
        ApiScope::Loopback
    } else {
        ApiScope::Far
    }
}

/// What the runner's environment says of a job, by the names of claims.
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
/// How many merges that were unknown are asked for again in one run.
const AGAIN: usize = 20;
