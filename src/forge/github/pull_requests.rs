//! Reads the provenance of a commit on the main branch from GitHub's REST API (version 2022-11-28).

use super::{ApiScope, client, read};
use crate::{
    connector::{ConnectorError, http::HttpClient},
    model::record::{ForgeAccount, ForgeReport, MergeProvenance, PullRequest, ReviewApproval, ReviewState, short},
};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// A repository on GitHub, with a token for reading.
pub struct GitHub {
    pub(super) client: HttpClient,
    pub(super) repository: String,
    pub(super) headers: Vec<(String, String)>,
}

impl GitHub {
    /// Returns the repository `owner/name` behind the API at this address.
    ///
    /// # Errors
    /// When the address is invalid, or cannot be reached.
    pub fn connect(
        api: &str,
        repository: &str,
        token: &SecretString,
        nearness: ApiScope,
    ) -> Result<Self, ConnectorError> {
        let word = |text: &str| {
            !text.is_empty()
                && !text.starts_with('.')
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        if !repository.split_once('/').is_some_and(|(owner, name)| word(owner) && word(name)) {
            return Err(ConnectorError::Permanent("the name of the repository is not `owner/name`".to_owned()));
        }
        let headers = vec![
            ("Authorization".to_owned(), format!("Bearer {}", token.expose_secret())),
            ("Accept".to_owned(), "application/vnd.github+json".to_owned()),
            ("X-GitHub-Api-Version".to_owned(), "2022-11-28".to_owned()),
        ];
        Ok(Self { client: client(api, nearness)?, repository: repository.to_owned(), headers })
    }

    /// Returns the name of the repository with its host.
    pub fn name(&self) -> String {
        format!("{}/{}", self.client.origin().host(), self.repository)
    }

    /// Returns the provenance of a commit on `main`. Data that cannot be read is unknown, and absent in the report.
    pub fn merge(&self, commit: &str) -> MergeProvenance {
        let told = self.fetch_report(commit).unwrap_or_else(|error| ForgeReport::Unknown(short(&error.to_string())));
        MergeProvenance { commit: commit.to_owned(), forge: self.name(), told }
    }

    fn fetch_report(&self, commit: &str) -> Result<ForgeReport, ConnectorError> {
        let pulls: Vec<ListedPull> = self.get("commits/pulls", &format!("commits/{commit}/pulls?per_page=100"))?;
        let merged = pulls.into_iter().filter(|pull| pull.merged_at.is_some() && pull.base.name == "main");
        // The pull request that created this commit; after a rebase into many commits, the one that added them.
        let Some(listed) = merged.max_by_key(|pull| (pull.merge_commit_sha.as_deref() == Some(commit), pull.number))
        else {
            return Ok(ForgeReport::Pushed);
        };
        let pull: WholePull = self.get("pulls/get", &format!("pulls/{}", listed.number))?;
        let head = hex(pull.head.sha)?;
        Ok(ForgeReport::Pull(Box::new(PullRequest {
            number: listed.number,
            author: account(pull.user),
            merger: pull.merged_by.map(|user| account(Some(user))),
            reviews: self.reviews(listed.number).ok(),
            checks: self.checks(&head).ok(),
            bypassed: self.bypassed(commit).unwrap_or_default(),
            head,
        })))
    }

    /// The last review of each reviewer. A comment after an approval does not revoke it.
    fn reviews(&self, pull: u64) -> Result<Vec<ReviewApproval>, ConnectorError> {
        let given: Vec<GivenReview> =
            self.pages("pulls/reviews", &format!("pulls/{pull}/reviews"), |page: Vec<GivenReview>| page)?;
        let mut last: BTreeMap<u64, ReviewApproval> = BTreeMap::new();
        for review in given {
            let state = match review.state.as_str() {
                "APPROVED" => ReviewState::Approved,
                "CHANGES_REQUESTED" => ReviewState::ChangesRequested,
                "DISMISSED" => ReviewState::Dismissed,
                "COMMENTED" => ReviewState::Commented,
                _ => continue,
            };
            let approval =
                ReviewApproval { by: account(review.user), state, commit: hex(review.commit_id.unwrap_or_default())? };
            if state != ReviewState::Commented || !last.contains_key(&approval.by.id) {
                last.insert(approval.by.id, approval);
            }
        }
        if last.len() > MOST_REVIEWS {
            return Err(ConnectorError::Permanent("more reviewers than fit into a record".to_owned()));
        }
        Ok(last.into_values().collect())
    }

    fn checks(&self, head: &str) -> Result<BTreeMap<String, u64>, ConnectorError> {
        let runs: Vec<CheckRun> =
            self.pages("commits/check-runs", &format!("commits/{head}/check-runs"), |page: CheckRuns| page.check_runs)?;
        let mut ended = BTreeMap::new();
        for run in runs {
            let known = run.conclusion.as_deref().and_then(|word| CONCLUSIONS.iter().find(|known| **known == word));
            *ended.entry((*known.unwrap_or(&"unfinished")).to_owned()).or_default() += 1;
        }
        Ok(ended)
    }

    /// A commit without a rule evaluation is unknown: there may be no rules.
    fn bypassed(&self, commit: &str) -> Result<Option<bool>, ConnectorError> {
        let path = "rulesets/rule-suites?ref=refs%2Fheads%2Fmain&time_period=month&per_page=100";
        let suites: Vec<RuleSuite> = self.get("rulesets/rule-suites", path)?;
        let ours = suites.into_iter().find(|suite| suite.after_sha == commit);
        Ok(ours.and_then(|suite| match suite.result.as_str() {
            "bypass" => Some(true),
            "pass" => Some(false),
            _ => None,
        }))
    }

    fn pages<P: DeserializeOwned, T>(
        &self,
        name: &str,
        path: &str,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, ConnectorError> {
        let mut all = Vec::new();
        for number in 1..=self.client.limits().pages {
            let page = items(self.get(name, &format!("{path}?per_page={PAGE}&page={number}"))?);
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
        Err(ConnectorError::Permanent(format!("{name}: more pages than allowed")))
    }

    pub(super) fn get<T: DeserializeOwned>(&self, name: &str, path: &str) -> Result<T, ConnectorError> {
        read(&self.client, &format!("github {name}"), &self.url(name, path)?, &self.headers)
    }

    pub(super) fn url(&self, name: &str, path: &str) -> Result<Url, ConnectorError> {
        let base = self.client.origin().url().as_str().trim_end_matches('/').to_owned();
        let odd = |_| ConnectorError::Permanent(format!("{name} is not a valid URL"));
        Url::parse(&format!("{base}/repos/{}/{path}", self.repository)).map_err(odd)
    }
}

/// Names are controlled by GitHub. Of a name that is not a valid login, only valid characters are kept.
fn account(user: Option<PullUser>) -> ForgeAccount {
    // A deleted account is GitHub's "ghost", number 10137.
    user.map_or_else(
        || ForgeAccount { id: 10_137, login: "ghost".to_owned() },
        |user| {
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_[]".contains(letter);
            let login = user.login.chars().take(60).map(|letter| if plain(letter) { letter } else { '?' }).collect();
            ForgeAccount { id: user.id, login }
        },
    )
}

fn hex(text: String) -> Result<String, ConnectorError> {
    let is_commit = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_commit.then_some(text).ok_or_else(|| ConnectorError::Permanent("a commit without an id".to_owned()))
}

#[derive(Deserialize)]
struct ListedPull {
    number: u64,
    merged_at: Option<String>,
    merge_commit_sha: Option<String>,
    base: PullBase,
}

#[derive(Deserialize)]
struct PullBase {
    #[serde(rename = "ref")]
    name: String,
}

#[derive(Deserialize)]
struct WholePull {
    user: Option<PullUser>,
    merged_by: Option<PullUser>,
    head: PullHead,
}

#[derive(Deserialize)]
struct PullHead {
    sha: String,
}

#[derive(Deserialize)]
struct PullUser {
    id: u64,
    login: String,
}

#[derive(Deserialize)]
struct GivenReview {
    user: Option<PullUser>,
    state: String,
    commit_id: Option<String>,
}

#[derive(Deserialize)]
struct CheckRuns {
    check_runs: Vec<CheckRun>,
}

#[derive(Deserialize)]
struct CheckRun {
    conclusion: Option<String>,
}

#[derive(Deserialize)]
struct RuleSuite {
    after_sha: String,
    result: String,
}

const PAGE: usize = 100;
const MOST_REVIEWS: usize = 60;
/// The conclusions of a check run; other words are not copied.
const CONCLUSIONS: [&str; 8] =
    ["action_required", "cancelled", "failure", "neutral", "skipped", "stale", "success", "timed_out"];
