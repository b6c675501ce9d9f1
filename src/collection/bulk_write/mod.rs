//! Bulk writes: many operations, in as few commands as the server's limits allow. Over one
//! collection they are grouped into `insert`, `update` and `delete` (`grouped`); over many,
//! servers from 8.0 take them as one command (`mixed`). Both share the builder, what an
//! operation is (`model`), and how results and refusals are put together (`outcome`).

mod grouped;
mod mixed;
mod model;
mod outcome;
mod reply;

use std::sync::Arc;

pub use model::WriteModel;

use self::grouped::Grouped;
use self::mixed::{Mixed, Target};
use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use crate::dispatch::Handle;
use crate::error::{BulkWriteResult, Error};
use crate::pool::Namespace;

/// Runs many writes; see [`Collection::bulk_write`](crate::Collection::bulk_write) and
/// [`Connection::bulk_write`](crate::Connection::bulk_write).
///
/// # Errors
///
/// An operation that the server refuses ends the whole, unless [`ordered`](Self::ordered) is
/// off. The error ([`Kind::Write`](crate::Kind::Write)) names it, and all other refused ones,
/// by their index in the list: [`Error::write_failure`] has the server's words for each,
/// [`Error::bulk_write_failure`] what the other operations did. A write concern that is not
/// met ends nothing, and is an error at the end. Any other error, of the network for
/// instance, ends the whole whatever the order, and tells as much.
///
/// An argument that can't be encoded, or is out of its range, is an error before anything is
/// sent.
///
/// # Repeats, sessions, timeouts
///
/// Each command is a retryable write, unless one of its operations is of many documents. In
/// a session each takes its own turn. The timeout covers all of them.
///
/// Cancel safety: it may be dropped at any time; what was sent until then may be done.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct BulkWrite {
    draft: Draft,
    models: Vec<WriteModel>,
    over: Over,
    ordered: bool,
    verbose: bool,
}

/// What it is over.
#[derive(Clone, Debug)]
enum Over {
    Collection(Arc<Namespace>),
    Connection(Target),
}

options! { BulkWrite {
    /// Values for variables that filters and updates refer to as `$$name`.
    let_vars(document) => "let",
} shared bypass_document_validation, comment }

verb!(BulkWrite -> BulkWriteResult);
concerns!(writes BulkWrite);
raw_data!(BulkWrite);

impl BulkWrite {
    pub(super) fn of_collection(
        handle: &Handle,
        namespace: &Arc<Namespace>,
        models: impl IntoIterator<Item = WriteModel>,
    ) -> Self {
        Self::new(Draft::new(handle), models.into_iter().collect(), Over::Collection(namespace.clone()))
    }

    /// Over many collections, each named by its operation.
    pub(crate) fn of_connection<N: AsRef<str>>(
        handle: &Handle,
        models: impl IntoIterator<Item = (N, WriteModel)>,
    ) -> Self {
        let (mut draft, mut target) = (Draft::new(handle), Target::default());
        let mut all = Vec::new();
        for (namespace, model) in models {
            let added = target.push(namespace.as_ref());
            let Some(()) = draft.keep(added, &format!("operation {}", all.len())) else { break };
            all.push(model);
        }
        Self::new(draft, all, Over::Connection(target))
    }

    fn new(mut draft: Draft, mut models: Vec<WriteModel>, over: Over) -> Self {
        let faulty =
            models.iter_mut().enumerate().find_map(|(index, model)| Some((index, model.take_error()?)));
        if let Some((index, error)) = faulty {
            draft.keep::<()>(Err(error), &format!("operation {index}"));
        } else if models.is_empty() {
            draft.refuse("bulk_write was given no operation");
        }
        Self { draft, models, over, ordered: true, verbose: false }
    }

    /// Whether the operations are done one after the other, up to the first that is refused
    /// (the default). Otherwise those behind a refused one are done as well; over a
    /// collection they are then sorted by what they do: insertions, updates, deletions.
    pub fn ordered(mut self, ordered: bool) -> Self {
        self.ordered = ordered;
        self
    }

    /// Whether the result tells of each operation what it did, and the `_id`s of inserted
    /// documents. Default false. Of [`Connection::bulk_write`](crate::Connection::bulk_write)
    /// only.
    pub fn verbose_results(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    fn start(self) -> Running<BulkWriteResult> {
        let Self { mut draft, models, over, ordered, verbose } = self;
        let acknowledged = draft.handle().scope().write_concern.is_acknowledged();
        match (&over, acknowledged) {
            (Over::Collection(_), _) if verbose => {
                draft.refuse(
                    "the commands for one collection have no verbose results; a connection's bulk write has",
                );
            }
            // The sentences are those of the specification.
            (Over::Connection(_), false) if verbose => {
                draft.refuse("Cannot request unacknowledged write concern and verbose results");
            }
            (Over::Connection(_), false) if ordered => {
                draft.refuse("Cannot request unacknowledged write concern and ordered writes");
            }
            _ => {}
        }
        if let Err(error) = draft.check() {
            return Box::pin(std::future::ready(Err(named(error))));
        }
        match over {
            // Made when it is first polled: then its time begins.
            Over::Collection(namespace) => {
                Box::pin(async move { Grouped::new(draft, namespace, models, ordered).run().await })
            }
            Over::Connection(target) => {
                Box::pin(async move { Mixed::new(draft, target, models, ordered, verbose).run().await })
            }
        }
    }
}

fn named(error: Error) -> Error {
    error.with_operation("bulkWrite")
}
