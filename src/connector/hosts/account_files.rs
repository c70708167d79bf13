//! Parses passwd(5), shadow(5), group(5) and gshadow(5) as the C library does, and edits single lines without changing
//! other bytes.

use std::ops::Range;

/// A parsed line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ParsedLine<T> {
    /// Its number, from 1.
    pub line: usize,
    /// Its content.
    pub value: T,
}

/// The rows of a file, and the numbers of malformed lines.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ParsedRows<T> {
    /// The parsed rows.
    pub rows: Vec<ParsedLine<T>>,
    /// The numbers of malformed lines.
    pub unread: Vec<usize>,
}

/// An entry of passwd(5).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct PasswdEntry {
    pub name: String,
    pub password: PasswordField,
    pub uid: u32,
    pub gid: u32,
    pub home: String,
    pub shell: String,
}

/// An entry of shadow(5).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ShadowEntry {
    pub name: String,
    pub password: PasswordField,
    /// The eighth field: the day after 1970-01-01 on which the account expires.
    pub expires: Option<i64>,
}

/// An entry of group(5).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct GroupEntry {
    pub name: String,
    pub password: PasswordField,
    pub gid: u32,
    pub members: Vec<String>,
}

/// An entry of gshadow(5).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct GshadowEntry {
    pub name: String,
    pub password: PasswordField,
    pub administrators: Vec<String>,
    pub members: Vec<String>,
}

/// The state of a password field. The hash itself is never stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PasswordField {
    /// Empty: no password is needed.
    Empty,
    /// `x`: the password is in the shadow file.
    Elsewhere,
    /// Begins with `*` or is not a possible hash: no password matches.
    Impossible,
    /// Begins with `!`: locked.
    Locked,
    /// A hash.
    Set,
}

impl PasswordField {
    fn read(field: &[u8]) -> Self {
        match field {
            [] => Self::Empty,
            b"x" => Self::Elsewhere,
            [b'!', ..] => Self::Locked,
            // The shortest hash, DES, has 13 characters (crypt(5)).
            [b'*', ..] => Self::Impossible,
            hash if hash.len() < 13 => Self::Impossible,
            _ => Self::Set,
        }
    }

    /// Returns the state as written in attributes.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Elsewhere | Self::Impossible => "impossible",
            Self::Empty => "none",
            Self::Locked => "locked",
            Self::Set => "set",
        }
    }
}

/// Parses passwd(5).
pub(super) fn accounts(bytes: &[u8]) -> ParsedRows<PasswdEntry> {
    rows(bytes, |fields| {
        // The fields after the gid may be missing, and the last one is the rest of the line.
        let [name, password, uid, gid, rest @ ..] = fields else { return None };
        let (home, shell) = (rest.get(1).copied().unwrap_or_default(), rest.get(2..).unwrap_or_default().join(&b':'));
        // An empty shell is /bin/sh (passwd(5)).
        let shell = if shell.is_empty() { "/bin/sh" } else { text(&shell)? };
        Some(PasswdEntry {
            name: named(name)?,
            password: PasswordField::read(password),
            uid: number(uid)?,
            gid: number(gid)?,
            home: text(home)?.to_owned(),
            shell: shell.to_owned(),
        })
    })
}

/// Parses shadow(5).
pub(super) fn shadows(bytes: &[u8]) -> ParsedRows<ShadowEntry> {
    rows(bytes, |fields| {
        let [name, password, _, _, _, _, _, expires, _] = fields else { return None };
        let expires = match text(expires)? {
            "" | "-1" => None,
            day => Some(i64::from(day.parse::<u32>().ok()?)),
        };
        Some(ShadowEntry { name: named(name)?, password: PasswordField::read(password), expires })
    })
}

/// Parses group(5). A line behind a `#` is an entry as well when it has members, because they get its gid at login:
/// initgroups(3) of the C library does not skip comments.
pub(super) fn groups(bytes: &[u8]) -> ParsedRows<GroupEntry> {
    let entry = |fields: &[&[u8]]| {
        let [name, password, gid, rest @ ..] = fields else { return None };
        Some(GroupEntry {
            name: named(name)?,
            password: PasswordField::read(password),
            gid: number(gid)?,
            members: list(&rest.join(&b':'))?,
        })
    };
    let mut found = rows(bytes, entry);
    for (index, range) in lines(bytes).into_iter().enumerate() {
        let Some(body) = comment(&bytes[range]) else { continue };
        let fields: Vec<&[u8]> = body.split(|b| *b == b':').collect();
        match entry(&fields).filter(|group| !group.members.is_empty()) {
            Some(value) => found.rows.push(ParsedLine { line: index + 1, value }),
            None => continue,
        }
    }
    found
}

