//! Several futures at a time out of many, driven by whoever polls them: nothing is spawned.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::ledger::Ledger;
use crate::error::{Error, Result};

/// One of many.
pub type Job = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Runs jobs, so many at a time. After a failure no other is begun; insertions that were sent
/// are waited for, so that what was copied is known, and all else is dropped.
pub struct Lanes<I> {
    jobs: I,
    most: usize,
    running: Vec<Job>,
    failed: Option<Error>,
    ledger: Ledger,
}

impl<I: Iterator<Item = Job>> Lanes<I> {
    /// Nothing is begun before it is polled.
    pub fn new(jobs: I, most: usize, ledger: &Ledger) -> Self {
        Self { jobs, most, running: Vec::new(), failed: None, ledger: ledger.clone() }
    }

    /// Whether one has ended, well or not.
    fn poll_running(&mut self, task: &mut Context<'_>) -> bool {
        let before = self.running.len();
        let (failed, ledger) = (&mut self.failed, &self.ledger);
        self.running.retain_mut(|job| match job.as_mut().poll(task) {
            Poll::Pending => true,
            Poll::Ready(result) => {
                if let Err(error) = result {
                    // At once: others may be polled after this one.
                    ledger.stop();
                    failed.get_or_insert(error);
                }
                false
            }
        });
        self.running.len() < before
    }
}

impl<I: Iterator<Item = Job> + Unpin> Future for Lanes<I> {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        loop {
            while this.failed.is_none() && this.running.len() < this.most {
                let Some(job) = this.jobs.next() else { break };
                this.running.push(job);
            }
            let ended = this.poll_running(task);
            if this.failed.is_some() && !this.ledger.is_inserting() {
                this.running.clear();
            }
            if this.running.is_empty() && this.failed.is_some() {
                return Poll::Ready(this.failed.take().map_or(Ok(()), Err));
            }
            match (ended, this.running.is_empty()) {
                // There may be one more to begin, which nobody would wake this for.
                (true, _) => {}
                (false, true) => return Poll::Ready(Ok(())),
                (false, false) => return Poll::Pending,
            }
        }
    }
}

/// Waits for both. The first that fails ends it, but only once what is left is over.
pub async fn both<A, B>(
    left: impl Future<Output = Result<A>>,
    right: impl Future<Output = Result<B>>,
) -> Result<(A, B)> {
    let (mut left, mut right) = (std::pin::pin!(left), std::pin::pin!(right));
    let (mut first, mut second) = (None, None);
    std::future::poll_fn(|task| {
        if first.is_none()
            && let Poll::Ready(result) = left.as_mut().poll(task)
        {
            first = Some(result);
        }
        // What comes of the right one is of no use any more.
        if let Some(Err(_)) = &first {
            return Poll::Ready(());
        }
        if second.is_none()
            && let Poll::Ready(result) = right.as_mut().poll(task)
        {
            second = Some(result);
        }
        if first.is_some() && second.is_some() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    match (first, second) {
        (Some(Err(error)), _) | (_, Some(Err(error))) => Err(error),
        (Some(Ok(first)), Some(Ok(second))) => Ok((first, second)),
        // It ends above with both, or with an error.
        _ => Err(Error::new(crate::error::Kind::Internal, "two futures ended without a result")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Waker;

    use super::*;
    use crate::error::Kind;

    /// Pending so many times; counts how many of its kind are under way, and the most so far.
    struct Counted {
        polls: u32,
        running: Arc<AtomicUsize>,
        most: Arc<AtomicUsize>,
    }

    impl Future for Counted {
        type Output = Result<()>;

        fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
            if self.polls == 3 {
                let now = self.running.fetch_add(1, Ordering::Relaxed) + 1;
                self.most.fetch_max(now, Ordering::Relaxed);
            }
            if self.polls == 0 {
                self.running.fetch_sub(1, Ordering::Relaxed);
                return Poll::Ready(Ok(()));
            }
            self.polls -= 1;
            Poll::Pending
        }
    }

    fn poll<I: Iterator<Item = Job> + Unpin>(lanes: &mut Lanes<I>) -> Poll<Result<()>> {
        Pin::new(lanes).poll(&mut Context::from_waker(Waker::noop()))
    }

    fn failure() -> Job {
        Box::pin(std::future::ready(Err(Error::new(Kind::Command, "no"))))
    }

    #[test]
    fn no_more_than_so_many_are_under_way() {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counted = || Counted { polls: 3, running: running.clone(), most: most.clone() };
        let jobs: Vec<Job> = (0..10).map(|_| Box::pin(counted()) as Job).collect();
        let mut lanes = Lanes::new(jobs.into_iter(), 4, &Ledger::default());
        while poll(&mut lanes).is_pending() {}
        assert_eq!((running.load(Ordering::Relaxed), most.load(Ordering::Relaxed)), (0, 4));
    }

    #[test]
    fn without_jobs_it_is_done() {
        let mut lanes = Lanes::new(Vec::<Job>::new().into_iter(), 4, &Ledger::default());
        assert!(matches!(poll(&mut lanes), Poll::Ready(Ok(()))));
    }

    #[test]
    fn after_a_failure_insertions_are_waited_for_and_nothing_is_begun() {
        let ledger = Ledger::default();
        let (inserting, begun) = (ledger.clone(), ledger.clone());
        let insertion: Job = Box::pin(async move {
            let insertion = inserting.insertion();
            let mut polls = 0;
            std::future::poll_fn(|_| {
                polls += 1;
                if polls > 2 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            drop(insertion);
            std::future::pending().await
        });
        let third: Job = Box::pin(async move {
            begun.expect(1);
            Ok(())
        });
        let mut lanes = Lanes::new(vec![insertion, failure(), third].into_iter(), 2, &ledger);
        assert!(poll(&mut lanes).is_pending());
        assert!(ledger.insertion().is_none());
        // What the first does after its insertion is of no interest any more.
        let Poll::Ready(Err(error)) = poll(&mut lanes) else { panic!("the insertion is over") };
        assert_eq!((error.message(), ledger.version()), ("no", 0));
    }

    #[test]
    fn both_wait_for_the_left_and_never_for_what_is_in_vain() {
        let mut task = Context::from_waker(Waker::noop());
        let fails = || async { Err::<(), _>(Error::new(Kind::Command, "no")) };
        let mut in_vain = Box::pin(both(fails(), std::future::pending::<Result<()>>()));
        assert!(matches!(in_vain.as_mut().poll(&mut task), Poll::Ready(Err(_))));
        let mut waits = Box::pin(both(std::future::pending::<Result<()>>(), fails()));
        assert!(waits.as_mut().poll(&mut task).is_pending());
        let mut done = Box::pin(both(async { Ok(1) }, async { Ok(2) }));
        assert!(matches!(done.as_mut().poll(&mut task), Poll::Ready(Ok((1, 2)))));
    }
}
