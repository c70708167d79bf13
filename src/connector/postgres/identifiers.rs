//! Quoted identifiers of SQL.

/// Quotes an identifier in any case, so that a role named `user` or `public` is not parsed as a keyword.
pub(super) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

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
    fn marks_inside_quotes_are_ignored() {
        let text = "SELECT ON TABLE public.\"x IN DATABASE y\" IN DATABASE sales";
        assert_eq!(outside_quotes(text, " IN DATABASE "), ("SELECT ON TABLE public.\"x IN DATABASE y\"", "sales"));
        assert_eq!(outside_quotes("CONNECT ON DATABASE sales", " IN DATABASE "), ("CONNECT ON DATABASE sales", ""));
    }
}
