//! The thread for what runs user code: gateways without an arbiter of their own. Such code
//! may take its time, or block, and must not keep the control arbiter from its work, to which
//! all deadlines belong.

use std::future;
use std::panic::catch_unwind;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use actix::Arbiter;

/// See the module. Lives on the control thread, since arbiters belong to its system.
#[derive(Debug, Default)]
pub struct Guests(Option<Thread>);

#[derive(Debug)]
struct Thread {
    arbiter: Arbiter,
    /// Its other end is dropped with all that runs there.
    gone: Receiver<()>,
}

/// At the end, a thread that user code blocks is waited for no longer than this. It ends by
/// itself once that code returns.
const PATIENCE: Duration = Duration::from_secs(1);

impl Guests {
    /// Calls this there. The first time, the thread is started; if that fails, the call is
    /// dropped.
    pub fn host(&mut self, start: impl FnOnce() + Send + 'static) {
        if self.0.is_none() {
            self.0 = Thread::start();
        }
        match &self.0 {
            // Only the end of the control thread stops it, and then nobody is left to start.
            Some(thread) => drop(thread.arbiter.spawn_fn(start)),
            None => {
                tracing::error!(target: "actix_mongo::runtime", "no thread for gateways could be started");
            }
        }
    }
}

impl Thread {
    /// None if the system has no more threads, which actix panics at.
    fn start() -> Option<Self> {
        let arbiter = catch_unwind(Arbiter::new).ok()?;
        let (alive, gone) = channel::<()>();
        arbiter.spawn(async move {
            let _alive = alive;
            future::pending::<()>().await;
        });
        Some(Self { arbiter, gone })
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        let Some(Thread { arbiter, gone }) = self.0.take() else { return };
        arbiter.stop();
        if gone.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!(
                target: "actix_mongo::runtime",
                "user code blocks the gateways' thread; it is left behind, and ends with that code"
            );
        } else if arbiter.join().is_err() {
            tracing::error!(target: "actix_mongo::runtime", "the gateways' thread had panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use actix::System;

    use super::*;

    #[test]
    fn there_is_one_thread_and_it_ends_with_them() {
        System::new().block_on(async {
            let mut guests = Guests::default();
            let (sender, threads) = channel();
            for _ in 0..2 {
                let sender = sender.clone();
                guests.host(move || sender.send(std::thread::current().id()).unwrap());
            }
            drop(sender);
            let threads: Vec<_> = threads.iter().collect();
            assert_eq!((threads.len(), threads[0]), (2, threads[1]));
            assert_ne!(threads[0], std::thread::current().id());
        });
    }

    #[test]
    fn a_blocked_thread_is_left_behind() {
        System::new().block_on(async {
            let mut guests = Guests::default();
            let ((blocked, blocks), (let_go, gone)) = (channel::<()>(), channel::<()>());
            let (ended, end) = channel::<()>();
            guests.host(move || {
                let _ended = ended;
                drop(blocked);
                let _ = gone.recv();
            });
            assert!(blocks.recv().is_err());
            let begun = Instant::now();
            drop(guests);
            assert!(begun.elapsed() >= PATIENCE);
            assert_eq!(end.try_recv(), Err(mpsc::TryRecvError::Empty), "it is blocked still");
            drop(let_go);
            assert!(end.recv().is_err(), "it goes on");
        });
    }
}
