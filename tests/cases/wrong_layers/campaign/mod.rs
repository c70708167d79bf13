//! use crate::cli;
/* use crate::cli; /* nested */ use crate::plan; */
use crate::model::Id;
