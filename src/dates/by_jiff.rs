//! Dates of `jiff`.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

use super::stored::{Aware, Millis, Naive};

impl Aware for Timestamp {}
impl Aware for Zoned {}
impl Naive for DateTime {}

impl Millis for Timestamp {
    fn from_millis(millis: i64) -> Option<Self> {
        // Not by its own milliseconds, which leave out the last second of its range.
        Self::new(millis.div_euclid(1_000), millis.rem_euclid(1_000) as i32 * 1_000_000).ok()
    }

    fn to_millis(&self) -> Option<i64> {
        // Its own milliseconds are cut off towards 1970.
        i64::try_from(self.as_nanosecond().div_euclid(1_000_000)).ok()
    }
}

/// Read, it is in UTC; written, its zone is lost.
impl Millis for Zoned {
    fn from_millis(millis: i64) -> Option<Self> {
        Timestamp::from_millis(millis).map(|time| time.to_zoned(TimeZone::UTC))
    }

    fn to_millis(&self) -> Option<i64> {
        self.timestamp().to_millis()
    }
}

impl Millis for DateTime {
    fn from_millis(millis: i64) -> Option<Self> {
        Timestamp::from_millis(millis).map(|time| Offset::UTC.to_datetime(time))
    }

    fn to_millis(&self) -> Option<i64> {
        Offset::UTC.to_timestamp(*self).ok()?.to_millis()
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
        time: Timestamp,
        #[serde(with = "crate::dates::aware")]
        zoned: Zoned,
        #[serde(with = "crate::dates::naive")]
        naive: DateTime,
        #[serde(with = "crate::dates::naive", default)]
        perhaps: Option<DateTime>,
        #[serde(with = "crate::dates::aware", default)]
        several: Vec<Timestamp>,
    }

    fn at(millis: i64) -> Bson {
        Bson::DateTime(bson::DateTime::from_millis(millis))
    }

    #[test]
    fn dates_of_both_kinds_are_stored_as_dates() {
        let time: Timestamp = "1969-12-31T23:59:59.999Z".parse().unwrap();
        let zoned = time.to_zoned(TimeZone::UTC);
        let naive: DateTime = "1969-12-31T23:59:59.999".parse().unwrap();
        let stay = Stay { time, zoned, naive, perhaps: Some(naive), several: vec![time, time] };
        let document = bson::serialize_to_document(&stay).unwrap();
        let stored = doc! {
            "time": at(-1), "zoned": at(-1), "naive": at(-1), "perhaps": at(-1), "several": [at(-1), at(-1)]
        };
        assert_eq!(document, stored);
        assert_eq!(bson::deserialize_from_document::<Stay>(document).unwrap(), stay);
        let raw = bson::serialize_to_vec(&stay).unwrap();
        assert_eq!(bson::deserialize_from_slice::<Stay>(&raw).unwrap(), stay);
        // Null and missing.
        let none = doc! { "time": at(0), "zoned": at(0), "naive": at(0), "perhaps": null };
        let none: Stay = bson::deserialize_from_document(none).unwrap();
        assert_eq!((none.perhaps, none.several.len()), (None, 0));
    }

    #[test]
    fn what_is_finer_is_cut_off_towards_the_past() {
        for (text, millis) in [("1970-01-01T00:00:00.0019Z", 1), ("1969-12-31T23:59:59.9989Z", -2)] {
            let time: Timestamp = text.parse().unwrap();
            let naive: DateTime = text.trim_end_matches('Z').parse().unwrap();
            assert_eq!((time.to_millis(), naive.to_millis()), (Some(millis), Some(millis)));
        }
    }

    #[test]
    fn a_zone_is_lost_and_the_time_is_not() {
        let offset = Offset::constant(-5);
        let time: Timestamp = "2024-02-29T12:00:00Z".parse().unwrap();
        let zoned = time.to_zoned(TimeZone::fixed(offset));
        let read = Zoned::from_millis(zoned.to_millis().unwrap()).unwrap();
        assert_eq!((read.timestamp(), read.offset()), (time, Offset::UTC));
    }

    #[test]
    fn a_date_out_of_range_is_an_error() {
        for millis in [i64::MIN, i64::MAX] {
            for field in ["time", "zoned", "naive"] {
                let mut document = doc! { "time": at(0), "zoned": at(0), "naive": at(0) };
                document.insert(field, at(millis));
                let bytes = bson::serialize_to_vec(&document).unwrap();
                let error = bson::deserialize_from_slice::<Stay>(&bytes).unwrap_err().to_string();
                assert!(error.contains("out of the range") && error.contains("jiff"), "{error}");
            }
        }
        for end in [Timestamp::MIN, Timestamp::MAX] {
            let back = Timestamp::from_millis(end.to_millis().unwrap()).unwrap();
            assert_eq!(back.as_second(), end.as_second());
        }
        // There is a day at each end that no timestamp reaches.
        assert_eq!((DateTime::MIN.to_millis(), DateTime::MAX.to_millis()), (None, None));
        let mut stay: Stay =
            bson::deserialize_from_document(doc! { "time": at(0), "zoned": at(0), "naive": at(0) }).unwrap();
        stay.naive = DateTime::MAX;
        assert!(bson::serialize_to_document(&stay).unwrap_err().to_string().contains("BSON's range"));
    }

    #[test]
    fn the_flag_decides() {
        let date = bson::DateTime::from_millis(1_500);
        let time: Timestamp = "1970-01-01T00:00:01.5Z".parse().unwrap();
        assert_eq!(Dates::AWARE.jiff(date).unwrap(), Date::Aware(time));
        assert_eq!(Dates::NAIVE.jiff(date).unwrap(), Date::Naive(Offset::UTC.to_datetime(time)));
        for dates in [Dates::AWARE, Dates::NAIVE] {
            assert_eq!(dates.jiff(bson::DateTime::MIN).unwrap_err().kind(), crate::error::Kind::Decode);
        }
    }
}
