//! The columns of an import, and the keys that they fill: from a mapping file, and from the command line.

use super::{cells, transform::PLACEHOLDER};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    format::codec::{self, PathSegment},
    model::file::{ColumnDelimiter, ImportMapping, MappedColumn, OwnManager},
};
use std::collections::{BTreeMap, BTreeSet};

/// The columns of an import. A column without an entry fills the key of its own name.
#[derive(Clone, Debug, Default)]
pub struct ColumnMapping {
    /// The columns, by name.
    columns: BTreeMap<String, MappedColumn>,
    /// The delimiter of a mapping file.
    pub(super) delimiter: Option<ColumnDelimiter>,
    /// Whether a person who is their own manager has none.
    pub(super) removes_own_manager: bool,
    /// Whether the import is authoritative for all its columns.
    authoritative: bool,
}

impl ColumnMapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// When its form is invalid, or one of its columns is not usable.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, Diagnostics> {
        let file: ImportMapping = codec::parse(name, bytes)?;
        let source = SourceFile::of_bytes(name, bytes);
        let mut problems = Diagnostics::new();
        let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for (index, column) in file.columns.iter().enumerate() {
            let mut refuse = |key: &'static str, message: String| {
                let steps: [PathSegment<'_>; 3] = ["column".into(), index.into(), key.into()];
                let problem = Diagnostic::error("column-mapping-invalid", message);
                let problem = problem.at(&source, codec::place(source.text(), &steps), "this column");
                problems.push(problem.help("`tenure schema import-mapping` describes the file"));
            };
            if !names.insert(&column.name) {
                refuse("name", format!("the column `{}` occurs twice", column.name));
            }
            match &column.key {
                Some(key) if !cells::is_key(key) => refuse("key", format!("unknown key `{key}`")),
                Some(key) if !keys.insert(cells::plain_key(key)) => {
                    refuse("key", format!("another column also sets `{key}`"));
                }
                Some(_) => {}
                None if column.authoritative || column.template.is_some() || !column.transform.is_empty() => {
                    refuse("name", format!("the column `{}` has no key, and would be ignored", column.name));
                }
                None => {}
            }
            if column.template.as_ref().is_some_and(|template| !template.contains(PLACEHOLDER)) {
                refuse("template", format!("the template has no `{PLACEHOLDER}`"));
            }
        }
        if problems.has_errors() {
            return Err(problems);
        }
        Ok(Self {
            delimiter: file.delimiter,
            removes_own_manager: file.own_manager == Some(OwnManager::Remove),
            columns: file.columns.into_iter().map(|column| (column.name.clone(), column)).collect(),
            authoritative: false,
        })
    }

    /// Maps a column to a key; with an empty key, the column is ignored. Replaces the column of a mapping file.
    pub fn map(&mut self, name: &str, key: &str) {
        let key = Some(key.to_owned()).filter(|key| !key.is_empty());
        self.columns.insert(name.to_owned(), MappedColumn { name: name.to_owned(), key, ..MappedColumn::default() });
    }

    /// Makes the import authoritative for all its columns.
    #[must_use]
    pub fn authoritative(self, authoritative: bool) -> Self {
        Self { authoritative, ..self }
    }

    /// Returns the column with this name, or `None` if it is ignored.
    pub(super) fn column(&self, name: &str) -> Option<MappedColumn> {
        let own = || MappedColumn { name: name.to_owned(), key: Some(name.to_owned()), ..MappedColumn::default() };
        let mut column = self.columns.get(name).cloned().unwrap_or_else(own);
        column.key = Some(cells::plain_key(column.key.as_deref()?).to_owned());
        column.authoritative |= self.authoritative;
        Some(column)
    }

    /// Returns whether a column with this name fills a key, or is ignored on purpose.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.columns.contains_key(name) || cells::is_key(name)
    }
}
