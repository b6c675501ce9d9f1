//! Dates of untyped documents, aware or naive as a connection says.

#[cfg(any(feature = "chrono", feature = "jiff"))]
use std::any::type_name;

use bson::DateTime;

#[cfg(any(feature = "chrono", feature = "jiff"))]
use super::stored::Millis;
use super::stored::out_of_range;
use crate::error::{Error, Kind, Result};

/// How the dates of a connection are handed out ([`Connection::dates`]): as dates that know that
/// they are in UTC, or as naive ones. Default aware.
///
/// ```
/// use actix_mongo::bson::DateTime;
/// use actix_mongo::dates::Dates;
///
/// let date = DateTime::from_millis(1_500);
/// assert_eq!(Dates::AWARE.text(date).unwrap(), "1970-01-01T00:00:01.5Z");
/// assert_eq!(Dates::NAIVE.text(date).unwrap(), "1970-01-01T00:00:01.5");
/// ```
///
/// [`Connection::dates`]: crate::Connection::dates
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dates {
    aware: bool,
}

/// A date, aware of its zone or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Date<A, N> {
    /// It knows that it is in UTC.
    Aware(A),
    /// It is in UTC and does not know it.
    Naive(N),
}

impl Dates {
    /// Dates that know that they are in UTC.
    pub const AWARE: Self = Self { aware: true };
    /// Dates that do not.
    pub const NAIVE: Self = Self { aware: false };

    /// Which of the two these are.
    pub fn are_aware(self) -> bool {
        self.aware
    }

    /// The date by RFC 3339: with the `Z` of UTC, or without.
    ///
    /// Fails with [`Kind::Decode`] for a year before 0 or after 9999, which RFC 3339 does not have.
    pub fn text(self, date: DateTime) -> Result<String> {
        // A date out of range comes as the text of another one that is not, or not at all.
        let is_same = |text: &String| DateTime::parse_rfc3339_str(text).ok() == Some(date);
        let text = date.try_to_rfc3339_string().ok().filter(is_same);
        let text = text.ok_or_else(|| refused(date, "RFC 3339"))?;
        Ok(match self.aware {
            true => text,
            false => text.trim_end_matches('Z').to_owned(),
        })
    }

    /// The date as one of `chrono`.
    ///
    /// Fails with [`Kind::Decode`] if it is out of that library's range.
    #[cfg(feature = "chrono")]
    pub fn chrono(
        self,
        date: DateTime,
    ) -> Result<Date<chrono::DateTime<chrono::Utc>, chrono::NaiveDateTime>> {
        self.read(date)
    }

    /// The date as one of `jiff`.
    ///
    /// Fails with [`Kind::Decode`] if it is out of that library's range.
    #[cfg(feature = "jiff")]
    pub fn jiff(self, date: DateTime) -> Result<Date<jiff::Timestamp, jiff::civil::DateTime>> {
        self.read(date)
    }

    #[cfg(any(feature = "chrono", feature = "jiff"))]
    fn read<A: Millis, N: Millis>(self, date: DateTime) -> Result<Date<A, N>> {
        let millis = date.timestamp_millis();
        match self.aware {
            true => A::from_millis(millis).map(Date::Aware).ok_or_else(|| refused(date, type_name::<A>())),
            false => N::from_millis(millis).map(Date::Naive).ok_or_else(|| refused(date, type_name::<N>())),
        }
    }
}

impl Default for Dates {
    /// Aware ones.
    fn default() -> Self {
        Self::AWARE
    }
}

fn refused(date: DateTime, what: &str) -> Error {
    Error::new(Kind::Decode, out_of_range(date, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_the_zone_or_not() {
        let date = |text: &str| DateTime::parse_rfc3339_str(text).unwrap();
        for text in ["0000-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"] {
            assert_eq!(Dates::default().text(date(text)).unwrap(), text);
            assert_eq!(Dates::NAIVE.text(date(text)).unwrap(), text.trim_end_matches('Z'));
        }
        let last = date("9999-12-31T23:59:59.999Z").timestamp_millis();
        let first = date("0000-01-01T00:00:00Z").timestamp_millis();
        for millis in [i64::MIN, first - 1, last + 1, i64::MAX] {
            let error = Dates::AWARE.text(DateTime::from_millis(millis)).unwrap_err();
            assert_eq!(error.kind(), Kind::Decode);
            assert!(error.to_string().contains("out of the range"), "{error}");
        }
    }
}
