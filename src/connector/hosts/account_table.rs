//! Parsed files of accounts with their indexes.

use super::{
    account_files::{GroupEntry, GshadowEntry, ParsedLine, ParsedRows, PasswdEntry, ShadowEntry, line_ends},
    root_dir::{FileBytes, FileContent},
};
use std::{
    collections::BTreeMap,
    ops::{Deref, Range},
    sync::{Arc, Mutex, PoisonError},
};

/// The rows of one file, and the first row of each name and id. Without an index, lookups in files of a hundred
/// thousand lines would take minutes.
#[derive(Debug)]
pub(super) struct AccountTable<T> {
    rows: Vec<ParsedLine<Arc<T>>>,
    /// The numbers of malformed lines.
    pub unread: Vec<usize>,
    /// The end of each line of the file.
    ends: Vec<usize>,
    /// The positions of rows that list names.
    listing: Vec<usize>,
    /// Whether every row has a name, and the rows are in the order of their lines.
    is_plain: bool,
    index: Arc<RowIndex>,
}

/// The rows of each name and id.
#[derive(Debug, Default)]
struct RowIndex {
    names: BTreeMap<String, Vec<usize>>,
    ids: BTreeMap<u32, Vec<usize>>,
}

impl<T> Deref for AccountTable<T> {
    type Target = [ParsedLine<Arc<T>>];

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<T: AccountRow> AccountTable<T> {
    /// Returns the table of a file.
    pub(super) fn new(bytes: &[u8], parse: impl Fn(&[u8]) -> ParsedRows<T>) -> Self {
        let parsed = parse(bytes);
        Self::of(rows(parsed.rows, 0), parsed.unread, line_ends(bytes), None)
    }

    fn of(rows: Vec<ParsedLine<Arc<T>>>, unread: Vec<usize>, ends: Vec<usize>, index: Option<Arc<RowIndex>>) -> Self {
        let index = index.unwrap_or_else(|| {
            let mut index = RowIndex::default();
            for (at, row) in rows.iter().enumerate() {
                let (name, id) = row.value.identity();
                if let Some(name) = name {
                    index.names.entry(name.to_owned()).or_default().push(at);
                }
                if let Some(id) = id {
                    index.ids.entry(id).or_default().push(at);
                }
            }
            Arc::new(index)
        });
        let is_plain = rows.iter().all(|row| row.value.identity().0.is_some());
        let listing = rows.iter().enumerate().filter(|(_, row)| row.value.lists_names()).map(|(at, _)| at).collect();
        Self { rows, unread, ends, listing, is_plain, index }
    }

    /// Returns the table of `new`, of which only the lines are parsed that differ from `old`, the content of this table.
    pub(super) fn reparsed(&self, old: &[u8], new: &[u8], parse: impl Fn(&[u8]) -> ParsedRows<T>) -> Self {
        let Some(edit) = self.edit(old, new) else { return Self::new(new, parse) };
        let between = parse(&new[edit.new.clone()]);
        let mid_ends = line_ends(&new[edit.new.clone()]);
        if !self.is_plain || between.rows.iter().any(|row| row.value.identity().0.is_none()) {
            return Self::new(new, parse);
        }
        let (first, last) = (edit.lines.start, edit.lines.end);
        let (from, to) =
            (self.rows.partition_point(|row| row.line <= first), self.rows.partition_point(|row| row.line <= last));
        let shifted = |line: usize| line + first + mid_ends.len() - last;
        let between_rows = rows(between.rows, first);
        let same = between_rows.len() == to - from
            && between_rows.iter().zip(&self.rows[from..to]).all(|(a, b)| a.value.identity() == b.value.identity());
        let after = self.rows[to..].iter().map(|row| ParsedLine { line: shifted(row.line), value: row.value.clone() });
        let mut all = Vec::with_capacity(self.rows.len() + 1);
        all.extend_from_slice(&self.rows[..from]);
        all.extend(between_rows);
        all.extend(after);
        let mut unread: Vec<usize> = self.unread.iter().copied().filter(|line| *line <= first).collect();
        unread.extend(between.unread.iter().map(|line| line + first));
        unread.extend(self.unread.iter().filter(|line| **line > last).map(|line| shifted(*line)));
        let mut ends = self.ends[..first].to_vec();
        ends.extend(mid_ends.iter().map(|end| end + edit.new.start));
        ends.extend(self.ends[last..].iter().map(|end| end + new.len() - old.len()));
        Self::of(all, unread, ends, same.then(|| self.index.clone()))
    }

    /// Returns the lines of `old` that differ in `new`, and the bytes that replace them.
    fn edit(&self, old: &[u8], new: &[u8]) -> Option<LineEdit> {
        let prefix = common(old, new, false);
        let rest = old.len().min(new.len()) - prefix;
        let suffix = common(&old[old.len() - rest..], &new[new.len() - rest..], true);
        let mut first = self.ends.partition_point(|end| *end <= prefix);
        let ended = |line: usize| line == 0 || old.get(self.ends[line - 1] - 1) == Some(&b'\n');
        if !ended(first) {
            first -= 1;
        }
        // The line end before the unchanged rest is unchanged as well.
        let last = (self.ends.partition_point(|end| *end <= old.len() - suffix) + 1).clamp(first, self.ends.len());
        let start = if first == 0 { 0 } else { *self.ends.get(first - 1)? };
        let tail = old.len() - if last == 0 { 0 } else { *self.ends.get(last - 1)? };
        let stop = new.len().checked_sub(tail)?;
        (start <= stop).then_some(LineEdit { lines: first..last, new: start..stop })
    }

    /// Returns the range of a line, numbered from 1.
    pub(super) fn range(&self, line: usize) -> Option<Range<usize>> {
        let at = line.checked_sub(1)?;
        let start = if at == 0 { 0 } else { *self.ends.get(at - 1)? };
        Some(start..*self.ends.get(at)?)
    }

    /// Returns the content of the rows.
    pub(super) fn values(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.rows.iter().map(|row| &*row.value)
    }

    /// Returns the first row of a name.
    pub(super) fn named(&self, name: &str) -> Option<&T> {
        self.index.names.get(name).and_then(|at| self.rows.get(*at.first()?)).map(|row| &*row.value)
    }

    /// Returns the first row of an id.
    pub(super) fn with_id(&self, id: u32) -> Option<&T> {
        self.index.ids.get(&id).and_then(|at| self.rows.get(*at.first()?)).map(|row| &*row.value)
    }

    /// Returns all rows of a name, in the order of the file.
    pub(super) fn all_named(&self, name: &str) -> impl Iterator<Item = &ParsedLine<Arc<T>>> {
        self.index.names.get(name).into_iter().flatten().filter_map(|at| self.rows.get(*at))
    }

    /// Returns the positions of the rows that may have an id: those with it, and those without a name.
    pub(super) fn places_of_id(&self, id: u32) -> Vec<usize> {
        if self.is_plain {
            return self.index.ids.get(&id).cloned().unwrap_or_default();
        }
        (0..self.rows.len()).collect()
    }

    /// Returns the positions of the rows with a name.
    pub(super) fn places_of_name(&self, name: &str) -> &[usize] {
        self.index.names.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the positions of the rows that list names.
    pub(super) fn listing(&self) -> &[usize] {
        &self.listing
    }

    /// Returns the rows at which two tables differ, in both of them.
    pub(super) fn differing<'a>(&'a self, other: &'a Self) -> (Vec<&'a T>, Vec<&'a T>) {
        let same = |(a, b): &(&ParsedLine<Arc<T>>, &ParsedLine<Arc<T>>)| Arc::ptr_eq(&a.value, &b.value);
        let start = self.rows.iter().zip(&other.rows).take_while(same).count();
        let (mine, theirs) = (&self.rows[start..], &other.rows[start..]);
        let end = mine.iter().rev().zip(theirs.iter().rev()).take_while(same).count();
        let (mine, theirs) = (&mine[..mine.len() - end], &theirs[..theirs.len() - end]);
        if mine.len() == theirs.len() {
            return mine.iter().zip(theirs).filter(|pair| !same(pair)).map(|(a, b)| (&*a.value, &*b.value)).unzip();
        }
        (mine.iter().map(|row| &*row.value).collect(), theirs.iter().map(|row| &*row.value).collect())
    }

    /// Returns whether both tables have the same names and ids in the same rows.
    pub(super) fn has_index_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.index, &other.index)
    }
}

