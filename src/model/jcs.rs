//! Canonical JSON (RFC 8785), limited to the values that Tenure writes: no floats, integers below 2^53.

use super::Digest;
use serde::Serialize;
use serde_json::Value;

/// An error: the value has no canonical form.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CanonicalizationError {
    /// A number that is not allowed. RFC 8785 allows floats; Tenure does not, so that no parser can round them.
    #[error("`{0}` is not an integer between -(2^53-1) and 2^53-1")]
    Number(String),
    /// The type cannot be written as JSON.
    #[error("cannot be written as JSON: {0}")]
    Unwritable(String),
}

/// Returns the canonical JSON text of `value`, without a line end.
///
/// # Errors
/// When the value contains a float, a large integer, or a map with keys that are not strings.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, CanonicalizationError> {
    let value = serde_json::to_value(value).map_err(|e| CanonicalizationError::Unwritable(e.to_string()))?;
    let mut text = String::with_capacity(256);
    write(&value, &mut text)?;
    Ok(text)
}

/// Returns the digest of the canonical JSON text of `value`.
///
/// # Errors
/// As [`to_string`].
pub fn digest<T: Serialize + ?Sized>(value: &T) -> Result<Digest, CanonicalizationError> {
    to_string(value).map(Digest::of)
}

fn write(value: &Value, text: &mut String) -> Result<(), CanonicalizationError> {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => match number.as_i64() {
            Some(integer) if integer.unsigned_abs() < 1 << 53 => text.push_str(&integer.to_string()),
            _ => return Err(CanonicalizationError::Number(number.to_string())),
        },
        Value::String(string) => write_string(string, text),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text)?;
            }
            text.push(']');
        }
        Value::Object(members) => {
            // RFC 8785 section 3.2.3: sorted by UTF-16 code units, regardless of the order of the map.
            let mut sorted: Vec<_> = members.iter().collect();
            if members.keys().all(|key| key.is_ascii()) {
                sorted.sort_unstable_by(|a, b| a.0.cmp(b.0));
            } else {
                sorted.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            }
            text.push('{');
            for (index, (key, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_string(key, text);
                text.push(':');
                write(member, text)?;
            }
            text.push('}');
        }
    }
    Ok(())
}

/// Appends a string literal. RFC 8785 section 3.2.2.2: only the escapes of ECMAScript's `JSON.stringify`.
fn write_string(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            control if (control as u32) < 0x20 => text.push_str(&format!("\\u{:04x}", control as u32)),
            plain => text.push(plain),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_sort_by_utf16_and_strings_are_escaped() {
        // The sorting example of RFC 8785 section 3.2.3.
        let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
        let text = to_string(&value).unwrap();
        let order: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(order, ['2', '1', '4', '6', '7', '1', '5', '3'], "{text}");
        assert_eq!(to_string("\u{1}\u{7f}/\"").unwrap(), "\"\\u0001\u{7f}/\\\"\"");
    }

    #[test]
    fn floats_and_large_integers_are_rejected() {
        assert!(to_string(&json!(1.5)).is_err());
        assert!(to_string(&json!(1_u64 << 53)).is_err());
        assert_eq!(to_string(&json!([-1, null, true])).as_deref(), Ok("[-1,null,true]"));
    }
}
