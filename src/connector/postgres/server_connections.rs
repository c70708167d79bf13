//! Connections to the databases of a server: opened when first needed, closed after a failure.

use super::{
    catalog,
    catalog::{ObjectScope, RoleScope},
    config::{PostgresConfig, TlsMode},
    identifiers::original,
    read_scope::ReadScope,
    role_graph::RoleGraph,
    snapshot::{ClusterCatalog, ClusterSnapshot, DatabaseInfo, RoleDependency},
    sqlstate::{self, BatchError},
};
use crate::connector::ConnectorError;
use postgres::{Client, NoTls, SimpleQueryMessage, config::SslMode};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use secrecy::{ExposeSecret, SecretString};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A server with its connections, and the number of calls.
pub(super) struct ServerConnections {
    pub(super) config: PostgresConfig,
    password: SecretString,
    /// By the oid of the connected database, independent of its name.
    clients: BTreeMap<u32, Client>,
    first: Option<u32>,
    /// The databases that refused a connection, with the reason.
    pub(super) refused: BTreeMap<u32, String>,
    /// The system identifier of the cluster, once read from the present connection.
    identifier: Option<Option<String>>,
    /// Whether `pg_authid` can be read.
    pub(super) sees_passwords: bool,
    /// The time limit of a reply.
    pub(super) patience: Duration,
    pub(super) calls: u64,
}

impl ServerConnections {
    /// Returns a server without connections.
    pub(super) fn new(config: PostgresConfig, password: SecretString) -> Self {
        Self {
            config,
            password,
            clients: BTreeMap::new(),
            first: None,
            refused: BTreeMap::new(),
            identifier: None,
            sees_passwords: false,
            patience: PATIENCE,
            calls: 0,
        }
    }

    /// Reads the target; `prefix` is sent before the first query, in the same message.
    pub(super) fn read_snapshot(&mut self, view: &ReadScope, prefix: &str) -> Result<ClusterSnapshot, ConnectorError> {
        let first = self.first()?;
        let (roles, objects) = view.parts();
        let parts = self.readable();
        if let Some(at) = view.database() {
            if !self.clients.contains_key(&at) {
                let known: ClusterCatalog = self.json(first, &catalog::cluster(&parts, &roles))?;
                match known.databases.iter().find(|database| database.oid == at) {
                    // The database was dropped with its contents.
                    None => return Ok(ClusterSnapshot { cluster: known, ..ClusterSnapshot::default() }),
                    Some(database) if !self.try_connect(at, &database.name.clone())? => {
                        return Ok(ClusterSnapshot { cluster: known, ..ClusterSnapshot::default() });
                    }
                    Some(_) => {}
                }
            }
            return self.both(at, prefix, &objects, &roles);
        }
        match view {
            ReadScope::Everything => self.everything(first),
            ReadScope::Membership { role, .. } | ReadScope::Whole(role) => {
                let cluster = format!("{prefix}{}", catalog::cluster(&parts, &roles));
                let cluster: ClusterCatalog = self.json(first, &cluster)?;
                self.of_role(*role, &roles, ClusterSnapshot { cluster, ..ClusterSnapshot::default() })
            }
            _ => {
                let cluster = format!("{prefix}{}", catalog::cluster(&parts, &roles));
                Ok(ClusterSnapshot { cluster: self.json(first, &cluster)?, ..ClusterSnapshot::default() })
            }
        }
    }

    fn everything(&mut self, first: u32) -> Result<ClusterSnapshot, ConnectorError> {
        let open = self.open_databases()?;
        let read: Vec<u32> = open.iter().map(|(oid, _)| *oid).collect();
        let cluster = self.json(first, &catalog::cluster(&self.readable(), &RoleScope::All))?;
        let unread = self.refused.keys().copied().collect();
        let mut facts = ClusterSnapshot { cluster, objects: BTreeMap::new(), unread };
        for oid in read {
            let objects = self.json(oid, &catalog::objects(&ObjectScope::All, &RoleScope::All))?;
            facts.objects.insert(oid, objects);
        }
        Ok(facts)
    }

