//! Tests of expressions: three-valued logic, syntax, errors, and limits.

use super::*;
use crate::policy::AttributeKind;
use std::borrow::Cow;

/// `t`, `f` and `u` are booleans, of which `u` is unknown; the others are one known and one unknown name of each type.
struct Names;

const NAMES: [(&str, AttributeKind); 12] = [
    ("f", AttributeKind::Flag),
    ("map", AttributeKind::Map),
    ("n", AttributeKind::Number),
    ("no.map", AttributeKind::Map),
    ("no.n", AttributeKind::Number),
    ("no.text", AttributeKind::Text),
    ("no.texts", AttributeKind::Texts),
    ("t", AttributeKind::Flag),
    ("text", AttributeKind::Text),
    ("texts", AttributeKind::Texts),
    ("u", AttributeKind::Flag),
    ("v", AttributeKind::Flag),
];

impl AttributeSchema for Names {
    fn find(&self, name: &str) -> Option<(AttributeIndex, AttributeKind)> {
        NAMES.iter().position(|(known, _)| *known == name).map(|at| (at as AttributeIndex, NAMES[at].1))
    }
    fn names(&self) -> Vec<String> {
        NAMES.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
    fn permitted_values(&self, slot: AttributeIndex) -> Option<&'static [&'static str]> {
        (NAMES[usize::from(slot)].0 == "no.text").then_some(&["a", "abc", "b"])
    }
    fn help(&self) -> &'static str {
        "see the test"
    }
}

struct World {
    map: crate::model::Attributes,
    texts: Vec<String>,
}

impl World {
    fn new() -> Self {
        let texts = ["a", "b", "ß"].map(str::to_owned).to_vec();
        Self { map: [("k".to_owned(), "7".to_owned())].into_iter().collect(), texts }
    }
}

impl AttributeSource for World {
    fn value(&self, slot: AttributeIndex) -> Option<ExprValue<'_>> {
        match NAMES[usize::from(slot)].0 {
            "t" => Some(ExprValue::Flag(true)),
            "f" => Some(ExprValue::Flag(false)),
            "n" => Some(ExprValue::Number(5)),
            "text" => Some(ExprValue::Text(Cow::Borrowed("Abc"))),
            "texts" => Some(ExprValue::List(ExprList::Words(&self.texts))),
            "map" => Some(ExprValue::Map(&self.map)),
            _ => None,
        }
    }
}

fn truth(text: &str) -> Result<bool, UnknownValue> {
    let compiled =
        Expression::compile(text, ResultType::Truth, &Names).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
    compiled.truth(&World::new())
}

/// Returns `t`, `f`, or the missing names.
fn said(text: &str) -> String {
    match truth(text) {
        Ok(true) => "t".to_owned(),
        Ok(false) => "f".to_owned(),
        Err(why) => {
            let names: Vec<_> = why.slots().map(|slot| NAMES[usize::from(slot)].0).collect();
            let trouble = why.reason().map(|trouble| format!("{trouble:?}"));
            names.into_iter().map(str::to_owned).chain(trouble).collect::<Vec<_>>().join("+")
        }
    }
}

#[test]
fn boolean_operators_follow_kleene_in_either_order() {
    let table = [
        ("t && t", "t"),
        ("t && f", "f"),
        ("t && u", "u"),
        ("f && f", "f"),
        ("f && u", "f"),
        ("u && u", "u"),
        ("u && v", "u+v"),
        ("t || t", "t"),
        ("t || f", "t"),
        ("t || u", "t"),
        ("f || f", "f"),
        ("f || u", "u"),
        ("u || u", "u"),
        ("u || v", "u+v"),
    ];
    for (text, expected) in table {
        let (left, operator, right) =
            (text.split(' ').next().unwrap(), text.split(' ').nth(1).unwrap(), text.split(' ').nth(2).unwrap());
        assert_eq!(said(text), expected, "{text}");
        assert_eq!(said(&format!("{right} {operator} {left}")), expected, "{right} {operator} {left}");
    }
    // A deciding operand decides at any position of a chain.
    for text in ["u && v && f", "u && f && v", "f && u && v", "(u || v) && f", "f && (u || v)"] {
        assert_eq!(said(text), "f", "{text}");
    }
    for text in ["u || v || t", "u || t || v", "t || u || v", "(u && v) || t"] {
        assert_eq!(said(text), "t", "{text}");
    }
}