impl GroupEntry {
    /// Returns whether the entry is behind a `#`: it has no name to look up, but its members have its gid.
    pub(super) fn is_comment(&self) -> bool {
        self.name.starts_with('#')
    }
}

/// Parses gshadow(5).
pub(super) fn group_shadows(bytes: &[u8]) -> ParsedRows<GshadowEntry> {
    rows(bytes, |fields| {
        let [name, password, administrators, members] = fields else { return None };
        Some(GshadowEntry {
            name: named(name)?,
            password: PasswordField::read(password),
            administrators: list(administrators)?,
            members: list(members)?,
        })
    })
}

/// Returns the range of each line of a file, with its line end. The ranges cover the whole file.
pub(super) fn lines(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        ranges.push(start..start + line.len());
        start += line.len();
    }
    ranges
}

/// Returns the end of each line of a file, behind its line end.
pub(super) fn line_ends(bytes: &[u8]) -> Vec<usize> {
    lines(bytes).into_iter().map(|range| range.end).collect()
}

/// Returns the file with the line in `range` changed by `change`, which gets the fields and returns the new ones, or
/// `None` to remove the line. All other bytes are unchanged.
pub(super) fn with_line(
    bytes: &[u8],
    range: Range<usize>,
    change: impl FnOnce(&mut Vec<Vec<u8>>) -> Option<()>,
) -> Option<Vec<u8>> {
    let whole = bytes.get(range.clone())?;
    let body = whole.strip_suffix(b"\n").unwrap_or(whole);
    let mut fields: Vec<Vec<u8>> = body.split(|b| *b == b':').map(<[u8]>::to_vec).collect();
    let mut new = Vec::with_capacity(bytes.len() + 16);
    new.extend_from_slice(&bytes[..range.start]);
    if change(&mut fields).is_some() {
        new.extend_from_slice(&fields.join(&b':'));
        new.extend_from_slice(&whole[body.len()..]);
    }
    new.extend_from_slice(&bytes[range.end..]);
    Some(new)
}

/// Returns a comma-separated list without `name`.
pub(super) fn without(field: &[u8], name: &str) -> Vec<u8> {
    let left: Vec<&[u8]> = field.split(|b| *b == b',').filter(|one| trim_start(one) != name.as_bytes()).collect();
    left.join(&b',')
}

fn rows<T>(bytes: &[u8], read: impl Fn(&[&[u8]]) -> Option<T>) -> ParsedRows<T> {
    let mut found = ParsedRows { rows: Vec::new(), unread: Vec::new() };
    for (index, range) in lines(bytes).into_iter().enumerate() {
        let line = &bytes[range];
        let body = trim_start(line.strip_suffix(b"\n").unwrap_or(line));
        // The C library skips empty lines and comments, and blanks at the beginning.
        if body.is_empty() || body.first() == Some(&b'#') {
            continue;
        }
        let fields: Vec<&[u8]> = body.split(|b| *b == b':').collect();
        match read(&fields) {
            Some(value) => found.rows.push(ParsedLine { line: index + 1, value }),
            None => found.unread.push(index + 1),
        }
    }
    found
}

/// Returns the text of a comment with its `#`, without blanks before it.
fn comment(line: &[u8]) -> Option<&[u8]> {
    let body = trim_start(line.strip_suffix(b"\n").unwrap_or(line));
    body.starts_with(b"#").then_some(body)
}

/// Returns a text without the characters at its beginning that isspace(3) accepts.
fn trim_start(text: &[u8]) -> &[u8] {
    let blank = |b: &u8| b.is_ascii_whitespace() || *b == 0x0b;
    &text[text.iter().position(|b| !blank(b)).unwrap_or(text.len())..]
}

fn text(field: &[u8]) -> Option<&str> {
    std::str::from_utf8(field).ok().filter(|text| !text.contains('\0'))
}

