//! Answers on their way to callers on other threads, handed out together.
//!
//! Waking a caller on another thread costs a system call, and more where that thread
//! sleeps. When one turn of a data arbiter brings replies on several sockets, each socket
//! puts its answer here, takes its next request and writes it; the task that hands them
//! out was woken by the first of them, and so comes behind all sockets that were ready by
//! then. Servers get their next requests first, and a caller's thread is woken once for
//! several answers. Nothing waits for time to pass.
//!
//! On lent arbiters callers live on the same thread, and answers do not come here.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::{Orphaned, SocketLinks};
use crate::pool::{Answer, Namespace, Run};

/// An answer, and what must be known if nobody takes it.
#[derive(Debug)]
pub struct Ready {
    /// Whom it is for.
    pub run: Box<Run>,
    /// It.
    pub answer: Answer,
    /// Where an untaken session and cursor go.
    pub links: Arc<SocketLinks>,
    /// This socket alone leads to the cursor, being behind a load balancer.
    pub pinned: bool,
    /// How long the server keeps sessions.
    pub session_timeout: Option<Duration>,
}

impl Ready {
    /// Hands it out. What nobody takes is not lost: its session goes back, its cursor is
    /// killed.
    pub fn send(self) {
        let Self { run, answer, links, pinned, session_timeout } = self;
        // A stream's cursor is known to whom it belongs, and killed by him. So is one whose
        // socket is held for it already.
        let opens_none = run.is_next_of_stream() || (pinned && answer.lease.is_none());
        let Err(Ok(mut unwanted)) = run.answer(Ok(answer)) else { return };
        if !opens_none
            && let Some((namespace, id)) = Namespace::of_open_cursor(&unwanted.body)
            && let Some(manager) = links.orphans.upgrade()
        {
            let (server, namespace, lease) =
                (unwanted.server.clone(), Arc::new(namespace), unwanted.lease.take());
            manager.do_send(Orphaned { server, namespace, id, lease });
        }
        if let Some(session) = unwanted.unwanted_session() {
            links.sessions.give_back(session, Instant::now(), session_timeout);
        }
    }

    /// Hands it out at the end of this arbiter's turn.
    pub fn send_later(self) {
        let outbox = OUTBOX.with_borrow_mut(|outbox| outbox.get_or_insert_with(Outbox::start).clone());
        outbox.ready.borrow_mut().push(self);
        outbox.wake.notify_one();
    }
}

thread_local! {
    static OUTBOX: RefCell<Option<Rc<Outbox>>> = const { RefCell::new(None) };
}

/// One per data arbiter.
#[derive(Debug, Default)]
struct Outbox {
    ready: RefCell<Vec<Ready>>,
    wake: Notify,
}

impl Outbox {
    fn start() -> Rc<Self> {
        let outbox = Rc::<Self>::default();
        actix::spawn(outbox.clone().hand_out());
        outbox
    }

    async fn hand_out(self: Rc<Self>) {
        loop {
            self.wake.notified().await;
            self.empty();
        }
    }

    fn empty(&self) {
        // Emptied before any is sent: waking a caller runs code that is not ours.
        let ready = std::mem::take(&mut *self.ready.borrow_mut());
        for answer in ready {
            // A waker of the caller's that panics must not cost the others theirs.
            if catch_unwind(AssertUnwindSafe(|| answer.send())).is_err() {
                tracing::error!(target: "actix_mongo::connection", "a caller's waker panicked");
            }
        }
    }
}

/// Hands out all answers that this thread has for callers. A socket is released before its answer
/// is: so after the last release somebody must have this done on each arbiter, who wants to
/// know of each cursor that arrived for nobody.
pub fn hand_out() {
    if let Some(outbox) = OUTBOX.with_borrow(Clone::clone) {
        outbox.empty();
    }
}
