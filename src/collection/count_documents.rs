//! `aggregate`, to count documents.

use std::sync::Arc;

use bson::RawDocumentBuf;
use serde::Serialize;

use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use crate::command::CursorReply;
use crate::command::reply::{count, unreadable};
use crate::dispatch::Handle;
use crate::pool::Namespace;
use crate::wire::ElementWriter;

/// Counts documents; see [`Collection::count_documents`](crate::Collection::count_documents).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct CountDocuments {
    draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
    skip: u64,
    limit: u64,
}

options! { CountDocuments {} shared hint, collation, max_time, comment }

verb!(CountDocuments -> u64);
concerns!(reads CountDocuments);
raw_data!(CountDocuments);

impl CountDocuments {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>, filter: impl Serialize) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        Self { draft, namespace: namespace.clone(), filter, skip: 0, limit: 0 }
    }

    /// So many documents are passed over and not counted.
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// The count ends at this number; 0 is no limit.
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    fn start(self) -> Running<u64> {
        let Self { mut draft, namespace, filter, skip, limit } = self;
        let plan = draft.reading(&namespace, filter.as_bytes().len() + STAGES);
        let options = draft.take_options();
        draft.run(
            "aggregate",
            plan,
            move |command, limits| {
                let mut elements = command.elements();
                elements.str("aggregate", &namespace.collection).array_with("pipeline", |stages| {
                    stages.document_with("0", |stage| {
                        stage.document("$match", &filter);
                    });
                    write_stages(skip, limit, stages);
                });
                elements.document_with("cursor", |_| {});
                options.write_for(limits, &mut elements);
                Ok(())
            },
            |answer, _| {
                let reply = CursorReply::parse(std::mem::take(&mut answer.body), &answer.server)?;
                // No document at all is a count of none.
                match reply.documents().next() {
                    Some(document) => Ok(count(document.map_err(|error| unreadable(error, &answer.server))?)),
                    None => Ok(0),
                }
            },
        )
    }
}

/// What the stages behind `$match` need.
const STAGES: usize = 128;

/// The stages behind `$match`.
fn write_stages(skip: u64, limit: u64, stages: &mut ElementWriter<'_>) {
    let mut index = 1;
    for (name, number) in [("$skip", skip), ("$limit", limit)] {
        if number > 0 {
            stages.document_with(&index.to_string(), |stage| {
                stage.i64(name, i64::try_from(number).unwrap_or(i64::MAX));
            });
            index += 1;
        }
    }
    stages.document_with(&index.to_string(), |stage| {
        stage.document_with("$group", |group| {
            group.i32("_id", 1).document_with("n", |n| {
                n.i32("$sum", 1);
            });
        });
    });
}
