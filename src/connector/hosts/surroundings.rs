//! Facts that decide about access beside the account files and sudoers: names of the host, netgroups, other sources of
//! accounts.

use super::{
    rights::{HostNames, NetgroupFile, NetgroupTable},
    root_dir::RootDir,
};
use crate::connector::ConnectorError;
use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

/// The facts about one system.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    pub host: HostNames,
    pub netgroups: NetgroupTable,
    /// The services of each database of nsswitch.conf(5).
    pub services: BTreeMap<String, Vec<String>>,
    /// The time of the read, in seconds since 1970.
    pub now: Option<i64>,
}

impl Surroundings {
    /// Reads the facts.
    pub(super) fn read(root: &RootDir) -> Result<Self, ConnectorError> {
        let services = services(root)?;
        Ok(Self {
            host: host(root)?,
            netgroups: netgroups(root, &services)?,
            services,
            now: SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|now| i64::try_from(now.as_secs()).ok()),
        })
    }
}

fn text(root: &RootDir, path: &str) -> Result<Option<String>, ConnectorError> {
    Ok(root.read_moving(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// A system with a `/proc` runs, and its kernel knows the name that sudo compares.
fn host(root: &RootDir) -> Result<HostNames, ConnectorError> {
    let name = match text(root, "/proc/sys/kernel/hostname")? {
        Some(name) => Some(name),
        None => text(root, "/etc/hostname")?,
    };
    let name = name.unwrap_or_default().lines().next().unwrap_or_default().trim().to_owned();
    Ok(match name.split_once('.') {
        _ if name.is_empty() => HostNames::Unknown,
        Some((short, _)) => HostNames::Known { short: short.to_owned(), long: Some(name.clone()) },
        None => HostNames::Known { short: name, long: None },
    })
}

/// Returns the services of each database, without their actions.
fn services(root: &RootDir) -> Result<BTreeMap<String, Vec<String>>, ConnectorError> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text(root, "/etc/nsswitch.conf")?.unwrap_or_default().lines() {
        let line = line.split('#').next().unwrap_or_default();
        let Some((name, sources)) = line.split_once(':') else { continue };
        let sources = sources.replace('[', " [").replace(']', "] ");
        let words = sources.split_whitespace().scan(false, |inside, word| {
            let skip = *inside || word.starts_with('[');
            *inside = skip && !word.ends_with(']');
            Some((!skip).then(|| word.to_owned()))
        });
        found.insert(name.trim().to_owned(), words.flatten().collect());
    }
    Ok(found)
}

fn netgroups(root: &RootDir, services: &BTreeMap<String, Vec<String>>) -> Result<NetgroupTable, ConnectorError> {
    let Some(sources) = services.get("netgroup") else {
        return Ok(NetgroupTable::Unknown("/etc/nsswitch.conf names no source of netgroups".to_owned()));
    };
    if let Some(other) = sources.iter().find(|source| *source != "files") {
        return Ok(NetgroupTable::Unknown(format!("/etc/nsswitch.conf takes netgroups from {other}")));
    }
    Ok(NetgroupTable::Files(NetgroupFile::parse(&text(root, "/etc/netgroup")?.unwrap_or_default())))
}
