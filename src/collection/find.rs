//! `find`, for all documents.

use std::marker::PhantomData;
use std::sync::Arc;

use bson::{Document, RawDocumentBuf};
use serde::Serialize;

use super::cursor_verb::cursor_verb;
use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use super::explain::{Explain, Verbosity};
use crate::cursor::{Cursor, CursorOptions, CursorType};
use crate::dispatch::Handle;
use crate::pool::Namespace;
use crate::wire::ElementWriter;

/// Finds documents; see [`Collection::find`](crate::Collection::find). Awaiting it sends
/// the query and waits for the first batch.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct Find<T = Document> {
    draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
    limit: i64,
    cursor: CursorOptions,
    document: PhantomData<fn() -> T>,
}

options! { Find<T> {
    /// Which fields come back.
    projection(document) => "projection",
    /// The order: `{field: 1}` ascending, `-1` descending.
    sort(document) => "sort",
    /// Whether the server keeps the cursor however long it is not used. It is closed with
    /// its session at the latest, by default after 30 minutes.
    no_cursor_timeout(bool) => "noCursorTimeout",
    /// Adds `$recordId` to each document.
    show_record_id(bool) => "showRecordId",
    /// How long the server may work on the first batch (`maxTimeMS`); zero is no limit. Deprecated by the
    /// specifications in favour of [`timeout`](Self::timeout), from which it is derived
    /// otherwise; it wins over that.
    max_time(millis) => "maxTimeMS",
} shared skip, hint, min, max, collation, let_vars, allow_disk_use, allow_partial_results, return_key,
    comment }

verb!(Find<T> -> Cursor<T>);
concerns!(reads Find<T>);
raw_data!(Find<T>);
cursor_verb!(Find<T>);

impl<T> Find<T> {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>, filter: impl Serialize) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        let cursor = CursorOptions::default();
        Self { draft, namespace: namespace.clone(), filter, limit: 0, cursor, document: PhantomData }
    }

    /// At most so many documents; 0 is no limit. A negative number is that many at most,
    /// and all in one batch.
    pub fn limit(mut self, limit: i64) -> Self {
        self.limit = limit;
        self
    }

    /// Whether the cursor goes on behind the last document, on a capped collection; by
    /// default it ends there. One that awaits keeps a socket to itself, of which a pool has
    /// half for this purpose, and fails at once if they are taken
    /// ([`Builder::max_parked`](crate::Builder::max_parked)).
    pub fn cursor_type(mut self, kind: CursorType) -> Self {
        self.cursor.kind = kind;
        self
    }

    /// How long the server waits for new documents before it answers without any, where the
    /// cursor [awaits](CursorType::TailableAwait) them; without it, a second. Must be less
    /// than the timeout, if there is one.
    pub fn max_await_time(mut self, wait: std::time::Duration) -> Self {
        self.cursor.max_await_time = Some(wait);
        self
    }

    /// Whether the server may send all batches one after the other without being asked for
    /// each: for long reads by one reader who keeps up. The cursor keeps a socket to itself,
    /// as [awaiting ones](Self::cursor_type) do, and at most two batches lie ready unread;
    /// then the server waits. A server that has no such streams is asked for each batch, and so is
    /// one behind a load balancer.
    pub fn exhaust(mut self, exhaust: bool) -> Self {
        self.cursor.exhaust = exhaust;
        self
    }

    /// Reads the documents as another type.
    pub fn of<U>(self) -> Find<U> {
        let Self { draft, namespace, filter, limit, cursor, .. } = self;
        Find { draft, namespace, filter, limit, cursor, document: PhantomData }
    }

    /// Asks the server how it would find them. What was set before is explained with it;
    /// options of the explanation itself are set on what comes back.
    pub fn explain(self, verbosity: Verbosity) -> Explain {
        let Self { draft, namespace, filter, limit, cursor, .. } = self;
        let collection = namespace.clone();
        Explain::new(draft, namespace, verbosity, |command, options| {
            command.str("find", &collection.collection).document("filter", &filter);
            options.write(command);
            write_sizes(limit, cursor.batch_size, command);
        })
    }
}

impl<T: 'static> Find<T> {
    fn start(self) -> Running<Cursor<T>> {
        let Self { mut draft, namespace, filter, limit, mut cursor, .. } = self;
        let mut plan = draft.reading(&namespace, filter.as_bytes().len());
        cursor.shape(&mut plan);
        cursor.limit = u64::try_from(limit).unwrap_or(0);
        if cursor.kind != CursorType::TailableAwait {
            // Others do not wait on the server, and it refuses the field for them.
            cursor.max_await_time = None;
        }
        let options = draft.take_options();
        let opening = draft.cursor(&cursor, &namespace, options.get("comment").cloned());
        draft.open("find", plan, opening, move |command, limits| {
            let mut elements = command.elements();
            elements.str("find", &namespace.collection).document("filter", &filter);
            options.write_for(limits, &mut elements);
            write_sizes(limit, cursor.batch_size, &mut elements);
            if cursor.kind.is_tailable() {
                elements.bool("tailable", true);
            }
            if cursor.kind == CursorType::TailableAwait {
                elements.bool("awaitData", true);
            }
            Ok(())
        })
    }
}

fn write_sizes(limit: i64, batch_size: Option<i32>, command: &mut ElementWriter<'_>) {
    if limit != 0 {
        command.i64("limit", limit.saturating_abs());
    }
    if limit < 0 {
        command.bool("singleBatch", true);
    }
    // All come in one batch then, be it larger than was asked for.
    if let Some(size) = batch_size.filter(|_| limit >= 0) {
        // A first batch that ends just at the limit would leave the cursor open.
        let all = size > 0 && i64::from(size) == limit;
        command.i32("batchSize", size.saturating_add(i32::from(all)));
    }
}

#[cfg(test)]
mod tests {
    use bson::{Document, doc};

    use super::*;
    use crate::command::codec::written;

    #[test]
    fn a_limit_that_fits_into_one_batch_leaves_no_cursor() {
        let sizes =
            |limit, batch| Document::try_from(written(|command| write_sizes(limit, batch, command))).unwrap();
        assert_eq!(sizes(0, None), doc! {});
        assert_eq!(sizes(4, Some(4)), doc! { "limit": 4_i64, "batchSize": 5 });
        assert_eq!(sizes(4, Some(3)), doc! { "limit": 4_i64, "batchSize": 3 });
        assert_eq!(sizes(0, Some(0)), doc! { "batchSize": 0 });
        assert_eq!(sizes(-4, Some(4)), doc! { "limit": 4_i64, "singleBatch": true });
        assert_eq!(sizes(i64::MIN, None), doc! { "limit": i64::MAX, "singleBatch": true });
    }
}
