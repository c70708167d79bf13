//! Sinks: destinations of new secrets, readable by the intended recipients only.

mod age;

pub use age::AgeSink;

use super::{SecretSink, SinkError, UnconfiguredSink};
use crate::model::file::SinkSettings;
use std::path::Path;

/// Returns the sink of the system file; without one, a sink that rejects every secret.
///
/// # Errors
/// When its kind, a recipient or its directory is invalid.
pub fn open(settings: Option<&SinkSettings>, root: &Path) -> Result<Box<dyn SecretSink + Send + Sync>, SinkError> {
    let Some(settings) = settings else { return Ok(Box::new(UnconfiguredSink)) };
    match settings.kind.as_str() {
        "age" => Ok(Box::new(AgeSink::new(&settings.recipients, &root.join(&settings.directory))?)),
        other => Err(SinkError(format!("unknown kind of sink `{other}`; use `age`"))),
    }
}

/// Returns the sink of the system file. If it is invalid, returns a sink that fails for every secret, so that changes
/// without a new secret are still made.
pub fn open_or_closed(settings: Option<&SinkSettings>, root: &Path) -> Box<dyn SecretSink + Send + Sync> {
    open(settings, root).unwrap_or_else(|why| Box::new(ClosedSink(why)))
}

/// A sink that cannot be used.
struct ClosedSink(SinkError);

impl SecretSink for ClosedSink {
    fn deposit(&self, _: &str, _: &secrecy::SecretString) -> Result<String, SinkError> {
        Err(self.0.clone())
    }
}
