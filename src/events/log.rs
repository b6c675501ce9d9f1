//! The same things as events, and the choice of servers, as structured logs for [`tracing`].
//!
//! They are written on a thread of their own, from a backlog like that of a listener: a
//! subscriber that is slow, blocks, or uses this crate itself holds up no call, and what it is
//! told is in order. The thread starts with the first message.

mod describe;
mod extended_json;
mod selection;
#[cfg(test)]
mod tests;
mod write;

use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Once};
use std::thread;

use tracing::dispatcher::{self, Dispatch};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::NoSubscriber;
use tracing::{Level, enabled};

pub use self::selection::{Selection, SelectionWatch};
use self::write::Writer;
use super::backlog::{Backlog, Counts, Item};
use super::kinds::EventKinds;

/// Messages that may wait. A call makes about seven.
const BACKLOG: usize = 16 * 1024;

/// How long a document may be in a message, if nothing else was asked for.
const LONGEST_DOCUMENT: usize = 1000;

/// The variable that sets another default for that.
const VARIABLE: &str = "MONGODB_LOG_MAX_DOCUMENT_LENGTH";

/// The logs of one connection. The default writes none.
#[derive(Clone, Debug, Default)]
pub struct Logs(Option<Arc<Kept>>);

#[derive(Debug)]
struct Kept {
    /// The subscriber of the thread that made the connection, if it had one: else it is the
    /// global one, be it set before or after.
    subscriber: Option<Dispatch>,
    backlog: Arc<Backlog>,
    counts: Arc<Counts>,
    thread: Once,
    writer: Writer,
}

impl Logs {
    /// For the subscriber of this thread. Documents are cut after so many bytes.
    pub fn here(longest_document: Option<usize>) -> Self {
        let longest = longest_document.unwrap_or_else(|| longest_of(std::env::var(VARIABLE).ok().as_deref()));
        let subscriber = dispatcher::get_default(|dispatch| {
            Some(dispatch.clone()).filter(|dispatch| !dispatch.is::<NoSubscriber>())
        });
        let counts = Arc::<Counts>::default();
        let backlog = Arc::new(Backlog::new(EventKinds::NONE, BACKLOG, counts.clone()));
        let (thread, writer) = (Once::new(), Writer::new(longest));
        Self(Some(Arc::new(Kept { subscriber, backlog, counts, thread, writer })))
    }

    /// Whether messages of this one kind are wanted. Where no subscriber of the process wants
    /// any so detailed, it is one number that is read.
    #[inline]
    pub fn wants(&self, kind: EventKinds) -> bool {
        let level = if kind == EventKinds::WAITING { LevelFilter::INFO } else { LevelFilter::DEBUG };
        LevelFilter::current() >= level && self.0.as_ref().is_some_and(|kept| kept.asks(kind))
    }

    /// Adds a message.
    pub fn push(&self, item: Item) {
        let Some(kept) = &self.0 else { return };
        kept.backlog.push(item);
        // Also under a lock, once in a connection's life; a process that can't start a thread
        // has no logs.
        kept.thread.call_once(|| {
            let kept = kept.clone();
            let thread = thread::Builder::new().name("actix-mongo-logs".to_owned());
            let _ = thread.spawn(move || kept.run());
        });
    }

    /// Adds a mark, if there is anything that it could come behind.
    pub fn flush(&self, mark: Item) {
        if let Some(kept) = self.0.as_ref().filter(|kept| kept.thread.is_completed()) {
            kept.backlog.push(mark);
        }
    }

    /// Nothing is added from now on.
    pub fn end(&self) {
        if let Some(kept) = &self.0 {
            kept.backlog.end();
        }
    }
}

impl Kept {
    #[cold]
    fn asks(&self, kind: EventKinds) -> bool {
        self.scoped(|| match kind {
            EventKinds::COMMANDS => enabled!(target: "actix_mongo::command", Level::DEBUG),
            EventKinds::POOLS => enabled!(target: "actix_mongo::connection", Level::DEBUG),
            EventKinds::TOPOLOGY => enabled!(target: "actix_mongo::topology", Level::DEBUG),
            EventKinds::WAITING => enabled!(target: "actix_mongo::server_selection", Level::INFO),
            _ => enabled!(target: "actix_mongo::server_selection", Level::DEBUG),
        })
    }

    fn run(&self) {
        // Without anything to wait for but the backlog and the time, this can't fail.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
        let (mut lost, mut some) = (0, VecDeque::new());
        while runtime.block_on(self.backlog.next(&mut some)) {
            self.scoped(|| {
                some.drain(..).for_each(|item| self.writer.write(item));
                let now = self.counts.dropped.load(Relaxed);
                if now > lost {
                    let messages = now - std::mem::replace(&mut lost, now);
                    tracing::warn!(target: "actix_mongo::logs", messages, "Log messages were lost: the subscriber is too slow");
                }
            });
        }
    }

    fn scoped<T>(&self, run: impl FnOnce() -> T) -> T {
        match &self.subscriber {
            Some(subscriber) => dispatcher::with_default(subscriber, run),
            None => run(),
        }
    }
}

/// A value that is no number counts as none.
fn longest_of(variable: Option<&str>) -> usize {
    variable.and_then(|value| value.trim().parse().ok()).unwrap_or(LONGEST_DOCUMENT)
}
