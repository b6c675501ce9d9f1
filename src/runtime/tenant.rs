//! Who lives on the threads, and when they end.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix::{ArbiterHandle, System};
use tokio::sync::{mpsc, watch};

use super::Newcomer;

/// The threads of one connection, or of several that share them. It does not keep them alive.
#[derive(Clone, Debug)]
pub struct Runtime {
    newcomers: mpsc::UnboundedSender<Newcomer>,
    /// The application's arbiters, where it has lent some.
    lent: Arc<[ArbiterHandle]>,
    /// Connections that live there; once it is 0 it stays so.
    tenants: Arc<AtomicUsize>,
    /// Told once all threads have ended.
    over: watch::Receiver<()>,
}

/// How to learn of the end of one connection.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Told once its supervisor has ended.
    own: watch::Receiver<()>,
    runtime: Runtime,
}

/// One connection's place, kept by its supervisor. The default is that of one that has the
/// threads to itself.
#[derive(Debug, Default)]
pub struct Tenant {
    tenants: Option<Arc<AtomicUsize>>,
    /// Dropped with it.
    _alive: Option<watch::Sender<()>>,
}

impl Runtime {
    /// Threads that are about to start, and their first tenant.
    pub(super) fn found(
        newcomers: mpsc::UnboundedSender<Newcomer>,
        lent: Vec<ArbiterHandle>,
        over: watch::Receiver<()>,
    ) -> (Tenant, Ended) {
        let tenants = Arc::new(AtomicUsize::new(1));
        Self { newcomers, lent: lent.into(), tenants, over }.place()
    }

    /// Has one more connection start there, as [`start`](super::start) does the first; it
    /// must have `lent` arbiters of its own or [those](Self::lent) of the runtime. `None` if the
    /// threads have ended or are about to.
    pub fn join<T: 'static>(
        &self,
        start: impl FnOnce(Vec<ArbiterHandle>, Tenant) -> T + Send + 'static,
    ) -> Option<Ended> {
        let one_more = |count: usize| (count > 0).then_some(count + 1);
        self.tenants.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        let (tenant, ended) = self.clone().place();
        let start = Box::new(move |arbiters| Box::new(start(arbiters, tenant)) as Box<dyn Any>);
        self.newcomers.send((start, ended.own())).ok()?;
        Some(ended)
    }

    /// The application's arbiters, if it has lent them.
    pub fn lent(&self) -> Vec<ArbiterHandle> {
        self.lent.to_vec()
    }

    fn place(self) -> (Tenant, Ended) {
        let (alive, own) = watch::channel(());
        (Tenant { tenants: Some(self.tenants.clone()), _alive: Some(alive) }, Ended { own, runtime: self })
    }
}

impl Ended {
    /// The threads.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Told once the connection has ended, by the end of its sender.
    pub(super) fn own(&self) -> watch::Receiver<()> {
        self.own.clone()
    }

    /// Ready once the connection has ended; if it was the last on its threads, once these
    /// have.
    pub async fn until_over(mut self) {
        // Nothing is ever sent; the senders are dropped at the end.
        while self.own.changed().await.is_ok() {}
        if self.runtime.tenants.load(Ordering::Acquire) == 0 {
            while self.runtime.over.changed().await.is_ok() {}
        }
    }
}

impl Tenant {
    /// Moves out. The last one to do so stops the present system, and with it the threads:
    /// then it is true.
    pub fn leave(&mut self) -> bool {
        let last = match self.tenants.take() {
            Some(tenants) => tenants.fetch_sub(1, Ordering::AcqRel) == 1,
            None => true,
        };
        if last && let Some(system) = System::try_current() {
            system.stop();
        }
        last
    }
}

impl Drop for Tenant {
    /// Its supervisor has panicked, or never began.
    fn drop(&mut self) {
        if self.tenants.is_some() {
            self.leave();
        }
    }
}
