//! What a bulk write did, as a whole or up to its failure. Plain data: an error must be able
//! to hold it, so it stands here and not with the verb.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::Bson;

use super::{Error, WriteConcernError};

/// What a bulk write did.
///
/// All indexes are those of the list that the caller gave.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BulkWriteResult {
    /// Documents that were inserted by `insert_one`.
    pub inserted_count: u64,
    /// Documents that matched the filters of updates and replacements.
    pub matched_count: u64,
    /// Documents that updates and replacements changed.
    pub modified_count: u64,
    /// Documents that are gone.
    pub deleted_count: u64,
    /// Documents that updates and replacements inserted because none matched.
    pub upserted_count: u64,
    /// The `_id` of each document that `insert_one` inserted, by the operation's index. Of
    /// a connection's bulk write only with verbose results.
    pub inserted_ids: BTreeMap<usize, Bson>,
    /// The `_id` of each document that was inserted because none matched, by the
    /// operation's index. Of a connection's bulk write only with verbose results.
    pub upserted_ids: BTreeMap<usize, Bson>,
    /// What each operation did that was not refused, by its index. `None` unless
    /// [verbose results](crate::operations::BulkWrite::verbose_results) were asked for.
    pub verbose_results: Option<BTreeMap<usize, OperationResult>>,
    pub(crate) acknowledged: bool,
}

/// What one operation of a bulk write did.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OperationResult {
    /// A document was inserted.
    #[non_exhaustive]
    Insert {
        /// Its `_id`.
        inserted_id: Bson,
    },
    /// An update or a replacement was done.
    #[non_exhaustive]
    Update {
        /// Documents that matched the filter.
        matched_count: u64,
        /// Documents that were changed.
        modified_count: u64,
        /// The `_id` of the document that was inserted because none matched.
        upserted_id: Option<Bson>,
    },
    /// A deletion was done.
    #[non_exhaustive]
    Delete {
        /// Documents that are gone.
        deleted_count: u64,
    },
}

/// What a bulk write did before it failed, and what else its commands were told.
///
/// The operations that were refused are in [`Error::write_failure`], by their index. If the
/// error's kind is another than [`Kind::Write`](super::Kind::Write), then it is the one that
/// ended the whole; operations behind it were not sent.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BulkWriteFailure {
    /// The write concerns that could not be met, at most one for each command sent.
    pub write_concern_errors: Vec<WriteConcernError>,
    /// What the other operations did. `None` from a connection's bulk write if it is not
    /// known that any of them did something.
    pub partial_result: Option<BulkWriteResult>,
}

impl BulkWriteResult {
    /// Whether the server was asked for an answer. With a write concern of `w: 0` it was
    /// not: then nothing is known of what was done, all counts are 0 and all maps empty.
    pub fn is_acknowledged(&self) -> bool {
        self.acknowledged
    }

    /// All documents that were inserted, matched or deleted.
    pub(crate) fn completed(&self) -> u64 {
        let Self { inserted_count, matched_count, deleted_count, upserted_count, .. } = *self;
        [inserted_count, matched_count, deleted_count, upserted_count]
            .into_iter()
            .fold(0, u64::saturating_add)
    }
}

impl Error {
    /// What a bulk write did before it failed. `None` if it is no bulk write that failed, or
    /// an argument of it; from a connection's bulk write also if nothing is known that it did.
    pub fn bulk_write_failure(&self) -> Option<&BulkWriteFailure> {
        self.inner.bulk.as_deref()
    }

    pub(crate) fn with_bulk_write_failure(mut self, failure: BulkWriteFailure) -> Self {
        self.inner.bulk = Some(Arc::new(failure));
        self
    }
}
