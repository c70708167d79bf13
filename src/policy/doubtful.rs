//! Comparisons in expressions that are valid and rarely meant: of tiers in the wrong direction, and of entitlements with
//! the kind of the grant.

use crate::diag::Diagnostic;

/// Returns a warning for each doubtful comparison in an expression, without its location.
pub fn doubtful_comparisons(text: &str) -> Vec<Diagnostic> {
    let tight: String = text.split_whitespace().collect();
    let mut found = Vec::new();
    if ["tier>'T", "tier>='T", "tier>\"T", "tier>=\"T"].iter().any(|part| tight.contains(part)) {
        let message = "`>` selects tiers that are less critical: T0 is the most critical one";
        let problem = Diagnostic::warning("tier-order", message);
        found.push(problem.help("write `grant.tier in ['T0', 'T1']`, or `<=` for more critical tiers"));
    }
    let literal = |kind: &&&str| ["'", "\""].iter().any(|quote| text.contains(&format!("{quote}{kind} ")));
    if let Some(kind) = KINDS.iter().find(literal).filter(|_| text.contains(".entitlement")) {
        let message = format!("`grant.entitlement` does not begin with the kind `{kind}`, which items show before it");
        let problem = Diagnostic::warning("entitlement-kind", message);
        found.push(problem.help("compare with the part after the kind, such as `grant.entitlement == 'group ops'`"));
    }
    found
}

/// Kinds of grants that no name of an entitlement begins with.
const KINDS: [&str; 4] = ["credential", "membership", "ownership", "privilege"];
