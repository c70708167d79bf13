//! Facts that look like chance and are the same each time.

use tenure::{
    model::file::AttributeValue,
    policy::{ATTRIBUTES, Facts, Kind, words},
};

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    /// Returns some facts about a principal.
    pub fn principal(&mut self) -> Facts {
        self.facts(&["principal.", "trust.", "usage."])
    }

    /// Returns some facts about a grant.
    pub fn grant(&mut self) -> Facts {
        self.facts(&["credential.", "grant.", "system.", "usage."])
    }

    fn facts(&mut self, prefixes: &[&str]) -> Facts {
        let mut facts = Facts::default();
        for attribute in ATTRIBUTES.iter().filter(|one| prefixes.iter().any(|prefix| one.name.starts_with(prefix))) {
            let fact = match attribute.kind {
                // One in 32 is not known.
                _ if self.roll(32) == 0 => continue,
                Kind::Flag => AttributeValue::Flag(self.roll(2) == 0),
                Kind::Map => continue,
                Kind::Number => AttributeValue::Number(self.roll(420) as i64 - 20),
                Kind::Text => {
                    let choices = words(attribute.name).unwrap_or(WORDS);
                    AttributeValue::Text(choices[self.roll(choices.len())].to_owned())
                }
                Kind::Texts => {
                    let count = self.roll(4);
                    AttributeValue::Texts((0..count).map(|_| WORDS[self.roll(WORDS.len())].to_owned()).collect())
                }
            };
            // INVARIANT: the fact is of the attribute's own kind.
            let _ = facts.know(attribute.name, fact);
        }
        facts
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }
}

/// Words that rules ask for, and others.
const WORDS: &[&str] = &[
    "", "*", "prod", "test", "basic", "federated", "dsa", "ssh-rsa", "ssh-ed25519", "code", "vault", "none", "aws", "a*",
];
