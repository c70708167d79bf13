//! Policy as code: rules in CEL over what is known of grants and principals. What is not known is never a pass.

mod attributes;
mod facts;

pub use attributes::{ATTRIBUTES, Attribute, Kind, attribute};
pub use facts::{FactError, Facts};
