//! Two futures, and both of their outputs.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
#[cfg(feature = "dns-resolver")]
use std::time::Duration;

/// Runs both at the same time.
pub async fn join<A: Future, B: Future>(left: A, right: B) -> (A::Output, B::Output) {
    let (mut left, mut right) = (pin!(left), pin!(right));
    let (mut first, mut second) = (None, None);
    poll_fn(|task| {
        poll_into(left.as_mut(), &mut first, task);
        poll_into(right.as_mut(), &mut second, task);
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}

/// Runs both at the same time. Once one of them has brought what is good, the other has no
/// more than `patience` left.
#[cfg(feature = "dns-resolver")]
pub async fn join_soon<T, A, B>(
    left: A,
    right: B,
    is_good: impl Fn(&T) -> bool,
    patience: Duration,
) -> (Option<T>, Option<T>)
where
    A: Future<Output = T>,
    B: Future<Output = T>,
{
    let (mut left, mut right) = (pin!(left), pin!(right));
    let (mut first, mut second) = (None, None);
    let mut limit = None;
    poll_fn(|task| {
        poll_into(left.as_mut(), &mut first, task);
        poll_into(right.as_mut(), &mut second, task);
        if first.is_some() && second.is_some() {
            return Poll::Ready(());
        }
        if !first.iter().chain(&second).any(&is_good) {
            return Poll::Pending;
        }
        limit.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience))).as_mut().poll(task)
    })
    .await;
    (first, second)
}

fn poll_into<F: Future>(future: Pin<&mut F>, output: &mut Option<F::Output>, task: &mut Context<'_>) {
    if output.is_none()
        && let Poll::Ready(ready) = future.poll(task)
    {
        *output = Some(ready);
    }
}

#[cfg(all(test, feature = "dns-resolver"))]
mod tests {
    use std::future::{pending, ready};
    use std::time::Instant;

    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(future)
    }

    #[test]
    fn both_outputs_come() {
        let late = async {
            tokio::task::yield_now().await;
            2
        };
        assert_eq!(run(join(ready(1), late)), (1, 2));
    }

    #[test]
    fn what_is_good_waits_for_the_other_for_a_while_only() {
        let start = Instant::now();
        let patience = Duration::from_millis(20);
        assert_eq!(run(join_soon(pending(), ready(7), |it| *it == 7, patience)), (None, Some(7)));
        assert!(start.elapsed() >= patience);
        let late = async {
            tokio::time::sleep(patience * 2).await;
            7
        };
        assert_eq!(run(join_soon(ready(1), late, |it| *it == 7, patience)), (Some(1), Some(7)));
    }
}
