//! The `Timer` actor: the only clock outside sockets and monitors. Callers ask it only
//! when they must wait; it does nothing but wake, and end waits in queues.

mod alarm_clock;
mod alarms;
mod messages;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Instant;

use actix::{Actor, ActorContext, ActorFuture, AsyncContext, Context, Handler};
use tokio::time::Sleep;

pub use self::alarm_clock::{AlarmClock, SharedAlarms};
use self::alarms::Alarm;
pub use self::messages::Sooner;
use crate::actors::vital::{Dismissed, Vital};
use crate::error::{Error, Kind};
use crate::pool::{Entry, Pool, PoolStats};

/// One per connection, on the control arbiter.
#[derive(Debug, Default)]
pub struct Timer {
    alarms: SharedAlarms,
    vital: Vital,
}

impl Actor for Timer {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        #[cfg(feature = "unstable-internals")]
        crate::actors::provoke::enter(&ctx.address());
        self.vital = Vital::here();
        ctx.spawn(Sleeper::default());
    }
}

impl Handler<Sooner> for Timer {
    type Result = ();

    /// The sleeper is polled after every message, and sees it.
    fn handle(&mut self, _: Sooner, _ctx: &mut Self::Context) {}
}

impl Handler<Dismissed> for Timer {
    type Result = ();

    fn handle(&mut self, _: Dismissed, ctx: &mut Self::Context) {
        self.vital.release();
        ctx.stop();
    }
}

impl Drop for Timer {
    /// Whoever waits for an alarm learns that it won't come.
    fn drop(&mut self) {
        let unrung = self.alarms.lock().close();
        drop(unrung);
    }
}

#[cfg(feature = "unstable-internals")]
crate::actors::provoke::can_be_provoked!(Timer);

impl Timer {
    /// A timer that rings these.
    pub fn new(alarms: SharedAlarms) -> Self {
        Self { alarms, vital: Vital::default() }
    }

    /// Rung without the lock: whom it wakes may set another one.
    fn due(&self, now: Instant) -> Option<Alarm> {
        self.alarms.lock().due(now)
    }

    fn ring(&mut self, alarm: Alarm, now: Instant) {
        match alarm {
            // Whoever waited may be gone: then nobody is to be woken.
            Alarm::Wake(wake) => drop(wake.send(())),
            Alarm::Expire(pool) => {
                let Some(pool) = pool.upgrade() else { return };
                let (expired, next) = pool.expire(now);
                if let Some(at) = next {
                    self.alarms.expire_again(at, Arc::downgrade(&pool));
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
        let error = too_long(&entry, &stats, pool.options().max_size, now).with_server(pool.address());
        entry.fail(error);
    }
}

fn too_long(entry: &Entry, stats: &PoolStats, most: usize, now: Instant) -> Error {
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
        let sentence = match stats.services.is_empty() {
            true => "Timed out while checking out a connection from connection pool".to_owned(),
            false => in_use(stats, most),
        };
        Error::new(Kind::WaitQueueTimeout, format!("{sentence}; {state}"))
    }
}

/// Behind a load balancer, what the sockets are held for (load balancers specification,
/// "Connection Tracking").
fn in_use(stats: &PoolStats, most: usize) -> String {
    let (cursors, transactions) = (stats.by_cursors, stats.by_transactions);
    let others = stats.total.saturating_sub(stats.idle + cursors + transactions);
    format!(
        "Timeout waiting for connection from the connection pool. maxPoolSize: {most}, connections in use by \
         cursors: {cursors}, connections in use by transactions: {transactions}, connections in use by other \
         operations: {others}"
    )
}

/// Sleeps until the next alarm. The actor's one spawned item.
#[derive(Default)]
struct Sleeper {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl ActorFuture<Timer> for Sleeper {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        timer: &mut Timer,
        _ctx: &mut Context<Timer>,
        task: &mut TaskContext<'_>,
    ) -> Poll<()> {
        loop {
            let now = Instant::now();
            while let Some(alarm) = timer.due(now) {
                timer.ring(alarm, now);
            }
            let Some(next) = timer.alarms.lock().arm() else { return Poll::Pending };
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
