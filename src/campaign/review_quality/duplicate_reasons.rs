//! Which reasons are copies of each other: the same words, whatever their case, order, punctuation, numbers and look-alike
//! letters, and whatever the item's own names in them.
//!
//! Nearly the same counts too. Reasons that share most of their words are found by min-hashing (A. Broder, "On the
//! resemblance and containment of documents", 1997), so the work grows with the number of reasons and not with its square.

use crate::model::file::Item;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Returns which reasons say the same, as places in `items`: each place in one group, the largest group first.
pub(super) fn copies(items: &[&Item]) -> Vec<Vec<usize>> {
    let mut known: HashMap<Vec<u64>, usize> = HashMap::new();
    let mut distinct: Vec<Vec<u64>> = Vec::new();
    let mut places: Vec<usize> = Vec::with_capacity(items.len());
    for item in items {
        let words = words(item);
        let place = known.entry(words).or_insert_with_key(|words| {
            distinct.push(words.clone());
            distinct.len() - 1
        });
        places.push(*place);
    }
    let mut kin = cluster(&distinct);
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, own) in places.into_iter().enumerate() {
        groups.entry(root(&mut kin, own)).or_default().push(place);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    groups
}

/// Returns the words of a reason as sorted hashes, each once. What the item itself is called, and numbers, are all one word.
fn words(item: &Item) -> Vec<u64> {
    let mut own: BTreeSet<String> = BTreeSet::new();
    for name in [&item.principal, &item.entitlement, &item.subject] {
        own.extend(split(name));
    }
    let hash = |word: String| if own.contains(&word) || word.is_empty() { OWN } else { hash(word.as_bytes()) };
    let mut words: Vec<u64> = split(&item.reason).map(hash).collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn split(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(|part| {
        let letters: Vec<char> = part.chars().flat_map(char::to_lowercase).map(plain).collect();
        let is_letter = |place: usize| letters.get(place).is_some_and(|c| c.is_alphabetic());
        let within = |place: usize| place > 0 && is_letter(place - 1) && is_letter(place + 1);
        // A digit within a word stands for a letter; at its end it is a number.
        let read = |(place, c): (usize, &char)| if within(place) { deleet(*c) } else { *c };
        letters.iter().enumerate().map(read).filter(|c| !c.is_numeric()).collect()
    })
}

/// Returns the letter that one looks like: of the Cyrillic and Greek ones and those with marks that pass for Latin letters
/// (UTS #39, confusables), as far as they are met in words; and the wide forms.
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

/// Returns for each set of words another one that is like it, or itself: the roots of what belongs together.
fn cluster(distinct: &[Vec<u64>]) -> Vec<usize> {
    let mut kin: Vec<usize> = (0..distinct.len()).collect();
    let mut seen: HashMap<(u64, u64, u64), usize> = HashMap::new();
    for (place, words) in distinct.iter().enumerate() {
        for band in 0..BANDS {
            let least = |salt: u64| words.iter().map(|word| mix(word ^ mix(salt))).min().unwrap_or(0);
            let first = *seen.entry((band, least(2 * band + 1), least(2 * band + 2))).or_insert(place);
            if first != place && distinct.get(first).is_some_and(|other| are_alike(words, other)) {
                let (a, b) = (root(&mut kin, first), root(&mut kin, place));
                if let Some(parent) = kin.get_mut(a.max(b)) {
                    *parent = a.min(b);
                }
            }
        }
    }
    kin
}

fn root(kin: &mut [usize], mut place: usize) -> usize {
    while let Some(parent) = kin.get(place).copied().filter(|parent| *parent != place) {
        let above = kin.get(parent).copied().unwrap_or(parent);
        if let Some(own) = kin.get_mut(place) {
            *own = above;
        }
        place = above;
    }
    place
}

/// Returns whether two sorted sets share three of four words.
fn are_alike(a: &[u64], b: &[u64]) -> bool {
    let shared = a.iter().filter(|word| b.binary_search(word).is_ok()).count();
    4 * shared >= 3 * (a.len() + b.len() - shared)
}

/// FNV-1a: the same on every machine, so that an audit finds again what a check found.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The finalizer of SplitMix64.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Letters with those that look like them.
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
/// What the item's own names and numbers become.
const OWN: u64 = 1;
/// Two reasons that share three of four words meet in one of six bands of two in 99 of 100 cases.
const BANDS: u64 = 6;
