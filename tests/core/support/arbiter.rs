//! An arbiter that a test lends. There, a socket wakes its caller in the middle of its own
//! work; on the driver's own arbiters, answers are handed out after it.

use std::sync::mpsc;
use std::thread;

use actix::{Arbiter, ArbiterHandle, System};

/// Runs until dropped, on a thread with a system of its own.
pub struct LentArbiter {
    handle: ArbiterHandle,
    _end: mpsc::Sender<()>,
}

impl LentArbiter {
    /// Starts one.
    pub fn start() -> Self {
        let (started, handle) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        thread::spawn(move || {
            let _system = System::new();
            let arbiter = Arbiter::new();
            started.send(arbiter.handle()).expect("the test waits for it");
            // Nothing is ever sent: it returns when the sender is gone.
            let _ = ended.recv();
            arbiter.stop();
            let _ = arbiter.join();
        });
        Self { handle: handle.recv().expect("it starts"), _end: end }
    }

    /// To be lent.
    pub fn handles(&self) -> Vec<ArbiterHandle> {
        vec![self.handle.clone()]
    }
}
