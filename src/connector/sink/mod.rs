//! Where new secrets go: a place that can only be read by the people it is meant for.

mod age;

pub use age::AgeSink;

use super::{SecretSink, SinkError, UnconfiguredSink};
use crate::model::file::SinkSettings;
use std::path::Path;

/// Returns the place the system file names; where it names none, one that refuses.
///
/// # Errors
/// When its kind, a recipient or its directory cannot be used.
pub fn open(settings: Option<&SinkSettings>, root: &Path) -> Result<Box<dyn SecretSink + Send + Sync>, SinkError> {
    let Some(settings) = settings else { return Ok(Box::new(UnconfiguredSink)) };
    match settings.kind.as_str() {
        "age" => Ok(Box::new(AgeSink::new(&settings.recipients, &root.join(&settings.directory))?)),
        other => Err(SinkError(format!("there is no sink of kind `{other}`; use `age`"))),
    }
}

/// Returns the place the system file names; where it cannot be used, one that says so at every secret, so that changes
/// without a new secret are done all the same.
pub fn open_or_closed(settings: Option<&SinkSettings>, root: &Path) -> Box<dyn SecretSink + Send + Sync> {
    open(settings, root).unwrap_or_else(|why| Box::new(ClosedSink(why)))
}

/// A place for secrets that cannot be used.
struct ClosedSink(SinkError);

impl SecretSink for ClosedSink {
    fn deposit(&self, _: &str, _: &secrecy::SecretString) -> Result<String, SinkError> {
        Err(self.0.clone())
    }
}
