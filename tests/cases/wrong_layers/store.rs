use crate::git::Object;
use crate::policy::Limit;
