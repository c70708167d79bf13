//! Attributes that principals files declare in `attributes`.

use super::{AttributeDefinition, AttributeError, AttributeKind, AttributeOrigin, AttributeValues, attribute};
use crate::{
    diag::{Diagnostic, SourceFile},
    model::{
        GrantKind, Timestamp,
        file::{AttributeValue, PrincipalRecord, Principals},
    },
};

/// A declared attribute that is rejected.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidAttribute {
    /// The principal.
    pub principal: String,
    /// The name of the attribute.
    pub name: String,
    /// The reason.
    pub why: String,
    /// The correction.
    pub help: String,
}

impl InvalidAttribute {
    /// Returns the diagnostic; `text` is the content of the file, for the line number.
    pub fn diagnostic(&self, path: &str, text: &str) -> Diagnostic {
        let problem =
            Diagnostic::error("attribute-invalid", format!("`{}` of `{}`: {}", self.name, self.principal, self.why));
        let problem = match place(text, &self.principal, &self.name) {
            Some(span) => problem.at(&SourceFile::new(path, text), span, "this attribute"),
            None => problem.in_file(path),
        };
        problem.help(&self.help)
    }
}

/// Returns the rejected attributes of a file: unknown names, values of a wrong type, and attributes that are computed.
pub fn unfit(file: &Principals) -> Vec<InvalidAttribute> {
    let facts =
        file.principals.iter().flat_map(|entry| entry.attributes.iter().map(move |(name, fact)| (entry, name, fact)));
    facts
        .filter_map(|(entry, name, fact)| {
            let (why, help) = refusal(name, fact)?;
            Some(InvalidAttribute { principal: entry.id.to_string(), name: name.clone(), why, help })
        })
        .collect()
}

/// Returns the declared attributes of a principal at `as_of`. Invalid ones are left out; `tenure check` reports them.
pub fn principal_attributes(entry: &PrincipalRecord, as_of: Timestamp) -> AttributeValues {
    let mut facts = AttributeValues::default();
    take(entry, as_of, &mut facts, |name| !name.starts_with(CREDENTIAL) && !name.starts_with(GRANT));
    facts
}

/// Adds the attributes that an entry declares for all grants of one kind.
pub fn grant_attributes(entry: &PrincipalRecord, kind: GrantKind, as_of: Timestamp, facts: &mut AttributeValues) {
    let secret = kind == GrantKind::Credential;
    take(entry, as_of, facts, |name| name.starts_with(GRANT) || (secret && name.starts_with(CREDENTIAL)));
}

fn take(entry: &PrincipalRecord, as_of: Timestamp, facts: &mut AttributeValues, wanted: impl Fn(&str) -> bool) {
    for (name, fact) in entry.attributes.iter().filter(|(name, fact)| wanted(name) && refusal(name, fact).is_none()) {
        let counted = attribute(name).and_then(|attribute| counted(attribute, fact, as_of));
        // INVARIANT: rejected attributes were removed before.
        let _ = facts.insert(name, counted.map_or_else(|| fact.clone(), AttributeValue::Number));
    }
}

fn refusal(name: &str, fact: &AttributeValue) -> Option<(String, String)> {
    let Some(attribute) = attribute(name) else {
        let why = AttributeError::Name(name.to_owned()).to_string();
        return Some((why, "tenure policy attributes".to_owned()));
    };
    match attribute.origin {
        AttributeOrigin::Computed => {
            let help = match name.ends_with(".tier") {
                true => "remove it; only a signed exception lowers a tier",
                false => "remove it",
            };
            return Some(("it is computed and cannot be declared".to_owned(), help.to_owned()));
        }
        AttributeOrigin::Key(key) => {
            return Some((format!("it has a dedicated key: `{key}`"), format!("write `{key} = …` in the entry")));
        }
        AttributeOrigin::Declared => {}
    }
    match (is_age(attribute), fact) {
        (Some(_), AttributeValue::Text(day)) if Timestamp::parse(day).is_ok() => None,
        (Some(_), _) => {
            let why = "a number of days would be outdated on the next day".to_owned();
            Some((why, format!("write the date from which days are counted: `{name} = \"2026-10-01\"`")))
        }
        (None, _) => {
            let error = AttributeValues::default().insert(name, fact.clone()).err()?;
            Some((error.to_string(), format!("write it as {}", attribute.kind)))
        }
    }
}

/// Returns the number of days since or until a date.
fn counted(attribute: &AttributeDefinition, fact: &AttributeValue, as_of: Timestamp) -> Option<i64> {
    let AttributeValue::Text(day) = fact else { return None };
    let day = Timestamp::parse(day).ok()?;
    Some(match is_age(attribute)? {
        AgeDirection::Since => as_of.days_since(day),
        AgeDirection::Until => day.days_since(as_of),
    })
}

enum AgeDirection {
    Since,
    Until,
}

/// Ages are declared as the date from which they are counted.
fn is_age(attribute: &AttributeDefinition) -> Option<AgeDirection> {
    let days = attribute.kind == AttributeKind::Number && attribute.name.ends_with("_days");
    days.then(|| if attribute.name.ends_with("_in_days") { AgeDirection::Until } else { AgeDirection::Since })
}

/// Returns the span of a declared attribute in the canonical text.
fn place(text: &str, principal: &str, name: &str) -> Option<std::ops::Range<usize>> {
    let entry = text.find(&format!("id = \"{principal}\"\n"))?;
    let end = text[entry..].find("[[principal]]").map_or(text.len(), |end| entry + end);
    let within = text.get(entry..end)?;
    let quoted = format!("\"{name}\" = ");
    let start = entry + within.find(&quoted)?;
    let length = text[start..].find('\n').unwrap_or(text.len() - start);
    Some(start..start + length)
}

const CREDENTIAL: &str = "credential.";
const GRANT: &str = "grant.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PrincipalId, file::PrincipalKind};

    #[test]
    fn invalid_attributes_are_reported_with_their_line() {
        let mut svc = PrincipalRecord::new(PrincipalId::parse("svc").unwrap(), PrincipalKind::Service);
        for (name, fact) in [
            ("principal.tier", AttributeValue::Text("T3".to_owned())),
            ("principal.color", AttributeValue::Text("blue".to_owned())),
            ("principal.team", AttributeValue::Text("orders".to_owned())),
            ("principal.last_tested_days", AttributeValue::Number(20)),
            ("principal.sealed", AttributeValue::Text("yes".to_owned())),
            ("usage.consumers", AttributeValue::Texts(vec![])),
        ] {
            svc.attributes.insert(name.to_owned(), fact);
        }
        let file = Principals { schema: "tenure/principals/v1".to_owned(), principals: vec![svc] };
        let text = crate::format::codec::render(&file);
        let problems: crate::diag::Diagnostics =
            unfit(&file).iter().map(|unfit| unfit.diagnostic("principals.toml", &text)).collect();
        insta::assert_snapshot!(problems.render(crate::diag::RenderStyle::plain()));
    }
}
