//! Exceptions as text for a terminal, and as a Markdown list for approvers.

use super::{markdown::rows, table::OutputStyle};
use crate::{
    campaign::ExceptionStatus,
    diag::counted,
    model::{
        Timestamp,
        file::{ExceptionTerms, NoResponseTerms},
    },
};

/// Returns exceptions as text for a terminal.
pub fn exceptions_human(all: &[ExceptionStatus], style: OutputStyle) -> String {
    if all.is_empty() {
        return "no exceptions\n".to_owned();
    }
    let columns =
        ["exception", "status", "rating", "holder", "rule", "first found", "until", "proof due", "renewals left"];
    let head = style.heading(&counted(all.len(), "exception"));
    format!("{head}\n{}", style.table(&columns, all.iter().map(cells)))
}

/// Returns exceptions as a Markdown list for their approvers.
pub fn exceptions_markdown(all: &[ExceptionStatus]) -> String {
    let mut text = format!("### Tenure: {}\n", counted(all.len(), "exception"));
    if !all.is_empty() {
        text.push_str(
            "\n| exception | status | rating | holder | rule | first found | until | proof due | renewals left |\n",
        );
        text.push_str("|---|---|---|---|---|---|---|---|---|\n");
        let all: Vec<_> = all.iter().map(cells).collect();
        rows(&mut text, all.into_iter());
    }
    text
}

/// Returns the requirements of exceptions by rating, and the no-response terms.
pub fn terms_human(terms: &[ExceptionTerms], silence: &NoResponseTerms, style: OutputStyle) -> String {
    let columns = ["rating", "at most", "renewals", "control proven", "accepted by one of each"];
    let row = |terms: &ExceptionTerms| {
        let proof = if terms.proof_days == 0 { "-".to_owned() } else { format!("every {} days", terms.proof_days) };
        vec![
            terms.rating.to_string(),
            format!("{} days", terms.max_days),
            terms.max_renewals.to_string(),
            proof,
            terms.approver_groups.join(", "),
        ]
    };
    let mut text = style.table(&columns, terms.iter().map(row));
    let again = match silence.max_renewals {
        0 => "not renewable".to_owned(),
        more => format!("renewable at most {more} times"),
    };
    let days = counted(silence.max_days, "day");
    text.push_str(&format!("for an item without a response: at most {days}, {again}; the item stays undecided"));
    if !silence.approver_groups.is_empty() {
        text.push_str(&format!("; also approved by one of {}", silence.approver_groups.join(", ")));
    }
    text + "\n"
}

fn cells(one: &ExceptionStatus) -> Vec<String> {
    let day = |time: Timestamp| time.to_string().chars().take(10).collect::<String>();
    vec![
        one.id.to_string(),
        one.validity.to_string(),
        one.rating.to_string(),
        one.subject.clone(),
        one.rule.clone().unwrap_or_else(|| "-".to_owned()),
        day(one.since),
        day(one.until),
        one.proof_due.map_or_else(|| "-".to_owned(), day),
        one.renewals_left.to_string(),
    ]
}
