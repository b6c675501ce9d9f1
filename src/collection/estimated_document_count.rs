//! `count`, of a whole collection by its metadata.

use std::sync::Arc;

use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use crate::command::reply;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// About how many documents there are; see
/// [`Collection::estimated_document_count`](crate::Collection::estimated_document_count).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct EstimatedDocumentCount {
    draft: Draft,
    namespace: Arc<Namespace>,
}

options! { EstimatedDocumentCount {} shared max_time, comment }

verb!(EstimatedDocumentCount -> u64);
concerns!(reads EstimatedDocumentCount);
raw_data!(EstimatedDocumentCount);

impl EstimatedDocumentCount {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>) -> Self {
        Self { draft: Draft::new(handle), namespace: namespace.clone() }
    }

    fn start(self) -> Running<u64> {
        let Self { mut draft, namespace } = self;
        let plan = draft.reading(&namespace, 0);
        let options = draft.take_options();
        draft.run(
            "count",
            plan,
            move |command, limits| {
                let mut elements = command.elements();
                elements.str("count", &namespace.collection);
                options.write_for(limits, &mut elements);
                Ok(())
            },
            |answer, _| Ok(reply::count(&answer.body)),
        )
    }
}
