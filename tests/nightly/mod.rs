//! Large tests: the same comparisons as in the suite, on many more random histories. They are ignored by default.
//!
//! Each writes its figures to `tests/nightly/results`; the last ones are committed.

use crate::{campaign::campaigns, servers::postgres_worlds, trust::gate_and_walk};
use std::{fmt::Write as _, fs, path::Path, process::Command, time::Instant};

#[test]
#[ignore = "takes about ten minutes"]
fn gate_and_walk_agree_on_many_histories() {
    let start = Instant::now();
    let (rejected, repaired) = gate_and_walk::compare_histories(12..200);
    let figures = [("histories", 188), ("rejected files", rejected), ("repairs", repaired)];
    record("gate_and_walk", &figures, start);
}

#[test]
#[ignore = "takes about ten minutes"]
fn campaigns_agree_with_reference_on_many_histories() {
    let start = Instant::now();
    let results = campaigns::compare_histories(200, 20_270_101);
    let mut figures = vec![("histories", 200)];
    figures.extend(results);
    record("campaigns", &figures, start);
}

/// The range of seeds is that of `TENURE_SEEDS`, such as `200..400`, or the first 200.
#[test]
#[ignore = "takes about twenty minutes for 200 worlds"]
fn postgres_verdicts_agree_with_servers_in_many_worlds() {
    let start = Instant::now();
    let range = std::env::var("TENURE_SEEDS").unwrap_or_else(|_| "0..200".to_owned());
    let (first, end) = range.split_once("..").expect("a range such as 200..400");
    let totals = postgres_worlds::compare_worlds(first.parse().unwrap()..end.parse().unwrap());
    let mut figures = vec![
        ("worlds", totals.worlds),
        ("confirmed but left, or gained", totals.wrong),
        ("gone by every answer, without a session or an object that leads to it", totals.gone),
        ("of these confirmed", totals.gone_and_confirmed),
    ];
    figures.extend(totals.verdicts.iter().map(|(verdict, count)| (verdict.as_str(), *count)));
    for reason in totals.refused.iter().chain(&totals.held) {
        println!("{reason}");
    }
    record(&format!("postgres_worlds_{}", range.replace("..", "_")), &figures, start);
    assert!(totals.failures.is_empty(), "{}", totals.failures.join("\n\n"));
    assert!(totals.gone_and_confirmed * 100 >= totals.gone * 97, "{:#?}", totals.refused);
}

/// Writes the figures of a test to the file that is committed.
fn record(name: &str, figures: &[(&str, usize)], start: Instant) {
    let commit = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().unwrap().stdout;
    let mut text = format!("commit: {}", String::from_utf8_lossy(&commit));
    for (what, number) in figures {
        writeln!(text, "{what}: {number}").unwrap();
    }
    writeln!(text, "minutes: {}", start.elapsed().as_secs().div_ceil(60)).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nightly/results");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}.txt")), text).unwrap();
}
