//! Benchmark table: measures each kind of work in one run against the bounds of the design.
#![allow(unreachable_pub, reason = "`pub` marks what the modules of this program share; it exports nothing")]
#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot go on should stop there")]

mod work;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use tempfile::TempDir;
use work::{certification, cost::Cost, evidence, governed, long_use, reviews, signatures};

/// One row: work that is executed once in a separate process.
struct Row {
    name: &'static str,
    count: u64,
    prepare: fn(&Path, u64),
    measure: fn(&Path, u64) -> Cost,
    bound: Bound,
}

/// The bound of a row.
enum Bound {
    /// A maximum of processor time, and of memory in MB.
    Most { seconds: f64, megabytes: Option<u64> },
    /// No bound: informational.
    None,
    /// A minimum ratio to the processor time of the next row.
    Ratio(f64),
    /// A maximum ratio to the processor time of the next row.
    Times(f64),
    /// No bound: the baseline of another row.
    Yardstick,
}

impl Row {
    fn is_prepared_like(&self, other: &Self) -> bool {
        std::ptr::fn_addr_eq(self.prepare, other.prepare) && self.count == other.count
    }
}

const ROWS: [Row; 23] = [
    Row {
        name: "2,000 signed commits verified",
        count: 2_000,
        prepare: signatures::prepare,
        measure: |folder, _| Cost::of(|| signatures::verify(folder)),
        bound: Bound::Ratio(100.0),
    },
    Row {
        name: "the same by git log --show-signature",
        count: 2_000,
        prepare: signatures::prepare,
        measure: |folder, _| Cost::of(|| signatures::verify_by_git(folder)),
        bound: Bound::Yardstick,
    },
    Row {
        name: "10,000 review files x 2 signatures",
        count: 10_000,
        prepare: reviews::prepare,
        measure: |folder, count| {
            let all = reviews::load(folder, count);
            Cost::of(|| reviews::verify(&all))
        },
        bound: Bound::Most { seconds: 2.0, megabytes: None },
    },
    Row {
        name: "1,000,000 evidence records",
        count: 1_000_000,
        prepare: evidence::prepare,
        measure: |folder, _| Cost::of(|| evidence::read(folder)),
        bound: Bound::Most { seconds: 4.0, megabytes: Some(200) },
    },
    Row {
        name: "plan over 100,000 grants, 1,000 decisions",
        count: 1_000,
        prepare: governed::prepare,
        measure: |folder, _| {
            let read = governed::Read::from(folder);
            Cost::of(|| read.plan())
        },
        bound: Bound::Most { seconds: 1.0, megabytes: Some(150) },
    },
    Row {
        name: "the same, read and verified from the clone",
        count: 1_000,
        prepare: governed::prepare,
        measure: |folder, _| Cost::of(|| governed::Read::from(folder).plan()),
        bound: Bound::None,
    },
    Row {
        name: "check of 1 of 2,400 review files",
        count: 2,
        prepare: |folder, _| governed::prepare_larger(folder),
        measure: |folder, _| Cost::of(|| governed::check(folder)),
        bound: Bound::Most { seconds: 0.1, megabytes: None },
    },
    Row { bound: Bound::Times(2.0), ..reading("check after 2,000 merges and 100,000 records", 2_000, long_use::check) },
    reading("check after 20 merges and 1,000 records", 20, long_use::check),
    Row { bound: Bound::Times(2.0), ..reading("plan after 2,000 merges and 100,000 records", 2_000, long_use::plan) },
    reading("plan after 20 merges and 1,000 records", 20, long_use::plan),
    Row {
        bound: Bound::Times(2.0),
        ..reading("campaign status after 2,000 merges and 100,000 records", 2_000, long_use::status)
    },
    reading("campaign status after 20 merges and 1,000 records", 20, long_use::status),
    Row { bound: Bound::Times(2.0), ..reading("review after 2,000 merges and 100,000 records", 2_000, long_use::next) },
    reading("review after 20 merges and 1,000 records", 20, long_use::next),
    Row {
        bound: Bound::Times(6.0),
        ..reading("audit of 2,000 merges and 100,000 records in 700 runs", 2_000, long_use::audit)
    },
    reading("git cat-file --batch over the same objects", 2_000, long_use::read_objects),
    Row {
        name: "open a campaign over 100,000 items",
        count: 100_000,
        prepare: certification::prepare,
        measure: certification::open,
        bound: Bound::Most { seconds: 20.0, megabytes: Some(500) },
    },
    Row {
        name: "its status, with 10,000 decided",
        count: 10_000,
        prepare: certification::prepare_opened,
        measure: certification::status,
        bound: Bound::Most { seconds: 2.0, megabytes: None },
    },
    Row {
        name: "its quality, by reviewer",
        count: 10_000,
        prepare: certification::prepare_opened,
        measure: certification::quality,
        bound: Bound::None,
    },
    Row {
        name: "check of one review file in it",
        count: 10_000,
        prepare: certification::prepare_opened,
        measure: certification::check,
        bound: Bound::Most { seconds: 0.1, megabytes: None },
    },
    Row {
        name: "the same, without a cached state",
        count: 10_000,
        prepare: certification::prepare_opened,
        measure: certification::check_cold,
        bound: Bound::Most { seconds: 3.0, megabytes: None },
    },
    Row {
        name: "the next item for one reviewer in it",
        count: 10_000,
        prepare: certification::prepare_opened,
        measure: certification::next,
        bound: Bound::None,
    },
];

