//! Profiles, which can only make rules stricter. If several are active, the strictest value applies.

use super::{
    rule::CompiledRule,
    sources::{PackSources, ParsedFile},
};
use crate::{
    diag::{Diagnostic, Diagnostics},
    format::{
        codec::{PathSegment, place},
        nearest,
    },
    model::{
        Severity, Tier,
        file::{LimitDirection, Profile, ProfileSetting},
    },
    policy::builtin::is_shipped_rule,
};
use std::{collections::BTreeMap, sync::Arc};

/// The origin of a value: a profile and its justification.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ProfileOverride {
    /// The profile.
    pub profile: String,
    /// The value it set: `severity`, or the name of a limit.
    pub what: String,
    /// The control or text that justifies the value.
    pub because: String,
}

/// The limits and severity of a rule under the active profiles.
#[derive(Clone, Debug, Default)]
pub(crate) struct EffectiveSettings {
    pub(crate) limits: Vec<[i64; 4]>,
    pub(crate) limits_by: Vec<[Option<Arc<ProfileOverride>>; 4]>,
    /// The minimum severity, if a profile sets one.
    pub(crate) severity: Option<(Severity, Arc<ProfileOverride>)>,
}

impl EffectiveSettings {
    pub(crate) fn of(compiled: &CompiledRule) -> Self {
        let limits_by = vec![[const { None }; 4]; compiled.limits.len()];
        Self { limits: compiled.limits.clone(), limits_by, severity: None }
    }

    /// Applies the settings of a profile that are stricter than the current ones.
    fn apply_setting(&mut self, compiled: &CompiledRule, profile: &str, setting: &ProfileSetting) {
        let by = |what: &str| {
            Arc::new(ProfileOverride {
                profile: profile.to_owned(),
                what: what.to_owned(),
                because: setting.because.clone(),
            })
        };
        if let Some(severity) = setting.severity
            && self.severity.as_ref().is_none_or(|(known, _)| severity < *known)
        {
            self.severity = Some((severity, by("severity")));
        }
        let rule = compiled.rule();
        let Some(at) = rule.limits.iter().position(|limit| Some(&limit.name) == setting.limit.as_ref()) else { return };
        for (tier, number) in numbers(setting).into_iter().enumerate() {
            if let Some(number) = number
                && is_stricter(rule.limits[at].stricter, number, self.limits[at][tier])
            {
                self.limits[at][tier] = number;
                self.limits_by[at][tier] = Some(by(&rule.limits[at].name));
            }
        }
    }
}

/// Returns the settings of all rules under the active profiles, in the order of the rules.
///
/// # Errors
/// Active profiles that do not exist, settings that loosen a rule, and all other problems in any profile.
pub(crate) fn overlay(
    rules: &[CompiledRule],
    sources: &PackSources,
    active: &[String],
    problems: &mut Diagnostics,
) -> Vec<EffectiveSettings> {
    let mut settings: Vec<_> = rules.iter().map(EffectiveSettings::of).collect();
    let mut known: BTreeMap<&str, &ParsedFile<Profile>> = BTreeMap::new();
    for read in &sources.profiles {
        if let Some(before) = known.insert(&read.file.name, read) {
            let message = format!("the profile `{}` is also defined in {}", read.file.name, before.source.name());
            let problem = at(read, Diagnostic::error("duplicate-profile", message), &["name".into()]);
            problems.push(problem.help("rename one of them"));
        }
        for (index, setting) in read.file.settings.iter().enumerate() {
            check(read, index, setting, rules, sources, problems);
        }
    }
    for name in active {
        let Some(read) = known.get(name.as_str()) else {
            let message =
                format!("governance.toml activates the profile `{name}`, which no policies/*.profile.toml defines");
            let help = match nearest(name, known.keys().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "install the built-in profiles with `tenure policy init`".to_owned(),
                None => format!("available profiles: {}", known.keys().copied().collect::<Vec<_>>().join(", ")),
            };
            problems.push(Diagnostic::error("unknown-profile", message).in_file("governance.toml").help(help));
            continue;
        };
        for setting in &read.file.settings {
            if let Some(place) = rules.iter().position(|compiled| compiled.rule().id == setting.rule) {
                settings[place].apply_setting(&rules[place], name, setting);
            }
        }
    }
    settings
}

