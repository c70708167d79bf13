//! The list of supported functions and macros with examples and descriptions, for error messages and `tenure policy
//! attributes`.

/// A function or macro.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FunctionDef {
    /// The name.
    pub name: &'static str,
    /// An example call.
    pub form: &'static str,
    /// The description of its result.
    pub about: &'static str,
}

/// All supported functions and macros, sorted by name: the subset of CEL that applies to the types of attributes.
pub const FUNCTIONS: &[FunctionDef] = &[
    FunctionDef { name: "all", form: "list.all(x, x == 'a')", about: "Whether the condition holds for all elements." },
    FunctionDef { name: "contains", form: "text.contains('a')", about: "Whether a string contains another." },
    FunctionDef { name: "endsWith", form: "text.endsWith('a')", about: "Whether a string ends with another." },
    FunctionDef {
        name: "exists",
        form: "list.exists(x, x == 'a')",
        about: "Whether the condition holds for any element.",
    },
    FunctionDef {
        name: "exists_one",
        form: "list.exists_one(x, x == 'a')",
        about: "Whether the condition holds for exactly one element.",
    },
    FunctionDef {
        name: "filter",
        form: "list.filter(x, x != 'a')",
        about: "The elements for which the condition holds.",
    },
    FunctionDef {
        name: "has",
        form: "has(grant.attributes.login)",
        about: "Whether a map has a key; for attributes only as `!has(…)`, to require a known value.",
    },
    FunctionDef { name: "int", form: "int('5')", about: "The integer value of a string." },
    FunctionDef { name: "lowerAscii", form: "text.lowerAscii()", about: "The string in lower case (ASCII)." },
    FunctionDef { name: "map", form: "list.map(x, x + 'a')", about: "The list of results for each element." },
    FunctionDef {
        name: "matches",
        form: "text.matches('^a+$')",
        about: "Whether a regular expression matches within a string.",
    },
    FunctionDef { name: "size", form: "size(list)", about: "Number of elements or characters." },
    FunctionDef { name: "startsWith", form: "text.startsWith('a')", about: "Whether a string starts with another." },
    FunctionDef { name: "string", form: "string(5)", about: "The string form of a number or boolean." },
];
