use crate::evidence::Record;
use crate::connector::Collector;
use crate::{plan, enforce::Journal};
