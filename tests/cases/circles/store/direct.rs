use super::Other;
pub(super) fn direct(_: Other) {}