    /// Connects to the databases whose objects are read; returns those that accepted.
    pub(super) fn open_databases(&mut self) -> Result<Vec<(u32, String)>, ConnectorError> {
        let first = self.first()?;
        let scope = RoleScope::Reached { from: Vec::new(), sessions: 0, object: Some(0) };
        let known: ClusterCatalog = self.json(first, &catalog::cluster(&catalog::ReadableParts::default(), &scope))?;
        self.refused.clear();
        let mut open = Vec::new();
        for (oid, name) in self.looked_into(&known) {
            if self.try_connect(oid, &name)? {
                open.push((oid, name));
            }
        }
        Ok(open)
    }

    /// Adds what a role and all roles that it can act as hold, in the databases where the server records it.
    fn of_role(
        &mut self,
        role: u32,
        roles: &RoleScope,
        mut facts: ClusterSnapshot,
    ) -> Result<ClusterSnapshot, ConnectorError> {
        let first = self.first()?;
        let mut holders: Vec<u32> = RoleGraph::new(&facts).reached_by(role).keys().copied().collect();
        holders.push(role);
        let held: Vec<RoleDependency> = self.json(first, &catalog::dependencies(&holders))?;
        // The server does not record what its own roles hold, and no catalog shows who is `pg_database_owner`.
        let recorded = holders.iter().all(|oid| catalog::is_recorded(*oid));
        let owners = RoleGraph::new(&facts).database_owners();
        let owns =
            |database: u32| facts.cluster.databases.iter().any(|it| it.oid == database && holders.contains(&it.owner));
        // Rights on all objects are compared with every right of the member.
        let everywhere = !RoleGraph::new(&facts).rights_everywhere(role).is_empty();
        let member = match roles {
            RoleScope::Reached { sessions, .. } if everywhere => {
                let graph = RoleGraph::new(&facts);
                let mut member: Vec<u32> = graph.reached_by(*sessions).keys().copied().collect();
                member.extend([*sessions, 0]);
                member
            }
            _ => Vec::new(),
        };
        facts.unread = self.unread_and_shared(&facts, &held, roles)?;
        let wanted: Vec<(u32, String)> = self.looked_into(&facts.cluster);
        let wanted: Vec<(u32, String, bool)> = wanted.into_iter().map(|(oid, name)| (oid, name, owns(oid))).collect();
        for (oid, name, owned) in wanted {
            let objects: Vec<u32> = held.iter().filter(|it| it.database == oid).map(|it| it.object).collect();
            if recorded && objects.is_empty() && !owned && !everywhere {
                continue;
            }
            if !self.try_connect(oid, &name)? {
                facts.unread.push(oid);
                continue;
            }
            let mut there = holders.clone();
            there.extend(&member);
            if owned {
                there.extend(owners);
            }
            let scope =
                ObjectScope::Roles { holders: there, objects: (recorded && !owned && !everywhere).then_some(objects) };
            let objects = self.json(oid, &catalog::objects(&scope, roles))?;
            facts.objects.insert(oid, objects);
        }
        Ok(facts)
    }

    /// Returns the databases that are not to be read, in which the member has a right of its own on an object on which
    /// the role has one.
    fn unread_and_shared(
        &mut self,
        facts: &ClusterSnapshot,
        held: &[RoleDependency],
        roles: &RoleScope,
    ) -> Result<Vec<u32>, ConnectorError> {
        let RoleScope::Reached { sessions: member, .. } = roles else { return Ok(Vec::new()) };
        let read: Vec<u32> = self.looked_into(&facts.cluster).into_iter().map(|(oid, _)| oid).collect();
        let is_unread = |it: &&RoleDependency| {
            let open = |known: &DatabaseInfo| known.oid == it.database && known.connectable;
            !read.contains(&it.database) && facts.cluster.databases.iter().any(open)
        };
        if !held.iter().any(|it| is_unread(&it)) {
            return Ok(Vec::new());
        }
        // Rights that it has by the role itself are counted with those of the role.
        let own = catalog::dependencies(&[*member]);
        let own: Vec<RoleDependency> = self.json(self.first.unwrap_or_default(), &own)?;
        let shared = held.iter().filter(is_unread).filter(|it| own.contains(it)).map(|it| it.database);
        Ok(shared.collect::<BTreeSet<u32>>().into_iter().collect())
    }

