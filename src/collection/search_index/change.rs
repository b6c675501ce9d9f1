//! `updateSearchIndex` and `dropSearchIndex`.

use std::sync::Arc;

use bson::RawDocumentBuf;
use serde::Serialize;

use crate::collection::admin::gone_is_well;
use crate::collection::draft::{Draft, Running, verb};
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Changes a search index; see
/// [`Collection::update_search_index`](crate::Collection::update_search_index).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct UpdateSearchIndex {
    draft: Draft,
    namespace: Arc<Namespace>,
    name: String,
    definition: RawDocumentBuf,
}

/// Drops a search index; see
/// [`Collection::drop_search_index`](crate::Collection::drop_search_index).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct DropSearchIndex {
    draft: Draft,
    namespace: Arc<Namespace>,
    name: String,
}

verb!(UpdateSearchIndex -> ());
verb!(DropSearchIndex -> ());

impl UpdateSearchIndex {
    pub(super) fn new(
        handle: &Handle,
        namespace: &Arc<Namespace>,
        name: &str,
        definition: impl Serialize,
    ) -> Self {
        let mut draft = Draft::new(handle);
        let definition = draft.encode("definition", definition);
        Self { draft, namespace: namespace.clone(), name: name.to_owned(), definition }
    }

    fn start(self) -> Running<()> {
        let Self { draft, namespace, name, definition } = self;
        let plan = draft.searching(&namespace, name.len() + definition.as_bytes().len());
        draft.run(
            "updateSearchIndex",
            plan,
            move |command, _| {
                let mut elements = command.elements();
                elements.str("updateSearchIndex", &namespace.collection).str("name", &name);
                elements.document("definition", &definition);
                Ok(())
            },
            |_, _| Ok(()),
        )
    }
}

impl DropSearchIndex {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>, name: &str) -> Self {
        Self { draft: Draft::new(handle), namespace: namespace.clone(), name: name.to_owned() }
    }

    fn start(self) -> Running<()> {
        let Self { draft, namespace, name } = self;
        let plan = draft.searching(&namespace, name.len());
        gone_is_well(draft.run(
            "dropSearchIndex",
            plan,
            move |command, _| {
                command.elements().str("dropSearchIndex", &namespace.collection).str("name", &name);
                Ok(())
            },
            |_, _| Ok(()),
        ))
    }
}
