//! `delete`, of all documents that match.

use std::sync::Arc;

use bson::RawDocumentBuf;
use serde::Serialize;

use super::DeleteResult;
use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use super::single;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Deletes documents; see [`Collection::delete_many`](crate::Collection::delete_many).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct DeleteMany {
    draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
}

options! { DeleteMany {
    /// The index to use: its name, or its keys.
    hint(any) => "hint",
    /// How strings are compared.
    collation(document) => "collation",
    /// Values for variables that the filter refers to as `$$name`.
    let_vars(document) => "let",
    /// Shown in the server's logs and profiles.
    comment(any) => "comment",
} }

verb!(DeleteMany -> DeleteResult);
concerns!(writes DeleteMany);
raw_data!(DeleteMany);

impl DeleteMany {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>, filter: impl Serialize) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        Self { draft, namespace: namespace.clone(), filter }
    }

    fn start(self) -> Running<DeleteResult> {
        let Self { draft, namespace, filter } = self;
        single::delete(draft, namespace, filter, true)
    }
}
