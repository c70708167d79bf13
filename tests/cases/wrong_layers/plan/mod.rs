use crate::Id;
use crate::*;
macro_rules! m { () => { $crate::enforce::apply() } }
