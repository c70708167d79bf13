//! The conditions of `Match` blocks in sshd_config(5), and its lists of patterns.

/// Whether something applies to a login.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Applies {
    No,
    /// It depends on the address, or on something else that is not known.
    Perhaps,
    Yes,
}

/// A name with its groups, as sshd looks them up.
#[derive(Clone, Debug, Default)]
pub(super) struct SshdLogin {
    pub name: String,
    pub groups: Vec<String>,
}

/// The conditions of a block, all of which must be met.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MatchBlock(Vec<Criterion>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Criterion {
    All,
    Group(String),
    /// A condition on something else than the account.
    Other,
    User(String),
}

impl MatchBlock {
    /// Reads the conditions of a block. A block in a file that another block includes has its conditions as well.
    pub(super) fn parse(words: &[String], around: Option<&Self>) -> Self {
        let mut criteria = around.map(|block| block.0.clone()).unwrap_or_default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let mut value = || value.clone().or_else(|| rest.next().cloned()).unwrap_or_default();
            criteria.push(match name.to_ascii_lowercase().as_str() {
                "all" => Criterion::All,
                "group" => Criterion::Group(value()),
                "user" => Criterion::User(value()),
                // An account that exists is never invalid.
                "invalid-user" => Criterion::User(String::new()),
                _ => {
                    value();
                    Criterion::Other
                }
            });
        }
        Self(criteria)
    }

    /// Returns whether a condition is about groups.
    pub(super) fn names_groups(&self) -> bool {
        self.0.iter().any(|criterion| matches!(criterion, Criterion::Group(_)))
    }

    /// Returns whether the block applies to a login.
    pub(super) fn applies(&self, login: &SshdLogin) -> Applies {
        let mut result = Applies::Yes;
        for criterion in &self.0 {
            match criterion {
                Criterion::All => {}
                Criterion::Group(list) if login.groups.iter().any(|group| listed(list, group) == Some(false)) => {
                    return Applies::No;
                }
                Criterion::Group(list) if login.groups.iter().any(|group| listed(list, group) == Some(true)) => {}
                Criterion::User(list) if listed(list, &login.name) == Some(true) => {}
                Criterion::Group(_) | Criterion::User(_) => return Applies::No,
                Criterion::Other => result = Applies::Perhaps,
            }
        }
        result
    }
}

/// Returns whether a name is in a list of patterns with commas; `Some(false)` when it is excluded.
fn listed(list: &str, name: &str) -> Option<bool> {
    let mut found = None;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(excluded) if fits(excluded, name) => return Some(false),
            None if fits(pattern, name) => found = Some(true),
            _ => {}
        }
    }
    found
}

/// Returns whether one of some names is in a list of `AllowUsers` and its kind; a pattern with a host is not certain.
pub(super) fn any_listed(patterns: &[&str], names: &[&str]) -> Applies {
    let mut result = Applies::No;
    for pattern in patterns {
        let (user, host) = pattern.split_once('@').map_or((*pattern, None), |(user, host)| (user, Some(host)));
        let (plain, negated) = user.strip_prefix('!').map_or((user, false), |plain| (plain, true));
        if names.iter().any(|name| fits(plain, name)) {
            match (negated, host) {
                (true, None) => return Applies::No,
                (false, None) => result = Applies::Yes,
                _ if result == Applies::No => result = Applies::Perhaps,
                _ => {}
            }
        }
    }
    result
}

/// Compares a name with a pattern of `*` and `?`.
fn fits(pattern: &str, name: &str) -> bool {
    let mut reached = vec![true];
    let name: Vec<char> = name.chars().collect();
    reached.resize(name.len() + 1, false);
    for c in pattern.chars() {
        let mut next = vec![false; name.len() + 1];
        for at in 0..=name.len() {
            match c {
                '*' => next[at] = reached[at] || at > 0 && next[at - 1],
                _ if at > 0 => next[at] = reached[at - 1] && (c == '?' || name[at - 1] == c),
                _ => {}
            }
        }
        reached = next;
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_sshd() {
        for (pattern, name, is) in [
            ("*", "", true),
            ("b?b", "bob", true),
            ("b*", "bob", true),
            ("*b", "bob", true),
            ("o*", "bob", false),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, name), is, "{pattern} {name}");
        }
        assert_eq!(listed("*,!bob", "bob"), Some(false));
        assert_eq!(listed("eve,bo*", "bob"), Some(true));
        assert_eq!(listed("eve", "bob"), None);
    }

    #[test]
    fn block_applies_by_user_and_group() {
        let login = SshdLogin { name: "bob".to_owned(), groups: vec!["bob".to_owned(), "ops".to_owned()] };
        let block = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            MatchBlock::parse(&words, None).applies(&login)
        };
        assert_eq!(block("User bob"), Applies::Yes);
        assert_eq!(block("user=bob group=ops"), Applies::Yes);
        assert_eq!(block("Group dev"), Applies::No);
        assert_eq!(block("Group *,!ops"), Applies::No);
        assert_eq!(block("User bob Address 10.0.0.0/8"), Applies::Perhaps);
        assert_eq!(block("all"), Applies::Yes);
    }
}
