//! Policy as code: rules in CEL over what is known of grants and principals. What is not known is never a pass.

mod attributes;
mod cases;
mod condition;
mod expression;
mod facts;
mod lint;
mod pack;
mod place;
mod shipped;
mod typed;
mod words;

pub use attributes::{ATTRIBUTES, Attribute, Kind, attribute};
pub use cases::{Tested, word};
pub use condition::{Condition, Selection};
pub use expression::{Called, FUNCTIONS, Trouble};
pub use facts::{FactError, Facts};
pub use lint::lint;
pub use pack::{Held, Judgement, Lack, Outcome, Pack, Pairs, SetBy, Sides, Sources, Subject, Toxic};
pub use shipped::SHIPPED;
pub use typed::{Unfit, said_of_grants, said_of_principal, unfit};
pub use words::words;
