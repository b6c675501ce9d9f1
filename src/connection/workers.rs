//! Notices a connection that each worker of a server makes for itself, where one for all of
//! them was meant. Called where connections are started, and by nothing that calls go through.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, Thread, ThreadId};
use std::time::{Duration, Instant};

use super::options::ConnectionOptions;
use crate::dispatch::Shared;

/// Workers start together; connections made further apart are not one mistake.
const TOGETHER: Duration = Duration::from_secs(30);

/// How the threads of workers are called: arbiters, as they are under an actix system; and
/// actix-web's own under another runtime.
const WORKERS: [&str; 2] = ["actix-rt|", "actix-server worker"];

/// A connection was started on this thread.
pub(super) fn notice(options: &ConnectionOptions, connection: &Arc<Shared>) {
    static SEEN: Mutex<Seen<Weak<Shared>>> = Mutex::new(Seen::new());
    let here = thread::current();
    if options.one_per_worker || !options.lent_arbiters.is_empty() || !is_worker(&here) {
        return;
    }
    let sight = Sight {
        what: digest(options),
        thread: here.id(),
        at: Instant::now(),
        life: Arc::downgrade(connection),
    };
    let is_alive = |life: &Weak<Shared>| life.strong_count() > 0;
    let is_mistake = SEEN.lock().unwrap_or_else(PoisonError::into_inner).add(sight, is_alive);
    // Without the lock: what is told of it is foreign code.
    if is_mistake {
        tracing::warn!(
            target: "actix_mongo::runtime",
            "several workers of a server have each made a connection to the same servers, with sockets, \
             monitors and threads of its own. Make one before HttpServer::new, and let its closure clone \
             web::Data of it. If it is meant so, Builder::one_per_worker(true) ends this warning"
        );
    }
}

fn is_worker(thread: &Thread) -> bool {
    thread.name().is_some_and(|name| WORKERS.iter().any(|start| name.starts_with(start)))
}

/// What makes two connections the same; no secret can be read out of it.
fn digest(options: &ConnectionOptions) -> u64 {
    let mut hasher = DefaultHasher::new();
    options.topology.seeds.hash(&mut hasher);
    options.topology.replica_set.hash(&mut hasher);
    options.srv.as_ref().map(|srv| &srv.host).hash(&mut hasher);
    options.app_name.hash(&mut hasher);
    options.credential.as_ref().map(|user| format!("{user:?}")).hash(&mut hasher);
    hasher.finish()
}

/// The connections of workers that are alive.
#[derive(Debug)]
struct Seen<L> {
    sights: Vec<Sight<L>>,
    /// Told of once in a process.
    told: bool,
}

/// One of them.
#[derive(Debug)]
struct Sight<L> {
    what: u64,
    thread: ThreadId,
    at: Instant,
    life: L,
}

impl<L> Seen<L> {
    const fn new() -> Self {
        Self { sights: Vec::new(), told: false }
    }

    /// Whether this one shows that it is a mistake, and nobody was told yet.
    fn add(&mut self, sight: Sight<L>, is_alive: impl Fn(&L) -> bool) -> bool {
        if self.told {
            return false;
        }
        self.sights
            .retain(|old| sight.at.saturating_duration_since(old.at) <= TOGETHER && is_alive(&old.life));
        let twice = self.sights.iter().any(|old| old.what == sight.what && old.thread != sight.thread);
        self.sights.push(sight);
        if twice {
            self.told = true;
            self.sights = Vec::new();
        }
        twice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids of two threads.
    fn threads() -> [ThreadId; 2] {
        [thread::current().id(), thread::spawn(|| thread::current().id()).join().unwrap()]
    }

    fn sight(what: u64, thread: ThreadId, at: Instant) -> Sight<bool> {
        Sight { what, thread, at, life: true }
    }

    fn add(seen: &mut Seen<bool>, sight: Sight<bool>) -> bool {
        seen.add(sight, |alive| *alive)
    }

    #[test]
    fn two_workers_with_the_same_are_told_of_once() {
        let ([here, there], now, mut seen) = (threads(), Instant::now(), Seen::new());
        assert!(!add(&mut seen, sight(1, here, now)));
        assert!(!add(&mut seen, sight(2, there, now)), "to other servers");
        assert!(!add(&mut seen, sight(1, here, now)), "the same worker");
        assert!(add(&mut seen, sight(1, there, now + TOGETHER)));
        assert!(!add(&mut seen, sight(2, here, now)));
        assert!(seen.sights.is_empty(), "nothing is kept for what is never told");
    }

    #[test]
    fn those_that_are_gone_or_long_ago_do_not_count() {
        let ([here, there], now, mut seen) = (threads(), Instant::now(), Seen::new());
        assert!(!add(&mut seen, Sight { life: false, ..sight(1, here, now) }));
        assert!(!add(&mut seen, sight(1, there, now)));
        let later = now + TOGETHER + Duration::from_millis(1);
        assert!(!add(&mut seen, sight(1, here, later)));
        assert_eq!(seen.sights.len(), 1);
    }

    #[test]
    fn workers_are_known_by_their_names_and_connections_by_what_they_connect_to() {
        let named = |name: &str| {
            let thread = thread::Builder::new().name(name.to_owned());
            thread.spawn(|| is_worker(&thread::current())).unwrap().join().unwrap()
        };
        assert!(named("actix-rt|system:0|arbiter:1") && named("actix-server worker 0"));
        assert!(!named("main") && !named("tokio-runtime-worker"));
        let mut options = ConnectionOptions::default();
        let first = digest(&options);
        assert_eq!(first, digest(&ConnectionOptions::default()));
        options.app_name = Some("other".to_owned());
        assert_ne!(first, digest(&options));
    }
}
