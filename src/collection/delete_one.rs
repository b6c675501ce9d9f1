//! `delete`, of one document.

use std::sync::Arc;

use bson::RawDocumentBuf;
use serde::Serialize;

use super::DeleteResult;
use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use super::single;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Deletes one document; see [`Collection::delete_one`](crate::Collection::delete_one).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct DeleteOne {
    draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
}

options! { DeleteOne {
    /// The index to use: its name, or its keys.
    hint(any) => "hint",
    /// How strings are compared.
    collation(document) => "collation",
    /// Values for variables that the filter refers to as `$$name`.
    let_vars(document) => "let",
    /// Shown in the server's logs and profiles.
    comment(any) => "comment",
} }

verb!(DeleteOne -> DeleteResult);
concerns!(writes DeleteOne);
raw_data!(DeleteOne);

impl DeleteOne {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>, filter: impl Serialize) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        Self { draft, namespace: namespace.clone(), filter }
    }

    fn start(self) -> Running<DeleteResult> {
        let Self { draft, namespace, filter } = self;
        single::delete(draft, namespace, filter, false)
    }
}
