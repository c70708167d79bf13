//! The macro that declares the kinds of records.

/// Declares the kinds of records: the payload of each, its kind in a line and its meaning.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident($payload:ident) = $name:literal,)*) => {
        /// The payload of a record, by kind.
        #[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        pub enum RecordPayload {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $kind($payload),)*
        }

        impl RecordPayload {
            /// All kinds, each with its meaning.
            pub const KINDS: &[(&'static str, &'static str)] = &[$(($name, concat!($($doc),+)),)*];

            /// Returns the spelling of the kind.
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$kind(_) => $name,)* }
            }

            /// Calls the visitor with the type of the payload of a kind. Returns `None` for an unknown kind.
            pub fn visit<V: RecordVisitor>(kind: &str, visitor: V) -> Option<V::Output> {
                Some(match kind {
                    $($name => visitor.run(Self::$kind),)*
                    _ => return None,
                })
            }
        }
    };
}
pub(super) use kinds;
