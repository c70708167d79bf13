//! Checks that every relative link leads to a file or heading, and that the table of contents is complete.

use super::{files, markdown, pages, read, resolved, root};

#[test]
fn relative_links_and_anchors_resolve() {
    let mut broken = Vec::new();
    for page in pages() {
        for (line, target) in markdown::links(&read(&page)) {
            if target.starts_with("https://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let to = if path.is_empty() { page.clone().into() } else { resolved(&page, path) };
            if !root().join(&to).exists() {
                broken.push(format!("{page}:{line}: no file `{target}`"));
            } else if !anchor.is_empty() {
                let anchors = markdown::anchors(&read(&to.to_string_lossy()));
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
    let mut listed: Vec<String> =
        markdown::links(&read("docs/SUMMARY.md")).into_iter().map(|(_, target)| target).collect();
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
