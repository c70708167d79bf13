//! Serializes inline values: the text on the right of `key =`.

use super::{SerializeError, push_key, push_string};
use serde::ser::{self, Serialize};

/// Writes a value on the right of `key =`. Tables within the value are inline tables.
pub(super) struct InlineWriter<'a>(pub(super) &'a mut String);

/// A list or inline table that is being written.
pub(super) struct InlineCompoundWriter<'a> {
    text: &'a mut String,
    empty: bool,
    close: &'static str,
    datetime: bool,
}

impl<'a> InlineCompoundWriter<'a> {
    fn open(text: &'a mut String, open: &str, close: &'static str) -> Self {
        text.push_str(open);
        Self { text, empty: true, close, datetime: false }
    }

    fn next(&mut self) {
        if !std::mem::replace(&mut self.empty, false) {
            self.text.push_str(", ");
        } else if self.close.ends_with('}') {
            self.text.push(' ');
        }
    }

    fn close(self) -> Result<(), SerializeError> {
        if !self.empty && self.close.starts_with('}') {
            self.text.push(' ');
        }
        self.text.push_str(self.close);
        Ok(())
    }
}

macro_rules! displayed {
    ($($name:ident: $type:ty),*) => {$(
        fn $name(self, value: $type) -> Result<(), SerializeError> {
            self.0.push_str(&value.to_string());
            Ok(())
        }
    )*};
}

impl<'a> ser::Serializer for InlineWriter<'a> {
    type Ok = ();
    type Error = SerializeError;
    type SerializeSeq = InlineCompoundWriter<'a>;
    type SerializeTuple = InlineCompoundWriter<'a>;
    type SerializeTupleStruct = InlineCompoundWriter<'a>;
    type SerializeTupleVariant = InlineCompoundWriter<'a>;
    type SerializeMap = InlineCompoundWriter<'a>;
    type SerializeStruct = InlineCompoundWriter<'a>;
    type SerializeStructVariant = InlineCompoundWriter<'a>;

    displayed!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32
    );

    fn serialize_u64(self, value: u64) -> Result<(), SerializeError> {
        // TOML 1.0: integers are 64 bits signed.
        let value = i64::try_from(value).map_err(|_| SerializeError::NoSuchValue("integer above 2^63-1"))?;
        self.serialize_i64(value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), SerializeError> {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), SerializeError> {
        // The shortest text that parses to the same number, as guaranteed by Rust's `Debug`.
        let text = if value.is_nan() { "nan".to_owned() } else { format!("{value:?}") };
        self.0.push_str(&text);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), SerializeError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), SerializeError> {
        push_string(value, self.0);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), SerializeError> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<(), SerializeError> {
        Err(SerializeError::NoSuchValue("null"))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), SerializeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), SerializeError> {
        Err(SerializeError::NoSuchValue("null"))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), SerializeError> {
        Err(SerializeError::NoSuchValue("null"))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), SerializeError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), SerializeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), SerializeError> {
        let mut parts = InlineCompoundWriter::open(self.0, "{", "}");
        ser::SerializeStruct::serialize_field(&mut parts, variant, value)?;
        parts.close()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<InlineCompoundWriter<'a>, SerializeError> {
        Ok(InlineCompoundWriter::open(self.0, "[", "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<InlineCompoundWriter<'a>, SerializeError> {
        Ok(InlineCompoundWriter::open(self.0, "[", "]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<InlineCompoundWriter<'a>, SerializeError> {
        Ok(InlineCompoundWriter::open(self.0, "[", "]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<InlineCompoundWriter<'a>, SerializeError> {
        self.0.push_str("{ ");
        push_key(variant, self.0);
        Ok(InlineCompoundWriter::open(self.0, " = [", "] }"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<InlineCompoundWriter<'a>, SerializeError> {
        Ok(InlineCompoundWriter::open(self.0, "{", "}"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<InlineCompoundWriter<'a>, SerializeError> {
        if is_datetime(name) {
            return Ok(InlineCompoundWriter { text: self.0, empty: true, close: "", datetime: true });
        }
        Ok(InlineCompoundWriter::open(self.0, "{", "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<InlineCompoundWriter<'a>, SerializeError> {
        self.0.push_str("{ ");
        push_key(variant, self.0);
        Ok(InlineCompoundWriter::open(self.0, " = {", "} }"))
    }
}

/// Returns whether a struct of this name is how the `toml` crate passes a date or time.
pub(super) fn is_datetime(name: &str) -> bool {
    name == "$__toml_private_Datetime"
}

macro_rules! lists {
    ($($trait:ident::$method:ident),*) => {$(
        impl ser::$trait for InlineCompoundWriter<'_> {
            type Ok = ();
            type Error = SerializeError;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerializeError> {
                self.next();
                value.serialize(InlineWriter(self.text))
            }
            fn end(self) -> Result<(), SerializeError> {
                self.close()
            }
        }
    )*};
}

lists!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! structs {
    ($($trait:ident),*) => {$(
        impl ser::$trait for InlineCompoundWriter<'_> {
            type Ok = ();
            type Error = SerializeError;
            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), SerializeError> {
                let mut written = String::new();
                match value.serialize(InlineWriter(&mut written)) {
                    Err(SerializeError::NoSuchValue("null")) => return Ok(()),
                    other => other?,
                }
                if self.datetime {
                    self.text.push_str(written.trim_matches('"'));
                    return Ok(());
                }
                self.next();
                push_key(key, self.text);
                self.text.push_str(" = ");
                self.text.push_str(&written);
                Ok(())
            }
            fn end(self) -> Result<(), SerializeError> {
                self.close()
            }
        }
    )*};
}

structs!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for InlineCompoundWriter<'_> {
    type Ok = ();
    type Error = SerializeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), SerializeError> {
        self.next();
        push_key(&key_text(key)?, self.text);
        self.text.push_str(" = ");
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerializeError> {
        value.serialize(InlineWriter(self.text))
    }

    fn end(self) -> Result<(), SerializeError> {
        self.close()
    }
}

/// Returns the text of a map's key.
pub(super) fn key_text<T: Serialize + ?Sized>(key: &T) -> Result<String, SerializeError> {
    match serde_json::to_value(key) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        _ => Err(SerializeError::NoSuchValue("key that is not a text")),
    }
}
