//! A bulk write over one collection: operations of a kind share a command (CRUD
//! specification, "Bulk Write").

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bson::{RawDocument, RawDocumentBuf};

use super::model::{Command, WriteModel};
use super::outcome::{Outcome, id_in};
use crate::collection::draft::{Draft, Options, left_until};
use crate::collection::statement::check_hint;
use crate::command::reply;
use crate::dispatch::{Handle, Operation, Plan, Retry, execute};
use crate::error::{BulkWriteResult, Error, Kind, Result};
use crate::pool::{Answer, Limits, Namespace};
use crate::wire::FrameBuilder;
use crate::wire::walk::Walk;

/// A bulk write under way.
pub struct Grouped {
    draft: Draft,
    namespace: Arc<Namespace>,
    list: Arc<List>,
    ordered: bool,
    /// Of all commands together.
    deadline: Option<Instant>,
    /// What events tell its commands by.
    operation_id: i64,
}

/// The operations, and in which order they are sent.
#[derive(Debug)]
struct List {
    models: Vec<WriteModel>,
    /// Indexes of `models`. Those of a kind that stand together may share a command.
    order: Vec<usize>,
    /// Index and size of the largest document to be inserted.
    largest: (usize, usize),
}

/// Room for all of a message but its operations and options.
const OVERHEAD: usize = 16 * 1024;

impl Grouped {
    /// The operations must not be empty.
    pub fn new(draft: Draft, namespace: Arc<Namespace>, models: Vec<WriteModel>, ordered: bool) -> Self {
        let (deadline, operation_id) = (draft.deadline(), draft.handle().core().operation_id());
        let list = Arc::new(List::new(models, ordered));
        Self { draft, namespace, list, ordered, deadline, operation_id }
    }

    /// Sends one command after the other.
    pub async fn run(self) -> Result<BulkWriteResult> {
        let acknowledged = self.draft.handle().scope().write_concern.is_acknowledged();
        let mut outcome = Outcome::new(acknowledged, false);
        outcome.partial = true;
        let mut from = 0;
        while from < self.list.order.len() {
            // The limits of the server that takes a command decide how many it holds.
            let end = Arc::new(AtomicUsize::new(from));
            let result = self.send(from, end.clone())?.await;
            let end = end.load(Ordering::Relaxed);
            match result {
                Ok(body) => self.list.took(from..end, &body, None, &mut outcome),
                Err(error) if error.kind() == Kind::Write => {
                    let body = error.server_response().cloned().unwrap_or_default();
                    self.list.took(from..end, &body, Some(&error), &mut outcome);
                }
                Err(error) => return Err(outcome.broken_off(error)),
            }
            if self.ordered && !outcome.write_errors.is_empty() {
                break;
            }
            from = end;
        }
        outcome.end(self.list.models.len())
    }

    fn send(
        &self,
        from: usize,
        end: Arc<AtomicUsize>,
    ) -> Result<impl Future<Output = Result<RawDocumentBuf>> + Send + use<>> {
        let mut draft = self.draft.clone();
        let command = self.list.at(from).command();
        // The specification: `let` is for updates and deletions. No deletion is validated.
        draft.options.split_off(match command {
            Command::Insert => &["let"],
            Command::Update => &[],
            Command::Delete => &["bypassDocumentValidation"],
        });
        let mut plan = draft.writing(&self.namespace, 0);
        draft.check().map_err(super::named)?;
        plan.operation_id = self.operation_id;
        let operation = Batch {
            retry: plan.retry,
            plan,
            command,
            namespace: self.namespace.clone(),
            list: self.list.clone(),
            from,
            end,
            ordered: self.ordered,
            options: draft.take_options(),
        };
        Ok(execute(draft.handle().clone(), operation, Some(left_until(self.deadline))))
    }
}

/// One of the commands.
struct Batch {
    plan: Plan,
    /// If no operation in it is of many documents.
    retry: Retry,
    command: Command,
    namespace: Arc<Namespace>,
    list: Arc<List>,
    from: usize,
    /// Set by the last attempt.
    end: Arc<AtomicUsize>,
    ordered: bool,
    options: Options,
}

impl Operation for Batch {
    type Output = RawDocumentBuf;

    fn name(&self) -> &'static str {
        self.command.name()
    }

    fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    fn write(&mut self, command: &mut FrameBuilder, limits: &Limits) -> Result<()> {
        self.list.check(limits)?;
        let end = self.list.batch_end(self.from, self.options.size(), limits);
        self.end.store(end, Ordering::Relaxed);
        let batch = || self.list.order[self.from..end].iter().map(|index| &self.list.models[*index]);
        let hinted = batch().any(WriteModel::is_hinted_deletion);
        check_hint(hinted, self.plan.acknowledged, limits)?;
        let of_many = batch().any(WriteModel::is_of_many);
        self.plan.retry = if of_many { Retry::Never } else { self.retry };
        let mut elements = command.elements();
        elements.str(self.command.name(), &self.namespace.collection).bool("ordered", self.ordered);
        self.options.write_for(limits, &mut elements);
        command.sequence(self.command.list(), |list| batch().for_each(|model| model.write_statement(list)));
        Ok(())
    }

    fn read(&mut self, answer: &mut Answer, _handle: &Handle) -> Result<RawDocumentBuf> {
        Ok(std::mem::take(&mut answer.body))
    }
}

