//! When who tells a listener is woken, and when not.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};

use super::*;
use crate::events::PoolReady;
use crate::topology::ServerAddress;

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Woken {
    /// Looks at `future` once, so that this is woken for it.
    fn waits_for(self: &Arc<Self>, future: Pin<&mut impl Future<Output = bool>>) {
        let waker = Waker::from(self.clone());
        assert!(future.poll(&mut Context::from_waker(&waker)).is_pending());
    }

    fn times(&self) -> usize {
        self.0.load(Relaxed)
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// One with room for so many.
fn backlog(capacity: usize) -> Backlog {
    Backlog::new(EventKinds::POOLS, capacity, Arc::default())
}

fn push(backlog: &Backlog, times: usize) {
    for _ in 0..times {
        backlog.push(PoolReady { address: ServerAddress::new("h", 1) }.into());
    }
}

#[test]
fn who_dozes_is_woken_for_many_and_not_for_few() {
    let (runtime, woken) = (runtime(), Arc::<Woken>::default());
    let _inside = runtime.enter();
    let backlog = backlog(16);
    let mut some = VecDeque::new();
    {
        let mut next = pin!(backlog.next(&mut some));
        woken.waits_for(next.as_mut());
        push(&backlog, 4);
        assert_eq!(woken.times(), 0);
        push(&backlog, 3);
        assert_eq!(woken.times(), 1, "once, for the fifth");
        assert!(runtime.block_on(next));
    }
    assert_eq!(some.len(), 2, "an eighth of the room at a time");
}

#[test]
fn who_dozes_is_woken_for_somebody_who_waits_and_for_the_end() {
    let (runtime, woken) = (runtime(), Arc::<Woken>::default());
    let _inside = runtime.enter();
    let backlog = backlog(16);
    let mut some = VecDeque::new();
    let (sender, mut told) = oneshot::channel();
    {
        let mut next = pin!(backlog.next(&mut some));
        woken.waits_for(next.as_mut());
        backlog.push(Item::Flush(Arc::new(sender)));
        assert_eq!(woken.times(), 1);
        assert!(runtime.block_on(next));
    }
    some.clear();
    assert!(told.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed));
    let mut next = pin!(backlog.next(&mut some));
    woken.waits_for(next.as_mut());
    backlog.end();
    assert_eq!(woken.times(), 2);
    assert!(!runtime.block_on(next));
}

#[test]
fn who_sleeps_is_woken_by_the_first() {
    let (runtime, woken) = (runtime(), Arc::<Woken>::default());
    let backlog = backlog(16);
    let mut some = VecDeque::new();
    let mut next = pin!(backlog.next(&mut some));
    // The end of the doze wakes this.
    runtime.block_on(poll_fn(|task| {
        assert!(next.as_mut().poll(task).is_pending());
        if backlog.lock().teller == Teller::Asleep { Poll::Ready(()) } else { Poll::Pending }
    }));
    woken.waits_for(next.as_mut());
    push(&backlog, 1);
    assert_eq!(woken.times(), 1);
    push(&backlog, 1);
    assert_eq!(woken.times(), 1);
    assert!(runtime.block_on(next));
}
