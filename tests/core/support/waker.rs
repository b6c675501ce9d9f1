//! Wakers that do something on the thread that wakes: a caller's waker runs on the
//! arbiter of the socket that answers it, so these reach into that thread.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use super::SOON;

/// Its waker stops the thread that calls it until let go.
pub struct Stopper {
    stopped: Receiver<()>,
    go: SyncSender<()>,
    waker: Arc<Stop>,
}

struct Stop {
    stopped: SyncSender<()>,
    go: Mutex<Receiver<()>>,
}

impl Stopper {
    pub fn new() -> Self {
        let (stopped, seen) = sync_channel(1);
        let (go, gone) = sync_channel(1);
        Self { stopped: seen, go, waker: Arc::new(Stop { stopped, go: Mutex::new(gone) }) }
    }

    pub fn waker(&self) -> Waker {
        Waker::from(self.waker.clone())
    }

    pub fn wait_until_stopped(&self) {
        self.stopped.recv_timeout(SOON).expect("the waker is called");
    }

    pub fn let_go(&self) {
        self.go.send(()).expect("the thread waits");
    }
}

impl Wake for Stop {
    fn wake(self: Arc<Self>) {
        // Only the first call stops: the story has let go after that.
        if self.stopped.try_send(()).is_ok() {
            let _ = self.go.lock().unwrap().recv_timeout(2 * SOON);
        }
    }
}

/// A waker that panics on the thread that calls it.
pub fn panicking() -> Waker {
    struct Panic;
    impl Wake for Panic {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics, as the story wants it");
        }
    }
    Waker::from(Arc::new(Panic))
}
