//! Serializes tables: the lines `key = value` below a header, and the tables below them.

use super::{
    SerializeError, WIDTH,
    inline::{InlineWriter, is_datetime, key_text},
    push_key,
};
use serde::ser::{self, Impossible, Serialize};

/// Returns the canonical text of a struct or map.
///
/// # Errors
/// When it contains a value that TOML cannot represent, or a list that mixes tables with other values.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, SerializeError> {
    let mut page = DocumentWriter { text: String::with_capacity(4096), path: String::new() };
    value.serialize(ValueSlot::Root(&mut page))?;
    // A file that begins with a table needs no blank line before its header.
    if page.text.starts_with('\n') {
        page.text.remove(0);
    }
    Ok(page.text)
}

/// The text so far, and the path of the current table.
struct DocumentWriter {
    text: String,
    path: String,
}

/// A table that is being written: its own values first, then the tables below it.
struct TableWriter<'a> {
    page: &'a mut DocumentWriter,
    /// The length of the path above it.
    above: usize,
    /// The position of its header, if the header may be left out.
    header: Option<std::ops::Range<usize>>,
    /// The end of its own values.
    values_end: usize,
    has_values: bool,
    has_tables: bool,
    key: String,
}

impl<'a> TableWriter<'a> {
    fn root(page: &'a mut DocumentWriter) -> Self {
        let key = String::new();
        Self { page, above: 0, header: None, values_end: 0, has_values: false, has_tables: false, key }
    }

    fn below(page: &'a mut DocumentWriter, key: &str, is_element: bool) -> Self {
        let above = page.path.len();
        if above > 0 {
            page.path.push('.');
        }
        push_key(key, &mut page.path);
        let start = page.text.len();
        let [open, close] = if is_element { ["\n[[", "]]\n"] } else { ["\n[", "]\n"] };
        page.text.push_str(open);
        page.text.push_str(&page.path);
        page.text.push_str(close);
        let end = page.text.len();
        let header = (!is_element).then_some(start..end);
        Self { page, above, header, values_end: end, has_values: false, has_tables: false, key: String::new() }
    }

    /// Writes one of the table's own values; `write` appends the text after `key = `.
    fn value(
        &mut self,
        key: &str,
        write: impl FnOnce(&mut String) -> Result<(), SerializeError>,
    ) -> Result<(), SerializeError> {
        let start = self.page.text.len();
        push_key(key, &mut self.page.text);
        self.page.text.push_str(" = ");
        write(&mut self.page.text)?;
        self.page.text.push('\n');
        if self.has_tables {
            let line = self.page.text.split_off(start);
            self.page.text.insert_str(self.values_end, &line);
            self.values_end += line.len();
        } else {
            self.values_end = self.page.text.len();
        }
        self.has_values = true;
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), SerializeError> {
        value.serialize(ValueSlot::Field(self, key))
    }

    fn close(self) -> Result<(), SerializeError> {
        if let (Some(header), false, true) = (self.header, self.has_values, self.has_tables) {
            self.page.text.replace_range(header, "");
        }
        self.page.path.truncate(self.above);
        Ok(())
    }
}

/// A list that is being written: the first element decides whether it is a list of tables.
struct ListWriter<'a, 'b> {
    table: &'a mut TableWriter<'b>,
    key: &'a str,
    values: Vec<String>,
    is_tables: bool,
}

impl ListWriter<'_, '_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerializeError> {
        value.serialize(ValueSlot::Element(self))
    }

    fn close(self) -> Result<(), SerializeError> {
        if self.is_tables {
            return Ok(());
        }
        let Self { table, key, values, .. } = self;
        table.value(key, |text| {
            let start = text.rfind('\n').map_or(0, |end| end + 1);
            let one_line = format!("[{}]", values.join(", "));
            if text[start..].chars().count() + one_line.chars().count() <= WIDTH || values.is_empty() {
                text.push_str(&one_line);
                return Ok(());
            }
            text.push_str("[\n");
            for value in values {
                text.push_str("  ");
                text.push_str(&value);
                text.push_str(",\n");
            }
            text.push(']');
            Ok(())
        })
    }
}

