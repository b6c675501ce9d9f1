//! An index as the server lists it.

use std::time::Duration;

use bson::{Bson, Document};
use serde::Deserialize;

/// An index that exists.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Document")]
#[non_exhaustive]
pub struct IndexSpecification {
    /// Its name.
    pub name: String,
    /// Its keys and their directions.
    pub keys: Document,
    /// Whether no two documents have the same keys. The index of `_id` is not marked so.
    pub unique: bool,
    /// Whether documents without the keys are left out.
    pub sparse: bool,
    /// Whether queries don't use it.
    pub hidden: bool,
    /// Whether the collection's documents lie in its order.
    pub clustered: bool,
    /// How long documents live.
    pub expire_after: Option<Duration>,
    /// All that the server says of it. Servers from 4.4 on leave out the field `ns`.
    pub all: Document,
}

impl TryFrom<Document> for IndexSpecification {
    type Error = String;

    /// Old indexes have numbers where one would expect a boolean; the server takes both.
    fn try_from(all: Document) -> Result<Self, String> {
        let is = |key: &str| match all.get(key) {
            Some(Bson::Boolean(yes)) => *yes,
            Some(number) => whole(number).is_some_and(|number| number != 0),
            None => false,
        };
        let expire_after = all.get("expireAfterSeconds").and_then(whole);
        Ok(Self {
            name: all.get_str("name").map_err(|error| format!("an index's name: {error}"))?.to_owned(),
            keys: all.get_document("key").map_err(|error| format!("an index's keys: {error}"))?.clone(),
            unique: is("unique"),
            sparse: is("sparse"),
            hidden: is("hidden"),
            clustered: is("clustered"),
            expire_after: expire_after.and_then(|age| u64::try_from(age).ok()).map(Duration::from_secs),
            all,
        })
    }
}

fn whole(number: &Bson) -> Option<i64> {
    match number {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        Bson::Double(number) if number.is_finite() => Some(*number as i64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn indexes_of_old_and_new_servers_are_read() {
        let new = doc! { "v": 2, "key": { "a": 1 }, "name": "a_1", "unique": true, "hidden": true };
        let read: IndexSpecification = bson::deserialize_from_document(new.clone()).unwrap();
        assert_eq!((read.name.as_str(), &read.keys, read.unique), ("a_1", &doc! { "a": 1 }, true));
        assert_eq!((read.sparse, read.hidden, read.expire_after), (false, true, None));
        assert_eq!(read.all, new);
        let old = doc! { "key": { "a": 1 }, "name": "a", "sparse": 1.0, "expireAfterSeconds": 60_i64 };
        let read: IndexSpecification = bson::deserialize_from_document(old).unwrap();
        assert_eq!((read.sparse, read.expire_after), (true, Some(Duration::from_secs(60))));
        assert!(bson::deserialize_from_document::<IndexSpecification>(doc! { "name": "a" }).is_err());
    }
}
