//! A copy under way, for those who want to see how far it is.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_core::Stream;

use super::ledger::{CopyProgress, Ledger};
use crate::collection::Running;
use crate::error::{CopyReport, Result};

/// A copy under way; see [`CopyDatabase::progress`](crate::operations::CopyDatabase::progress).
///
/// As a [`Stream`] it gives a [`CopyProgress`] whenever there is something new, and ends when
/// the copy does, well or not; the last item is how far it came. Awaited, it gives the
/// [`CopyReport`] or the error, with or without the stream before. The copy goes on while
/// either is polled, and only then.
///
/// Nothing is stored for a stream that is read slowly: what happened since the last item is one
/// item.
///
/// Cancel safety: [`next`](Self::next) may be dropped, and the copy goes on with the next call.
/// When the whole is dropped the copy ends: cursors are killed, and nothing goes on. The target
/// has what [`so_far`](Self::so_far) says, and up to one batch more of each collection that is
/// not complete.
///
/// ```no_run
/// # async fn example(connection: actix_mongo::Connection) -> actix_mongo::Result<()> {
/// let mut copying = connection.copy_database("hotel", "hotel_copy").progress();
/// while let Some(progress) = copying.next().await {
///     println!("{progress}");
/// }
/// println!("{}", copying.await?);
/// # Ok(()) }
/// ```
#[must_use = "nothing is sent before it is polled"]
pub struct Copying {
    /// None once it is over.
    work: Option<Running<()>>,
    result: Option<Result<CopyReport>>,
    ledger: Ledger,
    /// The version of the last progress that was handed out.
    told: u64,
}

impl Copying {
    pub(super) fn new(work: Running<()>, ledger: Ledger) -> Self {
        Self { work: Some(work), result: None, told: ledger.version(), ledger }
    }

    /// The next progress; `None` once the copy is over.
    pub async fn next(&mut self) -> Option<CopyProgress> {
        poll_fn(|task| self.poll_progress(task)).await
    }

    /// What was copied until now. It polls nothing.
    pub fn so_far(&self) -> CopyReport {
        self.ledger.report(Instant::now())
    }

    fn poll_progress(&mut self, task: &mut Context<'_>) -> Poll<Option<CopyProgress>> {
        let over = self.poll_work(task).is_ready();
        let version = self.ledger.version();
        if std::mem::replace(&mut self.told, version) != version {
            return Poll::Ready(Some(self.ledger.progress(Instant::now())));
        }
        if over { Poll::Ready(None) } else { Poll::Pending }
    }

    /// Ready once it is over.
    fn poll_work(&mut self, task: &mut Context<'_>) -> Poll<()> {
        if let Some(work) = &mut self.work {
            let result = ready!(work.as_mut().poll(task));
            // With it go its cursors, and a connection that was made for it.
            self.work = None;
            let now = Instant::now();
            if self.ledger.has_begun() {
                self.ledger.end(now);
            }
            let report = self.ledger.report(now);
            self.result = Some(match result {
                Ok(()) => Ok(report),
                Err(error) if self.ledger.has_begun() => Err(error.with_copy_report(report)),
                Err(error) => Err(error),
            });
        }
        Poll::Ready(())
    }
}

impl Future for Copying {
    type Output = Result<CopyReport>;

    /// May be polled again after its end, and gives the same then.
    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(self.poll_work(task));
        // There is one since the work is over.
        let ledger = &self.ledger;
        let result = self.result.clone().unwrap_or_else(|| Ok(ledger.report(Instant::now())));
        Poll::Ready(result)
    }
}

impl Stream for Copying {
    type Item = CopyProgress;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<CopyProgress>> {
        self.get_mut().poll_progress(task)
    }
}

impl fmt::Debug for Copying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copying")
            .field("progress", &self.ledger.progress(Instant::now()))
            .finish_non_exhaustive()
    }
}
