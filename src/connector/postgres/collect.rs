//! Lists grants: one consistent read, returned kind by kind and page by page.

use super::{
    config::PasswordVisibility, grants::GrantBuilder, read_scope::ReadScope, server_connections::ServerConnections,
    snapshot::ClusterSnapshot,
};
use crate::{
    connector::{ConnectorError, ConnectorHealth, GrantPage, ListingCursor},
    model::{Grant, GrantKind, SystemId, Timestamp, Usage},
};
use std::collections::BTreeSet;

/// A read, and the kinds that were requested from it.
#[derive(Default)]
pub(super) struct PostgresListing {
    read: Option<ClusterSnapshot>,
    begun: BTreeSet<GrantKind>,
    /// The kind whose pages are being returned.
    at: Option<(GrantKind, Vec<Grant>)>,
    number: u64,
}

impl PostgresListing {
    /// Returns a page. The kinds of one round come from one read. Requesting a kind again from its beginning starts a
    /// new round.
    pub(super) fn page(
        &mut self,
        system: &SystemId,
        server: &mut ServerConnections,
        kind: GrantKind,
        from: Option<&ListingCursor>,
    ) -> Result<GrantPage, ConnectorError> {
        let start = match from {
            None => {
                self.begin(system, server, kind)?;
                0
            }
            Some(cursor) => self.resume(kind, cursor)?,
        };
        let (Some(facts), Some((_, grants))) = (&self.read, &self.at) else { return Ok(GrantPage::default()) };
        let end = (start + PAGE).min(grants.len());
        let grants = grants.get(start..end).unwrap_or_default().to_vec();
        let usage = grants.iter().map(|grant| (grant.key.clone(), usage(grant, facts))).collect();
        let more = self.at.as_ref().is_some_and(|(_, all)| end < all.len());
        let next = more.then(|| ListingCursor(format!("{}:{end}", self.number)));
        Ok(GrantPage { grants, usage, next })
    }

    fn begin(
        &mut self,
        system: &SystemId,
        server: &mut ServerConnections,
        kind: GrantKind,
    ) -> Result<(), ConnectorError> {
        if self.read.is_none() || self.begun.contains(&kind) {
            self.read = Some(server.read_snapshot(&ReadScope::Everything, "")?);
            self.begun.clear();
        }
        if kind == GrantKind::Credential
            && !server.sees_passwords
            && server.config.passwords == PasswordVisibility::Fingerprint
        {
            let missing = "SELECT on pg_authid; or set `passwords = \"unseen\"` in the system file".to_owned();
            return Err(ConnectorError::Forbidden { missing });
        }
        self.begun.insert(kind);
        self.number += 1;
        let grants = self.read.as_ref().map(|facts| GrantBuilder::new(system, facts).grants(kind));
        self.at = Some((kind, grants.unwrap_or_default()));
        Ok(())
    }

    fn resume(&self, kind: GrantKind, cursor: &ListingCursor) -> Result<usize, ConnectorError> {
        let parts = cursor
            .0
            .split_once(':')
            .and_then(|(number, at)| Some((number.parse::<u64>().ok()?, at.parse::<usize>().ok()?)));
        match parts {
            Some((number, at)) if self.number == number && self.at.as_ref().is_some_and(|(it, _)| *it == kind) => {
                Ok(at)
            }
            _ => Err(ConnectorError::PreconditionFailed(
                "the cursor belongs to an earlier listing; start again".to_owned(),
            )),
        }
    }
}

fn usage(grant: &Grant, facts: &ClusterSnapshot) -> Usage {
    let role = grant.principal.id.parse().unwrap_or_default();
    match grant.kind {
        GrantKind::Account if facts.sessions(role) > 0 => Usage::At(Timestamp::from_unix(facts.cluster.now)),
        GrantKind::Account => {
            Usage::Unknown("no session is open, and PostgreSQL does not record the last login".into())
        }
        GrantKind::Credential => Usage::Unknown("PostgreSQL does not report how a session logged in".into()),
        _ => Usage::Unknown("PostgreSQL does not record the use of a right".into()),
    }
}

/// Returns the health of the connection and its blind spots.
pub(super) fn validate(server: &mut ServerConnections) -> Result<ConnectorHealth, ConnectorError> {
    let facts = server.read_snapshot(&ReadScope::Cluster, "")?;
    let cluster = &facts.cluster;
    let Some(me) = facts.role(cluster.me) else {
        return Err(ConnectorError::Transient("the server does not show the role of the engine".to_owned()));
    };
    let mut blind_spots = Vec::new();
    if !server.sees_passwords {
        let why = match server.config.passwords {
            PasswordVisibility::Fingerprint => "passwords: no SELECT on pg_authid",
            PasswordVisibility::Unseen => "passwords: not listed, by the setting `passwords` of the system file",
        };
        blind_spots.push(why.to_owned());
    }
    let seen: Vec<String> = server.open_databases()?.into_iter().map(|(_, name)| name).collect();
    for database in &cluster.databases {
        // `template0` never accepts connections, so its objects cannot be used.
        if !seen.contains(&database.name) && database.name != "template0" {
            let why = match server.refused.get(&database.oid) {
                Some(why) => format!("the connection was refused, leave it out with `databases = [...]`: {why}"),
                None if database.invalid => "left by an interrupted DROP DATABASE; drop it again".to_owned(),
                None if database.connectable => "not listed in `databases`".to_owned(),
                None => "accepts no connections".to_owned(),
            };
            blind_spots.push(format!("objects in database {}: {why}", database.name));
        }
    }
    for name in server.config.databases.iter().flatten() {
        if !cluster.databases.iter().any(|database| database.name == *name) {
            blind_spots.push(format!("database {name}: listed in `databases`, but not on the server"));
        }
    }
    let version = format!("PostgreSQL {}.{}", cluster.version / 10_000, cluster.version % 10_000);
    Ok(ConnectorHealth { target: version, identity: format!("{} (oid {})", me.name, me.oid), blind_spots })
}

const PAGE: usize = 1000;
