//! Expressions that ask the server's own decision functions, for every role that a principal can become.

use super::{catalog, grant_key::DatabaseObject, request::AccessRequest};

/// Returns the expression that is null when the request is denied, and states how it is permitted otherwise.
pub(super) fn expression(
    principal: u32,
    request: &AccessRequest,
    version: u32,
    sees_passwords: bool,
) -> Result<String, String> {
    let role_function = |role: u32, how: &str| {
        format!(
            "CASE WHEN pg_has_role({principal}::oid, {role}::oid, '{how}') THEN 'pg_has_role answers yes to {how}' END"
        )
    };
    Ok(match request {
        AccessRequest::ActAs(role) => role_function(*role, becoming(version)),
        AccessRequest::Administer(role) => role_function(*role, "MEMBER WITH ADMIN OPTION"),
        AccessRequest::Inherit(role) => role_function(*role, "USAGE"),
        AccessRequest::Attribute(attribute) => {
            let column = match attribute.as_str() {
                "superuser" => "rolsuper",
                "createrole" => "rolcreaterole",
                "createdb" => "rolcreatedb",
                "replication" => "rolreplication",
                "bypassrls" => "rolbypassrls",
                _ => return Err(format!("`{attribute}` is not an attribute of this version")),
            };
            each_role(principal, version, &format!("r.{column}"), &format!("has {}", attribute.to_uppercase()))
        }
        AccessRequest::LogIn => {
            format!("(SELECT 'pg_roles shows LOGIN'::text FROM pg_roles WHERE oid = {principal} AND rolcanlogin)")
        }
        AccessRequest::LogInAfter(time) => format!(
            "(SELECT 'pg_roles shows a later VALID UNTIL'::text FROM pg_roles WHERE oid = {principal} AND rolcanlogin
               AND coalesce(rolvaliduntil > to_timestamp({time}), true))"
        ),
        AccessRequest::LogInBeside(sessions) => format!(
            "(SELECT 'pg_roles shows a higher CONNECTION LIMIT'::text FROM pg_roles WHERE oid = {principal} AND rolcanlogin
               AND (rolconnlimit < 0 OR rolconnlimit > {sessions}))"
        ),
        AccessRequest::Password(_) if !sees_passwords => return Err("no SELECT on pg_authid".to_owned()),
        AccessRequest::Password(fingerprint) => format!(
            "(SELECT 'pg_authid has this password, and it is valid'::text FROM pg_authid r WHERE r.oid = {principal}
               AND r.rolcanlogin AND {} = {} AND coalesce(r.rolvaliduntil > now(), true))",
            catalog::PASSWORD,
            catalog::literal(fingerprint)
        ),
        AccessRequest::Coming { .. } => return Err("it is asked by a probe".to_owned()),
        AccessRequest::Privilege { on, any_column, privilege, option } => {
            let option = if *option { " WITH GRANT OPTION" } else { "" };
            let privilege = catalog::literal(&format!("{privilege}{option}"));
            let function = privilege_function(on, *any_column, version)?;
            let test = |role: &str| {
                let usage = usage_of_schema(on, role);
                format!("{}{usage}", function.replace("{role}", role).replace("{privilege}", &privilege))
            };
            let name = function.split('(').next().unwrap_or_default();
            if principal == 0 {
                format!("CASE WHEN {} THEN '{name} answers yes for PUBLIC' END", test("'public'::name"))
            } else {
                each_role(principal, version, &test("r.oid"), &format!("{name} answers yes"))
            }
        }
    })
}

/// Returns the expression that is true for some role that the principal is or can become.
pub(super) fn each_role(principal: u32, version: u32, test: &str, words: &str) -> String {
    // Materialized, so that the functions are called for these roles alone.
    format!(
        "(WITH RECURSIVE up(oid) AS (SELECT {principal}::oid
            UNION SELECT m.roleid FROM up JOIN pg_auth_members m ON m.member = up.oid),
          owners(oid) AS (SELECT oid FROM pg_roles WHERE rolname = 'pg_database_owner'),
          near AS MATERIALIZED (SELECT r.* FROM pg_roles r WHERE r.oid IN (SELECT oid FROM up UNION SELECT oid FROM owners)),
          reach AS MATERIALIZED (SELECT * FROM near r WHERE r.oid = {principal} OR pg_has_role({principal}::oid, r.oid, '{}'))
          SELECT min('{words}, for role ' || r.rolname) FROM reach r WHERE {test})",
        becoming(version)
    )
}

/// Returns the expression that is true when `{role}` has a privilege on an object; `None` when the version has no
/// function for it.
pub(super) fn has_right(on: &DatabaseObject, privilege: &str, version: u32) -> Option<String> {
    let function = privilege_function(on, false, version).ok()?;
    Some(function.replace("{privilege}", &catalog::literal(privilege)))
}

/// Before version 16, every member can become the role.
fn becoming(version: u32) -> &'static str {
    if version >= 160_000 { "SET" } else { "MEMBER" }
}

fn privilege_function(on: &DatabaseObject, any_column: bool, version: u32) -> Result<String, String> {
    let DatabaseObject { class, oid, column, .. } = on;
    let function = match class.as_str() {
        "table" if *column != 0 => {
            return Ok(format!("has_column_privilege({{role}}, {oid}::oid, {column}::int2, {{privilege}})"));
        }
        "table" if any_column => "has_any_column_privilege",
        "table" => "has_table_privilege",
        "sequence" => "has_sequence_privilege",
        "schema" => "has_schema_privilege",
        "routine" => "has_function_privilege",
        "type" => "has_type_privilege",
        "language" => "has_language_privilege",
        "wrapper" => "has_foreign_data_wrapper_privilege",
        "server" => "has_server_privilege",
        "database" => "has_database_privilege",
        "tablespace" => "has_tablespace_privilege",
        "parameter" => {
            let name = format!("(SELECT parname FROM pg_parameter_acl WHERE oid = {oid})");
            return Ok(format!("has_parameter_privilege({{role}}, {name}, {{privilege}})"));
        }
        "large-object" if version >= 180_000 => "has_largeobject_privilege",
        _ => return Err(format!("this version has no function for a {class}")),
    };
    Ok(format!("{function}({{role}}, {oid}::oid, {{privilege}})"))
}

/// A right on an object is of no use without USAGE of its schema.
fn usage_of_schema(on: &DatabaseObject, role: &str) -> String {
    let (catalog, column) = match on.class.as_str() {
        "table" | "sequence" => ("pg_class", "relnamespace"),
        "routine" => ("pg_proc", "pronamespace"),
        "type" => ("pg_type", "typnamespace"),
        _ => return String::new(),
    };
    format!(" AND has_schema_privilege({role}, (SELECT {column} FROM {catalog} WHERE oid = {}), 'USAGE')", on.oid)
}
