//! `aggregate`, over a collection or a database.

use std::marker::PhantomData;
use std::sync::Arc;

use bson::{Document, RawDocument, RawDocumentBuf};
use serde::Serialize;

use super::cursor_verb::cursor_verb;
use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use super::explain::{Explain, Verbosity};
use crate::command::codec::{encode, encode_field};
use crate::cursor::{Cursor, CursorOptions, TimeoutMode};
use crate::dispatch::{Handle, Plan, Retry, SessionPlan, SessionTimes};
use crate::error::Result;
use crate::pool::Namespace;
use crate::topology::Criteria;
use crate::wire::ElementWriter;

/// Runs a pipeline; see [`Collection::aggregate`](crate::Collection::aggregate) and
/// [`Database::aggregate`](crate::Database::aggregate). Awaiting it sends the command and
/// waits for the first batch.
///
/// A pipeline that ends in `$out` or `$merge` writes, gives no documents, and is never sent
/// twice. It goes where the read preference says if all servers that can be reached are of
/// release 5.0 or later, and to the primary otherwise (CRUD specification, "Read preferences
/// and server selection"). Its answer is waited for whatever the write concern asks.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct Aggregate<T = Document> {
    draft: Draft,
    /// With the collection `$cmd.aggregate`, the whole database.
    namespace: Arc<Namespace>,
    /// `{pipeline: [..]}`
    pipeline: RawDocumentBuf,
    writes: bool,
    cursor: CursorOptions,
    document: PhantomData<fn() -> T>,
}

options! { Aggregate<T> {
    /// Whether the server may use temporary files, for what exceeds its memory.
    allow_disk_use(bool) => "allowDiskUse",
    /// Values for variables that the pipeline refers to as `$$name`.
    let_vars(document) => "let",
    /// Whether validation rules are passed over by `$out` and `$merge`.
    bypass_document_validation(bool) => "bypassDocumentValidation",
    /// How long the server may work on the first batch (`maxTimeMS`); zero is no limit. Deprecated by the
    /// specifications in favour of [`timeout`](Self::timeout), from which it is derived
    /// otherwise; it wins over that.
    max_time(millis) => "maxTimeMS",
} shared hint, collation, comment }

verb!(Aggregate<T> -> Cursor<T>);
concerns!(writes Aggregate<T>);
concerns!(reads Aggregate<T>);
raw_data!(Aggregate<T>);
cursor_verb!(Aggregate<T>);

/// What servers call the cursor of a pipeline over a whole database.
const WHOLE_DATABASE: &str = "$cmd.aggregate";

impl<T> Aggregate<T> {
    pub(super) fn of_collection(
        handle: &Handle,
        namespace: &Arc<Namespace>,
        stages: impl IntoIterator<Item: Serialize>,
    ) -> Self {
        Self::new(handle, namespace.clone(), stages)
    }

    /// A pipeline that starts from no collection.
    pub(crate) fn of_database(
        handle: &Handle,
        database: &Arc<str>,
        stages: impl IntoIterator<Item: Serialize>,
    ) -> Self {
        let namespace = Namespace { database: database.clone(), collection: WHOLE_DATABASE.into() };
        Self::new(handle, Arc::new(namespace), stages)
    }

    fn new(handle: &Handle, namespace: Arc<Namespace>, stages: impl IntoIterator<Item: Serialize>) -> Self {
        let mut draft = Draft::new(handle);
        let stages: Result<Vec<_>> = stages.into_iter().map(|stage| encode(&stage)).collect();
        let stages = draft.keep(stages, "pipeline").unwrap_or_default();
        let writes = stages.last().is_some_and(|stage| is_writing(stage));
        let pipeline = draft.keep(encode_field("pipeline", &stages), "pipeline").unwrap_or_default();
        let cursor = CursorOptions::default();
        Self { draft, namespace, pipeline, writes, cursor, document: PhantomData }
    }