struct LineEdit {
    /// The replaced lines, from 0.
    lines: Range<usize>,
    new: Range<usize>,
}

fn rows<T>(parsed: Vec<ParsedLine<T>>, before: usize) -> Vec<ParsedLine<Arc<T>>> {
    parsed.into_iter().map(|row| ParsedLine { line: row.line + before, value: Arc::new(row.value) }).collect()
}

/// Returns the length of the common start, or the common end, of two texts. Whole blocks are compared first.
fn common(a: &[u8], b: &[u8], from_end: bool) -> usize {
    const BLOCK: usize = 1024;
    let most = a.len().min(b.len());
    let part = |text: &'_ [u8], at: usize, length: usize| -> Range<usize> {
        if from_end { text.len() - at - length..text.len() - at } else { at..at + length }
    };
    let mut known = 0;
    while known + BLOCK <= most && a[part(a, known, BLOCK)] == b[part(b, known, BLOCK)] {
        known += BLOCK;
    }
    while known < most && a[part(a, known, 1)] == b[part(b, known, 1)] {
        known += 1;
    }
    known
}

/// A row of a file of accounts.
pub(super) trait AccountRow {
    /// Returns the name and the id by which the C library finds the row.
    fn identity(&self) -> (Option<&str>, Option<u32>);

