//! The tamper corpus: whatever is done to an honest world, `tenure audit` on a clone names it by its own code.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop there"
)]

#[path = "support/enforced.rs"]
mod enforced;
mod support;
#[path = "support/evidence.rs"]
mod world;

use enforced::*;

#[test]
fn each_entry_of_the_corpus_has_its_code() {
    let world = Honest::new();
    let said = world.case("honest").audit();
    println!("{}\n{}", said.human, said.json);
    println!("{}", world.engine.sandbox.git(&world.clone, &["log", "-p", "--reverse", "origin/evidence", "--", "log"]));
    println!("{}", world.engine.sandbox.git(&world.clone, &["show", &format!("origin/main:{REVIEW}")]));
    assert_eq!((said.exit, said.codes), (0, vec![]));
}
