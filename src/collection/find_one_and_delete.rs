//! `findAndModify`: one document is deleted and given back.

use super::changing::changing;
use super::draft::options;
use super::find_and_modify::find_and_modify;

changing! {
    /// Deletes a document and gives it back; see [`Collection::find_one_and_delete`](crate::Collection::find_one_and_delete).
    FindOneAndDelete<T> [] -> Option<T>,
    |draft, namespace, filter| find_and_modify(draft, namespace, filter, None)
}

options! { FindOneAndDelete<T> {
    /// Which fields come back.
    projection(document) => "fields",
    /// Which of the documents that match is the first.
    sort(document) => "sort",
} shared hint, collation, let_vars, max_time, comment }
