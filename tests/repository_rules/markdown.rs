//! Prose and code spans of a Markdown page.

/// Returns the lines outside of fenced blocks, with their numbers.
pub fn prose(page: &str) -> Vec<(usize, String)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(page.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push((number, line.to_owned()));
        }
    }
    lines
}

/// Returns the inline code spans of a line.
pub fn spans(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}