    /// Reads inside a transaction in one database: the part of a view in that database.
    pub(super) fn look_in(&mut self, database: u32, view: &ReadScope) -> Result<ClusterSnapshot, ConnectorError> {
        let (roles, objects) = view.parts();
        let objects = match view {
            ReadScope::Whole(role) => ObjectScope::Roles { holders: vec![*role], objects: None },
            _ => objects,
        };
        self.both(database, "", &objects, &roles)
    }

    fn both(
        &mut self,
        at: u32,
        prefix: &str,
        scope: &ObjectScope,
        roles: &RoleScope,
    ) -> Result<ClusterSnapshot, ConnectorError> {
        let text = self.one(at, &format!("{prefix}{}", catalog::both(&self.readable(), scope, roles)))?;
        // JSON escapes control characters, so the first one is the separator.
        let (cluster, objects) = text.split_once('\u{1}').ok_or_else(|| unreadable("two parts"))?;
        Ok(ClusterSnapshot {
            cluster: parse(cluster)?,
            objects: BTreeMap::from([(at, parse(objects)?)]),
            unread: Vec::new(),
        })
    }

    fn readable(&self) -> catalog::ReadableParts {
        catalog::ReadableParts {
            passwords: self.sees_passwords,
            databases: self.config.databases.clone(),
            refused: self.refused.keys().copied().collect(),
        }
    }

    /// Returns the databases whose objects are read.
    pub(super) fn looked_into(&self, cluster: &ClusterCatalog) -> Vec<(u32, String)> {
        let wanted = |name: &String| self.config.databases.as_ref().is_none_or(|list| list.contains(name));
        let open = cluster.databases.iter().filter(|it| it.connectable && wanted(&it.name));
        open.map(|it| (it.oid, it.name.clone())).collect()
    }

    /// Runs a batch in a database (0: any) and returns the first column of all result rows.
    pub(super) fn batch(&mut self, database: u32, sql: &str) -> Result<Vec<String>, BatchError> {
        let at = if database == 0 { self.first.unwrap_or_default() } else { database };
        let Some(client) = self.clients.remove(&at) else {
            return Err(BatchError::Silence("there is no connection".to_owned()));
        };
        let (client, answer) = self.ask(client, sql);
        if let Some(client) = client {
            self.clients.insert(at, client);
        }
        answer
    }

