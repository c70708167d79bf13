//! Exceptions as people read them: at a terminal, and as the monthly list of those who accepted them.

use super::{markdown::rows, table::OutputStyle};
use crate::{
    campaign::ExceptionStatus,
    diag::counted,
    model::{
        Timestamp,
        file::{ExceptionTerms, NoResponseTerms},
    },
};

/// Returns exceptions for people at a terminal.
pub fn exceptions_human(all: &[ExceptionStatus], look: OutputStyle) -> String {
    if all.is_empty() {
        return "no exceptions\n".to_owned();
    }
    let columns =
        ["exception", "stands", "rating", "holder", "rule", "first found", "until", "proof due", "renewals left"];
    let head = look.heading(&counted(all.len(), "exception"));
    format!("{head}\n{}", look.table(&columns, all.iter().map(cells)))
}

/// Returns exceptions as Markdown: the list that their approvers go through.
pub fn exceptions_markdown(all: &[ExceptionStatus]) -> String {
    let mut text = format!("### Tenure: {}\n", counted(all.len(), "exception"));
    if !all.is_empty() {
        text.push_str(
            "\n| exception | stands | rating | holder | rule | first found | until | proof due | renewals left |\n",
        );
        text.push_str("|---|---|---|---|---|---|---|---|---|\n");
        let all: Vec<_> = all.iter().map(cells).collect();
        rows(&mut text, all.into_iter());
    }
    text
}

/// Returns what exceptions of each rating need, and what they need where nobody answered.
pub fn terms_human(terms: &[ExceptionTerms], silence: &NoResponseTerms, look: OutputStyle) -> String {
    let columns = ["rating", "at most", "renewals", "control proven", "accepted by one of each"];
    let row = |terms: &ExceptionTerms| {
        let proof = if terms.proof_days == 0 { "-".to_owned() } else { format!("every {} days", terms.proof_days) };
        vec![
            terms.rating.to_string(),
            format!("{} days", terms.days),
            terms.renewals.to_string(),
            proof,
            terms.groups.join(", "),
        ]
    };
    let mut text = look.table(&columns, terms.iter().map(row));
    let again = match silence.renewals {
        0 => "once for an item".to_owned(),
        more => format!("renewed at most {more} times for an item"),
    };
    let days = counted(silence.days, "day");
    text.push_str(&format!("where nobody answered for an item: at most {days}, {again}, and it stays undecided"));
    if !silence.groups.is_empty() {
        text.push_str(&format!("; accepted by one of {} too", silence.groups.join(", ")));
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
