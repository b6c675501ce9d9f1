//! Futures dropped in the middle. Every await of a public call is a place where
//! a caller may drop it; [`DropAfter`] visits them one by one.

use std::pin::Pin;
use std::task::{Context, Poll};

/// Polls a future at most so many times, then drops it.
///
/// Resolves to `Some(output)` if the future finished within its polls, else to
/// `None` once it has been dropped. To visit every await of a call, raise the
/// number until the call finishes:
///
/// ```
/// use test_support::{DropAfter, block_on};
///
/// for polls in 0.. {
///     if block_on(DropAfter::new(polls, std::future::ready(1))).is_some() {
///         assert_eq!(polls, 1);
///         break;
///     }
///     // here: look at what the dropped call left behind
/// }
/// ```
pub struct DropAfter<F> {
    polls_left: usize,
    /// `None` once finished or dropped.
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> DropAfter<F> {
    /// A future that drops `future` instead of polling it more than `polls`
    /// times. With zero it is dropped unpolled.
    pub fn new(polls: usize, future: F) -> Self {
        Self { polls_left: polls, future: Some(Box::pin(future)) }
    }
}

impl<F: Future> Future for DropAfter<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(future) = this.future.as_mut() else {
            return Poll::Ready(None);
        };
        if this.polls_left > 0 {
            this.polls_left -= 1;
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                this.future = None;
                return Poll::Ready(Some(output));
            }
        }
        if this.polls_left > 0 {
            return Poll::Pending;
        }
        // Dropped right after its last poll, while it still waits for what that
        // poll began: the next wake-up may never come.
        this.future = None;
        Poll::Ready(None)
    }
}

/// Runs a future to its end and says how often it was polled.
pub async fn count_polls<F: Future>(future: F) -> (F::Output, usize) {
    let mut future = Box::pin(future);
    let mut polls = 0;
    let output = std::future::poll_fn(|context| {
        polls += 1;
        future.as_mut().poll(context)
    })
    .await;
    (output, polls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block_on;
    use std::cell::Cell;
    use std::rc::Rc;

    struct SetOnDrop(Rc<Cell<bool>>);

    impl Drop for SetOnDrop {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }

    /// Ready at the third poll.
    async fn three_polls() -> u8 {
        for _ in 0..2 {
            let mut yielded = false;
            std::future::poll_fn(|context| {
                if yielded {
                    return Poll::Ready(());
                }
                yielded = true;
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
        9
    }

    #[test]
    fn finishes_only_with_enough_polls() {
        for polls in 0..3 {
            assert_eq!(block_on(DropAfter::new(polls, three_polls())), None);
        }
        assert_eq!(block_on(DropAfter::new(3, three_polls())), Some(9));
        assert_eq!(block_on(count_polls(three_polls())), (9, 3));
    }

    #[test]
    fn has_dropped_the_future_when_it_says_so() {
        let dropped = Rc::new(Cell::new(false));
        let guard = SetOnDrop(dropped.clone());
        let mut call = Box::pin(DropAfter::new(1, async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        }));
        assert_eq!(block_on(call.as_mut()), None);
        assert!(dropped.get(), "dropped although the wrapper still lives");
    }
}
