//! Connector for the local accounts of a Linux system below a root directory.
//!
//! It reads `passwd`, `shadow`, `group`, `gshadow`, `sudoers` with all included files, and every `authorized_keys`, and
//! lists login accounts, memberships, sudo rules, SSH keys and group passwords. `grant_key` defines the identity of an
//! account: uid *and* name. `remaining_access` computes what is left after a change, `operations` the supported
//! changes, and `apply` edits the files: under the locks of the system's own tools, atomically, one line at a time.
//!
//! `rights` decides about requests to sudo, `oracle` asks sudo itself, and `collateral` compares all accounts before and
//! after a drafted change.
//!
//! Other sources of access are reported by `validate` when detected: directories of users (LDAP, SSSD), keys from
//! commands or certificate authorities. Those that are found to matter for a change are paths.

mod account_files;
mod account_table;
mod apply;
mod atomic_replace;
mod attributes;
mod authorized_keys;
mod calls;
mod collateral;
mod config;
mod connection;
mod definition;
mod doas;
mod exclusions;
mod file_edits;
mod grant_key;
mod grants;
mod half_done;
mod hidden_rules;
mod identity;
mod key_files;
mod last_login;
mod lock;
mod look;
mod observe;
mod operations;
mod oracle;
mod other_sources;
mod parse_cache;
mod path_glob;
mod phrases;
mod remaining_access;
mod rights;
mod root_dir;
mod rotate;
mod rule_digest;
mod schema;
mod snapshot;
mod sshd_config;
mod sshd_match;
mod sudo_request;
mod sudo_world;
mod sudoers;
mod surroundings;
#[cfg(test)]
mod tests;
mod text;
mod world_parts;

pub use config::{HostsConfig, OptionalFile};
pub use connection::{Hosts, open};
pub use definition::HostsDefinition;
pub use schema::{HostsSchema, vocabulary};
