//! Control totals: counts the same grants independently of the listing.

use super::{catalog, read_scope::ReadScope, server_connections::ServerConnections, sqlstate};
use crate::{
    connector::{ConnectorError, ControlTotal},
    model::GrantKind,
};

/// Counts views where the listing reads tables, letters of access control lists where it reads exploded rows, and owner
/// columns where it reads `pg_shdepend`.
pub(super) fn control_totals(server: &mut ServerConnections) -> Result<Vec<ControlTotal>, ConnectorError> {
    let open = server.open_databases()?;
    let facts = server.read_snapshot(&ReadScope::Cluster, "")?;
    let sees_passwords = server.sees_passwords;
    let [accounts, attributes, passwords, members, mut owned, mut privileges] =
        count(server, 0, &cluster(sees_passwords))?;
    for (oid, _) in open {
        let [owned_there, privileges_there] = count(server, oid, &objects())?;
        owned += owned_there;
        privileges += privileges_there;
    }
    owned += facts.cluster.owned_elsewhere.len() as u64;
    let total = |kind, count, source: &str| ControlTotal { kind, count, source: source.to_owned() };
    let mut totals = vec![
        total(GrantKind::Account, accounts, "rows of pg_user and pg_group, without the server's own"),
        total(GrantKind::Attribute, attributes, "true columns of pg_roles, without the server's own"),
        total(GrantKind::Membership, members, "rows of pg_auth_members, without the server's own"),
        total(GrantKind::Ownership, owned, "owner columns of the catalogs"),
        total(GrantKind::Privilege, privileges, "letters in access control lists"),
    ];
    if sees_passwords {
        totals.push(total(GrantKind::Credential, passwords, "passwords in pg_shadow, and of roles without login"));
    }
    Ok(totals)
}

fn count<const N: usize>(server: &mut ServerConnections, database: u32, sql: &str) -> Result<[u64; N], ConnectorError> {
    let unreadable = || ConnectorError::Transient("the reply of the server is not a row of numbers".to_owned());
    let answer = server.batch(database, sql).map_err(|error| sqlstate::before_commit(&error))?;
    let row = answer.first().ok_or_else(unreadable)?;
    let numbers: Result<Vec<u64>, _> = row.split(' ').map(str::parse).collect();
    numbers.ok().and_then(|numbers| numbers.try_into().ok()).ok_or_else(unreadable)
}

fn cluster(sees_passwords: bool) -> String {
    let passwords = if sees_passwords {
        "(SELECT count(*) FROM pg_shadow WHERE passwd IS NOT NULL)
         + (SELECT count(*) FROM pg_authid WHERE NOT rolcanlogin AND rolpassword IS NOT NULL)"
    } else {
        "0"
    };
    format!(
        "SELECT concat_ws(' ',
 (SELECT count(*) FROM pg_user WHERE usename !~ '^pg_') + (SELECT count(*) FROM pg_group WHERE groname !~ '^pg_'),
 (SELECT coalesce(sum(rolsuper::int + rolcreatedb::int + rolcreaterole::int + rolreplication::int + rolbypassrls::int), 0)
   FROM pg_roles WHERE rolname !~ '^pg_'),
 {passwords},
 (SELECT count(*) FROM pg_auth_members WHERE member >= 16384 OR member = 10),
 (SELECT count(*) FROM pg_database WHERE datname NOT IN ('template0', 'template1'))
   + (SELECT count(*) FROM pg_tablespace WHERE oid >= 16384)
   + (SELECT count(oid) FROM pg_subscription WHERE subowner >= 16384),
 (SELECT coalesce(sum({LETTERS}), 0) FROM (
     SELECT datacl, datdba FROM pg_database WHERE datname <> 'template0'
     UNION ALL SELECT spcacl, spcowner FROM pg_tablespace
     UNION ALL SELECT paracl, 10 FROM pg_parameter_acl) o(acl, owner), unnest(o.acl) item WHERE {NOT_OWNER})
   + 2 * (SELECT count(*) FROM pg_database WHERE datacl IS NULL AND datname <> 'template0'))"
    )
}

