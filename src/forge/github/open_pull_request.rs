//! Opens pull requests and issues on GitHub. The client makes no other writes.

use super::{GitHub, exchange};
use crate::connector::{
    ConnectorError,
    http::{CallEffect, Method},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// An existing pull request or issue.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct ExistingItem {
    /// Its number.
    pub number: u64,
    /// Its text.
    #[serde(default)]
    pub body: Option<String>,
}

impl GitHub {
    /// Returns the open pull request from a branch of this repository, if there is one.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub fn open_pull(&self, branch: &str) -> Result<Option<ExistingItem>, ConnectorError> {
        let owner = self.repository.split('/').next().unwrap_or_default();
        let pulls: Vec<ExistingItem> =
            self.get("pulls/list", &format!("pulls?state=open&per_page=1&head={owner}:{branch}"))?;
        Ok(pulls.into_iter().next())
    }

    /// Opens a pull request to merge a branch into `main`.
    ///
    /// # Errors
    /// When GitHub refuses, or its reply is lost.
    pub fn propose(&self, branch: &str, title: &str, body: &str) -> Result<ExistingItem, ConnectorError> {
        self.post("pulls/create", "pulls", &json!({"base": "main", "body": body, "head": branch, "title": title}))
    }

    /// Returns the issues with a label, open or closed, newest first, limited to one page. Only collaborators can set a
    /// label, so issues of outsiders are excluded.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn labelled(&self, label: &str) -> Result<Vec<ExistingItem>, ConnectorError> {
        let mut all = Vec::new();
        for number in 1..=self.client.limits().pages {
            let path = format!("issues?state=all&per_page=100&page={number}&labels={label}");
            let page: Vec<ExistingItem> = self.get("issues/list", &path)?;
            let is_last = page.len() < 100;
            all.extend(page);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Opens an issue.
    ///
    /// # Errors
    /// When GitHub refuses, or its reply is lost.
    pub fn open_issue(&self, title: &str, body: &str, labels: &[String]) -> Result<ExistingItem, ConnectorError> {
        self.post("issues/create", "issues", &json!({"body": body, "labels": labels, "title": title}))
    }

    fn post(&self, name: &str, path: &str, body: &Value) -> Result<ExistingItem, ConnectorError> {
        let url = self.url(name, path)?;
        exchange(&self.client, &format!("github {name}"), CallEffect::Write, Method::POST, &url, &self.headers, body)
    }
}
