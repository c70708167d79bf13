//! Requests to the server's own decision functions, in a form that evidence can carry.

use super::grant_key::{DatabaseObject, PostgresGrantKey};
use crate::model::{Timestamp, Witness};

/// One request that the server can decide.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum AccessRequest {
    /// To become a role.
    ActAs(u32),
    /// To grant a role to others.
    Administer(u32),
    /// To use an attribute of a role.
    Attribute(String),
    /// To have a privilege on an object that will be created.
    Coming { database: u32, definer: u32, schema: u32, class: String, privilege: String },
    /// To use the rights of a role without SET ROLE.
    Inherit(u32),
    /// To log in.
    LogIn,
    /// To log in after this time, in seconds since 1970.
    LogInAfter(i64),
    /// To log in with this number of sessions open.
    LogInBeside(u16),
    /// To log in with the stored password that has this fingerprint.
    Password(String),
    /// To use a privilege on an object; on any column, if so; or to grant it.
    Privilege { on: DatabaseObject, any_column: bool, privilege: String, option: bool },
}

/// Returns the witness of a request by the role with this oid; 0 is PUBLIC. `words` are for readers.
pub(super) fn witness(principal: u32, request: &AccessRequest, words: &str) -> Witness {
    let words: String = words.chars().take(LONGEST_WORDS).collect();
    let mut end = words.len().min(LONGEST_WORDS);
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    let words = words.get(..end).unwrap_or_default();
    Witness { principal: principal.to_string(), request: format!("{words} [{}]", id(request)) }
}

/// Parses a witness; `None` when it is not one of this connector.
pub(super) fn parse(witness: &Witness) -> Option<(u32, AccessRequest)> {
    let principal = witness.principal.parse().ok()?;
    let (_, id) = witness.request.strip_suffix(']')?.rsplit_once('[')?;
    let parts: Vec<&str> = id.split('/').collect();
    let oid = |part: &str| part.parse::<u32>().ok();
    let request = match parts.as_slice() {
        ["act-as", role] => AccessRequest::ActAs(oid(role)?),
        ["administer", role] => AccessRequest::Administer(oid(role)?),
        ["attribute", attribute] => AccessRequest::Attribute((*attribute).to_owned()),
        ["coming", database, definer, schema, class, privilege] => AccessRequest::Coming {
            database: oid(database)?,
            definer: oid(definer)?,
            schema: oid(schema)?,
            class: (*class).to_owned(),
            privilege: privilege.replace('-', " "),
        },
        ["inherit", role] => AccessRequest::Inherit(oid(role)?),
        ["log-in"] => AccessRequest::LogIn,
        ["log-in-after", time] => AccessRequest::LogInAfter(time.parse().ok()?),
        ["log-in-beside", sessions] => AccessRequest::LogInBeside(sessions.parse().ok()?),
        ["password", fingerprint] => AccessRequest::Password((*fingerprint).to_owned()),
        ["privilege" | "grant", database, class, object, privilege] => {
            let (object, column) = object.split_once('.').unwrap_or((object, "0"));
            AccessRequest::Privilege {
                on: DatabaseObject {
                    database: oid(database)?,
                    class: (*class).to_owned(),
                    oid: oid(object)?,
                    column: if column == "any" { 0 } else { column.parse().ok()? },
                },
                any_column: column == "any",
                privilege: privilege.replace('-', " "),
                option: parts.first() == Some(&"grant"),
            }
        }
        _ => return None,
    };
    Some((principal, request))
}

