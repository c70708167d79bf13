//! The 42 shipped rules over a million grants, by our engine and by `regorus`, in one run: the same facts, the same findings.
//!
//! `cargo run --release --manifest-path benches/rego/Cargo.toml [GRANTS [FOR_REGO]]`
//!
//! Each principal holds ten grants, and rules over principals are judged once for each. One attribute in 32 is not known.
//! Only the evaluation is timed, not the making of facts and inputs. Rego judges the first `FOR_REGO` of the same grants,
//! which is enough for a rate, and must find the same there.

use regorus::{
    CompiledPolicy, Engine, Rc, Value,
    languages::rego::compiler::Compiler,
    rvm::{program::Program, vm::RegoVM},
};
use serde_json::{Map, json};
use std::{
    collections::BTreeSet,
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};
use tenure::{
    model::{
        Tier,
        file::{Fact, Scope},
    },
    policy::{ATTRIBUTES, Facts, Kind, Outcome, Pack, SHIPPED, Sources, Subject, words},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let grants = numbers.next().transpose()?.unwrap_or(1_000_000);
    let for_rego = numbers.next().transpose()?.unwrap_or(20_000).min(grants);

    let files = SHIPPED.iter().map(|(path, text)| (*path, text.as_bytes()));
    let sources = Sources::read(files).map_err(|problems| problems.to_json())?;
    let pack = Pack::compile(sources, &[]).map_err(|problems| problems.to_json())?;
    let mut rego = Rego::new(&pack)?;

    let mut ours = Tally::default();
    let (mut interpreted, mut machine) = (Tally::default(), Tally::default());
    let mut dice = Dice(1);
    let mut made = 0;
    while made < grants {
        let mut principals = Vec::new();
        let mut held = Vec::new();
        for holder in 0..CHUNK / 10 {
            principals.push(dice.facts(&["principal.", "trust.", "usage."]));
            for _ in 0..10 {
                if made + held.len() < grants {
                    held.push((holder, dice.facts(&["credential.", "grant.", "system.", "usage."])));
                }
            }
        }
        let count = held.len();
        let started = Instant::now();
        let mut found = Vec::with_capacity(held.len());
        for facts in &principals {
            found.push(fails(&pack, Scope::Principal, &Subject::of(facts), &mut ours));
        }
        for (holder, facts) in &held {
            let subject = Subject::of(facts).held_by(&principals[*holder]);
            found.push(fails(&pack, Scope::Grant, &subject, &mut ours));
        }
        ours.time += started.elapsed();
        ours.grants += count;

        if made < for_rego {
            let judged: Vec<(&str, Value)> = principals
                .iter()
                .map(|facts| ("principals", input(&[facts])))
                .chain(held.iter().map(|(holder, facts)| ("grants", input(&[&principals[*holder], facts]))))
                .collect();
            for (tally, vm) in [(&mut interpreted, false), (&mut machine, true)] {
                let inputs = judged.clone();
                let started = Instant::now();
                let said: Result<Vec<_>, _> = inputs.into_iter().map(|(rules, input)| rego.judge(rules, input, vm)).collect();
                tally.time += started.elapsed();
                tally.grants += count;
                for ((said, found), (rules, input)) in said?.iter().zip(&found).zip(&judged) {
                    let said = set(said)?;
                    tally.findings += said.len();
                    let found: BTreeSet<&str> = found.iter().copied().collect();
                    if said.iter().map(String::as_str).ne(found.iter().copied()) {
                        return Err(format!("{rules}: we find {found:?}, Rego {said:?}, of {input}").into());
                    }
                }
            }
        }
        made += count;
    }
    println!("{} rules, the same findings on {} grants of {} principals", pack.rules().len(), interpreted.grants, interpreted.grants / 10);
    ours.print("tenure");
    interpreted.print("regorus, its interpreter");
    machine.print("regorus, its virtual machine");
    let best = interpreted.rate().max(machine.rate());
    println!("tenure is {:.0} times as quick as the quicker of the two", ours.rate() / best);
    Ok(())
}

#[derive(Default)]
struct Tally {
    grants: usize,
    findings: usize,
    unknown: usize,
    time: Duration,
}

impl Tally {
    fn rate(&self) -> f64 {
        self.grants as f64 / self.time.as_secs_f64()
    }

    fn print(&self, name: &str) {
        let Self { grants, findings, unknown, time } = self;
        let seconds = time.as_secs_f64();
        println!("{name}: {grants} grants in {seconds:.2} s, {:.0} a second; {findings} fail, {unknown} unknown", self.rate());
    }
}

