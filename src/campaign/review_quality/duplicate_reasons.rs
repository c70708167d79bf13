//! Detects duplicate reasons: reasons with the same words. Case, order, punctuation, numbers, look-alike letters and
//! the names of the item are ignored.

use crate::model::file::Item;
use std::collections::{BTreeMap, BTreeSet};

/// Groups the items by the words of their reason. Returns indices into `items`: each index is in one group, and the
/// largest group is first.
pub(super) fn copies(items: &[&Item]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<BTreeSet<String>, Vec<usize>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        groups.entry(words(item)).or_default().push(place);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    groups
}

/// Returns the words of a reason, without numbers and the names of the item.
fn words(item: &Item) -> BTreeSet<String> {
    let mut words: BTreeSet<String> = split(&item.reason).collect();
    words.remove("");
    for name in [&item.principal, &item.entitlement, &item.subject] {
        for own in split(name) {
            words.remove(&own);
        }
    }
    words
}

/// Returns whether the reason of an item contains only words of consent or a few letters, without a number that could be
/// a ticket.
pub(super) fn is_empty(item: &Item) -> bool {
    let words = words(item);
    let letters: usize = words.iter().map(|word| word.chars().count()).sum();
    let is_short = letters <= 3 && !item.reason.contains(|c: char| c.is_numeric());
    is_short || words.iter().all(|word| CONSENT.contains(&word.as_str()))
}

/// Words that only repeat the verdict.
const CONSENT: [&str; 10] = ["approved", "certified", "certify", "fine", "good", "keep", "lgtm", "ok", "okay", "yes"];

fn split(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(|part| {
        let letters: Vec<char> = part.chars().flat_map(char::to_lowercase).map(plain).collect();
        let is_letter = |place: usize| letters.get(place).is_some_and(|c| c.is_alphabetic());
        let within = |place: usize| place > 0 && is_letter(place - 1) && is_letter(place + 1);
        // A digit between two letters replaces a letter; at the end of a word it is a number.
        let read = |(place, c): (usize, &char)| if within(place) { deleet(*c) } else { *c };
        letters.iter().enumerate().map(read).filter(|c| !c.is_numeric()).collect()
    })
}

/// Returns the Latin letter that a letter resembles: common Cyrillic and Greek letters, letters with diacritics (UTS
/// #39, confusables), and fullwidth forms. Returns all other letters unchanged.
fn plain(c: char) -> char {
    if let Some(wide) = u32::from(c).checked_sub(0xff41).filter(|offset| *offset < 26) {
        return char::from(b'a' + u8::try_from(wide).unwrap_or(0));
    }
    LOOKS_LIKE.iter().find(|(_, all)| all.contains(c)).map_or(c, |(latin, _)| *latin)
}

const fn deleet(c: char) -> char {
    match c {
        '0' => 'o',
        '1' => 'l',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        other => other,
    }
}

/// Latin letters, each with the letters that resemble it.
const LOOKS_LIKE: [(char, &str); 21] = [
    ('a', "\u{430}\u{3b1}\u{e0}\u{e1}\u{e2}\u{e3}\u{e4}\u{e5}"),
    ('b', "\u{432}\u{44c}"),
    ('c', "\u{441}\u{e7}"),
    ('d', "\u{501}"),
    ('e', "\u{435}\u{3b5}\u{e8}\u{e9}\u{ea}\u{eb}\u{451}"),
    ('h', "\u{4bb}\u{43d}"),
    ('i', "\u{456}\u{3b9}\u{ec}\u{ed}\u{ee}\u{ef}\u{131}"),
    ('j', "\u{458}"),
    ('k', "\u{43a}\u{3ba}"),
    ('l', "\u{4cf}"),
    ('m', "\u{43c}"),
    ('n', "\u{f1}"),
    ('o', "\u{43e}\u{3bf}\u{f2}\u{f3}\u{f4}\u{f5}\u{f6}\u{f8}"),
    ('p', "\u{440}\u{3c1}"),
    ('q', "\u{51b}"),
    ('s', "\u{455}"),
    ('t', "\u{442}\u{3c4}"),
    ('u', "\u{3c5}\u{f9}\u{fa}\u{fb}\u{fc}"),
    ('v', "\u{3bd}\u{475}"),
    ('x', "\u{445}\u{3c7}"),
    ('y', "\u{443}\u{fd}\u{ff}"),
];
