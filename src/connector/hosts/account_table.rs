//! Parsed files of accounts with their indexes.

use super::{
    account_files::{GroupEntry, GshadowEntry, ParsedLine, ParsedRows, PasswdEntry, ShadowEntry},
    root_dir::{FileContent, FileStamp},
};
use std::{
    collections::BTreeMap,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

/// The rows of one file, and the first row of each name and id. Without an index, lookups in files of a hundred
/// thousand lines would take minutes.
#[derive(Debug)]
pub(super) struct AccountTable<T> {
    rows: Vec<ParsedLine<T>>,
    /// The numbers of malformed lines.
    pub unread: Vec<usize>,
    names: BTreeMap<String, usize>,
    ids: BTreeMap<u32, usize>,
}

impl<T> Deref for AccountTable<T> {
    type Target = [ParsedLine<T>];

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<T: AccountRow> AccountTable<T> {
    /// Returns the table of parsed rows.
    pub(super) fn new(parsed: ParsedRows<T>) -> Self {
        let (mut names, mut ids) = (BTreeMap::new(), BTreeMap::new());
        for (at, row) in parsed.rows.iter().enumerate() {
            let (name, id) = row.value.identity();
            if let Some(name) = name {
                names.entry(name.to_owned()).or_insert(at);
            }
            if let Some(id) = id {
                ids.entry(id).or_insert(at);
            }
        }
        Self { rows: parsed.rows, unread: parsed.unread, names, ids }
    }

    /// Returns the first row of a name.
    pub(super) fn named(&self, name: &str) -> Option<&T> {
        self.names.get(name).and_then(|at| self.rows.get(*at)).map(|row| &row.value)
    }

    /// Returns the first row of an id.
    pub(super) fn with_id(&self, id: u32) -> Option<&T> {
        self.ids.get(&id).and_then(|at| self.rows.get(*at)).map(|row| &row.value)
    }
}

/// A row of a file of accounts.
pub(super) trait AccountRow {
    /// Returns the name and the id by which the C library finds the row.
    fn identity(&self) -> (Option<&str>, Option<u32>);
}

impl AccountRow for PasswdEntry {
    fn identity(&self) -> (Option<&str>, Option<u32>) {
        (Some(&self.name), Some(self.uid))
    }
}

impl AccountRow for ShadowEntry {
    fn identity(&self) -> (Option<&str>, Option<u32>) {
        (Some(&self.name), None)
    }
}

impl AccountRow for GroupEntry {
    fn identity(&self) -> (Option<&str>, Option<u32>) {
        if self.is_comment() { (None, None) } else { (Some(&self.name), Some(self.gid)) }
    }
}

impl AccountRow for GshadowEntry {
    fn identity(&self) -> (Option<&str>, Option<u32>) {
        (Some(&self.name), None)
    }
}

/// The last parsed content of one file.
pub(super) type CachedTable<T> = Mutex<Option<(FileStamp, Arc<AccountTable<T>>)>>;

/// Returns the parsed content of a file; an empty table without a file. Content that was parsed before is not parsed
/// again.
pub(super) fn parsed<T: AccountRow>(
    known: &CachedTable<T>,
    content: Option<&FileContent>,
    parse: impl FnOnce(&[u8]) -> ParsedRows<T>,
) -> Arc<AccountTable<T>> {
    let Some(content) = content else { return Arc::new(AccountTable::new(parse(b""))) };
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    match &*known {
        Some((stamp, table)) if *stamp == content.stamp => table.clone(),
        _ => {
            let table = Arc::new(AccountTable::new(parse(&content.bytes)));
            *known = Some((content.stamp, table.clone()));
            table
        }
    }
}
