//! `delete`, of all documents that match.

use super::changing::changing;
use super::draft::options;
use super::{DeleteResult, single};

changing! {
    /// Deletes documents; see [`Collection::delete_many`](crate::Collection::delete_many).
    DeleteMany [] -> DeleteResult,
    |draft, namespace, filter| single::delete(draft, namespace, filter, true)
}

options! { DeleteMany {} shared hint, collation, let_vars, comment }
