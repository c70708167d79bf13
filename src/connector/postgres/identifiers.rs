//! Quoted identifiers of SQL.

/// Quotes an identifier in any case, so that a role named `user` or `public` is not parsed as a keyword. A name in the
/// form of [`visible`] is an identifier already.
pub(super) fn ident(name: &str) -> String {
    if name.starts_with(ESCAPED) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Returns a name as it is displayed, and unlike the display of any other name: with invisible characters, as an
/// identifier with escapes (`U&"a\000Ab"`).
pub(super) fn visible(name: &str) -> String {
    if name == "PUBLIC" {
        // All roles together are displayed with this name.
        return format!("{ESCAPED}\\+000050UBLIC\"");
    }
    if name.starts_with(ESCAPED) || name.chars().any(is_invisible) { escaped(name) } else { name.to_owned() }
}

/// Returns the name that [`visible`] displays.
pub(super) fn original(name: &str) -> String {
    let Some(inner) = name.strip_prefix(ESCAPED).and_then(|rest| rest.strip_suffix('"')) else {
        return name.to_owned();
    };
    let mut text = String::new();
    let mut rest = inner.chars().peekable();
    while let Some(character) = rest.next() {
        match (character, rest.peek()) {
            ('\\', Some('\\')) | ('"', Some('"')) => text.extend(rest.next()),
            ('\\', Some('+')) => {
                let code: String = rest.by_ref().skip(1).take(6).collect();
                text.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
            }
            (other, _) => text.push(other),
        }
    }
    text
}

/// Returns SQL in which no quoted identifier has an invisible character.
pub(super) fn visible_sql(text: &str) -> String {
    if !text.chars().any(is_invisible) {
        return text.to_owned();
    }
    let mut parts = text.split('"');
    let mut result = parts.next().unwrap_or_default().to_owned();
    let rest: Vec<&str> = parts.collect();
    let mut index = 0;
    while index < rest.len() {
        // A doubled quote inside an identifier gives an empty part.
        let mut name = rest[index].to_owned();
        while index + 2 < rest.len() && rest[index + 1].is_empty() {
            name = format!("{name}\"{}", rest[index + 2]);
            index += 2;
        }
        result.push_str(&if name.chars().any(is_invisible) { escaped(&name) } else { ident(&name) });
        result.push_str(rest.get(index + 1).copied().unwrap_or_default());
        index += 2;
    }
    result
}

fn escaped(name: &str) -> String {
    let mut text = ESCAPED.to_owned();
    for character in name.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\"\""),
            other if is_invisible(other) => text.push_str(&format!("\\+{:06X}", u32::from(other))),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

/// Control characters, and those that change the direction or have no width.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The beginning of an identifier with escapes.
const ESCAPED: &str = "U&\"";

/// Splits at the first `mark` outside of double quotes; the second part is empty when there is none.
pub(super) fn outside_quotes<'a>(text: &'a str, mark: &str) -> (&'a str, &'a str) {
    let mut quoted = false;
    for (index, character) in text.char_indices() {
        if character == '"' {
            quoted = !quoted;
        } else if !quoted && text[index..].starts_with(mark) {
            return (&text[..index], &text[index + mark.len()..]);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_cannot_leave_its_quotes() {
        assert_eq!(ident("a\"; DROP ROLE b; --"), "\"a\"\"; DROP ROLE b; --\"");
        assert_eq!(ident("user"), "\"user\"");
    }

    #[test]
    fn names_that_look_alike_are_displayed_differently() {
        let names = ["x\ny", "x\\u{a}y", "x\\+00000Ay", "U&\"x\\+00000Ay\"", "a\"b\u{202e}\\c", "plain", "Ünder"];
        let shown: std::collections::BTreeSet<String> = names.iter().map(|name| visible(name)).collect();
        assert_eq!(shown.len(), names.len(), "{shown:?}");
        assert!(shown.iter().all(|name| !name.chars().any(is_invisible)));
        for name in names {
            assert_eq!(original(&visible(name)), name);
        }
        let sql = "TABLE public.\"a\"\"\nb\".\"c d\"(integer)";
        assert_eq!(visible_sql(sql), "TABLE public.U&\"a\"\"\\+00000Ab\".\"c d\"(integer)");
        assert_eq!(visible_sql("TABLE public.\"a\"\"b\""), "TABLE public.\"a\"\"b\"");
    }

    #[test]
    fn marks_inside_quotes_are_ignored() {
        let text = "SELECT ON TABLE public.\"x IN DATABASE y\" IN DATABASE sales";
        assert_eq!(outside_quotes(text, " IN DATABASE "), ("SELECT ON TABLE public.\"x IN DATABASE y\"", "sales"));
        assert_eq!(outside_quotes("CONNECT ON DATABASE sales", " IN DATABASE "), ("CONNECT ON DATABASE sales", ""));
    }
}
