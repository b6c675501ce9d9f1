//! `update`, of one document.

use super::changing::changing;
use super::draft::options;
use super::{UpdateResult, single};

changing! {
    /// Changes one document; see [`Collection::update_one`](crate::Collection::update_one).
    UpdateOne [update] -> UpdateResult,
    |draft, namespace, filter, update| single::update(draft, namespace, filter, update, false)
}

options! { UpdateOne {
    /// Which of the documents that match is the first (servers from 8.0).
    sort(document) => "sort",
    /// Values for variables that filter and update refer to as `$$name`.
    let_vars(document) => "let",
} shared upsert, array_filters, hint, collation, bypass_document_validation, comment }
