//! The macro that declares the kinds of governed files and the namespaces of their signatures.

/// Declares the kinds of governed files: the type of each, its name, its paths, its author, and for a signed kind the
/// namespace, a noun for messages and the signers.
///
/// Also declares the namespaces of signatures, which are those of the signed kinds and of two artifacts of the engine.
macro_rules! kinds {
    ($(
        $kind:ident $name:literal at $($place:literal),+ written by $author:literal
        $(signed $namespace:literal as $noun:literal by $signers:literal)?;
    )*) => {
        /// A kind of governed TOML file.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum FileKind {
            $($(#[doc = concat!("`", $place, "`")])+ $kind,)*
        }

        impl FileKind {
            /// All kinds in alphabetical order.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$kind),*];

            /// Returns the kind's name, as accepted by `tenure schema`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// Returns the schema id of the current version.
            pub const fn schema(self) -> &'static str {
                match self { $(Self::$kind => concat!("tenure/", $name, "/v1"),)* }
            }

            /// Returns the paths of the kind's files, with names of their variable parts, such as `<system>`.
            pub const fn paths(self) -> &'static [&'static str] {
                match self { $(Self::$kind => &[$($place),+],)* }
            }

            /// Returns the author of the kind's files: commands, or people.
            pub const fn author(self) -> &'static str {
                match self { $(Self::$kind => $author,)* }
            }

            /// Returns the SSHSIG namespace of the kind's signatures, or `None` for an unsigned kind.
            pub const fn namespace(self) -> Option<SignatureNamespace> {
                match self {
                    $($(Self::$kind => { const _: &str = $namespace; Some(SignatureNamespace::$kind) })?)*
                    _ => None,
                }
            }

            /// Returns the required signers of the kind's files, or `None` for an unsigned kind.
            pub const fn signers(self) -> Option<&'static str> {
                match self {
                    $($(Self::$kind => Some($signers),)?)*
                    _ => None,
                }
            }

            /// Returns the shipped JSON Schema.
            pub const fn json_schema(self) -> &'static str {
                match self {
                    $(Self::$kind => include_str!(concat!("../../../schemas/", $name, ".schema.json")),)*
                }
            }

            /// Returns a complete, canonical example that the engine accepts.
            pub const fn example(self) -> &'static str {
                match self {
                    $(Self::$kind => include_str!(concat!("../../../schemas/examples/", $name, ".toml")),)*
                }
            }

            /// Runs an operation with the type of the kind.
            pub fn visit<V: KindVisitor>(self, visitor: V) -> V::Output {
                match self { $(Self::$kind => visitor.run::<$kind>(),)* }
            }
        }

        $(impl GovernedFile for $kind {
            const KIND: FileKind = FileKind::$kind;
            fn schema(&self) -> &str {
                &self.schema
            }
        })*

        /// The purpose of a signature: one namespace per kind of artifact, so that a signature cannot be reused for
        /// another kind.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum SignatureNamespace {
            $($(#[doc = concat!("A ", $noun, ".")] $kind,)?)*
            /// The segments of the evidence branch.
            Evidence,
            /// A git commit, as git itself signs it.
            Git,
        }

        impl SignatureNamespace {
            /// Every namespace.
            pub const ALL: [Self; [$($($namespace,)?)* "evidence", "git"].len()] =
                [$($({ const _: &str = $namespace; Self::$kind },)?)* Self::Evidence, Self::Git];

            /// Returns the namespace in the form of `ssh-keygen -n`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$kind => $namespace,)?)*
                    Self::Evidence => "evidence.v1@tenure",
                    Self::Git => "git",
                }
            }

            /// Returns a noun for the signed artifact, for messages.
            pub const fn noun(self) -> &'static str {
                match self {
                    $($(Self::$kind => $noun,)?)*
                    Self::Evidence => "signed segment",
                    Self::Git => "signed commit",
                }
            }
        }
    };
}
pub(super) use kinds;
