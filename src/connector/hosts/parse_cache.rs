//! Results that are kept between two reads of a system.

use super::{
    account_files::{GroupEntry, GshadowEntry, PasswdEntry, ShadowEntry},
    account_table::CachedTable,
    key_files::KeyUsers,
};
use std::sync::{Arc, Mutex};

/// Results that are kept between two reads. Each read opens the files again; the cache only saves the parsing of
/// unchanged bytes, and the search for accounts that share a file of keys.
#[derive(Default)]
pub(super) struct ParseCache {
    pub accounts: CachedTable<PasswdEntry>,
    pub shadows: CachedTable<ShadowEntry>,
    pub groups: CachedTable<GroupEntry>,
    pub group_shadows: CachedTable<GshadowEntry>,
    pub key_users: Mutex<Option<Arc<KeyUsers>>>,
}