#[test]
fn negation_keeps_unknown() {
    for (text, expected) in [
        ("!t", "f"),
        ("!f", "t"),
        ("!u", "u"),
        ("!!u", "u"),
        ("!(f && u)", "t"),
        ("!(t || u)", "f"),
        ("!(u && t)", "u"),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}

#[test]
fn conditional_needs_condition_and_chosen_branch() {
    for (text, expected) in [
        ("t ? f : u", "f"),
        ("f ? u : t", "t"),
        ("t ? u : t", "u"),
        ("u ? t : f", "u"),
        // Both branches are equal, but the condition is unknown: the result is unknown, as in CEL.
        ("u ? t : t", "u"),
        ("(u ? 1 : 2) > 0", "u"),
        ("(u ? t : t) || t", "t"),
        ("u ? no.n > 1 : no.n > 2", "u"),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}

#[test]
fn comparisons_arithmetic_and_calls_need_all_operands() {
    for (text, expected) in [
        ("no.n > 4", "no.n"),
        ("4 < no.n", "no.n"),
        ("no.n == no.n", "no.n"),
        ("no.n != 1", "no.n"),
        ("no.n * 0 == 0", "no.n"),
        ("-no.n < 0", "no.n"),
        ("no.text == 'a'", "no.text"),
        ("no.text != 'a'", "no.text"),
        ("no.text + text == 'a'", "no.text"),
        ("no.text.contains('')", "no.text"),
        ("'a'.contains(no.text)", "no.text"),
        ("no.text.matches('')", "no.text"),
        ("no.text.lowerAscii() == 'a'", "no.text"),
        ("size(no.texts) >= 0", "no.texts"),
        ("no.texts == []", "no.texts"),
        ("no.texts[0] == 'a'", "no.texts"),
        ("no.map['k'] == 'a'", "no.map"),
        ("has(no.map.k)", "no.map"),
        ("no.n > 4 == u", "no.n+u"),
        ("n > 4", "t"),
        ("n - 5 == 0", "t"),
        ("text.lowerAscii() == 'abc'", "t"),
        ("int(map.k) == 7 && int(map['k']) == 7", "t"),
        ("has(map.k) && !has(map.z)", "t"),
        ("'k' in map && !('z' in map)", "t"),
        ("size(text) == 3 && size('ß') == 1 && size(map) == 1", "t"),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}

#[test]
fn in_needs_both_operands_even_for_empty_list() {
    for (text, expected) in [
        ("no.text in texts", "no.text"),
        ("text in no.texts", "no.texts"),
        ("no.text in no.texts", "no.text+no.texts"),
        ("no.text in []", "no.text"),
        ("no.text in ['a', 'b']", "no.text"),
        ("'a' in [no.text, 'a']", "no.text"),
        ("'a' in texts", "t"),
        ("text in texts", "f"),
        ("n in [1, 5]", "t"),
        ("no.text in map", "no.text"),
        ("'k' in no.map", "no.map"),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}

#[test]
fn exists_and_all_follow_or_and_and() {
    for (text, expected) in [
        ("texts.exists(x, x == 'b')", "t"),
        ("texts.exists(x, x == 'b' || u)", "t"),
        ("texts.exists(x, u)", "u"),
        ("texts.exists(x, x == 'z' && u)", "f"),
        ("texts.exists(x, x == 'a' && u)", "u"),
        ("texts.exists(x, x == 'a' ? u : x == 'b')", "t"),
        ("texts.all(x, x != 'z')", "t"),
        ("texts.all(x, u)", "u"),
        ("texts.all(x, x != 'a' && u)", "f"),
        ("texts.all(x, x == 'a' ? u : x != 'b')", "f"),
        ("[].exists(x, u)", "f"),
        ("[].all(x, u)", "t"),
        ("no.texts.exists(x, true)", "no.texts"),
        ("no.texts.all(x, true)", "no.texts"),
        ("texts.exists_one(x, x == 'a')", "t"),
        ("texts.exists_one(x, x == 'a' || u)", "u"),
        ("texts.exists_one(x, x == no.text)", "no.text"),
        ("size(texts.filter(x, x != 'a')) == 2", "t"),
        ("texts.filter(x, x == no.text) == []", "no.text"),
        ("texts.map(x, x + x) == ['aa', 'bb', 'ßß']", "t"),
        ("texts.map(x, no.text) == []", "no.text"),
        ("texts.exists(x, texts.exists(y, x != y && y == 'b'))", "t"),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}

#[test]
fn evaluation_error_is_unknown() {
    for (text, expected) in [
        ("n / 0 == 0", "Arithmetic"),
        ("n % 0 == 0", "Arithmetic"),
        ("9223372036854775807 + n > 0", "Arithmetic"),
        ("-(-9223372036854775807 - 1) > 0", "Arithmetic"),
        ("int(text) == 1", "NoNumber"),
        ("texts[3] == 'a'", "NoSuchElement"),
        ("texts[-1] == 'a'", "NoSuchElement"),
        ("map.z == 'a'", "NoSuchElement"),
        ("n / 0 == 0 || t", "t"),
        ("n / 0 == 0 && f", "f"),
        ("n / 0 == 0 && u", "u+Arithmetic"),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}

/// Another interpreter returns the same results if all inputs are known, or if the result does not depend on unknown
/// ones.
#[test]
fn results_equal_those_of_another_interpreter() {
    let parts = [
        "t",
        "f",
        "u",
        "v",
        "n > 4",
        "n < 4",
        "no.n > 4",
        "text == 'Abc'",
        "no.text != 'a'",
        "'a' in texts",
        "text in no.texts",
        "texts.exists(x, x == 'b')",
        "texts.all(x, x == 'b' || u)",
        "n / 0 == 1",
        "text.startsWith('A')",
        "map.k == '7'",
        "size(texts) == 3",
        "texts.exists_one(x, x == 'a')",
        "has(map.k)",
        "int(map.k) + n == 12",
        "n % 2 == 1",
    ];
    let forms = [
        "A && B",
        "A || B",
        "!(A) || B",
        "(A) ? (B) : (A)",
        "(A) == (B)",
        "!(A && B)",
        "(A || B) && t",
        "(A) != (B) && f",
    ];
    let mut table = "# Results of the interpreter of the crate cel 0.15.0: `t`, `f`, or `-` for an error.\n\
         # A row is a part put in for A, a column the same part put in for B, in the order of the test.\n"
        .to_owned();
    for form in forms {
        table += &format!("\n{form}\n");
        for one in parts {
            for other in parts {
                let text =
                    form.replace('A', "\u{1}").replace('B', "\u{2}").replace('\u{1}', one).replace('\u{2}', other);
                table += match truth(&text) {
                    Ok(true) => "t",
                    Ok(false) => "f",
                    Err(_) => "-",
                };
            }
            table += "\n";
        }
    }
    assert!(table == include_str!("cel_results.txt"), "{table}");
}

#[test]
fn syntax_follows_the_specification_of_cel() {
    for text in [
        // Operator precedence follows the specification.
        "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9 && 7 - 2 - 1 == 4 && 12 / 2 / 3 == 2 && -2 * 3 == -6",
        "t || f && f",
        "!f == t && !(f == t)",
        "t ? t : f ? f : f",
        "n == 5 ? t : f",
        "1 + 1 in [2] && n - 1 > 3",
        "-n == -5 && --n == 5 && !!t && - 5 == -n",
        "texts[1 - 1] == 'a' && ['x', 'y',][1] == 'y'",
        // Numbers
        "0x1F == 31 && 007 == 7 && -0xA == -10",
        "-9223372036854775808 < 0 && 9223372036854775807 > 0",
        // Strings
        r#""Abc" == text && 'Abc' == text && "it's" == 'it\'s' && '' == """#,
        r#"r'a\n' == 'a\\n' && R"\" == '\\'"#,
        "'''it's \"so\"''' == 'it\\'s \"so\"' && \"\"\"a\nb\"\"\" == 'a\\nb' && '''a\r\nb''' == 'a\\nb'",
        r"'\x41\X41\101\u0041\U00000041' == 'AAAAA' && '\u00df' == 'ß' && '\xdf' == 'ß'",
        r#"size('\a\b\f\n\r\t\v\\\?\"\'\`') == 12"#,
        // Blanks, comments, and names that begin like keywords
        "t // a comment\n\t&&\r\n\u{c}t//",
        "map.k == '7' && has(map.k) && !('in' in map) && !has(map.while)",
        "texts.exists(inner, inner == 'a') && texts.exists(_x1, _x1 == 'a')",
    ] {
        assert_eq!(truth(text), Ok(true), "{text}");
    }
}

#[test]
fn used_and_required_names_of_expression() {
    let names = |slots: std::collections::BTreeSet<AttributeIndex>| {
        slots.into_iter().map(|slot| NAMES[usize::from(slot)].0).collect::<Vec<_>>().join(" ")
    };
    for (text, uses, needs) in [
        ("n > 4", "n", "n"),
        ("n > 4 && t", "n t", ""),
        ("n > 4 && n < 9", "n", "n"),
        ("n > no.n", "n no.n", "n no.n"),
        ("n > 4 || (n < 1 && t)", "n t", ""),
        ("t ? n > 1 : n < 1", "n t", "n t"),
        ("texts.exists(x, x == text)", "text texts", "texts"),
        ("!has(no.text)", "no.text", ""),
    ] {
        let expression = Expression::compile(text, ResultType::Truth, &Names);
        let Ok(expression) = expression else {
            assert!(text.contains("has(no.text)"), "{text}: {expression:?}");
            continue;
        };
        assert_eq!((names(expression.uses()).as_str(), names(expression.needs()).as_str()), (uses, needs), "{text}");
    }
}

/// Renders the errors below the expression, as in a diagnostic.
fn drawn(text: &str) -> String {
    let mistakes = match Expression::compile(text, ResultType::Truth, &Names) {
        Ok(_) => return format!("{text}\n  accepted\n"),
        Err(mistakes) => mistakes,
    };
    let mut drawn = format!("{text}\n");
    for mistake in mistakes {
        let before = text[..mistake.span.start].chars().count();
        let under = text[mistake.span.clone()].chars().count().max(1);
        let help = mistake.help.map(|help| format!(" ({help})")).unwrap_or_default();
        drawn += &format!("{}{} [{}] {}{help}\n", " ".repeat(before), "^".repeat(under), mistake.code, mistake.message);
    }
    drawn
}

#[test]
fn errors_underline_their_span() {
    let wrong = [
        "n > ",
        "n >> 4",
        "t and f",
        "t &&",
        "(n > 4",
        "n > 4)",
        "'ß' == 'ß' && txet == 'a'",
        "no.txt == 'a'",
        "unheard.of.thing > 1",
        "n == 'a'",
        "n",
        "t > f",
        "text.contain('a')",
        "text.frobnicate('a')",
        "frobnicate(n)",
        "text.contains('a', 'b')",
        "n in ['a']",
        "texts.exists(x, x > 1)",
        "texts.exists(x.y, true)",
        "n.inside == 1",
        "['a', 1] == texts",
        "1.5 > 1.0",
        "{'a': 1} == {}",
        "text.matches('(')",
        "text.matches(text)",
        "has(no.text) && t",
        "!(t && !has(no.text))",
        "n > 99999999999999999999",
        "t ? 1 : 'a'",
        "u && nn > 1 && texxt == 'a'",
        "no.text == 'c' || 'abd' != no.text",
        "no.text in ['a', 'abcd']",
        "while == 1",
        "text == 'abc",
        "text == 'a\nb'",
        "'''a''",
        r"text == '\d+'",
        r"'\ud800' == 'a'",
        "n == -9223372036854775809",
        "n == 0x",
        "n == 1u || n == 1e3 || b'a' == null",
        "t ? f",
        "t f",
        "[1, 2",
        "text.contains('a',)",
        "no.M{a: 1}",
        "a.`b`",
        "!-1",
        "",
        "  ",
        "\u{1f600} == 1",
    ];
    insta::assert_snapshot!(wrong.map(drawn).join("\n"));
}

#[test]
fn has_is_permitted_only_under_negation() {
    for text in ["!has(no.text)", "t && !has(no.text)", "!(has(no.text) && t)", "!has(no.text) || f"] {
        assert!(Expression::compile(text, ResultType::Truth, &Names).is_ok(), "{text}");
    }
    assert_eq!(said("!has(no.text)"), "t");
    assert_eq!(said("!has(no.text) && u"), "u");
    for text in ["has(no.text)", "!!has(no.text)", "!has(no.text) ? t : f", "!has(no.text) == t", "!(!has(no.text))"] {
        assert!(Expression::compile(text, ResultType::Truth, &Names).is_err(), "{text}");
    }
}

#[test]
fn hostile_expressions_cost_little() {
    let started = std::time::Instant::now();
    let deep = |open: &str, close: &str, count: usize| format!("{}t{}", open.repeat(count), close.repeat(count));
    let hostile = [
        deep("(", ")", 1000),
        deep("[", "]", 1000),
        deep("!", "", 2000),
        deep("!(", ")", 500),
        deep("-", "", 2000),
        format!("t{}", " ? t : t".repeat(300)),
        format!("t{}", ".a".repeat(1000)),
        format!("n == {}1", "1 + ".repeat(500)),
        format!("t{}", " && t".repeat(5000)),
        "x".repeat(100_000),
        "\u{1f600}".repeat(500),
        "'".repeat(1999),
        format!("n == {}1", "1 + ".repeat(255)),
        format!("texts{} == 'a'", "[0]".repeat(200)),
        format!("text{} == 'a'", ".lowerAscii()".repeat(150)),
        deep("!(", ")", 16),
        deep("!", "", 256),
        format!("{}n == 1", "-".repeat(255)),
        format!("t == {}t", "t == ".repeat(200)),
        format!("t{}", " ? t : t".repeat(16)),
        "\"\"\"".repeat(500),
        "r'\\'".repeat(400),
        "(".repeat(2000),
        ")".repeat(2000),
        "[".repeat(15),
        "{".repeat(2000),
        "?:".repeat(1000),
        "\0\u{1}\u{7f}".to_owned(),
        "`a`".to_owned(),
        "a.?b".to_owned(),
        "[?t]".to_owned(),
        "b'a' == b'a'".to_owned(),
        "text.matches('(((a{99}){99}){99}){99}')".to_owned(),
        format!("text.matches('{}')", "a?".repeat(400)),
        format!("n in [{}1]", "1, ".repeat(300)),
        "texts.exists(x, texts.exists(y, texts.exists(z, true)))".to_owned(),
    ];
    for text in hostile {
        let outcome = Expression::compile(&text, ResultType::Truth, &Names);
        if let Ok(expression) = outcome {
            let _ = expression.truth(&World::new());
        }
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn workload_status_follows_end_date() {
    struct Many(Vec<String>);
    impl AttributeSource for Many {
        fn value(&self, slot: AttributeIndex) -> Option<ExprValue<'_>> {
            (NAMES[usize::from(slot)].0 == "texts").then_some(ExprValue::List(ExprList::Words(&self.0)))
        }
    }
    let many = Many((0..20_000).map(|number| format!("entitlement {number}")).collect());
    let run = |text: &str| Expression::compile(text, ResultType::Truth, &Names).unwrap().truth(&many);
    let nested = "texts.exists(x, texts.exists(y, x == y + 'z'))";
    assert_eq!(run(nested).unwrap_err().reason(), Some(EvaluationError::Budget));
    assert_eq!(run(&format!("!({nested})")).unwrap_err().reason(), Some(EvaluationError::Budget));
    assert_eq!(run(&format!("true || ({nested})")), Ok(true));
    assert!(run("texts.exists(x, x == 'entitlement 19999')").unwrap());
}
