//! Calls and the time they may take.

use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::SOON;

/// What the library may be late by.
pub const TOLERANCE: Duration = Duration::from_millis(50);

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
///
/// A plain timer of the system runs beside it: what that one is late by, on a busy machine,
/// the future may be late by as well.
#[track_caller]
pub fn ends_at<F: IntoFuture>(limit: Duration, future: F) -> F::Output {
    let (output, took, late) = timed(limit, future);
    assert!(took >= limit, "it ended early, after {took:?} of {limit:?}");
    assert!(
        took < limit + TOLERANCE + 4 * late,
        "it ended late, after {took:?} of {limit:?} (timer: {late:?})"
    );
    output
}

/// Runs a future that has no reason to wait.
#[track_caller]
pub fn at_once<F: IntoFuture>(future: F) -> F::Output {
    let (output, took, late) = timed(Duration::from_millis(1), future);
    assert!(took < TOLERANCE + 4 * late, "it took {took:?} (timer: {late:?})");
    output
}

#[track_caller]
fn timed<F: IntoFuture>(limit: Duration, future: F) -> (F::Output, Duration, Duration) {
    let (_keep, never) = channel::<()>();
    let began = Instant::now();
    let timer = thread::spawn(move || {
        let _ = never.recv_timeout(limit.saturating_sub(began.elapsed()));
        began.elapsed().saturating_sub(limit)
    });
    let output = soon(future);
    let took = began.elapsed();
    (output, took, timer.join().unwrap())
}
