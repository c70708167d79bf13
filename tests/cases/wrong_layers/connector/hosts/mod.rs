use super::Collector;
use super::super::store::Repository;
use super::{super::plan::Plan, Provisioner};
fn f() -> crate::model::Id {}
