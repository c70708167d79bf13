//! Compares the access lists that a change touches, and the effective access of the roles concerned, before and after it
//! in the same transaction.
//!
//! No row may be added, and only the rows that the action names may be removed: then no role gains access, and only those
//! lose it that had it through the named right.

use super::{
    catalog::{OBJECTS, array, exploded, letter, literal},
    decision_functions::has_right,
    grant_key::PostgresGrantKey,
    identifiers::visible,
};
use crate::{
    connector::ConnectorError,
    model::{AccessChange, AccessLoss},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The state of what a change touches.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct TouchedAccess {
    /// Rows by grant key, with their options.
    rows: Vec<(String, String)>,
    /// The names of the roles that have the right.
    holders: Vec<String>,
}

/// A change, as far as it may touch access lists.
pub(super) struct TouchingChange<'a> {
    pub(super) key: &'a PostgresGrantKey,
    pub(super) change: &'a AccessChange,
    /// The grants that the statements remove.
    pub(super) removes: Vec<PostgresGrantKey>,
    /// The name of the holder, whose loss is the decision.
    pub(super) holder: &'a str,
    pub(super) loses: &'a [AccessLoss],
}

impl TouchingChange<'_> {
    /// Returns the query for the state; `database` is 0 for the cluster.
    pub(super) fn query(&self, version: u32) -> String {
        let mut objects: BTreeMap<(u32, bool), BTreeSet<u32>> = BTreeMap::new();
        let mut parts: BTreeSet<String> = BTreeSet::new();
        for key in self.removes.iter().chain(std::iter::once(self.key)) {
            match key {
                PostgresGrantKey::Privilege { on, .. } => {
                    objects.entry((on.database, on.database == 0)).or_default().insert(on.oid);
                }
                PostgresGrantKey::Membership { role, .. } => {
                    parts.insert(memberships(&format!("m.roleid = {role}"), version));
                }
                PostgresGrantKey::Default { database, definer, class, .. } => {
                    parts.insert(defaults(*database, *definer, class));
                }
                PostgresGrantKey::Account { role } if *self.change == (AccessChange::Revoke {}) => {
                    parts.insert(memberships(&format!("m.roleid = {role} OR m.member = {role}"), version));
                }
                _ => {}
            }
        }
        for ((database, shared), oids) in objects {
            let oids: Vec<u32> = oids.into_iter().collect();
            parts.insert(if shared { shared_entries(&oids) } else { entries(database, &oids) });
        }
        if parts.is_empty() {
            parts.insert("SELECT NULL::text, NULL::text WHERE false".to_owned());
        }
        format!(
            "SELECT json_build_object('rows', (SELECT coalesce(json_agg(json_build_array(k, o)), '[]') FROM ({}) s(k, o)),
 'holders', {})",
            parts.into_iter().collect::<Vec<_>>().join("\n UNION ALL "),
            self.holders(version)
        )
    }

    /// Those who have the right through the holder: its members.
    fn holders(&self, version: u32) -> String {
        let holder = self.key.holder();
        let test = match self.key {
            PostgresGrantKey::Privilege { on, privilege, .. } if matches!(self.change, AccessChange::Revoke {}) => {
                has_right(on, privilege, version)
            }
            PostgresGrantKey::Membership { role, .. } if matches!(self.change, AccessChange::Revoke {}) => {
                Some(format!("pg_has_role({{role}}, {role}::oid, 'MEMBER')"))
            }
            _ => None,
        };
        // A decision about PUBLIC is about all roles.
        let Some(test) = test.filter(|_| holder != 0) else { return "'[]'::json".to_owned() };
        let members = format!(
            "r.oid IN (WITH RECURSIVE down(oid) AS ((SELECT {holder}::oid UNION SELECT b.datdba FROM pg_database b, pg_roles p
       WHERE b.datname = current_database() AND p.oid = {holder} AND p.rolname = 'pg_database_owner')
     UNION SELECT m.member FROM down JOIN pg_auth_members m ON m.roleid = down.oid) SELECT oid FROM down)"
        );
        let becoming = if version >= 160_000 { "SET" } else { "MEMBER" };
        format!(
            "(SELECT coalesce(json_agg(r.rolname ORDER BY r.rolname), '[]') FROM pg_roles r
   WHERE {members} AND r.rolname !~ '^pg_' AND ({own} OR EXISTS (
     WITH RECURSIVE up(oid) AS (SELECT r.oid
       UNION SELECT m.roleid FROM up JOIN pg_auth_members m ON m.member = up.oid)
     SELECT 1 FROM up WHERE up.oid <> r.oid AND pg_has_role(r.oid, up.oid, '{becoming}') AND {other})))",
            own = test.replace("{role}", "r.oid"),
            other = test.replace("{role}", "up.oid")
        )
    }

    /// Checks that a change has only the effects that it names.
    ///
    /// # Errors
    /// The first other effect.
    pub(super) fn compare(&self, before: &TouchedAccess, after: &TouchedAccess) -> Result<(), ConnectorError> {
        let failed = |text: String| Err(ConnectorError::PreconditionFailed(format!("{text}; rolled back")));
        let map = |state: &TouchedAccess| state.rows.iter().cloned().collect::<BTreeMap<String, String>>();
        let (was, is) = (map(before), map(after));
        let own = self.key.to_string();
        let dropped = match (self.key, self.change) {
            (PostgresGrantKey::Account { role }, AccessChange::Revoke {}) => Some(*role),
            _ => None,
        };
        let named: BTreeSet<String> = self.removes.iter().map(ToString::to_string).collect();
        for (key, options) in &is {
            let may_change = *key == own && matches!(self.change, AccessChange::Reduce { .. });
            match was.get(key) {
                None if dropped.is_some_and(|role| restores(key, role)) => {}
                None => return failed(format!("it would grant {key}")),
                Some(old) if old != options && !(may_change && is_less(old, options)) => {
                    return failed(format!("it would change {key} from `{old}` to `{options}`"));
                }
                Some(_) => {}
            }
        }
        for key in was.keys().filter(|key| !is.contains_key(*key)) {
            let with_role = dropped.is_some_and(|role| {
                key.starts_with(&format!("membership:{role}/"))
                    || key.strip_prefix("membership:").and_then(|ids| ids.split('/').nth(1)) == Some(&role.to_string())
            });
            if !named.contains(key) && !with_role {
                return failed(format!("it would revoke {key} as well, which the plan does not name"));
            }
        }
        let displayed = |names: &[String]| names.iter().map(|name| visible(name)).collect::<BTreeSet<String>>();
        let (had, has) = (displayed(&before.holders), displayed(&after.holders));
        if let Some(gains) = has.difference(&had).next() {
            return failed(format!("{gains} would gain access"));
        }
        let is_named = |name: &str| name == self.holder || self.loses.iter().any(|loss| loss.principal == name);
        if let Some(loses) = had.difference(&has).find(|name| !is_named(name)) {
            return failed(format!("{loses} would lose the access as well, which the plan does not name"));
        }
        Ok(())
    }
}

