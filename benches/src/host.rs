//! Where callers run. The main thread is never one of them: it starts, waits and measures.

use std::future::Future;
use std::sync::mpsc;
use std::time::Duration;

use actix::{Arbiter, System, SystemRunner};
use anyhow::{Context, Result, anyhow};
use tokio::runtime::{Builder, Runtime};

use crate::cases::HostKind;

pub enum Host {
    Tokio(Runtime),
    Arbiter {
        arbiter: Arbiter,
        /// An arbiter needs a system to belong to; it has nothing to run.
        _system: SystemRunner,
    },
}

impl Host {
    pub fn start(kind: HostKind) -> Result<Self> {
        Ok(match kind {
            HostKind::Tokio => {
                Self::Tokio(Builder::new_multi_thread().worker_threads(TOKIO_WORKERS).enable_all().build()?)
            }
            HostKind::Arbiter => {
                let system = System::new();
                Self::Arbiter { arbiter: Arbiter::new(), _system: system }
            }
        })
    }

    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        match self {
            Self::Tokio(runtime) => {
                runtime.spawn(task);
            }
            Self::Arbiter { arbiter, .. } => {
                if !arbiter.spawn(task) {
                    return Err(anyhow!("the arbiter has stopped"));
                }
            }
        }
        Ok(())
    }

    /// Runs `future` in the host and waits for it here.
    pub fn wait_for<T: Send + 'static>(
        &self,
        limit: Duration,
        future: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = mpsc::channel();
        self.spawn(async move {
            // The receiver is gone only after the limit, which has been reported by then.
            let _ = sender.send(future.await);
        })?;
        receiver.recv_timeout(limit).with_context(|| format!("nothing came within {limit:?}"))?
    }
}

/// The same for both drivers. Ours has arbiters of its own beside them; what they use is counted,
/// as all threads of the process are.
const TOKIO_WORKERS: usize = 2;
