//! The threads: one control thread with a `System` of its own, and the data arbiters.
//! Knows nothing of what runs on them; `connection` starts that.
//!
//! Nothing here needs a runtime of the caller's, and nothing is ever joined on a thread
//! of the caller's: the control thread stops and joins the arbiters, then ends.

use std::io;
use std::thread;

use actix::{Arbiter, ArbiterHandle, System};
use tokio::sync::watch;

/// Told once all threads have ended.
pub type Ended = watch::Receiver<()>;

/// Starts the threads. `start` runs on the control thread, with the own data arbiters
/// (none, if the application lends its arbiters); what
/// it starts there ends the whole by `System::current().stop()`. What it returns is dropped
/// once nothing runs any more.
///
/// Does not block. Fails if the control thread can't be made.
pub fn start<T: 'static>(
    arbiters: usize,
    start: impl FnOnce(Vec<ArbiterHandle>) -> T + Send + 'static,
) -> io::Result<Ended> {
    let (alive, ended) = watch::channel(());
    thread::Builder::new().name("actix-mongo".to_owned()).spawn(move || {
        // Dropped last, also by a panic: then all is over.
        let _alive = alive;
        let runner = System::new();
        let mut data = Arbiters(Vec::new());
        // One by one: if the system has no more threads, those that it gave are stopped.
        for _ in 0..arbiters {
            data.0.push(Arbiter::new());
        }
        let handles = data.0.iter().map(Arbiter::handle).collect();
        let kept = runner.block_on(async { start(handles) });
        if let Err(error) = runner.run() {
            tracing::error!(target: "actix_mongo::runtime", %error, "the control thread ended with an error");
        }
        drop(data);
        drop(kept);
    })?;
    Ok(ended)
}

/// One up to four cores, else a quarter of them: a data arbiter is one thread, and it
/// does nothing but move bytes.
pub fn default_arbiters() -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    if cores <= 4 { 1 } else { cores / 4 }
}

/// Arbiters that are stopped and joined when dropped. Lives on the control thread only.
struct Arbiters(Vec<Arbiter>);

impl Drop for Arbiters {
    fn drop(&mut self) {
        for arbiter in &self.0 {
            arbiter.stop();
        }
        for arbiter in self.0.drain(..) {
            if arbiter.join().is_err() {
                tracing::error!(target: "actix_mongo::runtime", "a data arbiter's thread had panicked");
            }
        }
    }
}
