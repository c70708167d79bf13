//! Policy as code: rules in CEL over what is known of grants and principals. What is not known is never a pass.

mod attributes;
mod condition;
mod expression;
mod facts;
mod pack;
mod place;
mod typed;

pub use attributes::{ATTRIBUTES, Attribute, Kind, attribute};
pub use condition::{Condition, Selection};
pub use expression::{Called, FUNCTIONS, Trouble};
pub use facts::{FactError, Facts};
pub use pack::{Held, Judgement, Lack, Outcome, Pack, Pairs, SetBy, Sides, Sources, Subject, Toxic};
pub use typed::{Unfit, said_of_grants, said_of_principal, unfit};
