//! Dates of `chrono`.

use chrono::{DateTime, NaiveDateTime, Utc};

use super::stored::{Aware, Millis, Naive};

impl Aware for DateTime<Utc> {}
impl Naive for NaiveDateTime {}

impl Millis for DateTime<Utc> {
    fn from_millis(millis: i64) -> Option<Self> {
        Self::from_timestamp_millis(millis)
    }

    fn to_millis(&self) -> Option<i64> {
        Some(self.timestamp_millis())
    }
}

impl Millis for NaiveDateTime {
    fn from_millis(millis: i64) -> Option<Self> {
        DateTime::from_timestamp_millis(millis).map(|date| date.naive_utc())
    }

    fn to_millis(&self) -> Option<i64> {
        Some(self.and_utc().timestamp_millis())
    }
}

#[cfg(test)]
mod tests {
    use bson::{Bson, doc};
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::dates::{Date, Dates};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Stay {
        #[serde(with = "crate::dates::aware")]
        aware: DateTime<Utc>,
        #[serde(with = "crate::dates::naive")]
        naive: NaiveDateTime,
        #[serde(with = "crate::dates::aware", default)]
        perhaps: Option<DateTime<Utc>>,
        #[serde(with = "crate::dates::naive", default)]
        several: Vec<NaiveDateTime>,
    }

    fn at(millis: i64) -> Bson {
        Bson::DateTime(bson::DateTime::from_millis(millis))
    }

    #[test]
    fn dates_of_both_kinds_are_stored_as_dates() {
        let aware: DateTime<Utc> = "1969-12-31T23:59:59.999Z".parse().unwrap();
        let naive = aware.naive_utc();
        let stay = Stay { aware, naive, perhaps: Some(aware), several: vec![naive, naive] };
        let document = bson::serialize_to_document(&stay).unwrap();
        let stored =
            doc! { "aware": at(-1), "naive": at(-1), "perhaps": at(-1), "several": [at(-1), at(-1)] };
        assert_eq!(document, stored);
        assert_eq!(bson::deserialize_from_document::<Stay>(document).unwrap(), stay);
        let raw = bson::serialize_to_vec(&stay).unwrap();
        assert_eq!(bson::deserialize_from_slice::<Stay>(&raw).unwrap(), stay);
        // Null and missing.
        let none = doc! { "aware": at(0), "naive": at(0), "perhaps": null };
        let none: Stay = bson::deserialize_from_document(none).unwrap();
        assert_eq!((none.perhaps, none.several.len()), (None, 0));
    }

    #[test]
    fn what_is_finer_is_cut_off_towards_the_past() {
        for (text, millis) in [("1970-01-01T00:00:00.0019Z", 1), ("1969-12-31T23:59:59.9989Z", -2)] {
            let date: DateTime<Utc> = text.parse().unwrap();
            assert_eq!((date.to_millis(), date.naive_utc().to_millis()), (Some(millis), Some(millis)));
        }
    }

    #[test]
    fn a_date_out_of_range_is_an_error() {
        for millis in [i64::MIN, i64::MAX] {
            for field in ["aware", "naive"] {
                let mut document = doc! { "aware": at(0), "naive": at(0) };
                document.insert(field, at(millis));
                let bytes = bson::serialize_to_vec(&document).unwrap();
                let error = bson::deserialize_from_slice::<Stay>(&bytes).unwrap_err().to_string();
                assert!(error.contains("out of the range") && error.contains("chrono"), "{error}");
            }
        }
        for end in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let millis = end.to_millis().unwrap();
            let back = DateTime::<Utc>::from_millis(millis).unwrap();
            assert!((end - back).num_milliseconds() == 0 && end >= back, "{end}");
        }
    }

    #[test]
    fn the_flag_decides() {
        let date = bson::DateTime::from_millis(1_500);
        let aware: DateTime<Utc> = "1970-01-01T00:00:01.5Z".parse().unwrap();
        assert_eq!(Dates::AWARE.chrono(date).unwrap(), Date::Aware(aware));
        assert_eq!(Dates::NAIVE.chrono(date).unwrap(), Date::Naive(aware.naive_utc()));
        for dates in [Dates::AWARE, Dates::NAIVE] {
            assert_eq!(dates.chrono(bson::DateTime::MAX).unwrap_err().kind(), crate::error::Kind::Decode);
        }
    }
}
