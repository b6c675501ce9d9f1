//! `findAndModify`: one document is changed and given back.

use super::changing::{changing, return_document};
use super::draft::options;
use super::find_and_modify::find_and_modify;

changing! {
    /// Changes a document and gives it back; see [`Collection::find_one_and_update`](crate::Collection::find_one_and_update).
    FindOneAndUpdate<T> [update] -> Option<T>,
    |draft, namespace, filter, update| find_and_modify(draft, namespace, filter, Some(update))
}

options! { FindOneAndUpdate<T> {
    /// Which fields come back.
    projection(document) => "fields",
    /// Which of the documents that match is the first.
    sort(document) => "sort",
    /// Values for variables that filter and update refer to as `$$name`.
    let_vars(document) => "let",
} shared upsert, array_filters, hint, collation, bypass_document_validation, max_time, comment }

return_document!(FindOneAndUpdate<T>);
