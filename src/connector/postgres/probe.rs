//! Asks about objects that do not exist yet: creates one in a transaction that is rolled back.

use super::{
    catalog, decision_functions::each_role, request::AccessRequest, server_connections::ServerConnections, sqlstate,
};
use crate::model::Answer;
use serde::Deserialize;

/// The place of a probe, and its conditions.
#[derive(Deserialize)]
struct ProbePlace {
    definer: Option<String>,
    schema: Option<String>,
    event_triggers: bool,
    superuser: bool,
}

/// Returns whether the principal would have a privilege on an object that the definer creates. It can be asked only by
/// a role that may become the definer and create the object; all others get the reason.
pub(super) fn coming(server: &mut ServerConnections, version: u32, principal: u32, request: &AccessRequest) -> Answer {
    let AccessRequest::Coming { database, definer, schema, class, privilege } = request else {
        return Answer::CannotAsk("it is no request about objects to come".to_owned());
    };
    let place: ProbePlace = match server.json(*database, &place(*definer, *schema)) {
        Ok(place) => place,
        Err(error) => return Answer::CannotAsk(error.to_string()),
    };
    let Some(definer) = place.definer else { return Answer::Denied };
    let Some(schema) = place.schema else {
        return Answer::CannotAsk(format!("{definer} can create no object in the schema"));
    };
    if place.event_triggers && !(place.superuser && version >= SWITCHABLE_TRIGGERS) {
        return Answer::CannotAsk("a probe would fire the event triggers of the database".to_owned());
    }
    let Some((create, test)) = statements(class, &schema, privilege) else {
        return Answer::CannotAsk(format!("{class} cannot be probed"));
    };
    let quiet = if place.event_triggers { "SET LOCAL event_triggers = off; " } else { "" };
    let asked = if principal == 0 {
        format!("CASE WHEN {} THEN 'PUBLIC has it on a new object' END", test.replace("{role}", "'public'::name"))
    } else {
        each_role(principal, version, &test.replace("{role}", "r.oid"), "has it on a new object")
    };
    let batch = format!(
        "BEGIN READ WRITE; {quiet}SET LOCAL ROLE {definer}; {create}; RESET ROLE; SELECT coalesce({asked}, '')"
    );
    let answer = server.batch(*database, &batch);
    server.roll_back(*database);
    match answer {
        Ok(rows) => match rows.first().map(String::as_str) {
            None => Answer::CannotAsk("the server did not reply".to_owned()),
            Some("") => Answer::Denied,
            Some(how) => Answer::Allowed(how.to_owned()),
        },
        Err(error) => Answer::CannotAsk(format!("the probe failed: {}", sqlstate::before_commit(&error))),
    }
}

fn place(definer: u32, schema: u32) -> String {
    let wanted = if schema == 0 { "true".to_owned() } else { format!("n.oid = {schema}") };
    format!(
        "SELECT json_build_object(
 'definer', (SELECT quote_ident(rolname) FROM pg_roles WHERE oid = {definer}),
 'schema', (SELECT quote_ident(n.nspname) FROM pg_namespace n WHERE {wanted} AND n.nspname !~ '^pg_'
   AND has_schema_privilege({definer}::oid, n.oid, 'CREATE') ORDER BY n.oid LIMIT 1),
 'event_triggers', EXISTS (SELECT 1 FROM pg_event_trigger WHERE evtenabled <> 'D'),
 'superuser', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))"
    )
}

/// Returns the statement that creates an object, and the test whether a role has the privilege on it.
fn statements(class: &str, schema: &str, privilege: &str) -> Option<(String, String)> {
    let privilege = catalog::literal(privilege);
    let name = format!("{schema}.{PROBE}");
    let quoted = catalog::literal(&name);
    let routine = catalog::literal(&format!("{name}()"));
    Some(match class {
        "TABLES" => (
            format!("CREATE TABLE {name} (a int)"),
            format!("has_table_privilege({{role}}, {quoted}::regclass::oid, {privilege})"),
        ),
        "SEQUENCES" => (
            format!("CREATE SEQUENCE {name}"),
            format!("has_sequence_privilege({{role}}, {quoted}::regclass::oid, {privilege})"),
        ),
        "ROUTINES" => (
            format!("CREATE FUNCTION {name}() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
            format!("has_function_privilege({{role}}, {routine}::regprocedure::oid, {privilege})"),
        ),
        "TYPES" => (
            format!("CREATE TYPE {name} AS ENUM ()"),
            format!("has_type_privilege({{role}}, {quoted}::regtype::oid, {privilege})"),
        ),
        "SCHEMAS" => {
            (format!("CREATE SCHEMA {PROBE}"), format!("has_schema_privilege({{role}}, '{PROBE}', {privilege})"))
        }
        _ => return None,
    })
}

const PROBE: &str = "tenure_probe";

/// The first version in which a session can switch event triggers off.
const SWITCHABLE_TRIGGERS: u32 = 170_000;
