//! `update`, of one document, as a whole.

use super::changing::changing;
use super::draft::options;
use super::{UpdateResult, single};

changing! {
    /// Replaces a document; see [`Collection::replace_one`](crate::Collection::replace_one).
    ReplaceOne [replacement] -> UpdateResult,
    |draft, namespace, filter, replacement| single::update(draft, namespace, filter, replacement, false)
}

options! { ReplaceOne {
    /// Which of the documents that match is the first (servers from 8.0).
    sort(document) => "sort",
} shared upsert, hint, collation, let_vars, bypass_document_validation, comment }