/// Reports the problems of one setting of a profile.
fn check(
    read: &ParsedFile<Profile>,
    index: usize,
    setting: &ProfileSetting,
    rules: &[CompiledRule],
    sources: &PackSources,
    problems: &mut Diagnostics,
) {
    let steps = |key| ["set".into(), index.into(), PathSegment::Key(key)];
    let profile = &read.file.name;
    let Some(compiled) = rules.iter().find(|compiled| compiled.rule().id == setting.rule) else {
        let ids: Vec<_> = sources.ids().collect();
        // The rule exists but has invalid expressions, which are reported where it is compiled; or it is a built-in
        // rule that is not installed.
        if ids.contains(&setting.rule.as_str()) || is_shipped_rule(&setting.rule) {
            return;
        }
        let message = format!("unknown rule `{}`", setting.rule);
        let problem = at(read, Diagnostic::error("unknown-rule", message), &steps("rule"));
        problems.push(match nearest(&setting.rule, ids) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("list all rules with `tenure policy rules`"),
        });
        return;
    };
    let rule = compiled.rule();
    if let Some(severity) = setting.severity
        && severity >= rule.severity
    {
        let word = if severity == rule.severity { "changes nothing" } else { "loosens" };
        let code = if severity == rule.severity { "profile-no-effect" } else { "profile-loosens" };
        let message = format!(
            "`{profile}` {word}: the severity of `{}` is already {}, and this is {severity}",
            rule.id, rule.severity
        );
        let problem = at(read, Diagnostic::error(code, message), &steps("severity"));
        let problem = compiled.problem(problem, &["severity".into()], "value of the rule");
        problems.push(problem.help("profiles can only tighten: raise the severity or remove the setting"));
    }
    let numbers = numbers(setting);
    let Some(name) = &setting.limit else {
        if setting.severity.is_none() || numbers.iter().any(Option::is_some) {
            let message = format!("this setting of `{profile}` has no effect: `limit` or `severity` is missing");
            let problem = at(read, Diagnostic::error("profile-no-effect", message), &steps("rule"));
            problems.push(problem.help("add the `limit` to which the numbers apply"));
        }
        return;
    };
    let Some(place) = rule.limits.iter().position(|limit| limit.name == *name) else {
        let message = format!("`{}` has no limit `{name}`", rule.id);
        let problem = at(read, Diagnostic::error("unknown-limit", message), &steps("limit"));
        let all: Vec<_> = rule.limits.iter().map(|limit| limit.name.as_str()).collect();
        problems.push(match (nearest(name, all.iter().copied()), all.as_slice()) {
            (Some(near), _) => problem.help(format!("did you mean `{near}`?")),
            (None, []) => problem.help("the rule has no limits; remove the setting"),
            (None, _) => problem.help(format!("it has: {}", all.join(", "))),
        });
        return;
    };
    let limit = &rule.limits[place];
    let mut tightens = false;
    for ((tier, number), own) in TIERS.into_iter().zip(numbers).zip(compiled.limits[place]) {
        let Some(number) = number else { continue };
        tightens |= is_stricter(limit.stricter, number, own);
        if is_stricter(limit.stricter, own, number) {
            let (way, demand) = match limit.stricter {
                LimitDirection::Less => ("more", "less"),
                LimitDirection::More => ("less", "more"),
            };
            let message = format!("`{profile}` loosens `{}`: {number} is {way} than its {own} for {tier}", rule.id);
            let key = KEYS[tier as usize];
            let problem = at(read, Diagnostic::error("profile-loosens", message), &steps(key));
            let steps = ["limit".into(), place.into(), key.into()];
            let problem = compiled.problem(problem, &steps, "value of the rule");
            problems.push(
                problem.help(format!("profiles can only tighten: write {own} or {demand}, or remove the setting")),
            );
        }
    }
    if !tightens && numbers.iter().all(Option::is_none) {
        let message = format!("`{profile}` sets no number for `{name}`");
        let problem = at(read, Diagnostic::error("profile-no-effect", message), &steps("limit"));
        problems.push(problem.help("write one for each affected tier: `T0 = 30`"));
    }
}

fn at(read: &ParsedFile<Profile>, problem: Diagnostic, steps: &[PathSegment<'_>]) -> Diagnostic {
    problem.at(&read.source, place(read.source.text(), steps), "here")
}

const fn numbers(setting: &ProfileSetting) -> [Option<i64>; 4] {
    [setting.t0, setting.t1, setting.t2, setting.t3]
}

const fn is_stricter(way: LimitDirection, number: i64, than: i64) -> bool {
    match way {
        LimitDirection::Less => number < than,
        LimitDirection::More => number > than,
    }
}

const TIERS: [Tier; 4] = [Tier::T0, Tier::T1, Tier::T2, Tier::T3];
const KEYS: [&str; 4] = ["T0", "T1", "T2", "T3"];
