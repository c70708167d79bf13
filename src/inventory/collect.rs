//! Collects the complete inventory of a system.

use super::{OBSERVATION, USAGE, grants_file};
use crate::{
    connector::{Collector, ConnectorError, ControlTotal},
    diag::Diagnostic,
    format::{
        codec, confusables,
        json_lines::{self, JsonLine, UsageLine},
    },
    model::{
        Clock, Digest, Grant, GrantKey, GrantKind, SystemId, Timestamp, Usage,
        file::{FileKind, KindCount, LogPosition, Observation},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The inputs of one collection.
pub struct CollectRequest<'a> {
    /// The system.
    pub system: &'a SystemId,
    /// The connector.
    pub collector: &'a dyn Collector,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// The limits.
    pub limits: CollectionLimits,
    /// Waits between retries; tests pass a function that does not sleep.
    pub pause: &'a dyn Fn(Duration),
}

/// Limits of a collection, so that a target that answers without end cannot block it.
#[derive(Clone, Copy, Debug)]
pub struct CollectionLimits {
    /// Maximum number of pages of one kind.
    pub pages: u64,
    /// Maximum number of grants of one system.
    pub grants: u64,
    /// Maximum number of attempts of one read.
    pub tries: u32,
    /// Maximum delay between two attempts of one read.
    pub longest_wait: Duration,
}

impl Default for CollectionLimits {
    fn default() -> Self {
        Self { pages: 100_000, grants: 2_000_000, tries: 5, longest_wait: Duration::from_secs(60) }
    }
}

/// The progress of a collection.
#[derive(Clone, Copy, Debug)]
pub struct CollectionProgress {
    /// The kind being listed.
    pub kind: GrantKind,
    /// Number of pages read of this kind.
    pub pages: u64,
    /// Number of grants read of this kind.
    pub grants: u64,
}

/// The result of a collection, as the files of an inventory.
#[derive(Clone, Debug)]
pub struct CollectedInventory {
    /// The observation: time, method, reader, counts and digests.
    pub observation: Observation,
    /// The files with grants, and `usage.jsonl`, by path below the system's folder.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// An error that fails a collection. The previous inventory is unchanged.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CollectError {
    /// The listing and the independent count disagree, twice.
    #[error("{kind}: {listed} listed, but {total} by `{source_text}`; second listing: {again}")]
    ControlTotal {
        /// The kind of grant.
        kind: GrantKind,
        /// Number of grants in the first listing.
        listed: u64,
        /// Number of grants in the second listing.
        again: u64,
        /// Number of grants by the independent query.
        total: u64,
        /// The independent query.
        source_text: String,
    },
    /// The cursor of a page was seen before.
    #[error("{kind}: page {page} leads back to a page that was already read")]
    CursorRepeated {
        /// The kind of grant.
        kind: GrantKind,
        /// The number of the page, from 1.
        page: u64,
    },
    /// Two grants have the same key.
    #[error("{kind}: duplicate key `{key}`")]
    Duplicate {
        /// The kind of grant.
        kind: GrantKind,
        /// The duplicate key.
        key: GrantKey,
    },
    /// No grant was listed, not even one of the identity that reads the system. The listing cannot be complete.
    #[error("no grants were listed, not even of `{identity}`, the identity that reads the system")]
    Empty {
        /// The identity that reads the system.
        identity: String,
    },
    /// A grant of another system, or of a kind that was not requested.
    #[error("{kind}: `{key}` belongs to {found}")]
    Foreign {
        /// The kind of grant.
        kind: GrantKind,
        /// The key of the grant.
        key: GrantKey,
        /// The system or kind of the grant.
        found: String,
    },
    /// The listing exceeds a limit.
    #[error("{kind}: more than {limit} {what}")]
    Overlong {
        /// The kind of grant.
        kind: GrantKind,
        /// The exceeded limit.
        limit: u64,
        /// The unit of the limit.
        what: &'static str,
    },
    /// A read failed.
    #[error("{doing} failed after {tries} {}: {error}", if *tries == 1 { "attempt" } else { "attempts" })]
    Read {
        /// The operation that failed.
        doing: String,
        /// Number of attempts.
        tries: u32,
        /// The last error.
        error: ConnectorError,
    },
    /// A last use refers to a grant that was not listed.
    #[error("last use reported for `{0}`, which was not listed")]
    UsageWithoutGrant(GrantKey),
    /// A control total refers to a kind that the connector does not list.
    #[error("control total reported for {0}, a kind this connector does not list")]
    Uncollected(GrantKind),
    /// A grant that cannot be serialized.
    #[error("cannot serialize the inventory: {0}")]
    Unwritable(String),
}

impl CollectError {
    /// Returns the stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ControlTotal { .. } => "control-total",
            Self::CursorRepeated { .. } => "cursor-repeated",
            Self::Duplicate { .. } => "duplicate-grant",
            Self::Empty { .. } => "empty-inventory",
            Self::Foreign { .. } => "grant-of-other-system",
            Self::Overlong { .. } => "listing-too-long",
            Self::Read { .. } => "target-unreadable",
            Self::UsageWithoutGrant(_) => "usage-without-grant",
            Self::Uncollected(_) => "uncollected-kind",
            Self::Unwritable(_) => "grant-unwritable",
        }
    }

    /// Returns the diagnostic: the reason for the failure, and the next step.
    pub fn diagnostic(&self, system: &SystemId) -> Diagnostic {
        let again = format!("tenure collect {system}");
        let help = match self {
            Self::Read { error: ConnectorError::Forbidden { missing }, .. } => {
                format!("grant the connector's identity the missing permission ({missing}), then run `{again}`")
            }
            Self::Read { error: ConnectorError::Unauthenticated(_), .. } => {
                format!("check the credential named in the version of `{system}` in force, then run `{again}`")
            }
            Self::Read { .. } | Self::ControlTotal { .. } => format!("run `{again}` again"),
            _ => format!("the connector misreads `{system}`; report this as a bug with the code above"),
        };
        Diagnostic::error(self.code(), format!("cannot collect `{system}`: {self}"))
            .with_note("the previous inventory is unchanged")
            .help(help)
    }
}