/// The built-in privileges of PUBLIC on objects to come of a role that is dropped afterwards.
fn restores(key: &str, role: u32) -> bool {
    let Some(rest) = key.strip_prefix("default:") else { return false };
    let parts: Vec<&str> = rest.split('/').collect();
    parts.get(1) == Some(&role.to_string().as_str()) && parts.last() == Some(&"0")
}

/// Each option is `t` or `f`.
fn is_less(old: &str, new: &str) -> bool {
    old.len() == new.len() && old.bytes().zip(new.bytes()).all(|(old, new)| old == new || (old, new) == (b't', b'f'))
}

fn memberships(condition: &str, version: u32) -> String {
    let grantor = if version >= 160_000 { " || '/' || m.grantor" } else { "" };
    format!(
        "SELECT 'membership:' || m.roleid || '/' || m.member{grantor}, concat(m.admin_option::text::\"char\",
   coalesce(to_jsonb(m) ->> 'inherit_option', 't')::\"char\", coalesce(to_jsonb(m) ->> 'set_option', 't')::\"char\")
 FROM pg_auth_members m WHERE {condition}"
    )
}

fn defaults(database: u32, definer: u32, class: &str) -> String {
    // A default that equals the built-in one is not stored.
    let letter = letter(class);
    let built_in = if letter == 'S' { 's' } else { letter };
    format!(
        "SELECT concat_ws('/', 'default:{database}', {definer}, d.schema, '{class}', replace(a.privilege_type, ' ', '-'),
   a.grantee), a.is_grantable::text::\"char\"::text
 FROM (SELECT 0::oid, coalesce((SELECT defaclacl FROM pg_default_acl WHERE defaclrole = {definer} AND defaclnamespace = 0
     AND defaclobjtype = '{letter}'), acldefault('{built_in}', {definer}))
   UNION ALL SELECT defaclnamespace, defaclacl FROM pg_default_acl
   WHERE defaclrole = {definer} AND defaclnamespace <> 0 AND defaclobjtype = '{letter}') d(schema, acl), {} a
 WHERE a.grantee <> {definer}",
        exploded("d.acl")
    )
}

