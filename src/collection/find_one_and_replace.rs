//! `findAndModify`: one document is replaced and given back.

use super::changing::{changing, return_document};
use super::draft::options;
use super::find_and_modify::find_and_modify;

changing! {
    /// Replaces a document and gives it back; see [`Collection::find_one_and_replace`](crate::Collection::find_one_and_replace).
    FindOneAndReplace<T> [replacement] -> Option<T>,
    |draft, namespace, filter, replacement| find_and_modify(draft, namespace, filter, Some(replacement))
}

options! { FindOneAndReplace<T> {
    /// Which fields come back.
    projection(document) => "fields",
    /// Which of the documents that match is the first.
    sort(document) => "sort",
} shared upsert, hint, collation, let_vars, bypass_document_validation, max_time, comment }

return_document!(FindOneAndReplace<T>);
