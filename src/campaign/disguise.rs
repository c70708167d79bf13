//! Names that are nobody's, and look like those around them.

use crate::model::Digest;
use std::collections::BTreeSet;

/// Returns a name like those of `names` that is not taken: parts of two of them, or one with letters changed.
pub(super) fn another_name(name: &str, names: &BTreeSet<&str>, taken: impl Fn(&str) -> bool, drawn: &Digest) -> String {
    let parted: Vec<(&str, &str)> = names.iter().filter_map(|name| name.rsplit_once(JOINTS)).collect();
    let joint = name.rfind(JOINTS).and_then(|at| name.get(at..=at));
    let joined = (0..MOST_TRIES).filter_map(|turn| {
        let dice = Dice::of(drawn, turn);
        let (head, _) = parted.get(dice.below(0, parted.len()))?;
        let (_, tail) = parted.get(dice.below(1, parted.len()))?;
        Some(format!("{head}{}{tail}", joint?))
    });
    let changed = (0..).map(|turn| changed(name, 2, &Dice::of(drawn, turn)));
    let free = |name: &String| !taken(name);
    // INVARIANT: what is changed grows when all else is taken.
    joined.chain(changed.take(MOST_TRIES)).find(free).unwrap_or_else(|| format!("{name}{}", &drawn.hex()[..6]))
}

/// Returns an immutable id like `own` that is not taken; where the id has the name in it, with the other name in its place.
pub(super) fn another_id(own: &str, name: (&str, &str), taken: impl Fn(&str) -> bool, drawn: &Digest) -> String {
    let named = renamed(own, name.0, name.1);
    if named != own && !taken(&named) {
        return named;
    }
    let near = own.parse::<u64>().ok();
    let tries = (0..MOST_TRIES).map(|turn| match near {
        Some(number) => number.saturating_add((1 + turn + Dice::of(drawn, 0).below(0, 40)) as u64).to_string(),
        None => changed(own, 6, &Dice::of(drawn, turn)),
    });
    let mut tries = tries.filter(|id| !taken(id));
    tries.next().unwrap_or_else(|| changed(own, own.len(), &Dice::of(drawn, MOST_TRIES)))
}

/// Returns a word of the same shape.
pub(super) fn another_word(word: &str, drawn: &Digest) -> String {
    changed(word, word.len(), &Dice::of(drawn, 0))
}

/// Returns the text with one name in the place of another, where that stands as a whole word.
pub(super) fn renamed(text: &str, from: &str, to: &str) -> String {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from).filter(|_| !from.is_empty()) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let whole = !out.chars().chain(before.chars()).next_back().is_some_and(part) && !after.starts_with(part);
        out.push_str(before);
        out.push_str(if whole { to } else { from });
        rest = after;
    }
    out + rest
}

/// Returns the text with so many of its letters and digits changed, the last ones first, each for one of its kind.
fn changed(text: &str, many: usize, dice: &Dice) -> String {
    let mut left = many;
    let mut out: Vec<char> = text.chars().collect();
    let first = out.len().min(1);
    for (place, c) in out.iter_mut().enumerate().skip(first).rev() {
        let kinds = ["aeiou", "bcdfghjklmnpqrstvwxyz", "AEIOU", "BCDFGHJKLMNPQRSTVWXYZ", "0123456789"];
        let Some(kind) = kinds.iter().find(|kind| kind.contains(*c)).filter(|_| left > 0) else { continue };
        *c = kind.chars().nth(dice.below(place, kind.len())).unwrap_or(*c);
        left -= 1;
    }
    out.into_iter().collect()
}

/// Numbers that follow from a draw.
struct Dice(Digest);

impl Dice {
    fn of(drawn: &Digest, turn: usize) -> Self {
        Self(Digest::of(format!("{drawn}\n{turn}\n")))
    }

    /// Returns the number at a place, below `below`.
    fn below(&self, place: usize, below: usize) -> usize {
        let hex = self.0.hex();
        let at = 4 * (place % 16);
        let number = hex.get(at..at + 4).and_then(|digits| usize::from_str_radix(digits, 16).ok());
        number.unwrap_or(0) % below.max(1)
    }
}

const JOINTS: [char; 4] = ['_', '-', '.', '@'];
const MOST_TRIES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_name_looks_like_those_around_it_and_is_nobodys() {
        let names = BTreeSet::from(["svc_export", "svc_backup", "app_reader", "ben"]);
        for seed in 0..200 {
            let drawn = Digest::of(format!("{seed}"));
            for name in &names {
                let taken = |text: &str| names.contains(text);
                let another = another_name(name, &names, taken, &drawn);
                assert!(!names.contains(another.as_str()), "{another}");
                assert_eq!(another.contains('_'), name.contains('_'), "{name} {another}");
            }
        }
    }

    #[test]
    fn another_id_has_the_shape_of_the_first() {
        let drawn = Digest::of("seed");
        let taken = |text: &str| text == "1001";
        let number = another_id("1000", ("ben", "bon"), taken, &drawn);
        assert!(number.parse::<u64>().is_ok_and(|id| id > 1001 && id < 1200), "{number}");
        assert_eq!(another_id("user/ben", ("ben", "bon"), taken, &drawn), "user/bon");
        let key = another_id("AIDACKCEVSQ6C2EXAMPLE", ("ben", "bon"), taken, &drawn);
        assert!(key.starts_with("AIDACKCEVSQ6C2") && key.len() == 21 && key != "AIDACKCEVSQ6C2EXAMPLE", "{key}");
    }

    #[test]
    fn only_whole_words_are_renamed() {
        assert_eq!(renamed("ben holds benefits, ben-2 and ben", "ben", "bon"), "bon holds benefits, ben-2 and bon");
        assert_eq!(renamed("account a", "a", "b"), "account b");
        assert_eq!(renamed("text", "", "b"), "text");
    }
}
