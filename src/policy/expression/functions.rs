//! The functions and macros that expressions may call.

/// A function or macro that expressions may call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FunctionDef {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub form: &'static str,
    /// What it gives.
    pub about: &'static str,
}

/// All functions and macros, sorted by name: those of CEL that the kinds of attributes have a use for.
pub const FUNCTIONS: &[FunctionDef] = &[
    FunctionDef { name: "all", form: "list.all(x, x == 'a')", about: "Whether it holds for each element." },
    FunctionDef { name: "contains", form: "text.contains('a')", about: "Whether a word is in another." },
    FunctionDef { name: "endsWith", form: "text.endsWith('a')", about: "Whether a word ends with another." },
    FunctionDef { name: "exists", form: "list.exists(x, x == 'a')", about: "Whether it holds for any element." },
    FunctionDef {
        name: "exists_one",
        form: "list.exists_one(x, x == 'a')",
        about: "Whether it holds for exactly one.",
    },
    FunctionDef { name: "filter", form: "list.filter(x, x != 'a')", about: "The elements for which it holds." },
    FunctionDef {
        name: "has",
        form: "has(grant.attributes.login)",
        about: "Whether a map has a name; of an attribute only as `!has(…)`, for what must be known.",
    },
    FunctionDef { name: "int", form: "int('5')", about: "The number that a word says." },
    FunctionDef { name: "lowerAscii", form: "text.lowerAscii()", about: "A word in small letters." },
    FunctionDef { name: "map", form: "list.map(x, x + 'a')", about: "What becomes of each element." },
    FunctionDef { name: "matches", form: "text.matches('^a+$')", about: "Whether a pattern is found in a word." },
    FunctionDef { name: "size", form: "size(list)", about: "How many elements or letters there are." },
    FunctionDef { name: "startsWith", form: "text.startsWith('a')", about: "Whether a word begins with another." },
    FunctionDef { name: "string", form: "string(5)", about: "A number or truth as a word." },
];
