//! Renders `.github/CODEOWNERS`, which routes review requests of a forge. It is a convenience and never trusted.

use crate::model::{Handle, PrincipalId, SystemId, file::System};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// The inputs of the routing.
pub struct CodeownersInputs<'a> {
    /// The holders of the root of trust.
    pub founders: BTreeSet<PrincipalId>,
    /// Further owners of shared files.
    pub everybody: &'a [Handle],
    /// The systems, by id.
    pub systems: &'a BTreeMap<SystemId, System>,
    /// Returns the login name of a principal on the forge.
    pub handles: &'a BTreeMap<PrincipalId, Handle>,
}

/// Returns the file: shared files are owned by the founders, each system by its owner and deputy.
pub fn code_owners(routing: &CodeownersInputs<'_>) -> String {
    let mut text = format!(
        "# {MADE}\n# Code owners are a convenience and never trusted. trust/ defines the permitted signers, which signatures prove.\n"
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

/// Returns whether a file was generated here, even if it was edited since.
pub(super) fn is_made(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.strip_prefix("# ") == Some(MADE))
}

fn asked<'a>(
    routing: &CodeownersInputs<'_>,
    people: impl Iterator<Item = &'a PrincipalId>,
    more: &[Handle],
) -> BTreeSet<Handle> {
    people.filter_map(|id| routing.handles.get(id).cloned()).chain(more.iter().cloned()).collect()
}

/// A path without owners would disable review requests for it, so a comment names the missing handles instead.
fn line<'a>(text: &mut String, path: &str, handles: &BTreeSet<Handle>, people: impl Iterator<Item = &'a PrincipalId>) {
    let _ = if handles.is_empty() {
        let names: Vec<_> = people.map(PrincipalId::as_str).collect();
        writeln!(text, "# {path} no owner: principals.toml has no `handle` for {}", names.join(", "))
    } else {
        let handles: Vec<_> = handles.iter().map(Handle::as_str).collect();
        writeln!(text, "{path} {}", handles.join(" "))
    };
}

const MADE: &str = "Made by `tenure codeowners --write`; what is changed here by hand is lost there.";
/// Shared files.
const COMMON: [&str; 12] = [
    "/.github/",
    "/attestations/",
    "/campaigns/",
    "/delegations/",
    "/exceptions/",
    "/governance.toml",
    "/inventory/",
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
        let text =
            code_owners(&CodeownersInputs { founders, everybody: &everybody, systems: &systems, handles: &handles });
        insta::assert_snapshot!(text, @"
        # Made by `tenure codeowners --write`; what is changed here by hand is lost there.
        # Routing helps people; it is never trusted. Who may sign what is in trust/, and is verified by signatures.
        /.github/ @acme/access @mia
        /attestations/ @acme/access @mia
        /campaigns/ @acme/access @mia
        /delegations/ @acme/access @mia
        /exceptions/ @acme/access @mia
        /governance.toml @acme/access @mia
        /inventory/ @acme/access @mia
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
        # /systems/web-2.toml no owner: principals.toml has no `handle` for ana
        # /inventory/web-2/ no owner: principals.toml has no `handle` for ana
        # /campaigns/*/reviews/web-2/ no owner: principals.toml has no `handle` for ana
        ");
        let everybody = Some("@acme/access @mia");
        for (path, owners) in [
            ("campaigns/q4/reviews/web-1/ana.toml", Some("@ben-okafor")),
            ("campaigns/q4/reviews/web-1/ana.toml.ana.sig", Some("@ben-okafor")),
            ("campaigns/q4/reviews/web-10/ana.toml", everybody),
            ("campaigns/q4/campaign.toml", everybody),
            ("campaigns/q4/stages/1.toml", everybody),
            ("campaigns/q4/deep/reviews/web-1/ana.toml", everybody),
            ("inventory/web-1/grants/account.jsonl", Some("@ben-okafor")),
            ("inventory/web-2/observation.toml", everybody),
            ("systems/web-1.toml", Some("@ben-okafor")),
            ("systems/web-1.toml.bak", everybody),
            (".github/CODEOWNERS", everybody),
            ("trust/root/1.toml", everybody),
            ("docs/trust/x", None),
            ("README.md", None),
        ] {
            assert_eq!(asked_by_github(&text, path), owners, "{path}");
        }
    }

    /// Returns whom GitHub asks: of all lines that match a path the last one counts, a path that begins with a slash is one
    /// from the root, one that ends with it is a folder with all below, and a star stands for a part of one name ("About
    /// code owners", docs.github.com).
    fn asked_by_github<'a>(text: &'a str, path: &str) -> Option<&'a str> {
        let rules = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut matching = rules.filter_map(|line| line.split_once(' ')).filter(|(pattern, _)| {
            // What GitHub has no words for, or reads in its own way, must not be there at all.
            assert!(pattern.starts_with('/') && !pattern.contains(['!', '[', ']', '\\', '?', '#']), "{pattern}");
            let (wanted, names): (Vec<_>, Vec<_>) =
                (pattern.trim_matches('/').split('/').collect(), path.split('/').collect());
            let is_folder = pattern.ends_with('/');
            (wanted.len() == names.len() && !is_folder || wanted.len() < names.len() && is_folder)
                && wanted.iter().zip(&names).all(|(wanted, name)| *wanted == "*" || wanted == name)
        });
        matching.next_back().map(|(_, owners)| owners)
    }

    #[test]
    fn no_id_is_more_than_a_name_in_a_path() {
        for odd in ["a b", "#x", "!x", "[x]", "x*", "x?", "x\\", "x/y", "..", "x\n* @mallory"] {
            assert!(SystemId::parse(odd).is_err(), "{odd}");
        }
        for odd in ["mallory", "@a b", "@a\n* @b", "@a/b/c", "@", "@a#b"] {
            assert!(Handle::parse(odd).is_err(), "{odd}");
        }
    }
}
