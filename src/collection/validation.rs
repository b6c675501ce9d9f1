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
