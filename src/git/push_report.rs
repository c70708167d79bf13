//! What `git push --porcelain` says of one ref (git-push(1), OUTPUT).

/// What the remote said about the ref that was pushed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum PushStatus {
    /// The remote will not have it, for this reason.
    Declined(String),
    /// Somebody else was there first.
    LostRace,
    /// Nothing about this ref: the answer was lost, or nothing was sent.
    Nothing,
    /// It was taken.
    Taken,
}

/// Reads the line about `reference`.
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

/// The words of git's client, of receive-pack, and of the file lock below it, when the ref is no longer where it was.
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
    fn one_line_is_read_for_what_it_says() {
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