    /// How long the server waits for new documents in each further batch, for pipelines
    /// whose cursors await them (`$changeStream`). Must be less than the timeout, if there
    /// is one.
    pub fn max_await_time(mut self, wait: std::time::Duration) -> Self {
        self.cursor.max_await_time = Some(wait);
        self
    }

    /// Reads the documents as another type.
    pub fn of<U>(self) -> Aggregate<U> {
        let Self { draft, namespace, pipeline, writes, cursor, .. } = self;
        Aggregate { draft, namespace, pipeline, writes, cursor, document: PhantomData }
    }

    /// Asks the server how it would run the pipeline; one that writes then writes nothing.
    /// What was set before is explained with it; options of the explanation itself are set
    /// on what comes back.
    pub fn explain(self, verbosity: Verbosity) -> Explain {
        let Self { draft, namespace, pipeline, cursor, writes, .. } = self;
        let of = namespace.clone();
        Explain::new(draft, namespace, verbosity, |command, options| {
            write_command(&of, &pipeline, cursor.batch_size.filter(|_| !writes), command);
            options.write(command);
        })
    }
}

impl<T: 'static> Aggregate<T> {
    fn start(self) -> Running<Cursor<T>> {
        let Self { mut draft, namespace, pipeline, writes, cursor, .. } = self;
        let size = pipeline.as_bytes().len();
        let mut plan = match writes {
            true => writing(&mut draft, &namespace, size),
            false => draft.reading(&namespace, size),
        };
        if lists_search_indexes(&pipeline) {
            plan = Plan { read_concern: false, times: SessionTimes::None, ..plan };
        }
        cursor.shape(&mut plan);
        if writes && cursor.timeout_mode == Some(TimeoutMode::Iteration) {
            draft
                .refuse("a pipeline that writes is done with its first batch: its timeout can't be for each");
        }
        let options = draft.take_options();
        let opening = draft.cursor(&cursor, &namespace, options.get("comment").cloned());
        draft.open("aggregate", plan, opening, move |command, limits| {
            let mut elements = command.elements();
            write_command(&namespace, &pipeline, cursor.batch_size.filter(|_| !writes), &mut elements);
            options.write_for(limits, &mut elements);
            Ok(())
        })
    }
}

/// The plan of a pipeline that writes: the concerns of a write and of a read, and the place
/// of a read where the servers allow it.
fn writing(draft: &mut Draft, namespace: &Arc<Namespace>, size: usize) -> Plan {
    let preference = draft.handle().scope().read_preference.clone();
    let valid = preference.validate();
    draft.admit(valid, "read preference");
    Plan {
        target: Criteria::Output(preference),
        retry: Retry::Never,
        read_concern: true,
        // It has a cursor to answer with, so it answers whatever the write concern says.
        acknowledged: true,
        writes: true,
        session: SessionPlan::Implicit,
        times: SessionTimes::All,
        ..draft.writing(namespace, size)
    }
}

fn write_command(
    namespace: &Namespace,
    pipeline: &RawDocument,
    batch_size: Option<i32>,
    command: &mut ElementWriter<'_>,
) {
    match &*namespace.collection {
        WHOLE_DATABASE => command.i32("aggregate", 1),
        collection => command.str("aggregate", collection),
    };
    command.splice(pipeline).document_with("cursor", |cursor| {
        if let Some(size) = batch_size {
            cursor.i32("batchSize", size);
        }
    });
}

/// Such a pipeline is an error to servers if it comes with a read concern of any kind (index
/// management specification, "Where are read concern and write concern?").
fn lists_search_indexes(pipeline: &RawDocument) -> bool {
    let first = pipeline.get_array("pipeline").ok().and_then(|stages| stages.into_iter().next()?.ok());
    let key = first.and_then(|stage| Some(stage.as_document()?.iter().next()?.ok()?.0));
    key.is_some_and(|key| key.as_str() == "$listSearchIndexes")
}

fn is_writing(stage: &RawDocument) -> bool {
    matches!(stage.iter().next(), Some(Ok((key, _))) if matches!(key.as_str(), "$out" | "$merge"))
}
