//! `explain`, of a read that was put together by its builder.

use std::sync::Arc;

use bson::{Document, RawDocumentBuf};

use super::draft::{Draft, Running, options, verb};
use super::options::Options;
use crate::command::codec::{decode, written};
use crate::dispatch::{Retry, SessionTimes};
use crate::pool::Namespace;
use crate::wire::ElementWriter;

/// Asks the server how it would run a query; see [`Find::explain`](super::Find::explain) and
/// [`Aggregate::explain`](super::Aggregate::explain). Awaiting it gives the server's answer
/// as it stands; its form differs from release to release.
///
/// It goes where the read preference says, without concerns, and is not repeated. Its time
/// limits are [`timeout`](Self::timeout) and [`max_time`](Self::max_time); those that were set
/// before become its own.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct Explain {
    draft: Draft,
    namespace: Arc<Namespace>,
    verbosity: Verbosity,
    /// What is explained.
    command: RawDocumentBuf,
}

/// How far a server goes to explain a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verbosity {
    /// The plan that would be run.
    #[default]
    QueryPlanner,
    /// The plan is run, and its figures are told.
    ExecutionStats,
    /// The plan is run, and the figures of those that were rejected are told as well.
    AllPlansExecution,
}

options! { Explain {
    /// How long the server may work on it (`maxTimeMS`); zero is no limit. Wins over what is
    /// derived from [`timeout`](Self::timeout).
    max_time(millis) => "maxTimeMS",
} shared comment }

verb!(Explain -> Document);

/// Options that stand beside the command that is explained, and not in it.
const OUTSIDE: [&str; 2] = ["maxTimeMS", "rawData"];

impl Explain {
    /// Of the command that `write` appends, with those options of the draft that belong in it.
    pub(super) fn new(
        mut draft: Draft,
        namespace: Arc<Namespace>,
        verbosity: Verbosity,
        write: impl FnOnce(&mut ElementWriter<'_>, &Options),
    ) -> Self {
        let mut inside = draft.take_options();
        draft.options = inside.split_off(&OUTSIDE);
        let command = written(|elements| write(elements, &inside));
        Self { draft, namespace, verbosity, command }
    }

    fn start(self) -> Running<Document> {
        let Self { mut draft, namespace, verbosity, command } = self;
        let mut plan = draft.reading(&namespace, command.as_bytes().len());
        plan.read_concern = false;
        plan.times = SessionTimes::Snapshot;
        plan.retry = Retry::Never;
        let options = draft.take_options();
        draft.run(
            "explain",
            plan,
            move |frame, limits| {
                let mut elements = frame.elements();
                elements.document("explain", &command).str("verbosity", verbosity.name());
                options.write_for(limits, &mut elements);
                Ok(())
            },
            |answer, _| decode(&answer.body),
        )
    }
}

impl Verbosity {
    fn name(self) -> &'static str {
        match self {
            Self::QueryPlanner => "queryPlanner",
            Self::ExecutionStats => "executionStats",
            Self::AllPlansExecution => "allPlansExecution",
        }
    }
}