    /// Sends a query; returns the connection if it can be reused.
    fn ask(&mut self, mut client: Client, sql: &str) -> (Option<Client>, Result<Vec<String>, BatchError>) {
        self.calls += 1;
        let sql = sql.to_owned();
        let answered = within(self.patience, move || {
            let answer = client.simple_query(&sql);
            (client, answer)
        });
        let (client, answer) = match answered {
            Some(answered) => answered,
            None => return (None, Err(BatchError::Silence(format!("no answer within {:?}", self.patience)))),
        };
        let broken = client.is_closed() || answer.as_ref().is_err_and(|error| error.as_db_error().is_none());
        let column = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        };
        let column = answer.map(|messages| messages.iter().filter_map(column).collect());
        ((!broken).then_some(client), column.map_err(BatchError::Answer))
    }

    /// Returns whether there is a connection to a database (0: any).
    pub(super) fn is_connected(&self, database: u32) -> bool {
        let at = if database == 0 { self.first.unwrap_or_default() } else { database };
        self.clients.contains_key(&at)
    }

    /// Rolls back a transaction. If that fails, the connection is closed, which has the same effect.
    pub(super) fn roll_back(&mut self, database: u32) {
        let at = if database == 0 { self.first.unwrap_or_default() } else { database };
        if self.is_connected(at) && self.batch(at, "ROLLBACK").is_err() {
            self.clients.remove(&at);
        }
    }

    /// Tries to log in as another role. An error is the SQLSTATE of the refusal, or the reason for the missing reply.
    pub(super) fn log_in(&mut self, user: &str, password: &SecretString) -> Result<(), String> {
        self.calls += 1;
        let mut settings = self.settings(&self.config.database);
        settings.user(&original(user)).password(password.expose_secret()).application_name("tenure-proof");
        connect(settings, &self.config, self.patience).map(drop).map_err(|error| match error {
            ConnectionRefused::ByServer(error) => error.code().unwrap_or("no answer").to_owned(),
            ConnectionRefused::ByUs(why) => why,
        })
    }

    fn first(&mut self) -> Result<u32, ConnectorError> {
        if let Some(first) = self.first.filter(|first| self.clients.contains_key(first)) {
            return Ok(first);
        }
        let client = self.client(&self.config.database.clone())?;
        let ask = "SELECT b.oid::text || ' ' || has_column_privilege('pg_authid', 'rolpassword', 'SELECT')
             || ' ' || current_setting('server_version_num')
             FROM pg_database b WHERE b.datname = current_database()";
        let (client, answer) = self.ask(client, ask);
        let answer = answer.map_err(|error| sqlstate::before_commit(&error))?;
        let (Some(client), Some(row)) = (client, answer.first()) else { return Err(unreadable("a row")) };
        let words: Vec<&str> = row.split(' ').collect();
        let [oid, sees, version] = words.as_slice() else { return Err(unreadable("three words")) };
        let oid = oid.parse().map_err(|_| unreadable("an oid"))?;
        if version.parse::<u32>().is_ok_and(|version| version < OLDEST) {
            let text = format!("server version {version}; PostgreSQL 15 or later is needed");
            return Err(ConnectorError::Unsupported(text));
        }
        self.sees_passwords = *sees == "true" && self.config.passwords == super::PasswordVisibility::Fingerprint;
        self.first = Some(oid);
        self.clients.insert(oid, client);
        Ok(oid)
    }

    /// Connects to the database with this oid, by its present name.
    pub(super) fn connect(&mut self, oid: u32, name: &str) -> Result<(), ConnectorError> {
        if self.clients.contains_key(&oid) {
            return Ok(());
        }
        let client = self.client(&original(name))?;
        let (client, answer) = self.ask(client, "SELECT oid::text FROM pg_database WHERE datname = current_database()");
        let answer = answer.map_err(|error| sqlstate::before_commit(&error))?;
        let Some(client) = client.filter(|_| answer == [oid.to_string()]) else {
            let text = format!("database {name} no longer has the oid {oid}; read again");
            return Err(ConnectorError::Transient(text));
        };
        self.clients.insert(oid, client);
        Ok(())
    }

    /// Connects to a database; false when the server refuses it for this database alone, which is remembered.
    pub(super) fn try_connect(&mut self, oid: u32, name: &str) -> Result<bool, ConnectorError> {
        match self.connect(oid, name) {
            Ok(()) => Ok(true),
            Err(
                error @ (ConnectorError::Unauthenticated(_)
                | ConnectorError::Forbidden { .. }
                | ConnectorError::NotFound(_)
                | ConnectorError::Permanent(_)),
            ) => {
                self.refused.insert(oid, error.to_string());
                Ok(false)
            }
            Err(other) => Err(other),
        }
    }

    /// Returns the system identifier of the cluster, which `initdb` creates; `None` when the role may not read it.
    pub(super) fn system_identifier(&mut self) -> Result<Option<String>, ConnectorError> {
        let at = self.first()?;
        if let Some(known) = &self.identifier {
            return Ok(known.clone());
        }
        let answer = match self.batch(at, "SELECT 'cluster:' || system_identifier FROM pg_control_system()") {
            Ok(rows) => rows.into_iter().next(),
            Err(error) => match sqlstate::before_commit(&error) {
                ConnectorError::Forbidden { .. } => None,
                other => return Err(other),
            },
        };
        self.identifier = Some(answer.clone());
        Ok(answer)
    }

    fn client(&mut self, database: &str) -> Result<Client, ConnectorError> {
        self.calls += 1;
        // A new connection may lead to another cluster.
        self.identifier = None;
        let settings = self.settings(database);
        connect(settings, &self.config, self.patience).map_err(|error| match error {
            ConnectionRefused::ByServer(error) => sqlstate::before_commit(&error),
            ConnectionRefused::ByUs(why) => ConnectorError::Permanent(why),
        })
    }

    fn settings(&self, database: &str) -> postgres::Config {
        let mut settings = postgres::Config::new();
        settings
            .host(&self.config.host)
            .port(self.config.port)
            .dbname(database)
            .user(&self.config.user)
            .password(self.password.expose_secret())
            .application_name("tenure")
            .connect_timeout(Duration::from_secs(10))
            .tcp_user_timeout(Duration::from_secs(60))
            .options(OPTIONS);
        settings
    }

    pub(super) fn one(&mut self, database: u32, sql: &str) -> Result<String, ConnectorError> {
        let answer = self.batch(database, sql).map_err(|error| sqlstate::before_commit(&error))?;
        answer.into_iter().next().ok_or_else(|| unreadable("a row"))
    }

    pub(super) fn json<T: serde::de::DeserializeOwned>(
        &mut self,
        database: u32,
        sql: &str,
    ) -> Result<T, ConnectorError> {
        parse(&self.one(database, sql)?)
    }
}

