//! `update`, of all documents that match.

use super::changing::changing;
use super::draft::options;
use super::{UpdateResult, single};

changing! {
    /// Changes documents; see [`Collection::update_many`](crate::Collection::update_many).
    UpdateMany [update] -> UpdateResult,
    |draft, namespace, filter, update| single::update(draft, namespace, filter, update, true)
}

options! { UpdateMany {
    /// Values for variables that filter and update refer to as `$$name`.
    let_vars(document) => "let",
} shared upsert, array_filters, hint, collation, bypass_document_validation, comment }
