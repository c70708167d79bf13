//! Finds the paths by which a Rust file uses other modules of its crate.

use crate::imports::{Token, tokens};
use std::collections::BTreeSet;

/// A name that a `use` statement binds.
#[derive(Debug, Eq, PartialEq)]
pub struct Binding {
    /// The name; `*` for all names of a module.
    pub name: String,
    /// The path from the crate root.
    pub path: Vec<String>,
    /// Whether other modules can use the name.
    pub is_public: bool,
}

/// The modules that a file uses, without its tests.
#[derive(Debug, Default)]
pub struct FileUses {
    /// The names bound by `use` statements.
    pub bindings: Vec<Binding>,
    /// The paths outside of `use` statements, from the crate root.
    pub paths: Vec<Vec<String>>,
    /// Every word outside of `use` statements.
    pub words: BTreeSet<String>,
    /// The items that the file defines.
    pub definitions: BTreeSet<String>,
}

/// Returns the modules that `source` uses; `module` is its own path from the crate root.
pub fn file_uses(source: &str, module: &[String]) -> FileUses {
    let tokens = without_tests(tokens(source));
    let children: BTreeSet<&str> =
        tokens.windows(3).filter(|at| at[0].text == "mod" && at[2].text == ";").map(|at| at[1].text.as_str()).collect();
    let absolute = |path: &[String]| absolute(path, module, &children);
    let mut found = FileUses::default();
    let mut at = 0;
    while at < tokens.len() {
        let before = at.checked_sub(1).map_or("", |index| &tokens[index].text);
        let starts_path = before != "::" && tokens.get(at + 1).is_some_and(|next| next.text == "::");
        if tokens[at].text == "use" {
            let is_public = before == "pub" || before == ")";
            let end = at + tokens[at..].iter().position(|token| token.text == ";").unwrap_or(tokens.len() - at);
            if !is_for_tests(&tokens[..at]) {
                for (path, name) in tree(&tokens[at + 1..end], &[]) {
                    let path = absolute(&path);
                    found.bindings.extend(path.map(|path| Binding { name, path, is_public }));
                }
            }
            at = end;
        } else if starts_path && tokens[at].is_name() {
            let names: Vec<String> = path(&tokens[at..]);
            at += 2 * names.len() - 1;
            found.words.extend(names.iter().cloned());
            found.paths.extend(absolute(&names));
        } else {
            if ITEMS.contains(&before) {
                found.definitions.insert(tokens[at].text.clone());
            }
            if tokens[at].is_name() {
                found.words.insert(tokens[at].text.clone());
            }
            at += 1;
        }
    }
    found
}

/// Removes the module of tests at the end of a file.
fn without_tests(mut tokens: Vec<Token>) -> Vec<Token> {
    let is_tests = |at: &[Token]| at[0].text == "mod" && at[1].text.ends_with("tests") && at[2].text == "{";
    if let Some(start) = tokens.windows(3).position(is_tests) {
        tokens.truncate(start);
    }
    tokens
}

/// Returns whether the attribute at the end of `tokens` is `#[cfg(test)]`.
fn is_for_tests(tokens: &[Token]) -> bool {
    let end: String = tokens.iter().rev().take(7).rev().map(|token| token.text.as_str()).collect();
    end == "#[cfg(test)]"
}

/// Returns the names of the path at the start of `tokens`.
fn path(tokens: &[Token]) -> Vec<String> {
    let mut names = vec![tokens[0].text.clone()];
    for pair in tokens[1..].chunks_exact(2) {
        if pair[0].text != "::" || !pair[1].is_name() {
            break;
        }
        names.push(pair[1].text.clone());
    }
    names
}

/// Returns the paths of a `use` tree, each with the name that it binds.
fn tree(tokens: &[Token], prefix: &[String]) -> Vec<(Vec<String>, String)> {
    let mut path = prefix.to_vec();
    let mut rest = tokens;
    while let Some(token) = rest.first() {
        match token.text.as_str() {
            "{" => return parts(&rest[1..rest.len() - 1]).flat_map(|part| tree(part, &path)).collect(),
            "*" => return vec![(path, "*".to_owned())],
            "as" => return rest.get(1).map(|name| (path, name.text.clone())).into_iter().collect(),
            "::" => {}
            "self" if !path.is_empty() => {}
            name => path.push(name.to_owned()),
        }
        rest = &rest[1..];
    }
    path.last().cloned().map(|name| (path, name)).into_iter().collect()
}

/// Splits a list at the commas that are in no inner braces.
fn parts(tokens: &[Token]) -> impl Iterator<Item = &[Token]> {
    let mut depth = 0;
    let at_comma = move |token: &Token| {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        depth == 0 && token.text == ","
    };
    tokens.split(at_comma).filter(|part| !part.is_empty())
}

/// Returns a path from the crate root; `None` for one that starts outside of the crate or with a name in scope.
fn absolute(path: &[String], module: &[String], children: &BTreeSet<&str>) -> Option<Vec<String>> {
    let ups = path.iter().skip_while(|name| *name == "self").take_while(|name| *name == "super").count();
    let first = path.first()?.as_str();
    let rest = &path[ups + usize::from(matches!(first, "crate" | "self"))..];
    let base = match first {
        "crate" => &[][..],
        "self" | "super" => module.get(..module.len().checked_sub(ups)?)?,
        child if children.contains(child) => module,
        _ => return None,
    };
    Some([base, rest].concat())
}

const ITEMS: [&str; 8] = ["const", "enum", "fn", "static", "struct", "trait", "type", "union"];

#[test]
fn paths_are_found_in_use_trees_and_code() {
    let source = "mod child;\npub(super) use child::{Kept, inner::{self, Deep as Other}};\nuse super::{beside, super::*};\n\
                  use std::fs;\nfn work() { child::run(crate::top::NAME, fs::read); self.field }\n\
                  #[cfg(test)]\nmod tests { use super::unseen::X; }\n";
    let found = file_uses(source, &["a".to_owned(), "b".to_owned()]);
    let bound: Vec<String> =
        found.bindings.iter().map(|one| format!("{} = {} {}", one.name, one.path.join("::"), one.is_public)).collect();
    assert_eq!(
        bound,
        [
            "Kept = a::b::child::Kept true",
            "inner = a::b::child::inner true",
            "Other = a::b::child::inner::Deep true",
            "beside = a::beside false",
            "* =  false",
        ]
    );
    let paths: Vec<String> = found.paths.iter().map(|path| path.join("::")).collect();
    assert_eq!(paths, ["a::b::child::run", "top::NAME"]);
    assert!(found.definitions.contains("work") && !found.words.contains("unseen"));
}
