//! Rules on dependencies that need no network: banned crates, licences and sources, as `deny.toml` lists them.
//!
//! `cargo deny` checks the same in the workflow, and advisories as well. This test holds the rules on every machine.

use crate::tree::{read, root};
use serde_json::Value;
use std::process::Command;

#[test]
fn dependencies_are_allowed_by_name_licence_and_source() {
    let rules: toml::Table = read("deny.toml").parse().unwrap();
    let banned = rules["bans"]["deny"].as_array().unwrap().iter().map(|ban| ban["crate"].as_str().unwrap());
    let banned: Vec<&str> = banned.collect();
    let allowed = rules["licenses"]["allow"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    let allowed: Vec<&str> = allowed.collect();
    let packages = packages();
    assert!(packages.len() > 100, "the dependencies are listed");
    let problems: Vec<String> = packages.iter().flat_map(|package| problems(package, &banned, &allowed)).collect();
    assert!(problems.is_empty(), "{problems:#?}\n`deny.toml` lists what is allowed");
}

fn packages() -> Vec<Value> {
    let arguments = ["metadata", "--format-version", "1", "--locked", "--offline", "--all-features"];
    let platform = ["--filter-platform", "x86_64-unknown-linux-gnu"];
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(arguments).args(platform).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn problems(package: &Value, banned: &[&str], allowed: &[&str]) -> Vec<String> {
    let name = package["name"].as_str().unwrap();
    let mut problems = Vec::new();
    if banned.contains(&name) {
        problems.push(format!("{name} is banned"));
    }
    let licence = package["license"].as_str().unwrap_or_default();
    let expression = spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX);
    let is_allowed = |requirement: &spdx::LicenseReq| {
        requirement.license.id().is_some_and(|id| requirement.exception.is_none() && allowed.contains(&id.name))
    };
    if !expression.is_ok_and(|expression| expression.evaluate(is_allowed)) {
        problems.push(format!("{name} has the licence `{licence}`"));
    }
    // A package of the workspace has no source.
    let source = package["source"].as_str();
    if source.is_some_and(|source| source != CRATES_IO) {
        problems.push(format!("{name} is from {}", source.unwrap_or_default()));
    }
    problems
}

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
