//! `count`, with a filter: deprecated, and kept for those who compare drivers.

use std::sync::Arc;

use bson::RawDocumentBuf;
use serde::Serialize;

use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use crate::command::reply;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Counts documents by the command `count`; see [`Collection::count`](crate::Collection::count).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct Count {
    draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
}

options! { Count {
    /// So many documents are passed over and not counted.
    skip(u64) => "skip",
    /// The count ends at this number; 0 is no limit.
    limit(u64) => "limit",
} shared hint, collation, max_time, comment }

verb!(Count -> u64);
concerns!(reads Count);
raw_data!(Count);

impl Count {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>, filter: impl Serialize) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        Self { draft, namespace: namespace.clone(), filter }
    }

    fn start(self) -> Running<u64> {
        let Self { mut draft, namespace, filter } = self;
        let plan = draft.reading(&namespace, filter.as_bytes().len());
        let options = draft.take_options();
        draft.run(
            "count",
            plan,
            move |command, limits| {
                let mut elements = command.elements();
                elements.str("count", &namespace.collection).document("query", &filter);
                options.write_for(limits, &mut elements);
                Ok(())
            },
            |answer, _| Ok(reply::count(&answer.body)),
        )
    }
}
