//! Thread entities: each performs its operations one after the other, beside those of the case.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError, Weak};
use std::thread;

use bson::Document;
use test_support::block_on;

use super::failure::{Checked, Failure};
use super::operation;
use super::world::{PATIENCE, World};

/// See the module.
pub struct Thread {
    /// None once there are no more operations to come.
    work: Mutex<Option<Sender<Document>>>,
    /// How they ended: well, or with the first that did not.
    end: Mutex<Receiver<Checked>>,
}

impl Thread {
    /// One of this world, which ends with it.
    pub fn start(world: &Weak<World>) -> Checked<Self> {
        let (work, operations) = mpsc::channel::<Document>();
        let (told, end) = mpsc::channel();
        let world = world.clone();
        let run = move || {
            let perform = |operation: Document| match world.upgrade() {
                Some(world) => block_on(operation::run(&world, &operation)),
                None => Ok(()),
            };
            // Nobody listens any more once the case is over.
            let _ = told.send(operations.into_iter().try_for_each(perform));
        };
        let started = thread::Builder::new().name("thread of a case".to_owned()).spawn(run);
        started.map_err(|error| Failure::Surroundings(format!("no thread: {error}")))?;
        Ok(Self { work: Mutex::new(Some(work)), end: Mutex::new(end) })
    }

    /// Has it perform this after all that came before.
    pub fn run(&self, operation: Document) -> Checked {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        // It has ended if one before failed; waiting for it tells.
        let _ = work.as_ref().ok_or("the thread takes no more operations")?.send(operation);
        Ok(())
    }

    /// Waits until all are done.
    pub fn wait(&self) -> Checked {
        self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        match end.recv_timeout(PATIENCE) {
            Ok(ended) => ended.map_err(|failure| failure.at("on the thread")),
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("the thread takes longer than {PATIENCE:?}").into())
            }
            Err(RecvTimeoutError::Disconnected) => Err("the thread was waited for before".into()),
        }
    }
}