/// The destination of a value. Only its serialization decides whether it becomes a line or a table.
enum ValueSlot<'a, 'b, 'c> {
    Element(&'a mut ListWriter<'b, 'c>),
    Field(&'a mut TableWriter<'b>, &'a str),
    Root(&'a mut DocumentWriter),
}

impl<'a, 'b, 'c> ValueSlot<'a, 'b, 'c> {
    fn value(self, write: impl FnOnce(InlineWriter<'_>) -> Result<(), SerializeError>) -> Result<(), SerializeError> {
        match self {
            Self::Element(list) if list.is_tables => Err(SerializeError::Mixed),
            Self::Element(list) => {
                let mut text = String::new();
                write(InlineWriter(&mut text))?;
                list.values.push(text);
                Ok(())
            }
            Self::Field(table, key) => table.value(key, |text| write(InlineWriter(text))),
            Self::Root(_) => Err(SerializeError::NoSuchValue("file that is not a table")),
        }
    }

    fn table(self) -> Result<TableWriter<'a>, SerializeError> {
        match self {
            Self::Element(list) if !list.values.is_empty() => Err(SerializeError::Mixed),
            Self::Element(list) => {
                list.is_tables = true;
                list.table.has_tables = true;
                Ok(TableWriter::below(list.table.page, list.key, true))
            }
            Self::Field(table, key) => {
                table.has_tables = true;
                Ok(TableWriter::below(table.page, key, false))
            }
            Self::Root(page) => Ok(TableWriter::root(page)),
        }
    }
}

macro_rules! values {
    ($($name:ident: $type:ty),*) => {$(
        fn $name(self, value: $type) -> Result<(), SerializeError> {
            self.value(|inline| inline.$name(value))
        }
    )*};
}

impl<'a, 'b, 'c> ser::Serializer for ValueSlot<'a, 'b, 'c> {
    type Ok = ();
    type Error = SerializeError;
    type SerializeSeq = ElementWriter<'a, 'b>;
    type SerializeTuple = ElementWriter<'a, 'b>;
    type SerializeTupleStruct = ElementWriter<'a, 'b>;
    type SerializeTupleVariant = Impossible<(), SerializeError>;
    type SerializeMap = TableWriter<'a>;
    type SerializeStruct = FieldWriter<'a, 'b, 'c>;
    type SerializeStructVariant = Impossible<(), SerializeError>;

    values!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_f32: f32,
        serialize_f64: f64, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8]
    );

    fn serialize_none(self) -> Result<(), SerializeError> {
        match self {
            Self::Field(..) => Ok(()),
            Self::Element(_) | Self::Root(_) => Err(SerializeError::NoSuchValue("null")),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), SerializeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), SerializeError> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), SerializeError> {
        self.serialize_none()
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
        let mut table = self.table()?;
        table.field(variant, value)?;
        table.close()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<ElementWriter<'a, 'b>, SerializeError> {
        match self {
            Self::Element(list) if list.is_tables => Err(SerializeError::Mixed),
            Self::Element(list) => Ok(ElementWriter::Nested { values: &mut list.values, inner: Vec::new() }),
            Self::Field(table, key) => {
                Ok(ElementWriter::List(ListWriter { table, key, values: Vec::new(), is_tables: false }))
            }
            Self::Root(_) => Err(SerializeError::NoSuchValue("file that is not a table")),
        }
    }

    fn serialize_tuple(self, _: usize) -> Result<ElementWriter<'a, 'b>, SerializeError> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<ElementWriter<'a, 'b>, SerializeError> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, SerializeError> {
        Err(SerializeError::NoSuchValue("variant with unnamed values"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<TableWriter<'a>, SerializeError> {
        self.table()
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<FieldWriter<'a, 'b, 'c>, SerializeError> {
        if is_datetime(name) { Ok(FieldWriter::Datetime(Some(self))) } else { self.table().map(FieldWriter::Table) }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, SerializeError> {
        Err(SerializeError::NoSuchValue("variant with named values"))
    }
}

/// The elements of a list; within a list, lists are written inline.
enum ElementWriter<'a, 'b> {
    List(ListWriter<'a, 'b>),
    Nested { values: &'a mut Vec<String>, inner: Vec<String> },
}

macro_rules! elements {
    ($($trait:ident::$method:ident),*) => {$(
        impl ser::$trait for ElementWriter<'_, '_> {
            type Ok = ();
            type Error = SerializeError;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerializeError> {
                match self {
                    Self::List(list) => list.element(value),
                    Self::Nested { inner, .. } => {
                        let mut text = String::new();
                        value.serialize(InlineWriter(&mut text))?;
                        inner.push(text);
                        Ok(())
                    }
                }
            }
            fn end(self) -> Result<(), SerializeError> {
                match self {
                    Self::List(list) => list.close(),
                    Self::Nested { values, inner } => {
                        values.push(format!("[{}]", inner.join(", ")));
                        Ok(())
                    }
                }
            }
        }
    )*};
}

elements!(SerializeSeq::serialize_element, SerializeTuple::serialize_element, SerializeTupleStruct::serialize_field);

/// The fields of a struct: a table, or a date of the `toml` crate.
enum FieldWriter<'a, 'b, 'c> {
    Datetime(Option<ValueSlot<'a, 'b, 'c>>),
    Table(TableWriter<'a>),
}

impl ser::SerializeStruct for FieldWriter<'_, '_, '_> {
    type Ok = ();
    type Error = SerializeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), SerializeError> {
        match self {
            Self::Datetime(slot) => match slot.take() {
                Some(slot) => slot.value(|inline| {
                    let text = key_text(value)?;
                    inline.0.push_str(&text);
                    Ok(())
                }),
                None => Err(SerializeError::NoSuchValue("date of two parts")),
            },
            Self::Table(table) => table.field(key, value),
        }
    }

    fn end(self) -> Result<(), SerializeError> {
        match self {
            Self::Datetime(_) => Ok(()),
            Self::Table(table) => table.close(),
        }
    }
}

impl ser::SerializeMap for TableWriter<'_> {
    type Ok = ();
    type Error = SerializeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), SerializeError> {
        self.key = key_text(key)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerializeError> {
        let key = std::mem::take(&mut self.key);
        self.field(&key, value)
    }

    fn end(self) -> Result<(), SerializeError> {
        self.close()
    }
}
