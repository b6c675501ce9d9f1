//! `listIndexes`.

use std::sync::Arc;

use super::IndexSpecification;
use crate::collection::draft::{Draft, Running, options, verb};
use crate::collection::listing::{listing, names};
use crate::cursor::Cursor;
use crate::dispatch::Handle;
use crate::pool::Namespace;

listing! {
    /// Lists indexes; see [`Collection::list_indexes`](crate::Collection::list_indexes).
    ListIndexes<T = IndexSpecification> over namespace: Namespace
}

options! { ListIndexes<T> {
    /// Shown in the server's logs and profiles, also for further batches.
    comment(any) => "comment",
} }

impl<T: 'static> ListIndexes<T> {
    fn start(self) -> Running<Cursor<T>> {
        let Self { draft, namespace, cursor, .. } = self;
        let collection = namespace.clone();
        draft.list("listIndexes", &namespace.clone(), namespace, cursor, true, move |command| {
            command.str("listIndexes", &collection.collection);
        })
    }
}

/// Lists the names of indexes; see
/// [`Collection::list_index_names`](crate::Collection::list_index_names).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct ListIndexNames {
    draft: Draft,
    namespace: Arc<Namespace>,
}

options! { ListIndexNames {} shared comment }

verb!(ListIndexNames -> Vec<String>);

impl ListIndexNames {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>) -> Self {
        Self { draft: Draft::new(handle), namespace: namespace.clone() }
    }

    fn start(self) -> Running<Vec<String>> {
        names(ListIndexes::of_draft(self.draft, self.namespace).start())
    }
}
