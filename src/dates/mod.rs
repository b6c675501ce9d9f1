//! Dates as types of their own: zone-aware or naive, of `chrono` or of `jiff`.
//!
//! BSON has one kind of date: a point in time, counted in milliseconds from 1970 on, in UTC. An
//! untyped document carries it as [`bson::DateTime`]. A typed one carries what its fields are:
//!
//! | With | A field is | In UTC it |
//! |---|---|---|
//! | `#[serde(with = "actix_mongo::dates::aware")]` | `chrono::DateTime<Utc>`, `jiff::Timestamp`, `jiff::Zoned` | is, and knows it |
//! | `#[serde(with = "actix_mongo::dates::naive")]` | `chrono::NaiveDateTime`, `jiff::civil::DateTime` | is, and does not know it |
//!
//! or an `Option` or a `Vec` of it. A field that may be missing, not only null, wants
//! `#[serde(default)]` as well. The types come with the features `chrono` and `jiff`, which turn on
//! those of `bson` too, so that such values can stand in `doc!`.
//!
//! ```
//! # #[cfg(feature = "chrono")]
//! # mod example {
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Stay {
//!     #[serde(with = "actix_mongo::dates::aware")]
//!     arrival: chrono::DateTime<chrono::Utc>,
//!     #[serde(with = "actix_mongo::dates::naive", default)]
//!     departure: Option<chrono::NaiveDateTime>,
//! }
//! # }
//! ```
//!
//! **Out of range.** BSON reaches 292 million years in both directions, the libraries less. A
//! date beyond theirs is an error of decoding; it is never moved to where it fits, as the
//! conversions of `bson` do (`From`, `to_chrono`, `FromJiff02Timestamp`). What is finer than a
//! millisecond is cut off, towards the past. This holds for all that this crate reads, and for
//! `bson::deserialize_from_slice`; `bson::deserialize_from_document` already hands on a date after
//! the year 9999 as the end of that year.
//!
//! [`Dates`] does the same by a flag that a connection carries.

// Called by serde's derived code and by users; never asks a server anything.

#[cfg(feature = "chrono")]
mod by_chrono;
mod by_flag;
#[cfg(feature = "jiff")]
mod by_jiff;
mod stored;

pub use by_flag::{Date, Dates};
pub use stored::{Aware, Naive};

/// For `#[serde(with = "actix_mongo::dates::aware")]`: dates that know that they are in UTC.
pub mod aware {
    use serde::{Deserializer, Serializer};

    pub use super::stored::Aware;

    /// Writes a BSON date. Fails if BSON has none for it, which no type of today can cause.
    pub fn serialize<T: Aware, S: Serializer>(date: &T, serializer: S) -> Result<S::Ok, S::Error> {
        date.store(serializer)
    }

    /// Reads a BSON date. Fails if it is none, or out of the type's range.
    pub fn deserialize<'de, T: Aware, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::load(deserializer)
    }
}

/// For `#[serde(with = "actix_mongo::dates::naive")]`: dates in UTC that do not know it.
pub mod naive {
    use serde::{Deserializer, Serializer};

    pub use super::stored::Naive;

    /// Writes a BSON date. Fails if BSON has none for it, as for a `jiff::civil::DateTime` at the
    /// very ends of its range.
    pub fn serialize<T: Naive, S: Serializer>(date: &T, serializer: S) -> Result<S::Ok, S::Error> {
        date.store(serializer)
    }

    /// Reads a BSON date. Fails if it is none, or out of the type's range.
    pub fn deserialize<'de, T: Naive, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::load(deserializer)
    }
}
