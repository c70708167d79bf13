//! Codes of policies: rules, expressions, cases, profiles and controls.

super::code::codes! {
    Error "attribute-invalid":
        "A declared attribute has a value that it cannot have."
        "Write a value of the type that `tenure policy attributes` lists.";
    Error "case-attributes":
        "The attributes of a separation-of-duties case are not a list of entitlements."
        "Write each entitlement as `[[case.attributes.holds]]`.";
    Error "case-failed":
        "A rule returned another result or severity than its case expects."
        "Correct the rule or the case.";
    Error "case-missing":
        "A rule has no case for one of its results."
        "Add a `[[case]]` to `policies/<name>.cases.toml`.";
    Error "case-profiles":
        "A case lists profiles among its attributes."
        "Move them to the `profiles` key of the case.";
    Error "control-retired":
        "A rule names a control that is retired."
        "Name its replacement, or remove it.";
    Error "duplicate-case":
        "A rule has two cases of one name."
        "Rename one of them.";
    Error "duplicate-control":
        "A control is defined twice."
        "Remove one of the definitions.";
    Error "duplicate-limit":
        "A rule has two limits of one name."
        "Rename one of them.";
    Error "duplicate-profile":
        "Two files define a profile of one name."
        "Rename one of them.";
    Error "duplicate-rule":
        "Two rules have the same id."
        "Rename one of them.";
    Warning "entitlement-kind":
        "A condition compares an entitlement with a text that begins with the kind of the grant."
        "Compare with the part after the kind: `group ops`, not `membership group ops`.";
    Error "expression-empty":
        "An expression has no text."
        "Write `true` for always, `false` for never.";
    Error "expression-kind":
        "An operand has another type than its operator needs."
        "Write an operand of the type that the message names.";
    Error "expression-pattern":
        "A pattern of an expression is no string literal, is invalid, or is too large."
        "Correct the pattern.";
    Error "expression-syntax":
        "An expression is not CEL."
        "Correct the expression at the marked place.";
    Error "expression-too-deep":
        "An expression is nested too deep."
        "Split the rule.";
    Error "expression-too-long":
        "An expression is too long, or contains too many parts."
        "Split the rule.";
    Error "expression-unsupported":
        "An expression uses a part of CEL that is not supported."
        "Write the alternative that the message names.";
    Error "limit-unused":
        "No expression of a rule uses one of its limits."
        "Use the limit or remove it.";
    Error "list-unsorted":
        "A list that must be sorted is not, or contains a duplicate."
        "Sort it and remove duplicates.";
    Warning "no-controls":
        "Rules name controls, but `policies/controls.toml` does not exist."
        "Install the built-in file with `tenure policy init controls`.";
    Error "profile-loosens":
        "A profile lowers a severity or loosens a limit."
        "Raise the severity or tighten the limit, or remove the setting.";
    Error "profile-no-effect":
        "A setting of a profile changes nothing."
        "Tighten it, or remove it.";
    Error "required-attribute-missing":
        "A rule always needs an attribute that it does not list in `requires`."
        "Add the attribute to `requires`.";
    Error "required-attribute-unused":
        "A rule requires an attribute that none of its expressions uses."
        "Remove the attribute from `requires`.";
    Error "rule-shadowed":
        "A rule is equivalent to another rule."
        "Keep one of them.";
    Low "rule-undetermined":
        "A rule cannot be evaluated, because attributes are unknown."
        "Declare the attributes in the principals files.";
    Error "rule-unreachable":
        "A rule can never apply, or can never be violated."
        "Correct the expression or remove the rule.";
    Critical "rule-violation":
        "A grant violates a rule; the rule sets the severity."
        "Follow the remediation of the rule.";
    Error "severity-unreachable":
        "A condition for a severity can never be the first that holds."
        "Put the narrower condition first.";
    Warning "tier-order":
        "A condition selects less critical tiers by `>`; T0 is the most critical tier."
        "Write `grant.tier in ['T0', 'T1']`, or `<=`.";
    Error "too-many-limits":
        "A rule has more limits than permitted."
        "Split the rule.";
    Error "unknown-attribute":
        "An attribute does not exist."
        "List all attributes with `tenure policy attributes`.";
    Error "unknown-control":
        "A control does not exist."
        "Add it to `policies/controls.toml`, or name another one.";
    Error "unknown-framework":
        "A control belongs to a framework that is not defined."
        "Add a `[[framework]]` with its version.";
    Error "unknown-function":
        "A function does not exist, or is called in a wrong form."
        "Write the form that the message names.";
    Error "unknown-is-no-pass":
        "An expression would treat an unknown value as passed."
        "Write the alternative that the message names.";
    Error "unknown-limit":
        "A profile sets a limit that its rule does not have."
        "Name a limit of the rule.";
    Error "unknown-profile":
        "A profile does not exist."
        "Name an available profile, or install the built-in ones.";
    Error "unknown-rule":
        "A rule does not exist."
        "List all rules with `tenure policy rules`.";
    Error "unknown-word":
        "An expression compares a value with a word that it never has."
        "Write one of the permitted values.";
}
