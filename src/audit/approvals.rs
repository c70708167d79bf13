//! Checks the approvals of merges that introduced decisions, and detects self-review, by the reports of the Git host.
//! Missing reports are findings.

use super::AuditContext;
use crate::model::{
    Finding, Severity,
    record::{ForgeAccount, ForgeReport, MergeProvenance, PullRequest, ReviewApproval, ReviewState},
};
use std::collections::BTreeSet;

/// Returns the number of checked merges. A repository whose runs never used a Git host has none.
pub(super) fn check(case: &AuditContext<'_>, findings: &mut Vec<Finding>) -> usize {
    for (seq, merge) in case.history.merges() {
        let merge = MergeAudit { case, seq: *seq, merge };
        match &merge.merge.told {
            ForgeReport::Pull(pull) => merge.pull(pull, findings),
            ForgeReport::Pushed => findings.push(merge.finding(
                Severity::High,
                "merge-without-pull-request",
                "it was pushed to main without a pull request, so it had no review".to_owned(),
                "protect the branch: require a pull request with an approval",
            )),
            ForgeReport::Unknown(why) => findings.push(merge.finding(
                Severity::Medium,
                "merge-unknown",
                format!("its approvals could not be read from the Git host: {why}"),
                "grant the enforcing job read access to pull requests and checks; the next run reads them again",
            )),
        }
    }
    case.history.merges().len()
}

struct MergeAudit<'a> {
    case: &'a AuditContext<'a>,
    seq: u64,
    merge: &'a MergeProvenance,
}

impl MergeAudit<'_> {
    fn pull(&self, pull: &PullRequest, findings: &mut Vec<Finding>) {
        self.approvals(pull, findings);
        if pull.bypassed == Some(true) {
            let message = format!("the branch rules were bypassed when #{} was merged", pull.number);
            findings.push(self.finding(
                Severity::High,
                "merge-bypassed",
                message,
                "find out who may bypass the rules, and why",
            ));
        }
        let bad = |(word, count): (&String, &u64)| {
            (!["neutral", "skipped", "success"].contains(&word.as_str())).then(|| format!("{count} {word}"))
        };
        let failed: Vec<_> = pull.checks.iter().flatten().filter_map(bad).collect();
        if !failed.is_empty() {
            let message = format!("#{} was merged with checks that did not pass: {}", pull.number, failed.join(", "));
            findings.push(self.finding(
                Severity::Medium,
                "checks-missing",
                message,
                "require the checks to pass before a merge",
            ));
        }
        let unread = [("reviews", pull.reviews.is_none()), ("checks", pull.checks.is_none())];
        let unread: Vec<_> = unread.iter().filter(|(_, is)| *is).map(|(what, _)| *what).collect();
        if !unread.is_empty() || pull.merger.is_none() {
            let message = format!("the Git host did not report all data of #{}: {}", pull.number, unread.join(" and "));
            let help = "grant the enforcing job read access to pull requests and checks";
            findings.push(self.finding(Severity::Medium, "merge-unknown", message, help));
        }
        self.own_access(pull, findings);
    }

    /// An approval counts when another person gave it, for the merged commit.
    fn approvals(&self, pull: &PullRequest, findings: &mut Vec<Finding>) {
        let Some(reviews) = &pull.reviews else { return };
        let approved: Vec<&ReviewApproval> = reviews.iter().filter(|r| r.state == ReviewState::Approved).collect();
        let others: Vec<_> = approved.iter().filter(|approval| approval.by.id != pull.author.id).collect();
        let (code, message) = if others.iter().any(|approval| approval.commit == pull.head) {
            return;
        } else if let Some(stale) = others.first() {
            let message =
                format!("#{}: {} approved {}, and {} was merged", pull.number, stale.by, stale.commit, pull.head);
            ("approval-stale", message)
        } else if let Some(own) = approved.first() {
            ("merge-self-approved", format!("#{}: only its author {} approved it", pull.number, own.by))
        } else {
            ("merge-not-approved", format!("#{} by {}: it has no approval", pull.number, pull.author))
        };
        let help = "require an approval of the last push by another person; have the decisions reviewed again";
        findings.push(self.finding(Severity::High, code, message, help));
    }

    /// Detects a merge or an approval of a decision by a person whose own access it concerns.
    fn own_access(&self, pull: &PullRequest, findings: &mut Vec<Finding>) {
        let approvers = pull.reviews.iter().flatten().filter(|r| r.state == ReviewState::Approved).map(|r| &r.by);
        let merger = pull.merger.iter().map(|account| ("merger", account));
        let acting: Vec<(&str, &ForgeAccount)> = merger.chain(approvers.map(|account| ("approver", account))).collect();
        let kinship = self.case.governed.kinship();
        let mut strangers: BTreeSet<&ForgeAccount> = BTreeSet::new();
        for (role, account) in acting {
            let subject = account.subject();
            let holders: Vec<_> = kinship.holders(&subject);
            if holders.is_empty() {
                strangers.insert(account);
            }
            for holder in holders {
                for (item, tie) in self.decided().filter_map(|item| Some((item, kinship.link(&holder, &item.subject)?)))
                {
                    let message = format!(
                        "{account} is `{holder}` and was {role} of #{}, which decides on {tie}: {}",
                        pull.number, item.id
                    );
                    let code = if role == "merger" { "self-review-as-merger" } else { "self-review-as-approver" };
                    let help = "have another reviewer decide the item again, and another person merge it";
                    findings.push(self.finding(Severity::High, code, message, help));
                }
            }
        }
        if !strangers.is_empty() && self.decided().next().is_some() {
            let names: Vec<_> = strangers.iter().map(ToString::to_string).collect();
            let message = format!(
                "the person behind {} is unknown, so #{} may decide on their own access",
                names.join(" and "),
                pull.number
            );
            let help = "add the account to `accounts` of its person in principals.toml";
            findings.push(self.finding(Severity::Low, "merge-by-unknown-user", message, help));
        }
    }

    /// The items that this merge decides.
    fn decided(&self) -> impl Iterator<Item = &crate::model::file::Item> {
        let ours = |review: &&crate::trust::Verified<crate::model::file::Review>| {
            review.commit().to_string() == self.merge.commit
        };
        let reviews = self.case.governed.reviews().iter().filter(ours);
        reviews.flat_map(|review| review.items.iter().filter(|item| item.decision.is_some()))
    }

    fn finding(&self, severity: Severity, code: &'static str, message: String, help: &str) -> Finding {
        let short = self.merge.commit.get(..12).unwrap_or(&self.merge.commit);
        let subject = format!("merge {short} (record {})", self.seq);
        Finding { severity, code, subject, message, help: help.to_owned() }
    }
}
