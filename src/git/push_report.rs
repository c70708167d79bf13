//! Parser for the report of `git push --porcelain` on one ref (git-push(1), OUTPUT).

/// The result that the remote reported for the pushed ref.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum PushStatus {
    /// The remote refused the update, for this reason.
    Declined(String),
    /// Another push updated the ref first.
    LostRace,
    /// The report does not mention the ref: the reply was lost, or no update was sent.
    Nothing,
    /// The remote accepted the update.
    Taken,
}

/// Parses the line about `reference`.
pub(super) fn read(output: &str, reference: &str) -> PushStatus {
    let about =
        |line: &&str| line.split('\t').nth(1).and_then(|pair| pair.rsplit_once(':')).is_some_and(|p| p.1 == reference);
    let Some(line) = output.lines().find(about) else { return PushStatus::Nothing };
    let summary = line.split('\t').nth(2).unwrap_or_default();
    match line.as_bytes().first() {
        Some(b' ' | b'*' | b'=') => PushStatus::Taken,
        _ if lost_race(summary) => PushStatus::LostRace,
        _ => PushStatus::Declined(super::subprocess::presentable(summary)),
    }
}

/// Returns whether a message of git's client, of receive-pack or of the file lock below it means that the ref has
/// moved.
fn lost_race(summary: &str) -> bool {
    const WORDS: [&str; 8] = [
        "already exists",
        "cannot lock ref",
        "failed to lock",
        "failed to update ref",
        "fetch first",
        "incorrect old value provided",
        "non-fast-forward",
        "stale info",
    ];
    WORDS.iter().any(|words| summary.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn push_status_is_read_from_the_line_of_the_ref() {
        let reference = "refs/heads/evidence";
        for (line, said) in [
            (" \tc0ffee:refs/heads/evidence\t1..2", PushStatus::Taken),
            ("*\tc0ffee:refs/heads/evidence\t[new branch]", PushStatus::Taken),
            ("=\tc0ffee:refs/heads/evidence\t[up to date]", PushStatus::Taken),
            ("!\tc0ffee:refs/heads/evidence\t[rejected] (fetch first)", PushStatus::LostRace),
            (
                "!\tc0ffee:refs/heads/evidence\t[remote rejected] (cannot lock ref 'x': is at y but expected z)",
                PushStatus::LostRace,
            ),
            (
                "!\tc0ffee:refs/heads/evidence\t[remote rejected] (hook declined)",
                PushStatus::Declined("[remote rejected] (hook declined)".into()),
            ),
            (
                "+\tc0ffee:refs/heads/evidence\t1...2 (forced update)",
                PushStatus::Declined("1...2 (forced update)".into()),
            ),
            (" \tc0ffee:refs/heads/evidence-2\t1..2", PushStatus::Nothing),
            ("Done", PushStatus::Nothing),
        ] {
            assert_eq!(read(&format!("To /somewhere\n{line}\nDone\n"), reference), said, "{line}");
        }
    }
}