/// Reads all grants of the system. The same grants produce the same bytes in every file except `observation.toml`, and
/// `usage.jsonl` if last use changed.
///
/// A kind whose control total differs from its listing is listed a second time, since a system may change during the
/// read; a second difference is an error.
///
/// # Errors
/// When any read is refused, incomplete or inconsistent. There is no partial collection.
pub fn collect(
    task: &CollectRequest<'_>,
    progress: &mut dyn FnMut(CollectionProgress),
) -> Result<CollectedInventory, CollectError> {
    let started_at = task.clock.now();
    let descriptor = task.collector.describe();
    let health = task.read("checking the visibility of the system", || task.collector.validate())?;
    let target_identity = task.read("reading the identity of the target", || task.collector.target_identity())?;
    let mut kinds: Vec<_> = descriptor.kinds.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    let mut listings = BTreeMap::new();
    for kind in kinds {
        listings.insert(kind, task.list(kind, progress)?);
    }
    let totals = task.reconciled(&mut listings, progress)?;

    let mut keys = BTreeSet::new();
    for (kind, listing) in &listings {
        for key in listing.grants.keys() {
            if !keys.insert(key) {
                return Err(CollectError::Duplicate { kind: *kind, key: key.clone() });
            }
        }
    }
    if keys.is_empty() {
        return Err(CollectError::Empty { identity: health.identity });
    }
    let stray = listings.values().flat_map(|listing| listing.usage.keys()).find(|key| !keys.contains(key));
    if let Some(key) = stray {
        return Err(CollectError::UsageWithoutGrant(key.clone()));
    }

    let mut files = BTreeMap::new();
    let mut counts = Vec::with_capacity(listings.len());
    for (kind, listing) in &listings {
        let bytes = written(listing.grants.values())?;
        let total = totals.get(kind);
        counts.push(KindCount {
            kind: *kind,
            count: count(listing.grants.len()),
            pages: listing.pages,
            digest: Digest::of(&bytes),
            control_total: total.map(|total| total.count),
            control_source: total.map(|total| shown(&total.source)),
        });
        files.insert(grants_file(*kind), bytes);
    }
    let uses: BTreeMap<GrantKey, Usage> = listings.into_values().flat_map(|listing| listing.usage).collect();
    let uses: Vec<_> = uses.into_iter().map(|(key, usage)| UsageLine { key, usage }).collect();
    let usage = written(uses.iter())?;
    let mut blind_spots: Vec<_> = health.blind_spots.iter().map(|spot| shown(spot)).collect();
    blind_spots.sort();
    blind_spots.dedup();
    let observation = Observation {
        schema: FileKind::Observation.schema().to_owned(),
        system: task.system.clone(),
        connector: descriptor.name.to_owned(),
        engine: concat!("tenure ", env!("CARGO_PKG_VERSION")).to_owned(),
        target: shown(&health.target),
        identity: shown(&health.identity),
        target_identity,
        started_at,
        observed_at: latest(started_at, task.clock.now()),
        calls: task.collector.calls(),
        usage: Digest::of(&usage),
        blind_spots,
        evidence: None,
        kinds: counts,
    };
    files.insert(USAGE.to_owned(), usage);
    Ok(CollectedInventory { observation, files })
}

