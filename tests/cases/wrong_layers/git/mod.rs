pub(super) fn a() {}
use self::super::diag::Note;
use super::{
    diag,
    enforce::Journal,
};
