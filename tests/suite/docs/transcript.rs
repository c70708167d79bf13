//! Comparison of commands and output in a page with the real output.

/// Returns `text` with placeholders for everything that differs between runs.
pub fn normalized(text: &str) -> String {
    text.lines().map(|line| normalized_line(line.trim_end())).collect::<Vec<_>>().join("\n")
}

/// Returns a line with placeholders for digests, ids and times.
fn normalized_line(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let end = from.find(|c: char| !(c.is_ascii_alphanumeric() || "-:+/_".contains(c))).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(&normalized_word(word));
        rest = after;
    }
    out + rest
}

fn normalized_word(word: &str) -> String {
    let hex = |text: &str, least: usize| text.len() >= least && text.bytes().all(|b| b.is_ascii_hexdigit());
    for (prefix, least) in [("sha256:", 12), ("act-", 8), ("itm-", 8), ("urn:uuid:", 0), ("SHA256:", 0)] {
        if let Some(id) = word.strip_prefix(prefix)
            && (least == 0 || hex(id, least))
        {
            return format!("{prefix}0");
        }
    }
    let dated = word.len() >= 10 && word.bytes().take(4).all(|b| b.is_ascii_digit()) && word.as_bytes()[4] == b'-';
    if dated && word.contains(['T', '-']) && word.bytes().filter(|b| *b == b'-').count() == 2 {
        return "DATE".to_owned();
    }
    if hex(word, 12) { "0".to_owned() } else { word.to_owned() }
}

/// Returns whether real output matches the output of a page. A line `…` matches any number of lines. Without it, the
/// order of lines is ignored: actions are sorted by random ids.
pub fn matches(shown: &str, real: &str) -> bool {
    let (shown, real) = (normalized(shown), normalized(real));
    let shown: Vec<&str> = shown.trim_end().lines().collect();
    let real: Vec<&str> = real.trim_end().lines().collect();
    match shown.iter().position(|line| *line == "…") {
        None => sorted(shown) == sorted(real),
        Some(at) => real.starts_with(&shown[..at]) && real[at..].ends_with(&shown[at + 1..]),
    }
}

fn sorted(mut lines: Vec<&str>) -> Vec<&str> {
    lines.sort_unstable();
    lines
}

/// Returns real output in the form of the page: complete, or shortened to as many lines as the page has before and
/// after its `…`.
pub fn shortened(shown: &str, real: &str) -> String {
    let shown: Vec<&str> = shown.trim_end().lines().collect();
    let real: Vec<&str> = real.trim_end().lines().collect();
    match shown.iter().position(|line| *line == "…") {
        None => real.join("\n"),
        Some(head) => {
            let tail = shown.len() - head - 1;
            let (first, last) = (real.iter().take(head), real.iter().skip(real.len().saturating_sub(tail).max(head)));
            first.chain(&["…"]).chain(last).copied().collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
fn ids_and_times_do_not_matter() {
    let one = "root pin: sha256:b434ec8ca395e557 2026-12-14T15:17:14Z act-c41b51ee";
    let other = "root pin: sha256:d9d3fb07fc3a6de9 2027-01-02T01:02:03Z act-eb5ba859";
    assert!(matches(one, other));
    assert!(!matches(one, &other.replace("pin", "pen")));
    assert!(matches("a\n…\nd", "a\nb\nc\nd"));
    assert!(!matches("a\n…\nd", "b\nc\nd"));
    assert_eq!(shortened("a\n…\nd", "b\nc\nd\ne"), "b\n…\ne");
}
