//! How a date of any type goes into BSON and comes out of it.

use std::any::type_name;

use bson::DateTime;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// A date that knows that it is in UTC: `chrono::DateTime<Utc>`, `jiff::Timestamp`, `jiff::Zoned`,
/// or an `Option` or a `Vec` of one of them. For [`aware`](super::aware).
pub trait Aware: Stored {}

/// A date that does not know that it is in UTC: `chrono::NaiveDateTime`, `jiff::civil::DateTime`,
/// or an `Option` or a `Vec` of one of them. For [`naive`](super::naive).
pub trait Naive: Stored {}

impl<T: Aware> Aware for Option<T> {}
impl<T: Aware> Aware for Vec<T> {}
impl<T: Naive> Naive for Option<T> {}
impl<T: Naive> Naive for Vec<T> {}

/// One date. `None` where one side has no value for what the other says.
pub trait Millis: Sized {
    /// The date at so many milliseconds after the beginning of 1970, in UTC.
    fn from_millis(millis: i64) -> Option<Self>;
    /// The other way round; what is finer is cut off, towards the past.
    fn to_millis(&self) -> Option<i64>;
}

/// What the two modules for serde do, whichever they are.
pub trait Stored: Sized {
    fn store<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
    fn load<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

impl<T: Millis> Stored for T {
    fn store<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = self.to_millis().ok_or_else(|| ser::Error::custom("the date is out of BSON's range"))?;
        DateTime::from_millis(millis).serialize(serializer)
    }

    fn load<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let date = DateTime::deserialize(deserializer)?;
        T::from_millis(date.timestamp_millis())
            .ok_or_else(|| de::Error::custom(out_of_range(date, type_name::<T>())))
    }
}

impl<T: Stored> Stored for Option<T> {
    fn store<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(date) => serializer.serialize_some(&Out(date)),
            None => serializer.serialize_none(),
        }
    }

    fn load<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<In<T>>::deserialize(deserializer)?.map(|In(date)| date))
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn store<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for date in self {
            list.serialize_element(&Out(date))?;
        }
        list.end()
    }

    fn load<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dates = Vec::<In<T>>::deserialize(deserializer)?;
        Ok(dates.into_iter().map(|In(date)| date).collect())
    }
}

struct Out<'a, T>(&'a T);

impl<T: Stored> Serialize for Out<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.store(serializer)
    }
}

struct In<T>(T);

impl<'de, T: Stored> Deserialize<'de> for In<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::load(deserializer).map(In)
    }
}

/// A sentence for people.
pub fn out_of_range(date: DateTime, what: &str) -> String {
    format!("the date at {} ms from 1970 is out of the range of {what}", date.timestamp_millis())
}
