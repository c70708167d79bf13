//! The parsed source files of a policy pack: rules, cases, profiles and controls, each with its text for diagnostics.

use crate::{
    diag::{Diagnostics, SourceFile},
    format::codec,
    model::{
        Digest,
        file::{Controls, FileKind, GovernedFile, Profile, RuleCases, Rules},
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// One parsed file.
#[derive(Clone, Debug)]
pub(crate) struct ParsedFile<T> {
    /// The text.
    pub(crate) source: SourceFile,
    /// The content.
    pub(crate) file: T,
}

/// The source files of a pack.
#[derive(Clone, Debug, Default)]
pub struct PackSources {
    pub(crate) rules: Vec<Arc<ParsedFile<Rules>>>,
    pub(crate) cases: Vec<Arc<ParsedFile<RuleCases>>>,
    pub(crate) profiles: Vec<Arc<ParsedFile<Profile>>>,
    pub(crate) controls: Vec<Arc<ParsedFile<Controls>>>,
    digests: BTreeMap<String, Digest>,
}

impl PackSources {
    /// Adds a file if it contains rules, cases, a profile or controls. Other files, such as campaign definitions, are
    /// ignored.
    ///
    /// # Errors
    /// When a file of one of these kinds is malformed.
    pub fn add_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), Diagnostics> {
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

    /// Adds all files that contain rules, cases, a profile or controls.
    ///
    /// # Errors
    /// The problems of all malformed files.
    pub fn read<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Result<Self, Diagnostics> {
        let mut sources = Self::default();
        let mut problems = Diagnostics::new();
        for (path, bytes) in files {
            if let Err(found) = sources.add_file(path, bytes) {
                problems.extend(found);
            }
        }
        if problems.is_empty() { Ok(sources) } else { Err(problems) }
    }

    /// Returns whether any file was added.
    pub fn has_files(&self) -> bool {
        !self.digests.is_empty()
    }

    /// Returns whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.iter().all(|read| read.file.rules.is_empty())
    }

    /// Returns the ids of all rules and separation-of-duties rules, including those with invalid expressions.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().flat_map(|read| read.file.rules.iter().map(|rule| rule.id.as_str()));
        rules.chain(self.rules.iter().flat_map(|read| read.file.pairs.iter().map(|pair| pair.id.as_str())))
    }

    /// Returns the digest of all files: SHA-256 over lines `<sha256> <path>`, sorted by path.
    pub fn digest(&self) -> Digest {
        let lines = self.digests.iter().map(|(path, digest)| format!("{}  {path}\n", digest.hex()));
        Digest::of(lines.collect::<String>())
    }
}

fn read<T: GovernedFile>(path: &str, bytes: &[u8]) -> Result<Arc<ParsedFile<T>>, Diagnostics> {
    let file = codec::parse(path, bytes)?;
    Ok(Arc::new(ParsedFile { source: SourceFile::of_bytes(path, bytes), file }))
}

fn unreadable(path: &str, bytes: &[u8]) -> Diagnostics {
    codec::kind(path, &String::from_utf8_lossy(bytes)).err().unwrap_or_default()
}

/// The conventional file names of a pack.
const KINDS: [&str; 4] = [".rules.toml", ".cases.toml", ".profile.toml", "controls.toml"];
