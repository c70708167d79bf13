//! Evidence logs, audits, and manipulations that they detect.

mod clones;
mod evidence;
mod manifest;
mod mutations;
mod stale_forge;
mod tamper;
mod threats_evidence;