    /// Returns whether the row lists names of other rows.
    fn lists_names(&self) -> bool {
        false
    }
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

    fn lists_names(&self) -> bool {
        !self.members.is_empty()
    }
}

impl AccountRow for GshadowEntry {
    fn identity(&self) -> (Option<&str>, Option<u32>) {
        (Some(&self.name), None)
    }

    fn lists_names(&self) -> bool {
        !self.members.is_empty() || !self.administrators.is_empty()
    }
}

/// The last parsed content of one file.
pub(super) type CachedTable<T> = Mutex<Option<(FileBytes, Arc<AccountTable<T>>)>>;

/// Returns the parsed content of a file; an empty table without a file. Lines that were parsed before are not parsed
/// again.
pub(super) fn parsed<T: AccountRow>(
    known: &CachedTable<T>,
    content: Option<&FileContent>,
    parse: impl Fn(&[u8]) -> ParsedRows<T>,
) -> Arc<AccountTable<T>> {
    let Some(content) = content else { return Arc::new(AccountTable::new(b"", parse)) };
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    let table = match &*known {
        Some((bytes, table)) if Arc::ptr_eq(bytes, &content.bytes) => return table.clone(),
        Some((bytes, table)) => Arc::new(table.reparsed(bytes, &content.bytes, parse)),
        None => Arc::new(AccountTable::new(&content.bytes, parse)),
    };
    *known = Some((content.bytes.clone(), table.clone()));
    table
}

#[cfg(test)]
mod tests {
    use super::{super::account_files, *};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn changed_lines_are_parsed_as_the_whole_file(
            old in "([ab#]{0,2}:x:[0-9]{1,2}:[abc,]{0,4}\n?|\n|#|x){0,8}",
            new in "([ab#]{0,2}:x:[0-9]{1,2}:[abc,]{0,4}\n?|\n|#|x){0,3}",
            cut in any::<(prop::sample::Index, prop::sample::Index)>(),
        ) {
            let (a, b) = (cut.0.index(old.len() + 1), cut.1.index(old.len() + 1));
            let new = format!("{}{new}{}", &old[..a.min(b)], &old[a.max(b)..]);
            let before = AccountTable::new(old.as_bytes(), account_files::groups);
            let changed = before.reparsed(old.as_bytes(), new.as_bytes(), account_files::groups);
            let whole = AccountTable::new(new.as_bytes(), account_files::groups);
            prop_assert_eq!(&changed.rows, &whole.rows);
            prop_assert_eq!(&changed.unread, &whole.unread);
            prop_assert_eq!(&changed.ends, &whole.ends);
            prop_assert_eq!(&changed.listing, &whole.listing);
            prop_assert_eq!(&changed.index.names, &whole.index.names);
            prop_assert_eq!(&changed.index.ids, &whole.index.ids);
        }
    }
}
