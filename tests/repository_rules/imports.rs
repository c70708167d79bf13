//! Finds the folders of the crate that a Rust file imports, by paths only.

use crate::rust_lexer::{is_word, skipped};

/// A place where a file names a folder (or another item) at the root of the crate.
#[derive(Debug, Eq, PartialEq)]
pub struct Import {
    /// The line, counted from one.
    pub line: usize,
    /// The first name below the crate root, or the construction used instead of a name.
    pub name: String,
}

/// Returns the items that the file `source` names at the root of its crate, in order.
///
/// `module` is the file's own path below the crate root, as in `["connector", "hosts"]`. All paths that
/// start with `crate` or reach it with `super` are read, in `use` trees and elsewhere. Comments (including doc tests) and
/// strings are skipped. Constructions that could hide an import (`include!`, a `#[path]` to another folder, another name
/// for the crate) are returned under their own spelling, which is not the name of a folder.
pub fn imports(source: &str, module: &[String]) -> Vec<Import> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut scope = Scope { file: module.len(), inner: Vec::new(), depth: 0 };
    let mut at = 0;
    while at < tokens.len() {
        scope.follow(&tokens, at);
        let (line, rest) = (tokens[at].line, &tokens[at..]);
        let before = at.checked_sub(1).map_or("", |index| &tokens[index].text);
        let mut used = 1;
        if spells(rest, &["extern", "crate", "self"]) {
            found.push(Import { line, name: "extern crate self".into() });
            used = 3;
        } else if spells(rest, &["#", "[", "path", "="]) && rest.get(4).is_some_and(|file| leads_away(&file.text)) {
            found.push(Import { line, name: "#[path] in another folder".into() });
        } else if spells(rest, &["include", "!"]) && !spells(&rest[2..], &GENERATED) {
            found.push(Import { line, name: "include!".into() });
        } else if before != "::" && rest[0].text == "crate" && before != "extern" {
            used = 1 + names(&rest[1..], &mut found, "crate", line);
        } else if before != "::" && (rest[0].text == "super" || spells(rest, &["self", "::", "super"])) {
            used = upward(rest, scope.depth_of_module(), &mut found, line);
        }
        // What a path jumped over may close or open blocks only inside its own braces, which balance.
        at += used;
    }
    found
}

/// Returns the files that `source` gives to its modules by `#[path = "file"] mod name;`, each with the name.
pub fn placed(source: &str) -> Vec<(String, String)> {
    let tokens = tokens(source);
    let starts = (0..tokens.len()).filter(|at| spells(&tokens[*at..], &["#", "[", "path", "="]));
    starts
        .filter_map(|at| {
            let file = tokens.get(at + 4)?.text.trim_matches('"').to_owned();
            let after = &tokens[at + 6..];
            let name = after.iter().position(|token| token.text == "mod").and_then(|at| after.get(at + 1))?;
            Some((file, name.text.clone()))
        })
        .collect()
}

/// The position in the module tree: the depth of the file, and the inline modules around the current token.
struct Scope {
    file: usize,
    inner: Vec<usize>,
    depth: usize,
}

impl Scope {
    fn depth_of_module(&self) -> usize {
        self.file + self.inner.len()
    }

    fn follow(&mut self, tokens: &[Token], at: usize) {
        match tokens[at].text.as_str() {
            "{" => {
                self.depth += 1;
                let opens_module = at >= 2 && tokens[at - 2].text == "mod" && tokens[at - 1].is_name();
                if opens_module {
                    self.inner.push(self.depth);
                }
            }
            "}" => {
                if self.inner.last() == Some(&self.depth) {
                    self.inner.pop();
                }
                self.depth = self.depth.saturating_sub(1);
            }
            _ => {}
        }
    }
}

/// Reads a path that starts with `super`, `up` modules below the crate root. Returns how many tokens it took.
fn upward(tokens: &[Token], up: usize, found: &mut Vec<Import>, line: usize) -> usize {
    let (climbed, length) = climb(tokens);
    let rest = &tokens[length..];
    if climbed == up {
        return length + names(rest, found, "super", line);
    }
    if climbed < up && spells(rest, &["::", "{"]) {
        // `super::{super::name}`: the braces are read again by the caller, but only here is known how far up they are.
        for at in starts(&rest[1..]).map(|at| at + 1).filter(|at| rest[*at].text == "super") {
            upward(&rest[at..], up - climbed, found, rest[at].line);
        }
    }
    length
}

