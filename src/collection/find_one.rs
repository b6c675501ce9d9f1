//! `find`, for one document.

use std::marker::PhantomData;
use std::sync::Arc;

use bson::{Document, RawDocumentBuf};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use crate::command::CursorReply;
use crate::command::codec::decode;
use crate::command::reply::unreadable;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Finds one document; see [`Collection::find_one`](crate::Collection::find_one).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct FindOne<T = Document> {
    draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
    document: PhantomData<fn() -> T>,
}

options! { FindOne<T> {
    /// Which fields come back.
    projection(document) => "projection",
    /// By what the first is told: `{field: 1}` ascending, `-1` descending.
    sort(document) => "sort",
    /// Adds `$recordId` to the document.
    show_record_id(bool) => "showRecordId",
} shared skip, hint, min, max, collation, let_vars, allow_disk_use, allow_partial_results, return_key,
    max_time, comment }

verb!(FindOne<T> -> Option<T>);
concerns!(reads FindOne<T>);
raw_data!(FindOne<T>);

impl<T> FindOne<T> {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>, filter: impl Serialize) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        Self { draft, namespace: namespace.clone(), filter, document: PhantomData }
    }

    /// Reads the document as another type.
    pub fn of<U>(self) -> FindOne<U> {
        FindOne { draft: self.draft, namespace: self.namespace, filter: self.filter, document: PhantomData }
    }
}

impl<T: DeserializeOwned + Send + 'static> FindOne<T> {
    fn start(self) -> Running<Option<T>> {
        let Self { mut draft, namespace, filter, .. } = self;
        let plan = draft.reading(&namespace, filter.as_bytes().len());
        let options = draft.take_options();
        draft.run(
            "find",
            plan,
            move |command, limits| {
                let mut elements = command.elements();
                elements.str("find", &namespace.collection).document("filter", &filter);
                options.write_for(limits, &mut elements);
                elements.i32("limit", 1).bool("singleBatch", true);
                Ok(())
            },
            |answer, _| {
                let reply = CursorReply::parse(std::mem::take(&mut answer.body), &answer.server)?;
                let first = reply.documents().next();
                first.map(|document| decode(document.map_err(|e| unreadable(e, &answer.server))?)).transpose()
            },
        )
    }
}
