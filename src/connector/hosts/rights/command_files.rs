//! The files that commands are compared by: inodes, directories and contents.

use super::{
    super::root_dir::RootDir,
    shell_pattern::{PatternScope, fnmatch, has_meta, unquoted},
};
use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

/// The identity of the file at a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) enum FileIdentity {
    /// Device and inode, after symbolic links.
    Known(u64, u64),
    /// There is no file.
    Missing,
    /// It could not be read.
    Unseen,
}

/// The files of a system.
pub(in crate::connector::hosts) trait CommandFiles {
    /// Returns whether the files can be seen at all. Without them, paths are compared by their text.
    fn visible(&self) -> bool;

    /// Returns the identity of a path.
    fn identity(&self, path: &str) -> FileIdentity;

    /// Returns the names in a directory; empty when it cannot be read.
    fn names(&self, directory: &str) -> Rc<Vec<String>>;

    /// Returns the paths that a glob(3) finds.
    fn expansions(&self, pattern: &str) -> Rc<Vec<String>>;

    /// Returns whether the content of a file has a digest, written as `sha256:…` in hexadecimal or base64.
    fn has_digest(&self, path: &str, digest: &str) -> Option<bool>;
}

/// The files below a root directory, each looked up once.
pub(in crate::connector::hosts) struct TreeFiles<'a> {
    root: &'a RootDir,
    identities: RefCell<BTreeMap<String, FileIdentity>>,
    directories: RefCell<BTreeMap<String, Rc<Vec<String>>>>,
    globs: RefCell<BTreeMap<String, Rc<Vec<String>>>>,
}

impl<'a> TreeFiles<'a> {
    /// Returns the files below `root`.
    pub(in crate::connector::hosts) fn below(root: &'a RootDir) -> Self {
        Self { root, identities: RefCell::default(), directories: RefCell::default(), globs: RefCell::default() }
    }

    fn expand(&self, pattern: &str) -> Vec<String> {
        let mut found = vec![String::new()];
        let mut parts = pattern.trim_start_matches('/').split('/').peekable();
        while let Some(part) = parts.next() {
            let last = parts.peek().is_none();
            let mut next = Vec::new();
            for parent in &found {
                if last && part.is_empty() {
                    // A pattern that ends with a slash finds directories.
                    if self.root.names(if parent.is_empty() { "/" } else { parent }).is_ok_and(|names| names.is_some())
                    {
                        next.push(format!("{parent}/"));
                    }
                } else if !has_meta(part) {
                    next.push(format!("{parent}/{part}"));
                } else {
                    let here = if parent.is_empty() { "/" } else { parent };
                    let names = self.names(here);
                    let fits = names.iter().filter(|name| fnmatch(part, name, PatternScope::File));
                    next.extend(fits.map(|name| format!("{parent}/{name}")));
                }
            }
            found = next;
        }
        found.retain(|path| matches!(self.identity(&unquoted(path)), FileIdentity::Known(..)));
        found
    }
}

impl CommandFiles for TreeFiles<'_> {
    fn visible(&self) -> bool {
        true
    }

    fn identity(&self, path: &str) -> FileIdentity {
        if let Some(known) = self.identities.borrow().get(path) {
            return *known;
        }
        let identity = match self.root.stamp(path) {
            Ok(Some(stamp)) => FileIdentity::Known(stamp.identity().0, stamp.identity().1),
            Ok(None) => FileIdentity::Missing,
            Err(_) => FileIdentity::Unseen,
        };
        self.identities.borrow_mut().insert(path.to_owned(), identity);
        identity
    }

    fn names(&self, directory: &str) -> Rc<Vec<String>> {
        if let Some(known) = self.directories.borrow().get(directory) {
            return Rc::clone(known);
        }
        let names = Rc::new(self.root.names(directory).ok().flatten().unwrap_or_default());
        self.directories.borrow_mut().insert(directory.to_owned(), Rc::clone(&names));
        names
    }

    fn expansions(&self, pattern: &str) -> Rc<Vec<String>> {
        if let Some(known) = self.globs.borrow().get(pattern) {
            return Rc::clone(known);
        }
        let found = Rc::new(self.expand(pattern));
        self.globs.borrow_mut().insert(pattern.to_owned(), Rc::clone(&found));
        found
    }

    fn has_digest(&self, path: &str, digest: &str) -> Option<bool> {
        let (kind, wanted) = digest.split_once(':')?;
        let content = self.root.read_moving(path).ok().flatten()?;
        let own: Vec<u8> = match kind {
            "sha224" => Sha224::digest(&content).to_vec(),
            "sha256" => Sha256::digest(&content).to_vec(),
            "sha384" => Sha384::digest(&content).to_vec(),
            "sha512" => Sha512::digest(&content).to_vec(),
            _ => return None,
        };
        let hexadecimal: String = own.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(hexadecimal.eq_ignore_ascii_case(wanted) || Base64::encode_string(&own) == wanted)
    }
}

/// The files of a system of which only the inventory is known.
#[derive(Clone, Copy, Debug)]
pub(in crate::connector::hosts) struct UnseenFiles;

impl CommandFiles for UnseenFiles {
    fn visible(&self) -> bool {
        false
    }

    fn identity(&self, _: &str) -> FileIdentity {
        FileIdentity::Unseen
    }

    fn names(&self, _: &str) -> Rc<Vec<String>> {
        Rc::default()
    }

    fn expansions(&self, _: &str) -> Rc<Vec<String>> {
        Rc::default()
    }

    fn has_digest(&self, _: &str, _: &str) -> Option<bool> {
        None
    }
}