struct KindListing {
    grants: BTreeMap<GrantKey, Grant>,
    usage: BTreeMap<GrantKey, Usage>,
    pages: u64,
}

impl CollectRequest<'_> {
    /// Reads all pages of one kind, up to the page that the system marks as the last.
    fn list(&self, kind: GrantKind, progress: &mut dyn FnMut(CollectionProgress)) -> Result<KindListing, CollectError> {
        let mut listing = KindListing { grants: BTreeMap::new(), usage: BTreeMap::new(), pages: 0 };
        let mut seen = BTreeSet::new();
        let mut cursor = None;
        loop {
            let doing = || format!("listing {kind}, page {}", listing.pages + 1);
            let page = self.read(doing(), || self.collector.list(kind, cursor.as_ref()))?;
            listing.pages += 1;
            for grant in page.grants {
                self.must_belong(kind, &grant)?;
                if let Some(twin) = listing.grants.insert(grant.key.clone(), grant) {
                    return Err(CollectError::Duplicate { kind, key: twin.key });
                }
            }
            listing.usage.extend(page.usage);
            let grants = count(listing.grants.len());
            progress(CollectionProgress { kind, pages: listing.pages, grants });
            if grants > self.limits.grants {
                return Err(CollectError::Overlong { kind, limit: self.limits.grants, what: "grants" });
            }
            let Some(next) = page.next else { return Ok(listing) };
            if listing.pages >= self.limits.pages {
                return Err(CollectError::Overlong { kind, limit: self.limits.pages, what: "pages" });
            }
            if !seen.insert(next.0.clone()) {
                return Err(CollectError::CursorRepeated { kind, page: listing.pages });
            }
            cursor = Some(next);
        }
    }

    fn must_belong(&self, kind: GrantKind, grant: &Grant) -> Result<(), CollectError> {
        let refuse = |found: String| CollectError::Foreign { kind, key: grant.key.clone(), found };
        if grant.system != *self.system {
            return Err(refuse(format!("the system `{}`", grant.system)));
        }
        if grant.kind != kind {
            return Err(refuse(format!("the kind {}", grant.kind)));
        }
        Ok(())
    }

    /// Compares listings with independent counts, and lists a differing kind again.
    fn reconciled(
        &self,
        listings: &mut BTreeMap<GrantKind, KindListing>,
        progress: &mut dyn FnMut(CollectionProgress),
    ) -> Result<BTreeMap<GrantKind, ControlTotal>, CollectError> {
        let totals = self.totals()?;
        let mut first = BTreeMap::new();
        for (kind, total) in &totals {
            let listing = listings.get(kind).ok_or(CollectError::Uncollected(*kind))?;
            if count(listing.grants.len()) != total.count {
                first.insert(*kind, count(listing.grants.len()));
            }
        }
        if first.is_empty() {
            return Ok(totals);
        }
        for kind in first.keys() {
            listings.insert(*kind, self.list(*kind, progress)?);
        }
        let totals = self.totals()?;
        for (kind, total) in &totals {
            let again = listings.get(kind).map_or(0, |listing| count(listing.grants.len()));
            if again != total.count {
                return Err(CollectError::ControlTotal {
                    kind: *kind,
                    listed: first.get(kind).copied().unwrap_or(again),
                    again,
                    total: total.count,
                    source_text: total.source.clone(),
                });
            }
        }
        Ok(totals)
    }

    fn totals(&self) -> Result<BTreeMap<GrantKind, ControlTotal>, CollectError> {
        let totals = self.read("reading control totals", || self.collector.control_totals())?;
        Ok(totals.into_iter().map(|total| (total.kind, total)).collect())
    }

    /// Reads, and retries as long as the class of the error allows it.
    fn read<T>(
        &self,
        doing: impl Into<String>,
        call: impl Fn() -> Result<T, ConnectorError>,
    ) -> Result<T, CollectError> {
        let mut tries = 1;
        loop {
            let error = match call() {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match self.wait(&error, tries) {
                Some(wait) if tries < self.limits.tries => (self.pause)(wait),
                _ => return Err(CollectError::Read { doing: doing.into(), tries, error }),
            }
            tries += 1;
        }
    }

    /// Returns the delay before the next attempt; `None` if the read must not be retried.
    fn wait(&self, error: &ConnectorError, tries: u32) -> Option<Duration> {
        if !error.may_retry_read() {
            return None;
        }
        let backoff = FIRST_WAIT.saturating_mul(1 << tries.min(16)).min(self.limits.longest_wait);
        let ConnectorError::RateLimited { until: Some(until) } = error else { return Some(backoff) };
        let seconds = u64::try_from(until.unix() - self.clock.now().unix()).unwrap_or(0);
        let asked = Duration::from_secs(seconds).max(backoff);
        (asked <= self.limits.longest_wait).then_some(asked)
    }
}

