//! The rules in Rego, asked in two ways: by the interpreter of `regorus` and by its virtual machine.

use regorus::{
    CompiledPolicy, Engine, Rc, Value,
    languages::rego::compiler::Compiler,
    rvm::{program::Program, vm::RegoVM},
};
use serde_json::{Map, json};
use std::{collections::BTreeSet, error::Error, sync::Arc};
use tenure::{
    model::{
        Tier,
        file::{AttributeValue, Scope},
    },
    policy::{Facts, Pack},
};

/// The rules in Rego, compiled, with the limits of a pack.
pub struct Rego {
    grants: (CompiledPolicy, RegoVM),
    principals: (CompiledPolicy, RegoVM),
    machine: bool,
}

impl Rego {
    /// Returns the rules with the limits that `pack` has; asked by the virtual machine when `machine` says so.
    pub fn new(pack: &Pack, machine: bool) -> Result<Self, Box<dyn Error>> {
        let data = Value::from_json_str(&json!({"limits": limits(pack)}).to_string())?;
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
        Ok(Self { grants: ready("data.tenure.grants")?, principals: ready("data.tenure.principals")?, machine })
    }

    /// Returns what the rules of a scope say of an input.
    pub fn judge(&mut self, scope: Scope, input: Value) -> Result<Value, Box<dyn Error>> {
        let (policy, vm) = match scope {
            Scope::Grant => &mut self.grants,
            Scope::Principal => &mut self.principals,
        };
        if self.machine {
            vm.set_input(input);
            Ok(vm.execute()?)
        } else {
            Ok(policy.eval_with_input(input)?)
        }
    }
}

/// Returns each rule's limits by tier; and what all tiers have, as `every`, where they have the same.
fn limits(pack: &Pack) -> Map<String, serde_json::Value> {
    let tiers = [Tier::T0, Tier::T1, Tier::T2, Tier::T3];
    let mut limits = Map::new();
    for rule in pack.rules() {
        let of = |name: &str| {
            let number = |tier| pack.limit(&rule.id, name, tier).map(|(number, _)| number);
            let mut all: Map<_, _> = tiers.iter().map(|tier| (tier.to_string(), json!(number(*tier)))).collect();
            if tiers.iter().all(|tier| number(*tier) == number(Tier::T0)) {
                all.insert("every".into(), json!(number(Tier::T0)));
            }
            all
        };
        let all: Map<_, _> = rule.limits.iter().map(|limit| (limit.name.clone(), of(&limit.name).into())).collect();
        limits.insert(rule.id.clone(), all.into());
    }
    limits
}

/// Returns the rules that fail, as Rego says it.
pub fn failing(value: &Value) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let all = value.as_set()?.iter().map(|id| Ok(id.as_string()?.to_string()));
    all.collect::<Result<_, Box<dyn Error>>>()
}

/// Returns facts as nested objects; what comes later takes the place of what came before.
pub fn input(layers: &[&Facts]) -> Value {
    let mut all = Map::new();
    for (name, fact) in layers.iter().flat_map(|facts| facts.known()) {
        let (table, key) = name.split_once('.').unwrap_or((name, name));
        let value = match fact {
            AttributeValue::Flag(flag) => json!(flag),
            AttributeValue::Number(number) => json!(number),
            AttributeValue::Text(text) => json!(text),
            AttributeValue::Texts(texts) => json!(texts),
        };
        let table = all.entry(table).or_insert_with(|| json!({}));
        if let Some(table) = table.as_object_mut() {
            table.insert(key.to_owned(), value);
        }
    }
    Value::from(serde_json::Value::from(all))
}
