//! How a collection treats documents that break its validation rules.

use serde::{Serialize, Serializer};

/// Which documents are held to the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ValidationLevel {
    /// None.
    Off,
    /// All (the server's default).
    Strict,
    /// New ones, and those that kept to the rules before they were changed.
    Moderate,
}

/// What becomes of a write that breaks the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ValidationAction {
    /// It is refused (the server's default).
    Error,
    /// It is done, and the server's log has a warning.
    Warn,
    /// It is refused, and the server's log says so (servers from 8.1).
    ErrorAndLog,
}

impl Serialize for ValidationLevel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Off => "off",
            Self::Strict => "strict",
            Self::Moderate => "moderate",
        })
    }
}

impl Serialize for ValidationAction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::ErrorAndLog => "errorAndLog",
        })
    }
}

/// What a collection is made with and what may be changed of it, by one builder each.
macro_rules! collection_options {
    ($builder:ident) => {
        impl $builder {
            /// The pipeline of a view.
            pub fn pipeline(mut self, stages: impl IntoIterator<Item: serde::Serialize>) -> Self {
                self.draft.set_list("pipeline", stages);
                self
            }

            /// How long documents of a time series or clustered collection live; where that was
            /// never set, for ever.
            pub fn expire_after(mut self, age: std::time::Duration) -> Self {
                self.draft.set("expireAfterSeconds", i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
                self
            }

            /// Whether change streams can show documents as they were before and after a change
            /// (servers from 6.0).
            pub fn change_stream_pre_and_post_images(mut self, enabled: bool) -> Self {
                self.draft.set("changeStreamPreAndPostImages", bson::doc! { "enabled": enabled });
                self
            }
        }
    };
}

pub(crate) use collection_options;
