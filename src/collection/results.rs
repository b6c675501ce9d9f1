//! What writes come back with.

use bson::{Bson, RawDocument};

use crate::command::reply;
use crate::error::Result;
use crate::topology::ServerAddress;
use crate::wire::walk::Walk;

/// One document was inserted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InsertOneResult {
    /// Its `_id`: the document's own, or the `ObjectId` that was made for it.
    pub inserted_id: Bson,
    pub(super) acknowledged: bool,
}

/// All documents were inserted.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct InsertManyResult {
    /// Their `_id`s, in the order of the documents.
    pub inserted_ids: Vec<Bson>,
    pub(super) acknowledged: bool,
}

/// An update was done.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UpdateResult {
    /// Documents that matched the filter.
    pub matched_count: u64,
    /// Documents that the update changed.
    pub modified_count: u64,
    /// The `_id` of the document that was inserted because none matched.
    pub upserted_id: Option<Bson>,
    acknowledged: bool,
}

/// A deletion was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeleteResult {
    /// Documents that are gone.
    pub deleted_count: u64,
    acknowledged: bool,
}

/// Whether the server has answered.
macro_rules! acknowledged {
    ($($result:ident),+) => { $(
        impl $result {
            /// Whether the server was asked for an answer. With a write concern of `w: 0` it
            /// was not: whether the write was done is not known then, and counts are 0.
            pub fn is_acknowledged(&self) -> bool {
                self.acknowledged
            }
        }
    )+ };
}

acknowledged!(InsertOneResult, InsertManyResult, UpdateResult, DeleteResult);

impl UpdateResult {
    /// Reads the reply to `update`.
    pub(super) fn parse(body: &RawDocument, server: &ServerAddress) -> Result<Self> {
        let unreadable = |error| reply::unreadable(error, server);
        let mut result = Self { matched_count: reply::count(body), acknowledged: true, ..Self::default() };
        for element in Walk::over(body) {
            let element = element.map_err(unreadable)?;
            match element.key {
                b"nModified" => {
                    result.modified_count = element.as_i64().and_then(|n| n.try_into().ok()).unwrap_or(0)
                }
                b"upserted" => {
                    let Some(Ok(entry)) = element.as_array().and_then(|entries| Walk::over(entries).next())
                    else {
                        continue;
                    };
                    let id = entry.as_document().and_then(|entry| entry.get("_id").ok().flatten());
                    result.upserted_id = id.and_then(|id| Bson::try_from(id).ok());
                    // The server counts an inserted document among the matched.
                    result.matched_count = 0;
                }
                _ => {}
            }
        }
        Ok(result)
    }
}

impl DeleteResult {
    /// Reads the reply to `delete`.
    pub(super) fn parse(body: &RawDocument) -> Self {
        Self { deleted_count: reply::count(body), acknowledged: true }
    }
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;

    #[test]
    fn an_upsert_matched_nothing() {
        let server = ServerAddress::new("h", 1);
        let reply = rawdoc! { "n": 1, "nModified": 0, "upserted": [{ "index": 0, "_id": "x" }], "ok": 1.0 };
        let result = UpdateResult::parse(&reply, &server).unwrap();
        assert_eq!(
            result,
            UpdateResult { upserted_id: Some("x".into()), acknowledged: true, ..UpdateResult::default() }
        );
        let reply = rawdoc! { "n": 1, "nModified": 1, "ok": 1.0 };
        let result = UpdateResult::parse(&reply, &server).unwrap();
        assert_eq!((result.matched_count, result.modified_count, result.upserted_id), (1, 1, None));
    }
}
