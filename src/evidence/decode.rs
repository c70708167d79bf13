//! Fast deserialization of records whose kind is known in advance.
//!
//! `serde` reads a tagged enum by buffering the whole record until it finds the tag. Here the tag is known, so each
//! field is read directly, in half the time. An audit reads a million records.

use crate::model::{RunId, Timestamp, record::*, time::ParseTimestampError};
use serde::{
    Deserialize,
    de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{borrow::Cow, fmt, marker::PhantomData};

/// The run and time of the previous line: most lines have the same.
#[derive(Clone, Debug, Default)]
pub(super) struct DecodeCache {
    run: Option<(String, RunId)>,
    time: Option<(String, Timestamp)>,
}

/// Reads `text` as a record of `kind`; `None` for an unknown kind.
pub(super) fn read(kind: &str, text: &str, memory: &mut DecodeCache) -> Option<Result<Record, serde_json::Error>> {
    struct RecordDecoder<'a>(&'a str, &'a mut DecodeCache);
    impl RecordVisitor for RecordDecoder<'_> {
        type Output = Result<Record, serde_json::Error>;
        fn run<T: DeserializeOwned>(self, payload: fn(T) -> RecordPayload) -> Self::Output {
            of(self.0, self.1, payload)
        }
    }
    RecordPayload::visit(kind, RecordDecoder(text, memory))
}

fn of<'de, T: Deserialize<'de>>(
    text: &'de str,
    memory: &mut DecodeCache,
    entry: fn(T) -> RecordPayload,
) -> Result<Record, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let record = RecordSeed { memory, entry }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(record)
}

struct RecordSeed<'m, T> {
    memory: &'m mut DecodeCache,
    entry: fn(T) -> RecordPayload,
}

/// The fields of every record, independent of its kind.
#[derive(Default)]
struct RecordHeader {
    v: Option<u32>,
    seq: Option<u64>,
    prev: Option<String>,
    run: Option<RunId>,
    t: Option<Timestamp>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for RecordSeed<'_, T> {
    type Value = Record;
    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Record, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for RecordSeed<'_, T> {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Record, A::Error> {
        let mut head = RecordHeader::default();
        let rest = PayloadDeserializer { map, head: &mut head, memory: self.memory, lifetime: PhantomData::<&'de ()> };
        let entry = (self.entry)(T::deserialize(MapAccessDeserializer::new(rest))?);
        let missing = de::Error::missing_field;
        Ok(Record {
            v: head.v.ok_or_else(|| missing("v"))?,
            seq: head.seq.ok_or_else(|| missing("seq"))?,
            prev: head.prev.ok_or_else(|| missing("prev"))?,
            run: head.run.ok_or_else(|| missing("run"))?,
            t: head.t.ok_or_else(|| missing("t"))?,
            entry,
        })
    }
}

/// A deserializer of the record without its head: the fields of its kind.
struct PayloadDeserializer<'h, 'de, A> {
    map: A,
    head: &'h mut RecordHeader,
    memory: &'h mut DecodeCache,
    lifetime: PhantomData<&'de ()>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for PayloadDeserializer<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(BorrowedText(key)) = self.map.next_key()? {
            match &*key {
                "v" => self.head.v = Some(self.map.next_value()?),
                "seq" => self.head.seq = Some(self.map.next_value()?),
                "prev" => self.head.prev = Some(self.map.next_value()?),
                "run" => self.head.run = Some(remembered(&mut self.memory.run, self.map.next_value()?, RunId::parse)?),
                "t" => self.head.t = Some(remembered(&mut self.memory.time, self.map.next_value()?, time)?),
                "kind" => drop(self.map.next_value::<de::IgnoredAny>()?),
                _ => return seed.deserialize(key.into_deserializer()).map(Some),
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

fn time(text: &str) -> Result<Timestamp, ParseTimestampError> {
    Timestamp::parse_whole(text)
}

fn remembered<T: Clone, E: fmt::Display, R: de::Error>(
    memory: &mut Option<(String, T)>,
    BorrowedText(text): BorrowedText<'_>,
    parse: fn(&str) -> Result<T, E>,
) -> Result<T, R> {
    if let Some((before, value)) = memory
        && *before == *text
    {
        return Ok(value.clone());
    }
    let value = parse(&text).map_err(R::custom)?;
    *memory = Some((text.into_owned(), value.clone()));
    Ok(value)
}

/// A string, borrowed from the line if it has no escapes.
struct BorrowedText<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for BorrowedText<'de> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BorrowedTextVisitor;
        impl<'de> Visitor<'de> for BorrowedTextVisitor {
            type Value = BorrowedText<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<BorrowedText<'de>, E> {
                Ok(BorrowedText(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<BorrowedText<'de>, E> {
                Ok(BorrowedText(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(BorrowedTextVisitor)
    }
}
