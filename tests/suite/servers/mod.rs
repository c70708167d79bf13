//! Tests against real servers and tools: PostgreSQL, Git hosts, SSH, an emulator of AWS.

mod end_to_end;
mod git;
mod github_actions;
mod harness;
mod hosts;
mod http;
mod postgres;
pub(crate) mod postgres_worlds;
mod pull_requests;
mod remotes;
mod reviewer;
mod sink;
