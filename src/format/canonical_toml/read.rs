//! Fast parser of text in canonical form, which nearly every governed file is.
//!
//! Reads the value directly from the lines, without the tree that a general TOML parser builds. On unexpected input it
//! gives up, and the general parser decides and reports the error. It may be lenient about spacing, because its result
//! is used only if writing it reproduces the same text, and the general parser reads the written text as the same value
//! (`tests/suite/format/properties.rs`).

use crate::format::confusables;
use serde::{
    Deserialize,
    de::{self, DeserializeSeed, IntoDeserializer, Visitor, value::StrDeserializer},
    forward_to_deserialize_any,
};
use std::{borrow::Cow, fmt};

/// Returns the value of a text in canonical form whose strings all pass the lint; `None` in case of doubt.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    let mut reader = TomlReader { rest: text };
    let value = T::deserialize(TableReader { reader: &mut reader, path: "", depth: 1 }).ok()?;
    reader.rest.is_empty().then_some(value)
}

/// An error: the text is not in the form that this parser reads.
#[derive(Clone, Copy, Debug)]
struct UnexpectedTomlError;

impl fmt::Display for UnexpectedTomlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not in canonical form")
    }
}

impl std::error::Error for UnexpectedTomlError {}

impl de::Error for UnexpectedTomlError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// The text that is still to be read.
struct TomlReader<'de> {
    rest: &'de str,
}

impl<'de> TomlReader<'de> {
    fn skip(&mut self, token: &str) -> Result<(), UnexpectedTomlError> {
        self.rest = self.rest.strip_prefix(token).ok_or(UnexpectedTomlError)?;
        Ok(())
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\n']);
    }

    /// Reads a bare key or a quoted one.
    fn key(&mut self) -> Result<Cow<'de, str>, UnexpectedTomlError> {
        if self.rest.starts_with('"') {
            return self.string();
        }
        let bare = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'-';
        let length = self.rest.as_bytes().iter().take_while(|byte| bare(byte)).count();
        let (key, rest) = self.rest.split_at(length);
        self.rest = rest;
        if key.is_empty() { Err(UnexpectedTomlError) } else { Ok(Cow::Borrowed(key)) }
    }

    fn string(&mut self) -> Result<Cow<'de, str>, UnexpectedTomlError> {
        self.skip("\"")?;
        let end = self.rest.bytes().position(|byte| byte == b'"' || byte == b'\\').ok_or(UnexpectedTomlError)?;
        let (plain, rest) = self.rest.split_at(end);
        self.rest = rest;
        let string = if rest.starts_with('"') { Cow::Borrowed(plain) } else { Cow::Owned(self.escaped(plain)?) };
        self.skip("\"")?;
        if confusables::check(&string).is_some() { Err(UnexpectedTomlError) } else { Ok(string) }
    }

    /// Reads a string from its first escape on. Control characters, which the lint rejects, are not supported here.
    fn escaped(&mut self, plain: &str) -> Result<String, UnexpectedTomlError> {
        let mut string = plain.to_owned();
        while let Some(escape) = self.rest.strip_prefix('\\') {
            let escaped = escape.chars().next().filter(|c| matches!(c, '"' | '\\')).ok_or(UnexpectedTomlError)?;
            string.push(escaped);
            let rest = &escape[1..];
            let end = rest.bytes().position(|byte| byte == b'"' || byte == b'\\').ok_or(UnexpectedTomlError)?;
            string.push_str(&rest[..end]);
            self.rest = &rest[end..];
        }
        Ok(string)
    }

    /// Returns the path of the next header, and whether it is the header of a list element.
    fn header(&self) -> Option<(&'de str, bool)> {
        let header = self.rest.strip_prefix("\n[").or_else(|| self.rest.strip_prefix('['))?;
        let line = header.split('\n').next()?;
        match line.strip_prefix('[') {
            Some(line) => Some((line.strip_suffix("]]")?, true)),
            None => Some((line.strip_suffix(']')?, false)),
        }
    }

    fn skip_header(&mut self) -> Result<(), UnexpectedTomlError> {
        let start = self.rest.find('[').ok_or(UnexpectedTomlError)?;
        let end = self.rest[start..].find('\n').ok_or(UnexpectedTomlError)?;
        self.rest = &self.rest[start + end + 1..];
        Ok(())
    }
}

