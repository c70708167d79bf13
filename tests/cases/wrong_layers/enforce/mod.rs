use crate::{
    model::{Id, Verdict},
    evidence::{self, Record},
    report,
};
use crate::plan::{Plan, Action};
