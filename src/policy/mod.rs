//! Policy as code: rules in CEL over the attributes of grants and principals. An unknown attribute never makes a rule
//! pass.

mod attribute_definition;
mod attribute_values;
mod attributes;
mod builtin;
mod cases;
mod condition;
mod declared_attributes;
mod doubtful;
mod expression;
mod lint;
mod pack;
mod source_span;

pub use attribute_definition::{AttributeDefinition, AttributeKind, AttributeOrigin};
pub use attribute_values::{AttributeError, AttributeValues};
pub use attributes::{ATTRIBUTES, attribute};
pub use builtin::SHIPPED;
pub use cases::{CaseResult, word};
pub use condition::{ReviewerExpression, SelectorCondition};
pub use declared_attributes::{InvalidAttribute, grant_attributes, principal_attributes, unfit};
pub use doubtful::doubtful_comparisons;
pub use expression::{EvaluationError, FUNCTIONS, FunctionDef};
pub use lint::lint;
pub use pack::{
    MissingAttributes, PackSources, PolicyPack, ProfileOverride, RuleOutcome, RuleResult, RuleSubject, SodEntitlement,
    SodMatch, SodRuleSides, SodRules,
};