fn objects() -> String {
    let lists = catalog::OBJECTS;
    format!(
        "WITH o(class, catalog, object, sub, owner, acl, plain, name, col) AS ({lists})
 SELECT concat_ws(' ', {OWNED},
 (SELECT coalesce(sum({LETTERS}), 0) FROM o, unnest(o.acl) item
   WHERE (o.object >= 16384 OR o.object = 2200) AND {NOT_OWNER})
   + (SELECT count(*) FROM o WHERE o.object >= 16384 AND o.acl IS NULL AND o.class IN ('routine', 'type', 'language'))
   + (SELECT count(*) FROM o LEFT JOIN pg_init_privs i
       ON i.objoid = o.object AND i.classoid = o.catalog AND i.objsubid = o.sub, LATERAL (
       SELECT grantee, grantor, privilege_type FROM {present} WHERE grantee <> o.owner
       EXCEPT SELECT grantee, grantor, privilege_type FROM {initial}) a
     WHERE o.object < 16384 AND o.object <> 2200 AND NOT {information_schema})
   + (SELECT coalesce(sum({LETTERS}), 0) FROM (SELECT defaclacl, defaclrole FROM pg_default_acl) o(acl, owner),
       unnest(o.acl) item WHERE {NOT_OWNER}))",
        initial = catalog::exploded("coalesce(i.initprivs, o.plain)"),
        present = catalog::exploded("o.acl"),
        information_schema = catalog::INFORMATION_SCHEMA,
    )
}

/// The letters of an access control list entry `grantee=letters/grantor`; a star after a letter is the grant option
/// (documentation, table 5.1).
const LETTERS: &str =
    "length(replace(substring(item::text FROM '^(?:\"(?:[^\"]|\"\")*\"|[^\"=]*)=([A-Za-z*]*)/'), '*', ''))";

const NOT_OWNER: &str = "(SELECT bool_and(e.grantee <> o.owner) FROM aclexplode(ARRAY[item]) e)";

/// Owner columns. Rare kinds are listed and counted only for user roles.
const OWNED: &str = "
 (SELECT count(*) FROM pg_class WHERE (oid >= 16384 OR relowner >= 16384) AND relkind IN ('r', 'v', 'm', 'f', 'p', 'S')
   AND relpersistence <> 't')
 + (SELECT count(*) FROM pg_namespace WHERE (oid >= 16384 OR oid = 2200 OR nspowner >= 16384)
   AND nspname !~ '^pg_(toast_)?temp_')
 + (SELECT count(*) FROM pg_proc WHERE oid >= 16384 OR proowner >= 16384)
 + (SELECT count(*) FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
   WHERE (t.oid >= 16384 OR t.typowner >= 16384) AND t.typtype IN ('b', 'd', 'e', 'r', 'c')
   AND (t.typrelid = 0 OR c.relkind = 'c') AND NOT EXISTS (SELECT 1 FROM pg_type e WHERE e.typarray = t.oid))
 + (SELECT count(*) FROM pg_foreign_server WHERE oid >= 16384 OR srvowner >= 16384)
 + (SELECT count(*) FROM pg_foreign_data_wrapper WHERE oid >= 16384 OR fdwowner >= 16384)
 + (SELECT count(*) FROM pg_largeobject_metadata)
 + (SELECT count(*) FROM (SELECT collowner AS owner FROM pg_collation UNION ALL SELECT conowner FROM pg_conversion
   UNION ALL SELECT oprowner FROM pg_operator UNION ALL SELECT opcowner FROM pg_opclass
   UNION ALL SELECT opfowner FROM pg_opfamily UNION ALL SELECT dictowner FROM pg_ts_dict
   UNION ALL SELECT cfgowner FROM pg_ts_config UNION ALL SELECT pubowner FROM pg_publication
   UNION ALL SELECT evtowner FROM pg_event_trigger UNION ALL SELECT extowner FROM pg_extension
   UNION ALL SELECT stxowner FROM pg_statistic_ext UNION ALL SELECT lanowner FROM pg_language
   UNION ALL SELECT umuser FROM pg_user_mappings) rare WHERE rare.owner >= 16384)";
