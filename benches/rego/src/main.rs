//! The 42 shipped rules over a million grants, by our engine and by `regorus`, in one run: the same facts, the same findings.
//!
//! `cargo run --release --manifest-path benches/rego/Cargo.toml [GRANTS]`
//!
//! Each principal holds ten grants, and rules over principals are judged once for each. One attribute in 32 is not known.
//! Each engine runs in a process of its own, is given the facts in the form it takes them, and only the judging is timed.
//! What it found is hashed, grant by grant: the run fails when two engines differ in one finding, or in a case that is
//! shipped with the rules.

mod dice;
mod rego;

use dice::Dice;
use rego::{Rego, failing, input};
use regorus::Value;
use rustix::time::{ClockId, clock_gettime};
use std::{
    error::Error,
    fs,
    process::{Command, Stdio},
    time::Duration,
};
use tenure::{
    model::{
        Digest,
        file::{Expected, Scope},
    },
    policy::{Facts, Outcome, Pack, SHIPPED, Sources, Subject},
};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [grants, engine] => one(engine, grants.parse()?),
        [grants] => all(grants.parse()?),
        _ => all(1_000_000),
    }
}

/// Has all engines judge the same, and says how quick they were.
fn all(grants: usize) -> Result<(), Box<dyn Error>> {
    let pack = pack()?;
    let cases = cases(&pack)?;
    println!("{} rules; the same said of {cases} of their cases by all three\n", pack.rules().len());
    println!("| engine | processor | grants a second | rules a second | peak memory | fail | not known |");
    println!("|---|---|---|---|---|---|---|");
    let mut digests = Vec::new();
    for engine in [OURS, INTERPRETER, MACHINE] {
        let this = std::env::current_exe()?;
        let done = Command::new(this).args([&grants.to_string(), engine]).stderr(Stdio::inherit()).output()?;
        let line = String::from_utf8(done.stdout)?;
        let (row, digest) = line.trim_end().rsplit_once(' ').ok_or_else(|| format!("{engine} did not end well"))?;
        println!("{row}");
        digests.push(digest.to_owned());
    }
    let [ours, interpreter, machine] = &digests[..] else { return Err("an engine is missing".into()) };
    if ours != interpreter || ours != machine {
        return Err(format!("they differ: {digests:?}").into());
    }
    println!("\nthe same findings on all of {grants} grants and {} principals: {ours}", grants.div_ceil(HELD));
    Ok(())
}

/// Has one engine judge everything, and prints its row and the digest of what it found.
fn one(name: &str, grants: usize) -> Result<(), Box<dyn Error>> {
    let pack = pack()?;
    let mut engine = Judge::new(name, &pack)?;
    let mut dice = Dice(1);
    let mut done = Done::default();
    let mut left = grants;
    while left > 0 {
        let count = left.min(CHUNK);
        left -= count;
        let mut principals = Vec::new();
        let mut held = Vec::new();
        for place in 0..count {
            if place % HELD == 0 {
                principals.push(dice.principal());
            }
            held.push((place / HELD, dice.grant()));
        }
        engine.judge(&principals, &held, &mut done)?;
    }
    let [over_grants, over_principals] =
        [Scope::Grant, Scope::Principal].map(|scope| pack.rules().filter(|rule| rule.over == scope).count());
    let seconds = done.time.as_secs_f64();
    let rules = (grants * over_grants + grants.div_ceil(HELD) * over_principals) as f64;
    let unknown = if name == OURS { done.unknown.to_string() } else { "does not say".to_owned() };
    let (rate, rules, fail) = (grants as f64 / seconds, rules / seconds, done.fail);
    let digest = done.digest;
    println!("| {name} | {seconds:.2} s | {rate:.0} | {rules:.0} | {} MB | {fail} | {unknown} | {digest}", peak() / 1024);
    Ok(())
}

enum Judge<'p> {
    Ours(&'p Pack),
    Rego(Rego),
}

struct Done {
    time: Duration,
    fail: usize,
    unknown: usize,
    digest: Digest,
}

impl Default for Done {
    fn default() -> Self {
        Self { time: Duration::ZERO, fail: 0, unknown: 0, digest: Digest::ZERO }
    }
}