/// Returns the first key of a header's path below `path`, with the length of the path up to its end.
fn below<'de>(header: &'de str, path: &str) -> Option<(Cow<'de, str>, usize)> {
    let rest = header.strip_prefix(path)?;
    let rest = if path.is_empty() { rest } else { rest.strip_prefix('.')? };
    let mut reader = TomlReader { rest };
    let key = reader.key().ok()?;
    let end = header.len() - reader.rest.len();
    (reader.rest.is_empty() || reader.rest.starts_with('.')).then_some((key, end))
}

/// A table: the lines after its header, then the tables below it.
struct TableReader<'a, 'de> {
    reader: &'a mut TomlReader<'de>,
    path: &'de str,
    depth: usize,
}

impl<'de> de::Deserializer<'de> for TableReader<'_, 'de> {
    type Error = UnexpectedTomlError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnexpectedTomlError> {
        if self.depth > MAX_DEPTH {
            return Err(UnexpectedTomlError);
        }
        visitor.visit_map(TableAccess { table: self, next: KeyTarget::Line })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnexpectedTomlError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, UnexpectedTomlError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, UnexpectedTomlError> {
        Err(UnexpectedTomlError)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// The context of a key.
#[derive(Clone, Copy)]
enum KeyTarget<'de> {
    Line,
    List(&'de str),
    Table(&'de str),
}

struct TableAccess<'a, 'de> {
    table: TableReader<'a, 'de>,
    next: KeyTarget<'de>,
}

impl<'de> de::MapAccess<'de> for TableAccess<'_, 'de> {
    type Error = UnexpectedTomlError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, UnexpectedTomlError> {
        let reader = &mut *self.table.reader;
        let Some((header, is_element)) = reader.header() else {
            if reader.rest.is_empty() {
                return Ok(None);
            }
            self.next = KeyTarget::Line;
            let key = reader.key()?;
            reader.skip(" = ")?;
            return seed.deserialize(TomlText(key)).map(Some);
        };
        let Some((key, end)) = below(header, self.table.path) else { return Ok(None) };
        let is_whole = end == header.len();
        self.next = if is_whole && is_element { KeyTarget::List(header) } else { KeyTarget::Table(&header[..end]) };
        if is_whole && !is_element {
            reader.skip_header()?;
        }
        seed.deserialize(TomlText(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, UnexpectedTomlError> {
        let depth = self.table.depth + 1;
        let reader = &mut *self.table.reader;
        match self.next {
            KeyTarget::Line => {
                let value = seed.deserialize(ValueReader { reader, depth })?;
                reader.skip("\n")?;
                Ok(value)
            }
            KeyTarget::List(path) => seed.deserialize(TableArrayReader { reader, path, depth }),
            KeyTarget::Table(path) => seed.deserialize(TableReader { reader, path, depth }),
        }
    }
}

/// A list of tables.
struct TableArrayReader<'a, 'de> {
    reader: &'a mut TomlReader<'de>,
    path: &'de str,
    depth: usize,
}

impl<'de> de::Deserializer<'de> for TableArrayReader<'_, 'de> {
    type Error = UnexpectedTomlError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnexpectedTomlError> {
        visitor.visit_seq(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnexpectedTomlError> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> de::SeqAccess<'de> for TableArrayReader<'_, 'de> {
    type Error = UnexpectedTomlError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, UnexpectedTomlError> {
        if self.reader.header() != Some((self.path, true)) {
            return Ok(None);
        }
        self.reader.skip_header()?;
        let table = TableReader { reader: self.reader, path: self.path, depth: self.depth + 1 };
        seed.deserialize(table).map(Some)
    }
}

/// A value on the right of `key =`.
struct ValueReader<'a, 'de> {
    reader: &'a mut TomlReader<'de>,
    depth: usize,
}

impl<'de> de::Deserializer<'de> for ValueReader<'_, 'de> {
    type Error = UnexpectedTomlError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnexpectedTomlError> {
        match self.reader.rest.as_bytes().first() {
            Some(b'"') => TomlText(self.reader.string()?).deserialize_any(visitor),
            Some(b'[') if self.depth <= MAX_DEPTH => {
                self.reader.skip("[")?;
                let mut list = ListReader { reader: self.reader, depth: self.depth };
                let value = visitor.visit_seq(&mut list)?;
                list.reader.skip("]")?;
                Ok(value)
            }
            Some(b'-' | b'0'..=b'9') => {
                let end = self.reader.rest.find([',', '\n', ']']).ok_or(UnexpectedTomlError)?;
                let (number, rest) = self.reader.rest.split_at(end);
                self.reader.rest = rest;
                visitor.visit_i64(number.parse().map_err(|_| UnexpectedTomlError)?)
            }
            Some(b't') => self.reader.skip("true").and_then(|()| visitor.visit_bool(true)),
            Some(b'f') => self.reader.skip("false").and_then(|()| visitor.visit_bool(false)),
            _ => Err(UnexpectedTomlError),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnexpectedTomlError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, UnexpectedTomlError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, UnexpectedTomlError> {
        let variant = self.reader.string()?;
        let variant: StrDeserializer<'_, UnexpectedTomlError> = variant.as_ref().into_deserializer();
        variant.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// A list on the right of `key =`, on one line or on several.
struct ListReader<'a, 'de> {
    reader: &'a mut TomlReader<'de>,
    depth: usize,
}

impl<'de> de::SeqAccess<'de> for &mut ListReader<'_, 'de> {
    type Error = UnexpectedTomlError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, UnexpectedTomlError> {
        self.reader.skip_space();
        if self.reader.rest.starts_with(']') {
            return Ok(None);
        }
        let element = seed.deserialize(ValueReader { reader: self.reader, depth: self.depth + 1 })?;
        if self.reader.rest.starts_with(',') {
            self.reader.skip(",")?;
            self.reader.skip_space();
        }
        Ok(Some(element))
    }
}

/// A string or key that was read.
struct TomlText<'de>(Cow<'de, str>);

impl<'de> de::Deserializer<'de> for TomlText<'de> {
    type Error = UnexpectedTomlError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnexpectedTomlError> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The deepest nesting of any file kind; deeper text is left to the general parser.
const MAX_DEPTH: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::canonical_toml;

    #[test]
    fn fast_parser_agrees_with_general_parser() {
        let text = "a = \"x\\\\ \\\"y\\\" ü\"\nb = -3\nlist = [1, 2]\nlong = [\n  \"one\",\n  \"22222222222222222222222222222222222222222222222222222222222222222222222222222\",\n]\nnested = [[1], []]\nno = []\nyes = true\n\n\
                    [empty]\n\n[t.\"a b\"]\nx = 1\n\n[t.\"a b\".deep]\ny = 2\n\n[[t.c]]\n\n[[t.c]]\nz = 3\n\n[[t.c.d]]\nv = 4\n\n[u]\nw = 5\n";
        let general: toml::Table = toml::from_str(text).unwrap();
        assert_eq!(from_str::<toml::Table>(text), Some(general.clone()));
        assert_eq!(canonical_toml::to_string(&general).as_deref(), Ok(text));
    }

    #[test]
    fn unexpected_text_is_left_to_the_general_parser() {
        let unknown = [
            "a = 1.5\n",
            "a = 1979-05-27\n",
            "a = {}\n",
            "a=1\n",
            "a = 'x'\n",
            "a = \"\\u0061\"\n",
            "a = 1",
            "a = 1 # x\n",
            "# x\na = 1\n",
            "a = +1\n",
            "a = \"\"\"x\"\"\"\n",
            "a = \"\u{202e}\"\n",
            "a.b = 1\n",
            "[a\nb = 1\n",
            "a = \"x\nb = 1\n",
            "[a]b\n",
            "a = [1\n",
            "[[[[[[[[[[",
            "\"",
        ];
        for text in unknown {
            assert_eq!(from_str::<toml::Table>(text), None, "{text:?}");
        }
        assert_eq!(from_str::<toml::Table>(&format!("a = {}", "[".repeat(100_000))), None);
        assert_eq!(from_str::<toml::Table>(&format!("[{}a]\n", "a.".repeat(1000))), None);
    }
}
