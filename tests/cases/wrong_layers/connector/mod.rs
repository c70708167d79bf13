pub(crate) fn a() {}
pub(in crate::connector) fn b() {}
mod tests {
    use super::*;
    use super::super::plan::Plan;
}
use super::format::toml;