/// Names that begin with `+` or `-` refer to another directory (compat mode of nsswitch.conf) and are not accounts.
fn named(field: &[u8]) -> Option<String> {
    let name = text(field)?;
    (!name.is_empty() && !name.starts_with(['+', '-'])).then(|| name.to_owned())
}

fn number(field: &[u8]) -> Option<u32> {
    // As strtoul(3).
    let text = text(trim_start(field))?;
    let text = text.strip_prefix('+').unwrap_or(text);
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The C library skips blanks before a name, and none after it.
fn list(field: &[u8]) -> Option<Vec<String>> {
    let names = field.split(|b| *b == b',').map(trim_start).filter(|name| !name.is_empty());
    names.map(|name| text(name).map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_cover_the_file_and_parsers_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let again: Vec<u8> = lines(&bytes).into_iter().flat_map(|r| bytes[r].to_vec()).collect();
            prop_assert_eq!(&again, &bytes);
            let _ = (accounts(&bytes), shadows(&bytes), groups(&bytes), group_shadows(&bytes));
        }

        #[test]
        fn change_affects_its_line_only(
            texts in prop::collection::vec("[a-z:,\u{80}-\u{ff} #]{0,12}", 1..8), at in 0usize..8, end in any::<bool>(),
        ) {
            let at = at % texts.len();
            let mut file = texts.join("\n");
            if end { file.push('\n'); }
            if lines(file.as_bytes()).len() != texts.len() { return Ok(()); }
            let same = with_line(file.as_bytes(), lines(file.as_bytes())[at].clone(), |_| Some(())).unwrap();
            prop_assert_eq!(&same, file.as_bytes());
            let new = with_line(file.as_bytes(), lines(file.as_bytes())[at].clone(), |fields| { fields[0] = b"NEW".to_vec(); Some(()) }).unwrap();
            let (old, new) = (lines(file.as_bytes()).len(), String::from_utf8(new).unwrap());
            prop_assert_eq!(lines(new.as_bytes()).len(), old);
            for (index, (before, after)) in file.split('\n').zip(new.split('\n')).enumerate() {
                prop_assert!(index == at || before == after);
            }
        }
    }

    #[test]
    fn malformed_lines_are_counted() {
        let file = b"root:x:0:0:root:/root:/bin/bash\n+::::::\nbad:x:zero:0::/:/bin/sh\n# note\n\nshort:x:1\n";
        let found = accounts(file);
        assert_eq!(found.rows.len(), 1);
        assert_eq!(found.unread, [2, 3, 6]);
    }

    #[test]
    fn entries_are_read_as_the_c_library_reads_them() {
        let file = b"  bob:x: 1001:+1001\neve:x:1002:1002::/home/eve:/bin/sh:x\n";
        let found = accounts(file).rows;
        assert_eq!((found[0].value.uid, found[0].value.gid, &*found[0].value.shell), (1001, 1001, "/bin/sh"));
        assert_eq!((&*found[1].value.home, &*found[1].value.shell), ("/home/eve", "/bin/sh:x"));
        let file = b"sudo:x:27:eve, bob\nadm:x:4:bob ,\tli\nnone:x:5\n# old:x:6:bob\n# a note: x\n#gone:x:7:\n";
        let found: Vec<_> =
            groups(file).rows.into_iter().map(|row| (row.line, row.value.name, row.value.members.join("|"))).collect();
        let wanted = [(1, "sudo", "eve|bob"), (2, "adm", "bob |li"), (3, "none", ""), (4, "# old", "bob")];
        assert_eq!(found, wanted.map(|(line, name, members)| (line, name.to_owned(), members.to_owned())));
        assert_eq!(groups(file).unread, Vec::<usize>::new());
        assert_eq!(without(b"eve, bob,bob ", "bob"), b"eve,bob ");
    }

    #[test]
    fn password_field_yields_its_state_only() {
        for (field, state) in
            [("", "none"), ("!", "locked"), ("!!", "locked"), ("*", "impossible"), ("x1", "impossible")]
        {
            assert_eq!(PasswordField::read(field.as_bytes()).word(), state, "{field:?}");
        }
        assert_eq!(PasswordField::read(b"$y$j9T$notarealone$notarealhash").word(), "set");
    }
}
