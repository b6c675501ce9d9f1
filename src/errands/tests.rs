use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Waker};

use super::*;

const THREADS: usize = 2;
const WAITING: usize = 5;

type Numbers = Errands<usize, usize>;
type Call<'a> = Pin<Box<dyn Future<Output = Result<usize, Failure>> + 'a>>;

fn numbers() -> Numbers {
    Errands::new("errands-test", THREADS, WAITING)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Polled once, so that it has taken its place.
fn called(mut call: Call<'_>) -> Call<'_> {
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    call
}

/// All threads are busy until the senders are dropped.
fn busy(errands: &Numbers) -> (Vec<Call<'_>>, Vec<mpsc::Sender<()>>) {
    (0..THREADS)
        .map(|key| {
            let (open, gate) = mpsc::channel::<()>();
            let work = move || {
                assert!(gate.recv().is_err());
                key
            };
            (called(Box::pin(errands.run(key, work))), open)
        })
        .unzip()
}

#[test]
fn those_who_want_the_same_share_it() {
    let errands = numbers();
    let (calls, gates) = busy(&errands);
    let again: Call<'_> = called(Box::pin(errands.run(0, || panic!("it is under way"))));
    drop(calls);
    drop(gates);
    assert_eq!(block_on(again).unwrap(), 0);
}

#[test]
fn of_many_dropped_callers_none_has_more_than_the_bound_run() {
    let errands = numbers();
    let (calls, gates) = busy(&errands);
    drop(calls);
    let begun = Arc::new(AtomicUsize::new(0));
    for key in 100..1100 {
        let begun = begun.clone();
        let work = move || begun.fetch_add(1, Ordering::SeqCst);
        drop(called(Box::pin(errands.run(key, work))));
        assert_eq!(errands.counts(), (THREADS, 0));
    }
    drop(gates);
    // It waits its turn behind whatever else would be there.
    assert_eq!(block_on(errands.run(7, || 7)).unwrap(), 7);
    assert_eq!(begun.load(Ordering::SeqCst), 0);
}

#[test]
fn who_finds_no_room_to_wait_is_told_so() {
    let errands = numbers();
    let (_calls, gates) = busy(&errands);
    let waiting: Vec<_> =
        (10..10 + WAITING).map(|key| called(Box::pin(errands.run(key, move || key)))).collect();
    assert!(matches!(block_on(errands.run(99, || 99)), Err(Failure::Full)));
    assert_eq!(errands.counts(), (THREADS, WAITING));
    drop(gates);
    for (index, call) in waiting.into_iter().enumerate() {
        assert_eq!(block_on(call).unwrap(), 10 + index);
    }
}

#[test]
fn work_that_panics_is_an_error_and_the_next_one_tries_again() {
    let errands = Errands::new("errands-test", 1, WAITING);
    assert!(matches!(block_on(errands.run(1, || panic!("on purpose"))), Err(Failure::Died)));
    assert_eq!(block_on(errands.run(1, || 1)).unwrap(), 1);
}
