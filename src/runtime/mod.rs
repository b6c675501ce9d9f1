//! The threads: one control thread with a `System` of its own, and the data arbiters.
//! Knows nothing of what runs on them; `connection` starts that.
//!
//! Nothing here needs a runtime of the caller's, and nothing is ever joined on a thread
//! of the caller's: the control thread stops and joins the arbiters, then ends.
//!
//! Several connections may live on the same threads: each is a [`Tenant`], and the last of
//! them to end ends the threads.

mod tenant;

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::thread;

use actix::{Arbiter, ArbiterHandle, System};
use tokio::sync::{mpsc, watch};

pub use tenant::{Ended, Runtime, Tenant};

/// What starts a connection on the control thread, given the own data arbiters. What comes
/// back is dropped once nothing of that connection runs any more.
type Start = Box<dyn FnOnce(Vec<ArbiterHandle>) -> Box<dyn Any> + Send>;

/// One that starts, and how to learn of its end.
type Newcomer = (Start, watch::Receiver<()>);

/// Starts the threads. `start` runs on the control thread, with the own data arbiters
/// (none, if the application lends its arbiters, which are `lent` then) and the first tenant,
/// whose [leave](Tenant::leave) ends the whole if it is the only one. What it returns is
/// dropped once that one has ended.
///
/// Does not block. Fails if the control thread can't be made.
pub fn start<T: 'static>(
    arbiters: usize,
    lent: Vec<ArbiterHandle>,
    start: impl FnOnce(Vec<ArbiterHandle>, Tenant) -> T + Send + 'static,
) -> io::Result<Ended> {
    let (alive, over) = watch::channel(());
    let (newcomers, mut arriving) = mpsc::unbounded_channel::<Newcomer>();
    let (tenant, ended) = Runtime::found(newcomers, lent, over);
    let first = ended.own();
    thread::Builder::new().name("actix-mongo".to_owned()).spawn(move || {
        // Dropped last, also by a panic: then all is over.
        let _alive = alive;
        let runner = System::new();
        let mut data = Arbiters(Vec::new());
        // One by one: if the system has no more threads, those that it gave are stopped.
        for _ in 0..arbiters {
            data.0.push(Arbiter::new());
        }
        let handles: Vec<ArbiterHandle> = data.0.iter().map(Arbiter::handle).collect();
        let kept = Kept::default();
        let later = kept.clone();
        runner.block_on(async {
            later.until_over(Box::new(start(handles.clone(), tenant)), first);
            actix::spawn(async move {
                while let Some((start, own)) = arriving.recv().await {
                    later.until_over(start(handles.clone()), own);
                }
            });
        });
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

/// What connections have left to be dropped after their ends, by numbers. What is still there
/// when the threads end is dropped then.
#[derive(Clone, Default)]
struct Kept(Rc<RefCell<BTreeMap<u64, Box<dyn Any>>>>);

impl Kept {
    /// Keeps this until the connection has ended that `own` tells of.
    fn until_over(&self, what: Box<dyn Any>, mut own: watch::Receiver<()>) {
        let mut kept = self.0.borrow_mut();
        let number = kept.last_key_value().map_or(0, |(last, _)| last + 1);
        kept.insert(number, what);
        let kept = self.clone();
        actix::spawn(async move {
            // Nothing is ever sent.
            while own.changed().await.is_ok() {}
            let what = kept.0.borrow_mut().remove(&number);
            drop(what);
        });
    }
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
