//! Validation of code-scanning logs against the SARIF 2.1.0 schema published by OASIS.

use super::{
    sandbox::{Sandbox, succeed},
    servers::systems,
};
use std::fs;

/// Asserts that the schema accepts this log.
pub fn is_sarif(sandbox: &Sandbox, log: &str) {
    let file = sandbox.join("log.sarif");
    fs::write(&file, log).expect("a file can be written");
    let mut judge = sandbox.command(systems().join("lint/bin/check-jsonschema"), sandbox.path());
    // One pattern of the schema is valid only by the older rules of ECMA 262.
    judge.args(["--regex-variant", "nonunicode", "--schemafile"]).arg(systems().join("sarif/schema.json"));
    succeed(judge.arg(&file));
}
