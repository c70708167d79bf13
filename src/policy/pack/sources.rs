//! The files of a pack as they were read: rules, cases, profiles and controls, each with its text for what is said of it.

use crate::{
    diag::{Diagnostics, Source},
    format::codec,
    model::{
        Digest,
        file::{Controls, FileKind, GovernedFile, Profile, RuleCases, Rules},
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// One file with what it says.
#[derive(Clone, Debug)]
pub(crate) struct ParsedFile<T> {
    /// Its text.
    pub(crate) source: Source,
    /// What it says.
    pub(crate) file: T,
}

/// The files of a pack.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub(crate) rules: Vec<Arc<ParsedFile<Rules>>>,
    pub(crate) cases: Vec<Arc<ParsedFile<RuleCases>>>,
    pub(crate) profiles: Vec<Arc<ParsedFile<Profile>>>,
    pub(crate) controls: Vec<Arc<ParsedFile<Controls>>>,
    digests: BTreeMap<String, Digest>,
}

impl Sources {
    /// Takes a file, if it is one of rules, cases, a profile or controls. All else, such as the definition of a
    /// campaign, is none of a pack's business.
    ///
    /// # Errors
    /// When it is one of them and not acceptable in form.
    pub fn take(&mut self, path: &str, bytes: &[u8]) -> Result<(), Diagnostics> {
        let Ok(text) = std::str::from_utf8(bytes) else { return Ok(()) };
        let Ok(kind) = codec::kind(path, text) else {
            return if KINDS.iter().any(|end| path.ends_with(end)) { Err(unreadable(path, bytes)) } else { Ok(()) };
        };
        match kind {
            FileKind::Controls => self.controls.push(read(path, bytes)?),
            FileKind::Profile => self.profiles.push(read(path, bytes)?),
            FileKind::RuleCases => self.cases.push(read(path, bytes)?),
            FileKind::Rules => self.rules.push(read(path, bytes)?),
            _ => return Ok(()),
        }
        self.digests.insert(path.to_owned(), Digest::of(bytes));
        Ok(())
    }

    /// Takes all files that are one of rules, cases, a profile or controls.
    ///
    /// # Errors
    /// Everything that stands against accepting any of them.
    pub fn read<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Result<Self, Diagnostics> {
        let mut sources = Self::default();
        let mut problems = Diagnostics::new();
        for (path, bytes) in files {
            if let Err(found) = sources.take(path, bytes) {
                problems.extend(found);
            }
        }
        if problems.is_empty() { Ok(sources) } else { Err(problems) }
    }

    /// Returns whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.rules.iter().all(|read| read.file.rules.is_empty())
    }

    /// Returns the ids of all rules and toxic pairs, whether their expressions are right or not.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().flat_map(|read| read.file.rules.iter().map(|rule| rule.id.as_str()));
        rules.chain(self.rules.iter().flat_map(|read| read.file.pairs.iter().map(|pair| pair.id.as_str())))
    }

    /// Returns the digest over all files: lines of `<sha256>  <path>`, sorted by path.
    pub fn digest(&self) -> Digest {
        let lines = self.digests.iter().map(|(path, digest)| format!("{}  {path}\n", digest.hex()));
        Digest::of(lines.collect::<String>())
    }
}

fn read<T: GovernedFile>(path: &str, bytes: &[u8]) -> Result<Arc<ParsedFile<T>>, Diagnostics> {
    let file = codec::parse(path, bytes)?;
    Ok(Arc::new(ParsedFile { source: Source::of_bytes(path, bytes), file }))
}

fn unreadable(path: &str, bytes: &[u8]) -> Diagnostics {
    codec::kind(path, &String::from_utf8_lossy(bytes)).err().unwrap_or_default()
}

/// How the files of a pack are called, by habit.
const KINDS: [&str; 4] = [".rules.toml", ".cases.toml", ".profile.toml", "controls.toml"];
