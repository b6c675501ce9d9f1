//! Calls as messages, for actors of the application's. Made by
//! [`Connection::start_actor`](crate::Connection::start_actor); runs the verbs that
//! collections and databases have, and bounds how many of them are under way. It never
//! keeps the connection alive, never waits in a handler, and never makes one request wait
//! for another.

mod answer;
pub mod messages;
mod options;
mod room;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix::dev::channel::channel;
use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, MessageResult, WeakAddr};
use tokio::sync::{oneshot, watch};

pub use self::answer::Pending;
use self::answer::{contained, expired};
use self::messages::{Ask, Ended, ShowLoad};
pub use self::options::GatewayOptions;
use self::room::{Permit, Room};
use crate::actors::snapshot::Snapshot;
use crate::actors::supervisor::Host;
use crate::collection::Running;
use crate::dispatch::{Handle, WeakHandle, closed};
use crate::error::{Kind, Result};
use crate::race::race;

/// Takes the [`messages`](crate::messages). See
/// [`Connection::start_actor`](crate::Connection::start_actor).
pub struct Gateway {
    handle: WeakHandle,
    room: Rc<Room>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Dropped with the actor: then nobody need tell it of the connection's end.
    alive: Option<oneshot::Sender<()>>,
}

/// Starts a gateway to the connection of this handle. Neither blocks nor waits: what is sent
/// before the actor runs waits in its mailbox.
pub fn start(handle: &Handle, options: GatewayOptions) -> Addr<Gateway> {
    // As far as actix keeps to a capacity, namely for `try_send`.
    let (sender, inbox) = channel(options.max_requests.clamp(1, LARGEST_MAILBOX));
    let address = Addr::new(sender);
    let (weak, snapshots) = (handle.downgrade(), handle.core().snapshots.clone());
    let GatewayOptions { max_requests, max_bytes, arbiter } = options;
    let begin = move || {
        let room = Rc::new(Room::new(max_requests, max_bytes));
        Context::with_receiver(inbox).run(Gateway { handle: weak, room, snapshots, alive: None });
    };
    match arbiter {
        // An arbiter that was stopped drops the mailbox, and the address says so.
        Some(arbiter) => drop(arbiter.spawn_fn(begin)),
        None => handle.core().supervisor.do_send(Host { start: Box::new(begin) }),
    }
    address
}

/// More than any queue should hold, and less than what actix panics at.
const LARGEST_MAILBOX: usize = 1 << 20;

impl Gateway {
    /// Starts what a message asks for, unless it comes too late or there is no room.
    fn accept<M: Ask>(&self, msg: M) -> Result<(Running<M::Output>, Permit)> {
        if msg.deadline().is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(expired());
        }
        let handle = self.handle.upgrade().ok_or_else(closed)?;
        let permit = self.room.enter(msg.bytes())?;
        let call = contained(Kind::Encode, "encoding the call", || msg.prepare(handle))?;
        Ok((call, permit))
    }

    /// Has the actor told once the connection closes. A task beside the actor, and not one
    /// of its own: that would keep it alive after its last address is gone.
    fn watch_for_the_end(&mut self, address: WeakAddr<Self>) {
        let (alive, gone) = oneshot::channel();
        self.alive = Some(alive);
        let mut snapshots = self.snapshots.clone();
        actix::spawn(async move {
            let over = async {
                // An error means that nobody publishes any more, which is the end as well.
                let _ = snapshots.wait_for(|snapshot| snapshot.closed.is_some()).await;
            };
            race(Box::pin(over), gone).await;
            if let Some(address) = address.upgrade() {
                address.do_send(Ended);
            }
        });
    }
}

impl Actor for Gateway {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.watch_for_the_end(ctx.address().downgrade());
    }
}

impl<M: Ask> Handler<M> for Gateway {
    type Result = Pending<M::Output>;

    fn handle(&mut self, msg: M, _ctx: &mut Self::Context) -> Self::Result {
        Pending(self.accept(msg).map_err(|error| error.with_operation(M::OPERATION)))
    }
}

impl Handler<ShowLoad> for Gateway {
    type Result = MessageResult<ShowLoad>;

    fn handle(&mut self, _msg: ShowLoad, _ctx: &mut Self::Context) -> Self::Result {
        MessageResult(self.room.load())
    }
}

impl Handler<Ended> for Gateway {
    type Result = ();

    /// Calls under way are tasks of their own, and get their answers.
    fn handle(&mut self, _msg: Ended, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