impl CollectedInventory {
    /// Returns the observation.
    pub const fn observation(&self) -> &Observation {
        &self.observation
    }

    /// Adds the position of the evidence log, by which a later reader recognises an older log.
    #[must_use]
    pub fn at_position(mut self, position: Option<LogPosition>) -> Self {
        self.observation.evidence = position;
        self
    }

    /// Returns all files by path below the system's folder.
    pub fn into_files(mut self) -> BTreeMap<String, Vec<u8>> {
        let observation = codec::render(&self.observation);
        self.files.insert(OBSERVATION.to_owned(), observation.into_bytes());
        self.files
    }
}

fn written<'a, T: JsonLine + 'a>(values: impl ExactSizeIterator<Item = &'a T>) -> Result<Vec<u8>, CollectError> {
    let mut bytes = Vec::with_capacity(values.len() * 384);
    json_lines::write(values, &mut bytes).map_err(|error| CollectError::Unwritable(error.to_string()))?;
    Ok(bytes)
}

/// Text from a target goes into a governed file, which must not contain hidden characters.
fn shown(text: &str) -> String {
    let cut = text.char_indices().nth(MOST_SHOWN).map_or(text, |(end, _)| &text[..end]);
    confusables::escape_confusables(cut).into_owned()
}

/// A clock that was set back must not make a read end before it began.
fn latest(a: Timestamp, b: Timestamp) -> Timestamp {
    a.max(b)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

const MOST_SHOWN: usize = 400;
const FIRST_WAIT: Duration = Duration::from_millis(250);