impl Done {
    /// Takes what fails of each subject in turn.
    fn take<S: AsRef<str>>(&mut self, found: impl Iterator<Item = Vec<S>>) {
        let mut text = self.digest.to_string();
        for ids in found {
            text.push('\n');
            self.fail += ids.len();
            for id in ids {
                text.push_str(id.as_ref());
                text.push(' ');
            }
        }
        self.digest = Digest::of(text);
    }
}

impl<'p> Judge<'p> {
    fn new(name: &str, pack: &'p Pack) -> Result<Self, Box<dyn Error>> {
        match name {
            OURS => Ok(Self::Ours(pack)),
            INTERPRETER => Ok(Self::Rego(Rego::new(pack, false)?)),
            MACHINE => Ok(Self::Rego(Rego::new(pack, true)?)),
            _ => Err(format!("no engine is called {name}").into()),
        }
    }

    fn judge(&mut self, principals: &[Facts], held: &[(usize, Facts)], done: &mut Done) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Ours(pack) => {
                let of_principals = principals.iter().map(|facts| (Scope::Principal, Subject::of(facts)));
                let of_grants = held
                    .iter()
                    .map(|(holder, facts)| (Scope::Grant, Subject::of(facts).held_by(&principals[*holder])));
                let subjects: Vec<_> = of_principals.chain(of_grants).collect();
                let started = processor();
                let found: Vec<_> = subjects.iter().map(|(scope, subject)| pack.judge(*scope, subject)).collect();
                done.time += processor() - started;
                let fails = |outcome: &Outcome| *outcome == Outcome::Fail;
                done.unknown += found.iter().flatten().filter(|judged| !fails(&judged.result)).count();
                done.take(found.iter().map(|judged| {
                    let failing = judged.iter().filter(|judged| fails(&judged.result));
                    failing.map(|judged| judged.rule.id.as_str()).collect()
                }));
            }
            Self::Rego(rego) => {
                let of_principals = principals.iter().map(|facts| (Scope::Principal, input(&[facts])));
                let of_grants =
                    held.iter().map(|(holder, facts)| (Scope::Grant, input(&[&principals[*holder], facts])));
                let inputs: Vec<(Scope, Value)> = of_principals.chain(of_grants).collect();
                let started = processor();
                let found: Result<Vec<_>, _> =
                    inputs.into_iter().map(|(scope, input)| rego.judge(scope, input)).collect();
                done.time += processor() - started;
                let found: Result<Vec<_>, _> = found?.iter().map(failing).collect();
                done.take(found?.into_iter().map(|ids| ids.into_iter().collect()));
            }
        }
        Ok(())
    }
}

/// Asks all engines about the cases that come with the rules, and returns how many there are. What we call unknown is
/// undefined in Rego, which says nothing of it.
fn cases(pack: &Pack) -> Result<usize, Box<dyn Error>> {
    let mut count = 0;
    for tested in pack.test().map_err(|problems| problems.to_json())? {
        let Some(rule) = pack.rule(&tested.case.rule) else { continue };
        let pack = pack.with_profiles(&tested.case.profiles).map_err(|problems| problems.to_json())?;
        for machine in [false, true] {
            let facts = Value::from(serde_json::to_value(&tested.case.facts)?);
            let said = failing(&Rego::new(&pack, machine)?.judge(rule.over, facts)?)?;
            if said.contains(&rule.id) != (tested.found == Expected::Fail) {
                let (name, found) = (&tested.case.name, tested.found);
                return Err(format!("{} of \"{name}\": we say {found:?}, Rego {said:?}", rule.id).into());
            }
        }
        count += 1;
    }
    Ok(count)
}

fn pack() -> Result<Pack, Box<dyn Error>> {
    let files = SHIPPED.iter().map(|(path, text)| (*path, text.as_bytes()));
    let sources = Sources::read(files).map_err(|problems| problems.to_json())?;
    Ok(Pack::compile(sources, &[]).map_err(|problems| problems.to_json())?)
}

fn processor() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

const OURS: &str = "tenure";
const INTERPRETER: &str = "regorus, its interpreter";
const MACHINE: &str = "regorus, its virtual machine";
const CHUNK: usize = 10_000;
/// How many grants a principal holds.
const HELD: usize = 10;
