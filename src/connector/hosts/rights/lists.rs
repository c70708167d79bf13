//! Lists of sudoers(5): read from the end, the first match decides, and `!` inverts it.

/// Whether something matches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Match {
    Yes,
    No,
    /// Unknown, for a reason.
    Perhaps(String),
}

impl From<bool> for Match {
    fn from(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }
}

impl Match {
    pub(super) fn and(self, other: Self) -> Self {
        self.and_then(|| other)
    }

    pub(super) fn and_then(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            Self::Perhaps(why) => match other() {
                Self::No => Self::No,
                _ => Self::Perhaps(why),
            },
        }
    }
}

/// A member of a list.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::connector::hosts) struct ListMember {
    pub name: String,
    pub negated: bool,
}

impl ListMember {
    /// Reads a member as the inventory writes it.
    pub(in crate::connector::hosts) fn read(text: &str) -> Self {
        match text.strip_prefix('!') {
            Some(name) => Self { name: name.to_owned(), negated: true },
            None => Self { name: text.to_owned(), negated: false },
        }
    }
}

/// The possible results of a list: each result that is possible, with the member that gives it.
#[derive(Clone, Debug, Default)]
pub(super) struct ListOutcome {
    pub allowed: Option<usize>,
    pub denied: bool,
    /// No member matches.
    pub silent: bool,
    /// The reason why more than one result is possible.
    pub why: Option<String>,
}

/// Reads a list from its end.
pub(super) fn judge<T>(list: &[T], negated: impl Fn(&T) -> bool, matches: impl Fn(&T) -> Match) -> ListOutcome {
    let mut outcome = ListOutcome::default();
    for (at, member) in list.iter().enumerate().rev() {
        let found = matches(member);
        if found == Match::No {
            continue;
        }
        match negated(member) {
            true => outcome.denied = true,
            false => outcome.allowed = outcome.allowed.or(Some(at)),
        }
        match found {
            Match::Perhaps(why) => outcome.why = outcome.why.or(Some(why)),
            _ => return outcome,
        }
    }
    outcome.silent = true;
    outcome
}

impl ListOutcome {
    /// Returns whether the list allows, and by which member.
    pub(super) fn allows(&self) -> (Match, Option<usize>) {
        match (self.allowed, self.denied || self.silent) {
            (None, _) => (Match::No, None),
            (Some(at), false) => (Match::Yes, Some(at)),
            (Some(at), true) => (Match::Perhaps(self.why.clone().unwrap_or_default()), Some(at)),
        }
    }
}
