//! Reads all grants of a system to the proven end, or says why not.

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
        file::{FileKind, KindCount, Observation},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// One collection: what to read, and how long to try.
pub struct CollectRequest<'a> {
    /// The system.
    pub system: &'a SystemId,
    /// What reads it.
    pub collector: &'a dyn Collector,
    /// Where the present comes from.
    pub clock: &'a dyn Clock,
    /// Where it stops.
    pub limits: Limits,
    /// Waits; tests pass something quicker than sleeping.
    pub pause: &'a dyn Fn(Duration),
}

/// Where a collection stops, so that a target that answers forever cannot hold it.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most pages of one kind.
    pub pages: u64,
    /// The most grants of one system.
    pub grants: u64,
    /// How often one read is tried at most.
    pub tries: u32,
    /// The longest wait between two tries of one read.
    pub longest_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pages: 100_000, grants: 2_000_000, tries: 5, longest_wait: Duration::from_secs(60) }
    }
}

/// How far a collection is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The kind being listed.
    pub kind: GrantKind,
    /// How many pages of it were read.
    pub pages: u64,
    /// How many grants of it were read.
    pub grants: u64,
}

/// Everything one collection read, as the files it becomes.
#[derive(Clone, Debug)]
pub struct Collection {
    /// When, how and by whom it was read, with counts and digests.
    pub observation: Observation,
    /// The grants' files and `usage.jsonl`, by path below the system's folder.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Why a collection failed. Whatever it is, the previous inventory stays as it was.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CollectError {
    /// The listing and the independent query disagree, twice.
    #[error("{kind}: {listed} listed, but {total} by `{source_text}`; listed once more: {again}")]
    ControlTotal {
        /// What was counted.
        kind: GrantKind,
        /// How many the first listing had.
        listed: u64,
        /// How many the second listing had.
        again: u64,
        /// How many there are by the independent query.
        total: u64,
        /// That query.
        source_text: String,
    },
    /// A page leads back to a page before it.
    #[error("{kind}: page {page} leads back to a page that was read already")]
    CursorRepeated {
        /// What was listed.
        kind: GrantKind,
        /// The page that does it, from 1.
        page: u64,
    },
    /// Two grants have one key.
    #[error("{kind}: the key `{key}` is there twice")]
    Duplicate {
        /// What was listed.
        kind: GrantKind,
        /// The key.
        key: GrantKey,
    },
    /// A system on which nobody holds anything, not even the identity that reads it, was not read.
    #[error("not a single grant was listed, not even of `{identity}`, which reads the system")]
    Empty {
        /// Who read.
        identity: String,
    },
    /// A grant of another system, or of another kind than was asked for.
    #[error("{kind}: `{key}` is a grant of {found}")]
    Foreign {
        /// What was listed.
        kind: GrantKind,
        /// The grant's key.
        key: GrantKey,
        /// What it is.
        found: String,
    },
    /// The system answers without end.
    #[error("{kind}: more than {limit} {what}")]
    Overlong {
        /// What was listed.
        kind: GrantKind,
        /// The limit that was hit.
        limit: u64,
        /// What there is too much of.
        what: &'static str,
    },
    /// A read failed.
    #[error("{doing} failed after {tries} {}: {error}", if *tries == 1 { "try" } else { "tries" })]
    Read {
        /// What was read.
        doing: String,
        /// How often it was tried.
        tries: u32,
        /// The last error.
        error: ConnectorError,
    },
    /// A last use of a grant that was not listed.
    #[error("`{0}` has a last use, but was not listed")]
    StrayUse(GrantKey),
    /// A control total of a kind that the connector does not list.
    #[error("{0} has a control total, but is not among the kinds this connector lists")]
    Uncollected(GrantKind),
    /// A grant that cannot be written down.
    #[error("it cannot be written down: {0}")]
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
            Self::Foreign { .. } => "foreign-grant",
            Self::Overlong { .. } => "listing-too-long",
            Self::Read { .. } => "unreadable-target",
            Self::StrayUse(_) => "stray-usage",
            Self::Uncollected(_) => "uncollected-kind",
            Self::Unwritable(_) => "unwritable-grant",
        }
    }

    /// Returns what a person reads: why the collection failed, and what to do.
    pub fn diagnostic(&self, system: &SystemId) -> Diagnostic {
        let again = format!("tenure collect {system}");
        let help = match self {
            Self::Read { error: ConnectorError::Forbidden { missing }, .. } => {
                format!("give the connector's identity what it lacks ({missing}), then `{again}`")
            }
            Self::Read { error: ConnectorError::Unauthenticated(_), .. } => {
                format!("look at the credential that systems/{system}.toml names, then `{again}`")
            }
            Self::Read { .. } | Self::ControlTotal { .. } => format!("try again: `{again}`"),
            _ => format!("the connector reads `{system}` wrongly; report it with the code above"),
        };
        Diagnostic::error(self.code(), format!("`{system}` was not collected: {self}"))
            .with_note("the previous inventory is as it was")
            .help(help)
    }
}

/// Reads all grants of the system. The same grants give the same bytes in every file but `observation.toml`, and
/// `usage.jsonl` where use went on.
///
/// A kind whose control total differs from its listing is listed once more, since a system may change while it is
/// read; a difference that stays is an error.
///
/// # Errors
/// When any read is refused, cut short or inconsistent. There is no partial collection.
pub fn collect(task: &CollectRequest<'_>, progress: &mut dyn FnMut(Progress)) -> Result<Collection, CollectError> {
    let started_at = task.clock.now();
    let descriptor = task.collector.describe();
    let health = task.read("asking the system what can be seen", || task.collector.validate())?;
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
        return Err(CollectError::StrayUse(key.clone()));
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
        started_at,
        observed_at: latest(started_at, task.clock.now()),
        calls: task.collector.calls(),
        usage: Digest::of(&usage),
        blind_spots,
        kinds: counts,
    };
    files.insert(USAGE.to_owned(), usage);
    Ok(Collection { observation, files })
}

struct Listing {
    grants: BTreeMap<GrantKey, Grant>,
    usage: BTreeMap<GrantKey, Usage>,
    pages: u64,
}

impl CollectRequest<'_> {
    /// Reads all pages of one kind, to the page that the system itself calls the last.
    fn list(&self, kind: GrantKind, progress: &mut dyn FnMut(Progress)) -> Result<Listing, CollectError> {
        let mut listing = Listing { grants: BTreeMap::new(), usage: BTreeMap::new(), pages: 0 };
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
            progress(Progress { kind, pages: listing.pages, grants });
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

    /// Compares listings with independent counts, and lists once more what differs.
    fn reconciled(
        &self,
        listings: &mut BTreeMap<GrantKind, Listing>,
        progress: &mut dyn FnMut(Progress),
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
        let totals = self.read("counting by an independent query", || self.collector.control_totals())?;
        Ok(totals.into_iter().map(|total| (total.kind, total)).collect())
    }

    /// Reads, and tries again as long as the class of the error allows it.
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

    /// Returns how long to wait before the next try; nothing when there must be none.
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

impl Collection {
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

/// What a target says goes into a governed file, where nothing may hide.
fn shown(text: &str) -> String {
    let cut = text.char_indices().nth(MOST_SHOWN).map_or(text, |(end, _)| &text[..end]);
    confusables::escape_confusables(cut).into_owned()
}

/// A clock that was set back meanwhile must not make a read end before it began.
fn latest(a: Timestamp, b: Timestamp) -> Timestamp {
    a.max(b)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

const MOST_SHOWN: usize = 400;
const FIRST_WAIT: Duration = Duration::from_millis(250);
