//! The campaign definitions the project ships are files like any other: strict, canonical, and about something.

use std::{fs, path::Path};
use tenure::{format::governed, model::file::CampaignDefinition};

#[test]
fn every_shipped_definition_is_accepted_as_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("the folder of policies") {
        let path = entry.expect("an entry").path();
        let bytes = fs::read(&path).expect("a policy");
        let name = path.display().to_string();
        let definition: CampaignDefinition =
            governed::parse(&name, &bytes).unwrap_or_else(|problems| panic!("{}", problems.to_json()));
        assert!(!definition.selectors.is_empty(), "{name} selects nothing");
        assert_ne!(definition.fallback, definition.second_fallback, "{name}: the fallbacks are two people");
        seen += 1;
    }
    assert!(seen >= 4, "{seen} definitions");
}