impl AccessRequest {
    /// Returns the request that uses a right.
    pub(super) fn of(key: &PostgresGrantKey, option: bool) -> Option<Self> {
        Some(match key {
            PostgresGrantKey::Account { .. } => Self::LogIn,
            PostgresGrantKey::Attribute { attribute, .. } => Self::Attribute(attribute.clone()),
            PostgresGrantKey::Default { database, definer, schema, class, privilege, .. } => Self::Coming {
                database: *database,
                definer: *definer,
                schema: *schema,
                class: class.clone(),
                privilege: privilege.clone(),
            },
            PostgresGrantKey::Membership { role, .. } => Self::ActAs(*role),
            PostgresGrantKey::Ownership { .. } => return None,
            PostgresGrantKey::Password { fingerprint, .. } => Self::Password(fingerprint.clone()),
            PostgresGrantKey::Privilege { on, privilege, .. } => {
                Self::Privilege { on: on.clone(), any_column: false, privilege: privilege.clone(), option }
            }
        })
    }

    /// Returns the request that a limit of an account excludes, with its words.
    pub(super) fn beyond(attribute: &str, value: &str) -> Option<(Self, String)> {
        if attribute == "valid-until" {
            let until = Timestamp::parse(value).ok()?.unix();
            return Some((Self::LogInAfter(until), format!("log in after {value}")));
        }
        let limit = value.parse().ok()?;
        Some((Self::LogInBeside(limit), format!("log in beside {limit} open sessions")))
    }

    /// Returns the database in which the server has to be asked; 0 for any.
    pub(super) fn database(&self) -> u32 {
        match self {
            Self::Coming { database, .. } => *database,
            Self::Privilege { on, .. } => on.database,
            _ => 0,
        }
    }
}

fn id(request: &AccessRequest) -> String {
    let dashed = |privilege: &str| privilege.replace(' ', "-");
    match request {
        AccessRequest::ActAs(role) => format!("act-as/{role}"),
        AccessRequest::Administer(role) => format!("administer/{role}"),
        AccessRequest::Attribute(attribute) => format!("attribute/{attribute}"),
        AccessRequest::Coming { database, definer, schema, class, privilege } => {
            format!("coming/{database}/{definer}/{schema}/{class}/{}", dashed(privilege))
        }
        AccessRequest::Inherit(role) => format!("inherit/{role}"),
        AccessRequest::LogIn => "log-in".to_owned(),
        AccessRequest::LogInAfter(time) => format!("log-in-after/{time}"),
        AccessRequest::LogInBeside(sessions) => format!("log-in-beside/{sessions}"),
        AccessRequest::Password(fingerprint) => format!("password/{fingerprint}"),
        AccessRequest::Privilege { on, any_column, privilege, option } => {
            let kind = if *option { "grant" } else { "privilege" };
            let any = if *any_column { ".any" } else { "" };
            format!("{kind}/{on}{any}/{}", dashed(privilege))
        }
    }
}

/// The maximum number of bytes of the words, so that a witness fits into evidence.
const LONGEST_WORDS: usize = 240;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn witness_round_trips() {
        let on = |column| DatabaseObject { database: 5, class: "table".to_owned(), oid: 16_410, column };
        let privilege = |column, any_column, option| AccessRequest::Privilege {
            on: on(column),
            any_column,
            privilege: "ALTER SYSTEM".to_owned(),
            option,
        };
        for request in [
            AccessRequest::ActAs(7),
            AccessRequest::Administer(7),
            AccessRequest::Attribute("superuser".to_owned()),
            AccessRequest::Coming {
                database: 5,
                definer: 7,
                schema: 0,
                class: "TABLES".to_owned(),
                privilege: "SELECT".to_owned(),
            },
            AccessRequest::Inherit(7),
            AccessRequest::LogIn,
            AccessRequest::LogInAfter(1_800_000_000),
            AccessRequest::LogInBeside(3),
            AccessRequest::Password("0a".repeat(32)),
            privilege(0, false, false),
            privilege(2, false, true),
            privilege(0, true, false),
        ] {
            let witness = witness(9, &request, &"[é] ".repeat(200));
            assert!(witness.request.len() <= 400, "{witness}");
            assert_eq!(parse(&witness), Some((9, request)));
        }
    }
}
