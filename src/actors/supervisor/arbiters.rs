//! The arbiters that sockets live on, and which of those that an application lent still do
//! their work: one that was stopped, or that the application blocks, gets no new sockets, and
//! those it has are given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use actix::{Arbiter, ArbiterHandle, AsyncContext, Context};

use tokio::sync::oneshot;

use super::Supervisor;
use crate::actors::socket::hand_out;

/// A lent arbiter that leaves a question unanswered for so long is blocked. Far more than a
/// turn of an event loop should take; it costs only sockets to be wrong.
const BLOCKED_AFTER: Duration = Duration::from_millis(250);

/// See the module.
#[derive(Debug)]
pub struct Arbiters {
    all: Vec<Watched>,
    lent: bool,
    turn: usize,
    /// Somebody will look who did not answer.
    watching: bool,
}

#[derive(Debug)]
struct Watched {
    handle: ArbiterHandle,
    /// When it was asked last.
    asked: Option<Instant>,
    /// Set by the arbiter itself: it answered the latest question.
    answered: Arc<AtomicBool>,
}

impl Arbiters {
    /// Those that the connection started, or that the application lent.
    pub fn new(handles: &[ArbiterHandle], lent: bool) -> Self {
        let watched = |handle: &ArbiterHandle| Watched {
            handle: handle.clone(),
            asked: None,
            answered: Arc::new(AtomicBool::new(true)),
        };
        Self { all: handles.iter().map(watched).collect(), lent, turn: 0, watching: false }
    }

    /// In turn, those that run and are not blocked; the control arbiter, if there is none. With
    /// the place of the one that it is.
    pub fn next(&mut self, now: Instant) -> (Option<usize>, ArbiterHandle) {
        for _ in 0..self.all.len() {
            let place = self.turn % self.all.len();
            self.turn += 1;
            let watched = &mut self.all[place];
            if watched.ask(now) && !(self.lent && watched.is_blocked(now)) {
                return (Some(place), watched.handle.clone());
            }
        }
        (None, Arbiter::current())
    }

    /// Ready once each has handed out the answers that it had by then; one that is blocked is not
    /// waited for. Polled on the control arbiter.
    pub fn handed_out(&self) -> impl Future<Output = ()> + use<> {
        let arbiters: Vec<ArbiterHandle> = self.all.iter().map(|watched| watched.handle.clone()).collect();
        async move {
            // Where no arbiter would take them sockets live here.
            hand_out();
            let ask = |arbiter: ArbiterHandle| {
                let (done, heard) = oneshot::channel::<()>();
                arbiter.spawn_fn(move || {
                    hand_out();
                    drop(done);
                });
                heard
            };
            let heard: Vec<_> = arbiters.into_iter().map(ask).collect();
            let all = async move {
                for heard in heard {
                    // Nothing is ever sent; one that was stopped drops the question.
                    let _ = heard.await;
                }
            };
            let _ = tokio::time::timeout(BLOCKED_AFTER, all).await;
        }
    }

    /// One was asked a moment ago, and may be about to answer.
    fn owe(&self, now: Instant) -> bool {
        self.all.iter().any(|watched| !watched.answered.load(Relaxed) && !watched.is_blocked(now))
    }

    /// The places of those that do not answer.
    fn blocked(&self, now: Instant) -> Vec<usize> {
        (0..self.all.len()).filter(|place| self.all[*place].is_blocked(now)).collect()
    }
}

impl Watched {
    /// Asks whether it does anything, unless it still owes an answer. False if it was stopped.
    fn ask(&mut self, now: Instant) -> bool {
        if !self.answered.swap(false, Relaxed) {
            return self.handle.spawn_fn(|| {});
        }
        self.asked = Some(now);
        let answered = self.answered.clone();
        let runs = self.handle.spawn_fn(move || answered.store(true, Relaxed));
        // Of one that was stopped nothing is owed: its sockets went with it.
        self.answered.fetch_or(!runs, Relaxed);
        runs
    }

    fn is_blocked(&self, now: Instant) -> bool {
        let asked_before = |asked| now.saturating_duration_since(asked) >= BLOCKED_AFTER;
        !self.answered.load(Relaxed) && self.asked.is_some_and(asked_before)
    }
}

impl Supervisor {
    /// Asks all lent arbiters, and gives those up a little later that have not answered.
    pub(super) fn look_after_arbiters(&mut self, ctx: &mut Context<Self>) {
        if !self.arbiters.lent {
            return;
        }
        // Also while somebody will look: what was asked before may be answered already.
        for watched in &mut self.arbiters.all {
            watched.ask(Instant::now());
        }
        if !std::mem::replace(&mut self.arbiters.watching, true) {
            Self::look_later(ctx);
        }
    }

    fn look_later(ctx: &mut Context<Self>) {
        ctx.run_later(BLOCKED_AFTER, |supervisor, ctx| {
            let again = supervisor.arbiters.owe(Instant::now());
            supervisor.arbiters.watching = again;
            supervisor.forsake_blocked(ctx);
            if again {
                Self::look_later(ctx);
            }
        });
    }

    /// What lives on a blocked arbiter counts no more, so that others may take its place. It
    /// retires by itself as soon as it does anything again.
    fn forsake_blocked(&mut self, ctx: &mut Context<Self>) {
        let blocked = self.arbiters.blocked(Instant::now());
        if blocked.is_empty() {
            return;
        }
        let mut bereft = Vec::new();
        for (server, member) in &mut self.members {
            let forsaken = member.forsake(&blocked);
            if forsaken > 0 {
                let what =
                    format!("{forsaken} sockets were given up, for the arbiters they live on are blocked");
                self.plan.history.note(Some(server), what);
                bereft.push(server.clone());
            }
        }
        for server in bereft {
            self.grow(&server, ctx);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn new_sockets_go_in_turn_to_arbiters_that_work() {
        let system = actix::System::new();
        let (blocked, works, stopped) = (Arbiter::new(), Arbiter::new(), Arbiter::new());
        let handles = [blocked.handle(), works.handle(), stopped.handle()];
        stopped.stop();
        stopped.join().unwrap();
        let (let_go, gone) = sync_channel::<()>(0);
        blocked.spawn_fn(move || {
            let _ = gone.recv();
        });
        system.block_on(async {
            let mut arbiters = Arbiters::new(&handles, true);
            let now = Instant::now();
            let places: Vec<_> = (0..3).map(|_| arbiters.next(now).0).collect();
            assert_eq!(places, [Some(0), Some(1), Some(0)], "nothing is known of the first so far");
            let late = now + BLOCKED_AFTER;
            while arbiters.blocked(late) != [0] {
                std::thread::yield_now();
            }
            let places: Vec<_> = (0..2).map(|_| arbiters.next(late).0).collect();
            assert_eq!(places, [Some(1), Some(1)]);
            drop(let_go);
            while !arbiters.blocked(late + BLOCKED_AFTER).is_empty() {
                std::thread::yield_now();
            }
            let mut places: Vec<_> = (0..2).filter_map(|_| arbiters.next(late).0).collect();
            places.sort_unstable();
            assert_eq!(places, [0, 1]);
        });
        for arbiter in [blocked, works] {
            arbiter.stop();
            arbiter.join().unwrap();
        }
    }
}