fn entries(database: u32, oids: &[u32]) -> String {
    format!(
        "SELECT concat('privilege:{database}/', o.class, '/', o.object, CASE WHEN o.sub <> 0 THEN '.' || o.sub END, '/',
   replace(a.privilege_type, ' ', '-'), '/', a.grantee, '/', a.grantor), a.is_grantable::text::\"char\"::text
 FROM ({OBJECTS}) o(class, catalog, object, sub, owner, acl, plain, name, col), {} a WHERE o.object = ANY ({})",
        exploded("coalesce(o.acl, o.plain)"),
        array(oids)
    )
}

fn shared_entries(oids: &[u32]) -> String {
    let oids = array(oids);
    let part = |class: &str, table: &str, list: &str, plain: &str| {
        format!(
            "SELECT concat('privilege:0/', {}, '/', t.oid, '/', replace(a.privilege_type, ' ', '-'), '/', a.grantee, '/',
   a.grantor), a.is_grantable::text::\"char\"::text FROM {table} t, {} a
 WHERE t.oid = ANY ({oids}) AND NOT ({literal} = 'parameter' AND a.grantee = 10)",
            literal(class),
            exploded(&format!("coalesce({list}, {plain})")),
            literal = literal(class)
        )
    };
    [
        part("database", "pg_database", "t.datacl", "acldefault('d', t.datdba)"),
        part("tablespace", "pg_tablespace", "t.spcacl", "acldefault('t', t.spcowner)"),
        part("parameter", "pg_parameter_acl", "t.paracl", "acldefault('p', 10)"),
    ]
    .join(" UNION ALL ")
}

/// Returns the query for what would prevent that a role is dropped: in the current database, if `here`, in the cluster,
/// and in the databases that the action does not touch.
pub(super) fn obstacles(role: u32, here: bool, touched: &[u32]) -> String {
    let current = "(SELECT oid FROM pg_database WHERE datname = current_database())";
    let there = if here { format!("d.dbid = {current}") } else { "d.dbid = 0 AND d.deptype <> 'a'".to_owned() };
    let other = if here { format!("AND d.dbid <> {current}") } else { String::new() };
    format!(
        "SELECT concat_ws('; ',
 (SELECT string_agg(pg_describe_object(d.classid, d.objid, d.objsubid), '; ') FROM pg_shdepend d
   WHERE d.refclassid = 1260 AND d.refobjid = {role} AND {there}),
 (SELECT string_agg(DISTINCT 'objects or privileges in database ' || b.datname, '; ')
   FROM pg_shdepend d JOIN pg_database b ON b.oid = d.dbid
   WHERE d.refclassid = 1260 AND d.refobjid = {role} AND NOT (d.dbid = ANY ({touched})) {other}))",
        touched = array(touched)
    )
}
