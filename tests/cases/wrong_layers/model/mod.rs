const A: &str = "use crate::cli;\" use crate::plan;";
const B: &str = r#"crate::cli" "#;
fn c<'a>(d: &'a str) -> char { '"' }
use crate::trust::Verified;
