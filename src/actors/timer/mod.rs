//! The `Timer` actor: the only clock outside sockets and monitors. Callers ask it only
//! when they must wait; it does nothing but wake, and end waits in queues.

mod alarms;
mod messages;

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Instant;

use actix::{Actor, ActorFuture, AsyncContext, Context, Handler};
use tokio::time::Sleep;

use self::alarms::{Alarm, Alarms};
pub use self::messages::{ExpireAt, WakeAt};
use crate::actors::vital::Vital;
use crate::error::{Error, Kind};
use crate::pool::{Entry, Pool, PoolStats};

/// One per connection, on the control arbiter.
#[derive(Debug, Default)]
pub struct Timer {
    alarms: Alarms,
    vital: Vital,
}

impl Actor for Timer {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.vital = Vital::here();
        ctx.spawn(Clock::default());
    }
}

impl Handler<WakeAt> for Timer {
    type Result = ();

    fn handle(&mut self, msg: WakeAt, _ctx: &mut Self::Context) {
        self.alarms.set(msg.at, Alarm::Wake(msg.wake));
    }
}

impl Handler<ExpireAt> for Timer {
    type Result = ();

    fn handle(&mut self, msg: ExpireAt, _ctx: &mut Self::Context) {
        self.alarms.set(msg.at, Alarm::Expire(msg.pool));
    }
}

impl Timer {
    fn ring(&mut self, alarm: Alarm, now: Instant) {
        match alarm {
            // Whoever waited may be gone: then nobody is to be woken.
            Alarm::Wake(wake) => drop(wake.send(())),
            Alarm::Expire(pool) => {
                let Some(pool) = pool.upgrade() else { return };
                let (expired, next) = pool.expire(now);
                if let Some(at) = next {
                    self.alarms.set(at, Alarm::Expire(std::sync::Arc::downgrade(&pool)));
                }
                expire(&pool, expired, now);
                pool.serve();
            }
        }
    }
}

/// Answers entries whose wait is over.
fn expire(pool: &Pool, expired: Vec<Entry>, now: Instant) {
    if expired.is_empty() {
        return;
    }
    let stats = pool.stats();
    for entry in expired {
        let error = too_long(&entry, &stats, now).with_server(pool.address());
        entry.fail(error);
    }
}

fn too_long(entry: &Entry, stats: &PoolStats, now: Instant) -> Error {
    let deadline = match entry {
        Entry::Run(run) => run.deadline,
        Entry::Lease(lease) => lease.deadline,
    };
    let state = format!(
        "its pool is {}: {} sockets, {} idle, {} being opened, {} leased, {} requests in flight, {} waiting",
        stats.state, stats.total, stats.idle, stats.pending, stats.leased, stats.in_flight, stats.queued
    );
    if deadline.is_some_and(|deadline| deadline <= now) {
        Error::new(
            Kind::Timeout,
            format!("the operation's timeout ran out while it waited for a socket; {state}"),
        )
    } else {
        Error::new(
            Kind::WaitQueueTimeout,
            format!("Timed out while checking out a connection from connection pool; {state}"),
        )
    }
}

/// Sleeps until the next alarm. The actor's one spawned item; it is polled after every
/// message, and so sees each new alarm.
#[derive(Default)]
struct Clock {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl ActorFuture<Timer> for Clock {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        timer: &mut Timer,
        _ctx: &mut Context<Timer>,
        task: &mut TaskContext<'_>,
    ) -> Poll<()> {
        loop {
            let now = Instant::now();
            while let Some(alarm) = timer.alarms.due(now) {
                timer.ring(alarm, now);
            }
            let Some(next) = timer.alarms.next() else { return Poll::Pending };
            let next = next.into();
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
            if sleep.deadline() != next {
                sleep.as_mut().reset(next);
            }
            if sleep.as_mut().poll(task).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
