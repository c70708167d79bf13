//! Checks that every relative link leads to a file or heading, and that the table of contents is complete.

use crate::{
    markdown::prose,
    tree::{files, pages, read, root},
};
use std::path::PathBuf;

#[test]
fn relative_links_and_anchors_resolve() {
    let mut broken = Vec::new();
    for page in pages() {
        for (line, target) in links(&read(&page)) {
            if target.starts_with("https://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let to = if path.is_empty() { page.clone().into() } else { resolved(&page, path) };
            if !root().join(&to).exists() {
                broken.push(format!("{page}:{line}: no file `{target}`"));
            } else if !anchor.is_empty() {
                let anchors = anchors(&read(&to.to_string_lossy()));
                if !anchors.iter().any(|known| known == anchor) {
                    broken.push(format!("{page}:{line}: no heading `{target}`"));
                }
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn summary_lists_every_page_once() {
    let mut listed: Vec<String> = links(&read("docs/SUMMARY.md")).into_iter().map(|(_, target)| target).collect();
    listed.sort();
    let there = files("docs").into_iter().filter(|path| path.ends_with(".md") && path != "docs/SUMMARY.md");
    let there: Vec<String> = there.map(|path| path["docs/".len()..].to_owned()).collect();
    assert_eq!(listed, there);
}

#[test]
fn every_picture_is_shown() {
    let pages: String = pages().iter().map(|page| read(page)).collect();
    for picture in files("docs").into_iter().filter(|path| path.ends_with(".svg")) {
        let name = &picture["docs/".len()..];
        assert!(pages.contains(name), "{picture} is on no page");
    }
}

#[test]
fn sections_of_an_item_are_those_of_the_program() {
    let program = read("src/campaign/decision_context/mod.rs");
    let titles = program.split("ContextSection::new(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let page = read("docs/reviewing.md");
    let (_, table) = page.split_once("| section | content |\n|---|---|\n").expect("the table of sections");
    let rows = table.lines().map_while(|line| line.strip_prefix("| ")?.split(" | ").next());
    assert_eq!(rows.collect::<Vec<_>>(), titles.collect::<Vec<_>>());
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

/// Returns `path` relative to the folder of `page`, without `.` and `..`.
fn resolved(page: &str, path: &str) -> PathBuf {
    let mut resolved = PathBuf::from(page);
    resolved.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => assert!(resolved.pop(), "{page}: `{path}` leaves the repository"),
            part => resolved.push(part),
        }
    }
    resolved
}