enum ConnectionRefused {
    ByServer(BatchError),
    ByUs(String),
}

fn connect(
    mut settings: postgres::Config,
    config: &PostgresConfig,
    patience: Duration,
) -> Result<Client, ConnectionRefused> {
    let tls = match config.tls {
        TlsMode::VerifyFull => Some(MakeRustlsConnect::new(tls(config).map_err(ConnectionRefused::ByUs)?)),
        TlsMode::Disable | TlsMode::DisableAnywhere => None,
    };
    settings.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
    let connected = within(patience, move || match tls {
        Some(tls) => settings.connect(tls),
        None => settings.connect(NoTls),
    });
    let silence = || BatchError::Silence(format!("no reply to a login within {patience:?}"));
    connected.ok_or_else(silence).and_then(|made| made.map_err(BatchError::Answer)).map_err(ConnectionRefused::ByServer)
}

/// Runs a blocking call with a time limit; `None` when it is exceeded. The client has no time limit for a reply, so a
/// call in progress is abandoned on its thread, and its connection is closed with it.
fn within<T: Send + 'static>(patience: Duration, wait: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, receive) = mpsc::sync_channel(1);
    thread::spawn(move || {
        // The receiver is gone when the limit was exceeded first.
        let _ = done.send(wait());
    });
    receive.recv_timeout(patience).ok()
}

/// Verifies the certificate and the host name, as `sslmode=verify-full` does.
fn tls(config: &PostgresConfig) -> Result<rustls::ClientConfig, String> {
    let mut roots = rustls::RootCertStore::empty();
    match &config.ca {
        Some(path) => {
            let refuse = |why: String| format!("`ca` {}: {why}", path.display());
            let certificates = CertificateDer::pem_file_iter(path).map_err(|error| refuse(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
                roots.add(certificate).map_err(|error| refuse(error.to_string()))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
    }
    if roots.is_empty() {
        return Err("no certificate authority to trust; name one with `ca`".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, ConnectorError> {
    serde_json::from_str(text).map_err(|error| unreadable(&format!("in the expected format ({error})")))
}

fn unreadable(wanted: &str) -> ConnectorError {
    ConnectorError::Transient(format!("the reply of the server is not {wanted}"))
}

/// Connection options: reads cannot write, objects of the target cannot shadow a catalog, and all waits are limited.
const OPTIONS: &str = "-c search_path=pg_catalog -c default_transaction_read_only=on \
     -c standard_conforming_strings=on -c statement_timeout=60000 -c lock_timeout=5000 \
     -c idle_in_transaction_session_timeout=60000 -c client_min_messages=warning";

const OLDEST: u32 = 150_000;

/// Longer than the server's own statement timeout.
const PATIENCE: Duration = Duration::from_secs(90);
