//! Calls and the time they may take.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::{SOON, Watch, judge};

/// Runs a future on this plain thread; it must end soon.
#[track_caller]
pub fn soon<F: IntoFuture>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future.into_future());
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let end = Instant::now() + SOON;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let left = end.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "it hangs: nothing came within {SOON:?}");
        thread::park_timeout(left);
    }
}

/// Runs a future that must end at this time, neither before nor 50 ms after.
#[track_caller]
pub fn ends_at<F: IntoFuture>(limit: Duration, future: F) -> F::Output {
    let (output, took, machine) = timed(future);
    assert!(took >= limit, "it ended early, after {took:?} of {limit:?}");
    judge("a call", took, limit, machine);
    output
}

/// Runs a future that has no reason to wait.
#[track_caller]
pub fn at_once<F: IntoFuture>(future: F) -> F::Output {
    let (output, took, machine) = timed(future);
    judge("a call that had no reason to wait", took, Duration::ZERO, machine);
    output
}

#[track_caller]
fn timed<F: IntoFuture>(future: F) -> (F::Output, Duration, Duration) {
    let watch = Watch::start();
    let began = Instant::now();
    let output = soon(future);
    (output, began.elapsed(), watch.end())
}
