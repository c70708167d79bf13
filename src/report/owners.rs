//! `.github/CODEOWNERS`: whom a forge asks for a review of which files. It helps people; it is never trusted.

use crate::model::{Handle, PrincipalId, SystemId, file::System};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// What the routing is made from.
pub struct Routing<'a> {
    /// Who holds the root of trust.
    pub founders: BTreeSet<PrincipalId>,
    /// Whom else to ask for what concerns everybody.
    pub everybody: &'a [Handle],
    /// The systems, by id.
    pub systems: &'a BTreeMap<SystemId, System>,
    /// What the forge calls a principal.
    pub handles: &'a BTreeMap<PrincipalId, Handle>,
}

/// Returns the whole file: what concerns everybody is put to the founders, each system to those who answer for it.
pub fn code_owners(routing: &Routing<'_>) -> String {
    let mut text = format!(
        "# {MADE}\n# Routing helps people; it is never trusted. Who may sign what is in trust/, and is verified by signatures.\n"
    );
    let founders = routing.founders.iter();
    let common = asked(routing, founders.clone(), routing.everybody);
    for path in COMMON {
        line(&mut text, path, &common, routing.founders.iter());
    }
    for (id, system) in routing.systems {
        let answer = [Some(&system.owner), system.deputy.as_ref()].into_iter().flatten();
        let handles = asked(routing, answer.clone(), &[]);
        let _ = writeln!(text, "\n# {id}");
        for path in [format!("/systems/{id}.toml"), format!("/inventory/{id}/"), format!("/campaigns/*/reviews/{id}/")]
        {
            line(&mut text, &path, &handles, answer.clone());
        }
    }
    text
}

/// Returns whether a file is one that was made here, whoever has changed it since.
pub(super) fn is_made(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.strip_prefix("# ") == Some(MADE))
}

fn asked<'a>(
    routing: &Routing<'_>,
    people: impl Iterator<Item = &'a PrincipalId>,
    more: &[Handle],
) -> BTreeSet<Handle> {
    people.filter_map(|id| routing.handles.get(id).cloned()).chain(more.iter().cloned()).collect()
}

/// A path without owners would take the review away from everybody; it is written as a remark that says what is missing.
fn line<'a>(text: &mut String, path: &str, handles: &BTreeSet<Handle>, people: impl Iterator<Item = &'a PrincipalId>) {
    let _ = if handles.is_empty() {
        let names: Vec<_> = people.map(PrincipalId::as_str).collect();
        writeln!(text, "# {path} nobody: no `handle` in principals.toml of {}", names.join(", "))
    } else {
        let handles: Vec<_> = handles.iter().map(Handle::as_str).collect();
        writeln!(text, "{path} {}", handles.join(" "))
    };
}

const MADE: &str = "Made by `tenure codeowners --write`; what is changed here by hand is lost there.";
/// What concerns everybody.
const COMMON: [&str; 11] = [
    "/.github/",
    "/attestations/",
    "/campaigns/",
    "/delegations/",
    "/exceptions/",
    "/governance.toml",
    "/policies/",
    "/principals/",
    "/principals.toml",
    "/systems/",
    "/trust/",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_is_put_to_those_who_answer_for_it() {
        let system = |id: &str, deputy: &str| -> System {
            toml::from_str(&format!(
                "schema = \"tenure/system/v1\"\nsystem = \"{id}\"\nconnector = \"hosts\"\nowner = \"ana\"\n{deputy}tier = \"T2\"\n\
                 remediation = \"automatic\"\n[settings]\n"
            ))
            .unwrap()
        };
        let id = |text: &str| PrincipalId::parse(text).unwrap();
        let handle = |text: &str| Handle::parse(text).unwrap();
        let systems = BTreeMap::from(
            [("web-1", "deputy = \"ben\"\n"), ("web-2", "")]
                .map(|(name, deputy)| (SystemId::parse(name).unwrap(), system(name, deputy))),
        );
        let handles = BTreeMap::from([(id("ben"), handle("@ben-okafor")), (id("mia"), handle("@mia"))]);
        let everybody = [handle("@acme/access")];
        let founders = BTreeSet::from([id("mia"), id("ana")]);
        let text = code_owners(&Routing { founders, everybody: &everybody, systems: &systems, handles: &handles });
        insta::assert_snapshot!(text, @"
        # Made by `tenure codeowners --write`; what is changed here by hand is lost there.
        # Routing helps people; it is never trusted. Who may sign what is in trust/, and is verified by signatures.
        /.github/ @acme/access @mia
        /attestations/ @acme/access @mia
        /campaigns/ @acme/access @mia
        /delegations/ @acme/access @mia
        /exceptions/ @acme/access @mia
        /governance.toml @acme/access @mia
        /policies/ @acme/access @mia
        /principals/ @acme/access @mia
        /principals.toml @acme/access @mia
        /systems/ @acme/access @mia
        /trust/ @acme/access @mia

        # web-1
        /systems/web-1.toml @ben-okafor
        /inventory/web-1/ @ben-okafor
        /campaigns/*/reviews/web-1/ @ben-okafor

        # web-2
        # /systems/web-2.toml nobody: no `handle` in principals.toml of ana
        # /inventory/web-2/ nobody: no `handle` in principals.toml of ana
        # /campaigns/*/reviews/web-2/ nobody: no `handle` in principals.toml of ana
        ");
    }
}
