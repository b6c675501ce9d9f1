//! Two futures, and whichever is first.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// Which of the two came first.
#[derive(Debug)]
pub enum Either<A, B> {
    /// The left one. Also if both were ready.
    Left(A),
    /// The right one.
    Right(B),
}

/// Waits for the first of two futures. Dropped before, both stay where they were.
pub async fn race<A: Future + Unpin, B: Future + Unpin>(
    mut left: A,
    mut right: B,
) -> Either<A::Output, B::Output> {
    poll_fn(|task| {
        if let Poll::Ready(left) = Pin::new(&mut left).poll(task) {
            return Poll::Ready(Either::Left(left));
        }
        Pin::new(&mut right).poll(task).map(Either::Right)
    })
    .await
}