/// Returns a baseline row: a command on a repository with this number of merges.
const fn reading(name: &'static str, merges: u64, measure: fn(&Path, u64) -> Cost) -> Row {
    Row { name, count: merges, prepare: long_use::prepare, measure, bound: Bound::Yardstick }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).filter(|word| !word.starts_with("--")).collect::<Vec<_>>()[..] {
        ["prepare", row, folder] => {
            let row = &ROWS[row.parse::<usize>().expect("the number of a row")];
            (row.prepare)(Path::new(folder), row.count);
            ExitCode::SUCCESS
        }
        ["measure", row, folder] => {
            let row = &ROWS[row.parse::<usize>().expect("the number of a row")];
            println!("{}", (row.measure)(Path::new(folder), row.count).line());
            ExitCode::SUCCESS
        }
        [] => table(""),
        [part] => table(part),
        _ => panic!("give a part of the names of the rows to measure"),
    }
}

/// Prints the table of the rows whose names contain `part`, with their baselines; fails when a bound is exceeded.
fn table(part: &str) -> ExitCode {
    let mut costs: Vec<Option<Cost>> = Vec::with_capacity(ROWS.len());
    let mut scenes: Vec<(usize, TempDir)> = Vec::new();
    for (at, row) in ROWS.iter().enumerate() {
        let is_baseline = matches!(row.bound, Bound::Yardstick) && costs.last().is_some_and(Option::is_some);
        if !row.name.contains(part) && !is_baseline {
            costs.push(None);
            continue;
        }
        eprintln!("{} …", row.name);
        // A preparation is kept while a later row uses it; no row modifies it.
        scenes.retain(|(of, _)| ROWS[at..].iter().any(|later| later.is_prepared_like(&ROWS[*of])));
        if !scenes.iter().any(|(of, _)| row.is_prepared_like(&ROWS[*of])) {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            (row.prepare)(folder.path(), row.count);
            scenes.push((at, folder));
        }
        let scene = scenes.iter().find(|(of, _)| row.is_prepared_like(&ROWS[*of]));
        let folder = scene.map(|(_, folder)| folder.path()).expect("it was prepared");
        costs.push(Some(measured(at, folder)));
    }
    println!("| work | processor | wall | peak memory | bound | kept |");
    println!("|---|---|---|---|---|---|");
    let mut all_kept = true;
    for (at, row) in ROWS.iter().enumerate() {
        let Some(cost) = costs[at] else { continue };
        let (bound, kept) = judged(&row.bound, &cost, costs.get(at + 1).and_then(Option::as_ref));
        all_kept &= kept != "no";
        let (processor, wall) = (cost.processor.as_secs_f64(), cost.wall.as_secs_f64());
        println!("| {} | {processor:.3} s | {wall:.3} s | {} MB | {bound} | {kept} |", row.name, cost.peak / 1024);
    }
    if all_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns the bound in words, and the comparison with the measured cost.
fn judged(bound: &Bound, cost: &Cost, yardstick: Option<&Cost>) -> (String, &'static str) {
    let answer = |kept: bool| if kept { "yes" } else { "no" };
    let spent = cost.processor.as_secs_f64();
    match bound {
        Bound::Most { seconds, megabytes } => {
            let most = megabytes.map_or(u64::MAX, |most| most * 1024);
            let memory = megabytes.map(|most| format!(", ≤ {most} MB")).unwrap_or_default();
            let words = format!("≤ {seconds} s{memory}: {:.2} of it", spent / seconds);
            (words, answer(spent <= *seconds && cost.peak <= most))
        }
        Bound::Ratio(least) => {
            let ratio = yardstick.map_or(0.0, |other| other.processor.as_secs_f64()) / spent;
            (format!("≥ {least:.0}x less: {ratio:.0}x"), answer(ratio >= *least))
        }
        Bound::Times(most) => {
            let ratio = spent / yardstick.map_or(f64::INFINITY, |other| other.processor.as_secs_f64());
            (format!("≤ {most:.0}x of the next row: {ratio:.1}x"), answer(ratio <= *most))
        }
        Bound::None | Bound::Yardstick => (String::new(), ""),
    }
}

/// Measures a row in a new process.
fn measured(row: usize, folder: &Path) -> Cost {
    let this: PathBuf = std::env::current_exe().expect("this program is a file");
    let output = Command::new(this)
        .args(["measure", &row.to_string()])
        .arg(folder)
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can be started again");
    let cost = Cost::read(String::from_utf8_lossy(&output.stdout).trim()).expect("a measured process says its cost");
    assert_eq!(cost.count, ROWS[row].count, "{} did not do all of it", ROWS[row].name);
    cost
}
