//! The test kit: isolated environments, governed repositories and real servers on loopback.

pub mod actions;
pub mod age;
pub mod conformance;
pub mod enforced;
pub mod evidence;
pub mod fixtures;
pub mod git_http;
pub mod git_ssh;
pub mod governed;
pub mod host;
pub mod hostile;
pub mod moto;
pub mod postgres;
pub mod repository;
pub mod sandbox;
pub mod sarif;
pub mod servers;
pub mod shop;
mod signing;
pub mod tampering;
mod tenure;
pub mod terminal;
