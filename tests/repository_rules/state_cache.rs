//! Checks which commands read the cache of verified states.

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

/// The files that offer the cache to them.
const OFFERS: [&str; 3] = ["src/app/mod.rs", "src/app/session.rs", "src/cli/session.rs"];

#[test]
fn row_59_only_commands_that_read_use_the_state_cache() {
    let uses = |path: &String| {
        let text = read(path);
        ["open_cached", "state_cache", "StateCache", "open_with_worklists"].iter().any(|name| text.contains(name))
    };
    let outside = |path: &String| !path.starts_with("src/trust/") && !OFFERS.contains(&path.as_str());
    let found: Vec<String> = files("src").into_iter().filter(outside).filter(uses).collect();
    assert_eq!(found, READERS);
}
