//! `insert`, of many documents: one message after the other, and one result of all.

use std::borrow::Borrow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde::Serialize;

use super::InsertManyResult;
use super::documents::Documents;
use super::draft::{Draft, Running, concerns, left_until, options, raw_data, verb};
use crate::command::reply;
use crate::dispatch::Handle;
use crate::error::{Error, Kind, Result, WriteFailure};
use crate::pool::Namespace;

/// Inserts documents; see [`Collection::insert_many`](crate::Collection::insert_many).
///
/// A document that the server refuses ends it, unless [`ordered`](Self::ordered) is off.
/// The error's [`write_failure`](crate::Error::write_failure) says which documents were
/// refused, by their index in the list, and how many were inserted. If one document is
/// larger than the server takes, nothing is sent at all.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct InsertMany {
    draft: Draft,
    namespace: Arc<Namespace>,
    documents: Documents,
    ordered: bool,
}

options! { InsertMany {} shared bypass_document_validation, comment }

verb!(InsertMany -> InsertManyResult);
concerns!(writes InsertMany);
raw_data!(InsertMany);

impl InsertMany {
    pub(super) fn new<T: Serialize>(
        handle: &Handle,
        namespace: &Arc<Namespace>,
        list: impl IntoIterator<Item: Borrow<T>>,
    ) -> Self {
        let mut draft = Draft::new(handle);
        let mut documents = Documents::default();
        for document in list {
            let pushed = documents.push(document.borrow());
            let Some(()) = draft.keep(pushed, &format!("document {}", documents.len())) else { break };
        }
        if documents.len() == 0 {
            draft.refuse("insert_many was given no document");
        }
        Self { draft, namespace: namespace.clone(), documents, ordered: true }
    }

    /// Whether documents are inserted one after the other, up to the first that is refused
    /// (the default). Otherwise those behind a refused one are inserted as well.
    pub fn ordered(mut self, ordered: bool) -> Self {
        self.ordered = ordered;
        self
    }

    fn start(self) -> Running<InsertManyResult> {
        let Self { mut draft, namespace, mut documents, ordered } = self;
        if let Err(error) = draft.check() {
            return Box::pin(std::future::ready(Err(error.with_operation("insert"))));
        }
        let acknowledged = draft.handle().scope().write_concern.is_acknowledged();
        let result = InsertManyResult { inserted_ids: documents.take_ids(), acknowledged };
        let documents = Arc::new(documents);
        Box::pin(async move {
            // Made when it is first polled: then its time begins.
            Inserting::new(draft, namespace, documents, ordered).run().await?;
            Ok(result)
        })
    }
}

/// An insertion under way.
struct Inserting {
    draft: Draft,
    namespace: Arc<Namespace>,
    documents: Arc<Documents>,
    ordered: bool,
    /// Of all batches together.
    deadline: Option<Instant>,
    /// What was refused so far, and how many were inserted.
    failure: WriteFailure,
    /// The first reply that told of a refusal.
    refusal: Option<Error>,
    /// What events tell its batches by.
    operation_id: i64,
}

impl Inserting {
    fn new(draft: Draft, namespace: Arc<Namespace>, documents: Arc<Documents>, ordered: bool) -> Self {
        let deadline = draft.deadline();
        let operation_id = draft.handle().core().operation_id();
        Self {
            draft,
            namespace,
            documents,
            ordered,
            deadline,
            operation_id,
            failure: WriteFailure::default(),
            refusal: None,
        }
    }

    async fn run(mut self) -> Result<()> {
        let mut from = 0;
        while from < self.documents.len() {
            // The limits of the server that takes a batch decide how long it is.
            let end = Arc::new(AtomicUsize::new(from));
            match self.batch(from, end.clone()).await {
                Ok(inserted) => self.failure.completed += inserted,
                Err(error) => self.failed(error, from)?,
            }
            if self.ordered && !self.failure.write_errors.is_empty() {
                break;
            }
            from = end.load(Ordering::Relaxed);
        }
        match self.refusal {
            None => Ok(()),
            Some(first) => Err(of_all(first, self.failure)),
        }
    }

    fn batch(&mut self, from: usize, end: Arc<AtomicUsize>) -> Running<u64> {
        let mut draft = self.draft.clone();
        // The handle's limit is in the deadline already.
        draft.timeout = Some(left_until(self.deadline));
        let mut plan = draft.writing(&self.namespace, 0);
        plan.operation_id = self.operation_id;
        let options = draft.take_options();
        let (namespace, documents, ordered) = (self.namespace.clone(), self.documents.clone(), self.ordered);
        draft.run(
            "insert",
            plan,
            move |command, limits| {
                documents.check(limits)?;
                let until = documents.batch_end(from, limits);
                end.store(until, Ordering::Relaxed);
                let mut elements = command.elements();
                elements.str("insert", &namespace.collection).bool("ordered", ordered);
                options.write_for(limits, &mut elements);
                command.sequence("documents", |list| list.extend_from_slice(documents.bytes(from..until)));
                Ok(())
            },
            |answer, _| Ok(reply::count(&answer.body)),
        )
    }

    /// Takes in what a batch's reply refuses. Every other error ends the whole, and tells
    /// what was done before.
    fn failed(&mut self, error: Error, from: usize) -> Result<()> {
        let Some(failure) = error.write_failure().filter(|_| error.kind() == Kind::Write) else {
            let before = std::mem::take(&mut self.failure);
            let nothing = before == WriteFailure::default();
            return Err(if nothing { error } else { error.with_write_failure(before) });
        };
        self.failure.completed += failure.completed;
        for refused in &failure.write_errors {
            let mut refused = refused.clone();
            refused.index += from;
            self.failure.write_errors.push(refused);
        }
        if let Some(concern) = &failure.write_concern_error {
            self.failure.write_concern_error.get_or_insert_with(|| concern.clone());
        }
        self.refusal.get_or_insert(error);
        Ok(())
    }
}

/// One error of what all batches refused; labels and the like are those of the first.
fn of_all(first: Error, failure: WriteFailure) -> Error {
    let mut error = reply::refused(failure).with_operation("insert").with_call_of(&first);
    for label in first.labels() {
        error = error.with_label(label);
    }
    if let Some(response) = first.server_response() {
        error = error.with_response(response.clone());
    }
    match first.server() {
        Some(server) => error.with_server(server),
        None => error,
    }
}