fn fails<'p>(pack: &'p Pack, scope: Scope, subject: &Subject<'_>, tally: &mut Tally) -> Vec<&'p str> {
    let mut failing = Vec::new();
    for judged in pack.judge(scope, subject) {
        match judged.result {
            Outcome::Fail => failing.push(judged.rule.id.as_str()),
            _ => tally.unknown += 1,
        }
    }
    tally.findings += failing.len();
    failing
}

/// The rules in Rego, ready to be asked in two ways.
struct Rego {
    grants: (CompiledPolicy, RegoVM),
    principals: (CompiledPolicy, RegoVM),
}

impl Rego {
    fn new(pack: &Pack) -> Result<Self, Box<dyn Error>> {
        let tiers = [Tier::T0, Tier::T1, Tier::T2, Tier::T3];
        let mut limits = Map::new();
        for rule in pack.rules() {
            let of = |name: &str| -> Map<_, _> {
                let number = |tier| pack.limit(&rule.id, name, tier).map(|(number, _)| number);
                tiers.iter().map(|tier| (tier.to_string(), json!(number(*tier)))).collect()
            };
            let all: Map<_, _> = rule.limits.iter().map(|limit| (limit.name.clone(), of(&limit.name).into())).collect();
            limits.insert(rule.id.clone(), all.into());
        }
        let data = Value::from_json_str(&json!({"limits": limits}).to_string())?;
        let ready = |rule: &str| -> Result<_, Box<dyn Error>> {
            let mut engine = Engine::new();
            engine.add_policy("rules.rego".to_owned(), include_str!("rules.rego").to_owned())?;
            engine.add_data(data.clone())?;
            let entry: Rc<str> = rule.into();
            let policy = engine.compile_with_entrypoint(&entry)?;
            let program: Arc<Program> = Compiler::compile_from_policy(&policy, &[rule])?;
            let mut vm = RegoVM::new();
            vm.load_program(program);
            vm.set_data(data.clone())?;
            Ok((policy, vm))
        };
        Ok(Self { grants: ready("data.tenure.grants")?, principals: ready("data.tenure.principals")? })
    }

    fn judge(&mut self, rules: &str, input: Value, by_machine: bool) -> Result<Value, Box<dyn Error>> {
        let (policy, vm) = if rules == "grants" { &mut self.grants } else { &mut self.principals };
        if by_machine {
            vm.set_input(input);
            Ok(vm.execute()?)
        } else {
            Ok(policy.eval_with_input(input)?)
        }
    }
}

fn set(value: &Value) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let all = value.as_set()?.iter().map(|id| Ok(id.as_string()?.to_string()));
    all.collect::<Result<_, Box<dyn Error>>>()
}

/// Returns facts as nested objects; what comes later takes the place of what came before.
fn input(layers: &[&Facts]) -> Value {
    let mut all = Map::new();
    for (name, fact) in layers.iter().flat_map(|facts| facts.known()) {
        let (table, key) = name.split_once('.').unwrap_or((name, name));
        let value = match fact {
            Fact::Flag(flag) => json!(flag),
            Fact::Number(number) => json!(number),
            Fact::Text(text) => json!(text),
            Fact::Texts(texts) => json!(texts),
        };
        let table = all.entry(table).or_insert_with(|| json!({}));
        if let Some(table) = table.as_object_mut() {
            table.insert(key.to_owned(), value);
        }
    }
    Value::from(serde_json::Value::from(all))
}

/// Numbers that look like chance and are the same each time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn facts(&mut self, prefixes: &[&str]) -> Facts {
        let mut facts = Facts::default();
        for attribute in ATTRIBUTES.iter().filter(|one| prefixes.iter().any(|prefix| one.name.starts_with(prefix))) {
            let fact = match attribute.kind {
                _ if self.roll(32) == 0 => continue,
                Kind::Flag => Fact::Flag(self.roll(2) == 0),
                Kind::Map => continue,
                Kind::Number => Fact::Number(self.roll(420) as i64 - 20),
                Kind::Text => {
                    let choices = words(attribute.name).unwrap_or(WORDS);
                    Fact::Text(choices[self.roll(choices.len())].to_owned())
                }
                Kind::Texts => {
                    let count = self.roll(4);
                    Fact::Texts((0..count).map(|_| WORDS[self.roll(WORDS.len())].to_owned()).collect())
                }
            };
            // INVARIANT: the fact is of the attribute's own kind.
            let _ = facts.know(attribute.name, fact);
        }
        facts
    }
}

/// Words that rules ask for, and others.
const WORDS: &[&str] = &[
    "", "*", "prod", "test", "basic", "federated", "dsa", "ssh-rsa", "ssh-ed25519", "code", "vault", "none", "aws", "a*",
];
const CHUNK: usize = 10_000;