impl List {
    fn new(models: Vec<WriteModel>, ordered: bool) -> Self {
        let mut order: Vec<usize> = (0..models.len()).collect();
        if !ordered {
            // Stable: those of a kind stay in the caller's order.
            order.sort_by_key(|index| models[*index].command());
        }
        let inserts = models.iter().enumerate().filter(|(_, model)| model.command() == Command::Insert);
        let sizes = inserts.map(|(index, model)| (index, model.statement_size()));
        let largest = sizes.max_by_key(|(_, size)| *size).unwrap_or_default();
        Self { models, order, largest }
    }

    /// The operation at a place of the order.
    fn at(&self, place: usize) -> &WriteModel {
        &self.models[self.order[place]]
    }

    /// Fails if a document to be inserted is larger than the server takes. All are looked at,
    /// so that nothing is sent if one can't be.
    fn check(&self, limits: &Limits) -> Result<()> {
        let ((index, size), limit) = (self.largest, limits.max_document);
        if size <= limit {
            return Ok(());
        }
        let sentence =
            format!("the document of operation {index} has {size} bytes, the server takes at most {limit}");
        Err(Error::new(Kind::TooLarge, sentence))
    }

    /// Where the command ends that starts at this place: it holds as many operations of one
    /// kind as fit, and at least one.
    fn batch_end(&self, from: usize, options: usize, limits: &Limits) -> usize {
        let command = self.at(from).command();
        let mut room = limits.max_message.saturating_sub(OVERHEAD + options);
        let most = limits.max_batch.max(1);
        let rest = self.order[from..].iter().map(|index| &self.models[*index]);
        let fitting = rest.take(most).take_while(|model| {
            let left = room.checked_sub(model.statement_size()).filter(|_| model.command() == command);
            left.inspect(|left| room = *left).is_some()
        });
        from + fitting.count().max(1)
    }

    /// Takes in what a command's reply says of the operations of these places.
    fn took(
        &self,
        places: std::ops::Range<usize>,
        body: &RawDocument,
        error: Option<&Error>,
        outcome: &mut Outcome,
    ) {
        let order = &self.order[places.clone()];
        let mut not_done = vec![false; order.len()];
        if let Some(error) = error {
            outcome.told_by(error);
            let failure = error.write_failure();
            for refused in failure.into_iter().flat_map(|failure| &failure.write_errors) {
                let mut refused = refused.clone();
                not_done.get_mut(refused.index).into_iter().for_each(|place| *place = true);
                // An index beyond the command is nonsense, and must at least not be another's.
                refused.index = order.get(refused.index).copied().unwrap_or(self.models.len());
                outcome.write_errors.push(refused);
            }
            outcome.concern_errors.extend(failure.and_then(|failure| failure.write_concern_error.clone()));
        }
        if !outcome.result.is_acknowledged() || places.is_empty() {
            return;
        }
        let count = reply::count(body);
        match self.at(places.start).command() {
            Command::Insert => {
                add(&mut outcome.result.inserted_count, count);
                let done = order.iter().zip(not_done).filter(|(_, not_done)| !not_done);
                // In order, those behind the refused one were not tried.
                for (index, _) in done.take(usize::try_from(count).unwrap_or(usize::MAX)) {
                    outcome.inserted(*index, &self.models[*index]);
                }
            }
            Command::Update => {
                let (modified, upserted) = read_update(body, order);
                add(&mut outcome.result.modified_count, modified);
                add(&mut outcome.result.upserted_count, upserted.len() as u64);
                // Servers count an inserted document among the matched.
                add(&mut outcome.result.matched_count, count.saturating_sub(upserted.len() as u64));
                upserted.into_iter().for_each(|(index, id)| outcome.upserted(index, id));
            }
            Command::Delete => add(&mut outcome.result.deleted_count, count),
        }
    }
}

/// Servers may say anything.
fn add(sum: &mut u64, count: u64) {
    *sum = sum.saturating_add(count);
}

/// How many documents were changed, and which were inserted, by the operation's index.
fn read_update(body: &RawDocument, order: &[usize]) -> (u64, Vec<(usize, bson::Bson)>) {
    let (mut modified, mut upserted) = (0, Vec::new());
    for element in Walk::over(body).map_while(std::result::Result::ok) {
        match element.key {
            b"nModified" => modified = element.as_i64().and_then(|n| n.try_into().ok()).unwrap_or(0),
            b"upserted" => {
                let entries = element.as_array().into_iter().flat_map(Walk::over);
                let entries = entries.filter_map(|entry| entry.ok()?.as_document());
                upserted.extend(entries.filter_map(|entry| {
                    let index = usize::try_from(entry.get_i32("index").ok()?).ok()?;
                    Some((*order.get(index)?, id_in(entry)?))
                }));
            }
            _ => {}
        }
    }
    (modified, upserted)
}
