//! Policy as code: rules in CEL over the attributes of grants and principals. An unknown attribute never makes a rule
//! pass.

mod attributes;
mod builtin;
mod cases;
mod condition;
mod declared_attributes;
mod enumerations;
mod expression;
mod facts;
mod lint;
mod pack;
mod source_span;

pub use attributes::{ATTRIBUTES, Attribute, Kind, attribute};
pub use builtin::SHIPPED;
pub use cases::{CaseResult, word};
pub use condition::{Condition, ReviewerExpression};
pub use declared_attributes::{InvalidAttribute, grant_attributes, principal_attributes, unfit};
pub use enumerations::words;
pub use expression::{EvaluationError, FUNCTIONS, FunctionDef};
pub use facts::{FactError, Facts};
pub use lint::lint;
pub use pack::{
    Held, MissingAttributes, Outcome, Pack, ProfileOverride, RuleResult, SodRuleSides, SodRules, SodViolation, Sources,
    Subject,
};
