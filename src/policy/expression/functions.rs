//! The functions and macros that expressions may call.

/// A function or macro that expressions may call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Called {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub form: &'static str,
    /// What it gives.
    pub about: &'static str,
}

/// All functions and macros, sorted by name: those of CEL that the kinds of attributes have a use for.
pub const FUNCTIONS: &[Called] = &[
    Called { name: "all", form: "list.all(x, x == 'a')", about: "Whether it holds for each element." },
    Called { name: "contains", form: "text.contains('a')", about: "Whether a word is in another." },
    Called { name: "endsWith", form: "text.endsWith('a')", about: "Whether a word ends with another." },
    Called { name: "exists", form: "list.exists(x, x == 'a')", about: "Whether it holds for any element." },
    Called { name: "exists_one", form: "list.exists_one(x, x == 'a')", about: "Whether it holds for exactly one." },
    Called { name: "filter", form: "list.filter(x, x != 'a')", about: "The elements for which it holds." },
    Called {
        name: "has",
        form: "has(grant.attributes.login)",
        about: "Whether a map has a name; of an attribute only as `!has(…)`, for what must be known.",
    },
    Called { name: "int", form: "int('5')", about: "The number that a word says." },
    Called { name: "lowerAscii", form: "text.lowerAscii()", about: "A word in small letters." },
    Called { name: "map", form: "list.map(x, x + 'a')", about: "What becomes of each element." },
    Called { name: "matches", form: "text.matches('^a+$')", about: "Whether a pattern is found in a word." },
    Called { name: "size", form: "size(list)", about: "How many elements or letters there are." },
    Called { name: "startsWith", form: "text.startsWith('a')", about: "Whether a word begins with another." },
    Called { name: "string", form: "string(5)", about: "A number or truth as a word." },
];
