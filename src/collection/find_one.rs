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
    /// So many documents are passed over.
    skip(i64) => "skip",
    /// The index to use: its name, or its keys.
    hint(any) => "hint",
    /// The inclusive lower bound of the index that `hint` names.
    min(document) => "min",
    /// The exclusive upper bound of the index that `hint` names.
    max(document) => "max",
    /// How strings are compared.
    collation(document) => "collation",
    /// Values for variables that the filter refers to as `$$name`.
    let_vars(document) => "let",
    /// Whether the server may use temporary files, to sort what exceeds its memory.
    allow_disk_use(bool) => "allowDiskUse",
    /// On sharded clusters: whether what can be reached is enough.
    allow_partial_results(bool) => "allowPartialResults",
    /// Only the keys of the index in use come back.
    return_key(bool) => "returnKey",
    /// Adds `$recordId` to the document.
    show_record_id(bool) => "showRecordId",
    /// How long the server may work on it (`maxTimeMS`); zero is no limit. Deprecated by the
    /// specifications in favour of [`timeout`](Self::timeout), from which it is derived
    /// otherwise; it wins over that.
    max_time(millis) => "maxTimeMS",
    /// Shown in the server's logs and profiles.
    comment(any) => "comment",
} }

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
