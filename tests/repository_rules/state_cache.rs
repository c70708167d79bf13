//! Checks which commands read the caches of verified states and of evidence.

use crate::tree::{files, read};

/// The commands that only read. Commands that enforce, verify, close, sign or audit verify the whole history.
const READERS: [&str; 10] = [
    "src/cli/campaign/quality.rs",
    "src/cli/campaign/status.rs",
    "src/cli/campaign/summary.rs",
    "src/cli/check.rs",
    "src/cli/exception/list.rs",
    "src/cli/exception/requirements.rs",
    "src/cli/plan.rs",
    "src/cli/policy/evaluate.rs",
    "src/cli/review/mod.rs",
    "src/cli/system/list.rs",
];

/// Those of them that read the cache of evidence.
const EVIDENCE_READERS: [&str; 4] =
    ["src/cli/campaign/quality.rs", "src/cli/campaign/status.rs", "src/cli/check.rs", "src/cli/plan.rs"];

/// The files that offer the cache to them.
const OFFERS: [&str; 3] = ["src/app/mod.rs", "src/app/session.rs", "src/cli/session.rs"];

#[test]
fn row_59_only_commands_that_read_use_the_state_cache() {
    let uses = |path: &String| {
        let text = read(path);
        ["open_cached", "state_cache", "StateCache", "open_with_worklists"].iter().any(|name| text.contains(name))
    };
    let reads_evidence =
        |path: &String| ["read_cached", "read_ledger_cached"].iter().any(|name| read(path).contains(name));
    let outside = |path: &String| !path.starts_with("src/trust/") && !OFFERS.contains(&path.as_str());
    let found: Vec<String> = files("src").into_iter().filter(outside).filter(uses).collect();
    assert_eq!(found, READERS);
    let found = files("src").into_iter().filter(|path| !path.starts_with("src/app/evidence/")).filter(reads_evidence);
    assert_eq!(found.collect::<Vec<_>>(), EVIDENCE_READERS);
}