/// Returns how many times the path at the start of `tokens` goes up, and how many tokens that takes.
fn climb(tokens: &[Token]) -> (usize, usize) {
    let mut length = if tokens[0].text == "self" { 2 } else { 0 };
    let mut ups = 0;
    while tokens.get(length).is_some_and(|token| token.text == "super") {
        ups += 1;
        length += 1;
        if spells(&tokens[length..], &["::", "super"]) {
            length += 1;
        }
    }
    (ups, length)
}

/// Reads what follows the crate root: `::name…` or `::{name…, name…}`. Returns how many tokens it took.
fn names(tokens: &[Token], found: &mut Vec<Import>, root: &str, line: usize) -> usize {
    if tokens.first().is_none_or(|token| token.text != "::") {
        // `pub(crate)` and `pub(super)` say who may look, not where something is.
        let a_name_for_it = tokens.first().is_some_and(|token| token.text == "as");
        if a_name_for_it {
            found.push(Import { line, name: format!("{root} as …") });
        }
        return 0;
    }
    let Some(first) = tokens.get(1) else { return 1 };
    if first.text != "{" {
        found.push(Import { line: first.line, name: first.text.clone() });
        return 2;
    }
    found.extend(
        starts(&tokens[1..])
            .map(|at| &tokens[1 + at])
            .map(|token| Import { line: token.line, name: token.text.clone() }),
    );
    1 + braces(&tokens[1..])
}

/// Returns how many tokens the braces at the start of `tokens` take.
fn braces(tokens: &[Token]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return at + 1,
            "}" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Returns where the parts of a `use` tree in braces start: after the opening brace and after each comma beside it.
fn starts(tokens: &[Token]) -> impl Iterator<Item = usize> {
    let mut depth = 0;
    tokens[..braces(tokens)].windows(2).enumerate().filter_map(move |(at, pair)| {
        match pair[0].text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        let starts = depth == 1 && matches!(pair[0].text.as_str(), "{" | ",") && pair[1].text != "}";
        starts.then_some(at + 1)
    })
}

/// The start of the path of a file that the build script writes. It has no imports.
const GENERATED: [&str; 8] = ["(", "concat", "!", "(", "env", "!", "(", "\"OUT_DIR\""];

/// Returns whether the file of a `#[path]` is in another folder. `tests/support` belongs to no layer, and may be used.
fn leads_away(file: &str) -> bool {
    file.contains('/') && !file.contains("/../tests/support/")
}

fn spells(tokens: &[Token], words: &[&str]) -> bool {
    tokens.len() >= words.len() && tokens.iter().zip(words).all(|(token, word)| token.text == *word)
}

/// A part of the code, with its line.
pub struct Token {
    line: usize,
    pub text: String,
}

impl Token {
    pub fn is_name(&self) -> bool {
        self.text.starts_with(|first: char| first.is_alphabetic() || first == '_')
    }
}

/// Splits code into names, `::`, strings with their quotes and single signs; leaves out comments.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut all = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < source.len() {
        let rest = &source[at..];
        let skipped = skipped(rest, source.as_bytes().get(at.wrapping_sub(1)).copied());
        if skipped > 0 {
            if rest.starts_with('"') {
                all.push(Token { line, text: rest[..skipped].to_owned() });
            }
            line += rest[..skipped].matches('\n').count();
            at += skipped;
            continue;
        }
        let length = rest.find(|sign: char| !is_word(sign)).unwrap_or(rest.len());
        let length = match length {
            0 if rest.starts_with("::") => 2,
            0 => rest.chars().next().map_or(1, char::len_utf8),
            name => name,
        };
        if !rest.starts_with(char::is_whitespace) {
            all.push(Token { line, text: rest[..length].to_owned() });
        }
        line += usize::from(rest.starts_with('\n'));
        at += length;
    }
    all
}
