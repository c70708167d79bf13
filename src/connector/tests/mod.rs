//! The conformance suite of connectors, and servers for their tests.
//!
//! The files are those of the kit in `tests/support`. Connectors are tested here, and not in `tests/`, because only the
//! library can create an [`Intent`](super::Intent).
#![expect(dead_code, reason = "`tests/suite` uses other parts of these files")]

#[path = "../../../tests/support/age.rs"]
pub(super) mod age;
#[path = "../../../tests/support/conformance.rs"]
pub(super) mod conformance;
#[path = "../../../tests/support/hostile.rs"]
pub(super) mod hostile;
#[path = "../../../tests/support/moto.rs"]
pub(super) mod moto;
#[path = "../../../tests/support/postgres.rs"]
pub(super) mod postgres;
#[path = "../../../tests/support/sandbox.rs"]
mod sandbox;
#[path = "../../../tests/support/servers.rs"]
mod servers;
