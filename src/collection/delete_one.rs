//! `delete`, of one document.

use super::changing::changing;
use super::draft::options;
use super::{DeleteResult, single};

changing! {
    /// Deletes one document; see [`Collection::delete_one`](crate::Collection::delete_one).
    DeleteOne [] -> DeleteResult,
    |draft, namespace, filter| single::delete(draft, namespace, filter, false)
}

options! { DeleteOne {} shared hint, collation, let_vars, comment }
