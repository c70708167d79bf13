//! Governed files: parsing, canonical form and schemas.

mod files;
mod fmt;
mod properties;
mod schemas;
mod threats_files;
