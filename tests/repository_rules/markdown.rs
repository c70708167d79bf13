//! Parses the parts of a Markdown page that the tests check: links, headings and fenced blocks.

/// A fenced block.
pub struct Block {
    /// The line on which its content begins, from 1.
    pub line: usize,
    /// The word after the fence.
    pub language: String,
    /// Its content, without the indentation of a list.
    pub text: String,
}

/// Returns the fenced blocks of a page, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Block)> = None;
    for (number, line) in (1..).zip(page.lines()) {
        let indent = line.len() - line.trim_start().len();
        match (line.trim_start().strip_prefix("```"), open.take()) {
            (Some(_), Some((_, block))) => blocks.push(block),
            (Some(language), None) => {
                let language = language.to_owned();
                open = Some((indent, Block { line: number + 1, language, text: String::new() }));
            }
            (None, Some((outer, mut block))) => {
                block.text.push_str(line.get(outer.min(indent)..).unwrap_or_default());
                block.text.push('\n');
                open = Some((outer, block));
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fenced block is not closed");
    blocks
}

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

/// Returns the targets of the links and pictures of a page, with their lines.
pub fn links(page: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(page) {
        let text: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        links.extend(targets.map(|(target, _)| (number, target.to_owned())));
        if let Some((name, target)) = text.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "))
            && !name.contains(']')
        {
            links.push((number, target.to_owned()));
        }
    }
    links
}

/// Returns the anchors of a page's headings, in the format of GitHub.
pub fn anchors(page: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for (_, line) in prose(page) {
        let Some(heading) = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#')) else { continue };
        let Some(heading) = heading.strip_prefix(' ') else { continue };
        let kept = heading.trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let base: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let again = anchors.iter().filter(|anchor| **anchor == base).count();
        anchors.push(if again == 0 { base } else { format!("{base}-{again}") });
    }
    anchors
}

#[test]
fn headings_get_the_anchors_of_github() {
    let page = "# `hosts`: a page\n## What it sees\n## What it sees\n```sh\n# none\n```\n";
    assert_eq!(anchors(page), ["hosts-a-page", "what-it-sees", "what-it-sees-1"]);
}

#[test]
fn links_in_code_are_not_links() {
    let page = "[a](b.md) and `[c](d.md)`, ![e](f.svg)\n[g]: h.md\n```\n[i](j.md)\n```\n";
    let found: Vec<String> = links(page).into_iter().map(|(_, target)| target).collect();
    assert_eq!(found, ["b.md", "f.svg", "h.md"]);
}
