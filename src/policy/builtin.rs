//! The built-in policy pack: the rules, cases, profiles, controls and campaign definitions in `policies/`.

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// The files of the built-in pack, sorted by path. `tenure policy init` writes them; outside a repository they
        /// are the default.
        pub const SHIPPED: &[(&str, &str)] = &[
            $((concat!("policies/", $name), include_str!(concat!("../../policies/", $name)))),*
        ];
    };
}

shipped![
    "agents-and-engine.cases.toml",
    "agents-and-engine.rules.toml",
    "authentication.cases.toml",
    "authentication.rules.toml",
    "cis.profile.toml",
    "control-plane.toml",
    "controls.toml",
    "credentials.cases.toml",
    "credentials.rules.toml",
    "dora.profile.toml",
    "dormant.toml",
    "duties.cases.toml",
    "duties.rules.toml",
    "environments.cases.toml",
    "environments.rules.toml",
    "exposed.toml",
    "fedramp-high.profile.toml",
    "fedramp-moderate.profile.toml",
    "hipaa.profile.toml",
    "leavers.toml",
    "life.cases.toml",
    "life.rules.toml",
    "low.toml",
    "machines.toml",
    "movers.toml",
    "ownership.cases.toml",
    "ownership.rules.toml",
    "pci.profile.toml",
    "people.cases.toml",
    "people.rules.toml",
    "privilege.cases.toml",
    "privilege.rules.toml",
    "privileged.toml",
    "production.toml",
    "roles.toml",
    "shared-and-break-glass.cases.toml",
    "shared-and-break-glass.rules.toml",
    "sox.profile.toml",
    "third-parties.cases.toml",
    "third-parties.rules.toml",
    "unowned.toml",
    "use.cases.toml",
    "use.rules.toml",
];

/// Returns whether the built-in pack contains the rule. A reference to a built-in rule that is not installed is not an
/// error.
pub(super) fn is_shipped_rule(id: &str) -> bool {
    let line = format!("\nid = \"{id}\"\n");
    SHIPPED.iter().any(|(path, text)| path.ends_with(".rules.toml") && text.contains(&line))
}

/// Returns whether the built-in pack contains the profile. A reference to a built-in profile that is not installed is
/// not an error.
pub(super) fn is_shipped_profile(name: &str) -> bool {
    let own = format!("policies/{name}.profile.toml");
    SHIPPED.iter().any(|(path, _)| *path == own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    #[test]
    fn shipped_files_equal_policies_folder() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let names = fs::read_dir(root.join("policies")).unwrap().map(|entry| entry.unwrap().file_name());
        let names: BTreeSet<_> = names.map(|name| name.into_string().unwrap()).collect();
        let shipped: BTreeSet<_> =
            SHIPPED.iter().map(|(path, _)| path.trim_start_matches("policies/").to_owned()).collect();
        if names != shipped && std::env::var_os("TENURE_UPDATE").is_some() {
            let this = root.join("src/policy/builtin.rs");
            let text = fs::read_to_string(&this).unwrap();
            let (start, rest) = text.split_once("\nshipped![").unwrap();
            let (_, end) = rest.split_once("];\n").unwrap();
            let list: String = names.iter().map(|name| format!("    \"{name}\",\n")).collect();
            fs::write(this, format!("{start}\nshipped![\n{list}];\n{end}")).unwrap();
        }
        assert_eq!(names, shipped, "TENURE_UPDATE=1 cargo test --lib shipped");
    }
}
