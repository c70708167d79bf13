//! Attacks of THREATS.md on what is signed, each on a real repository.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop there"
)]

#[path = "support/governed.rs"]
mod governed;

use governed::*;

#[test]
fn row_00_the_honest_story_is_believed() {
    let mut world = World::new();
    assert_eq!(world.codes(), [""; 0]);
    world.revoke_first();
    assert_eq!(world.codes(), [""; 0]);
    assert_eq!(world.reviews(), 1);
}
