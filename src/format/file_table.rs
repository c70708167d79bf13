//! One table of a governed file, with the position of every value.

use super::parse_error;
use crate::diag::{Diagnostics, SourceFile};
use serde::de::DeserializeOwned;
use std::ops::Range;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A table of a governed file.
pub struct FileTable<'a> {
    source: SourceFile,
    table: Spanned<DeTable<'a>>,
}

impl<'a> FileTable<'a> {
    /// Returns the table with this key at the root of a file; `None` if the file has none.
    pub fn find(name: &str, text: &'a str, key: &str) -> Option<Self> {
        let value = DeTable::parse(text).ok()?.into_inner().remove(key)?;
        Some(Self { source: SourceFile::new(name, text), table: as_table(&value)? })
    }

    /// Removes a value from the table and returns it.
    pub fn take(&mut self, key: &str) -> Option<Spanned<DeValue<'a>>> {
        self.table.get_mut().remove(key)
    }

    /// Returns the table with the values of another table in place of its own; `None` if `other` is not a table.
    #[must_use]
    pub fn overridden(&self, other: &Spanned<DeValue<'a>>) -> Option<Self> {
        let mut table = self.table.clone();
        for (key, value) in as_table(other)?.into_inner() {
            // The key is removed first, so that errors have its position in the other table.
            table.get_mut().remove(key.get_ref().as_ref());
            table.get_mut().insert(key, value);
        }
        Some(Self { source: self.source.clone(), table })
    }

    /// Returns the file.
    pub fn source(&self) -> &SourceFile {
        &self.source
    }

    /// Returns the byte range of the value of a key; that of the table if it has no such key.
    pub fn place(&self, key: &str) -> Range<usize> {
        self.table.get_ref().get(key).map_or_else(|| self.table.span(), Spanned::span)
    }

    /// Parses the table; `subject` is its description and `help` the next step.
    ///
    /// # Errors
    /// The first key or value that is not accepted.
    pub fn parse<T: DeserializeOwned>(&self, subject: &str, help: &str) -> Result<T, Diagnostics> {
        T::deserialize(toml::Deserializer::from(self.table.clone()))
            .map_err(|error| parse_error::mistyped(&self.source, subject, help, &error).into())
    }
}

fn as_table<'a>(value: &Spanned<DeValue<'a>>) -> Option<Spanned<DeTable<'a>>> {
    match value.get_ref() {
        DeValue::Table(table) => Some(Spanned::new(value.span(), table.clone())),
        _ => None,
    }
}
