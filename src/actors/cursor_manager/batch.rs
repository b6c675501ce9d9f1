//! Which cursors are to be killed where, and which kills are tried again. Plain.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, Kind};
use crate::pool::{Lease, Namespace};
use crate::topology::ServerAddress;

/// Ids that fill one `killCursors` command: a flush comes at once then.
pub const FULL: usize = 64;
/// How long an id waits for company.
pub const AGE: Duration = Duration::from_millis(50);
/// The pause before a kill that did not reach its server is tried again; doubled every time.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// Tries of one kill. Their pauses are half a minute together: a server that one broken
/// socket made unknown is found again by the next regular check, some ten seconds later.
const TRIES: u32 = 13;
/// Ids that are kept for a further try, at most; a server that stays away must not fill the
/// memory.
const KEPT: usize = 4096;

/// Ids by server and collection: one command names one collection.
#[derive(Debug, Default)]
pub struct KillBatch {
    ids: BTreeMap<(ServerAddress, Arc<Namespace>), Vec<i64>>,
    count: usize,
    oldest: Option<Instant>,
    /// Those that did not reach their server, and when they are tried again.
    kept: Vec<(Instant, Kill)>,
}

/// One command's worth.
#[derive(Clone, Debug)]
pub struct Kill {
    /// Where.
    pub server: ServerAddress,
    /// Over which collection.
    pub namespace: Arc<Namespace>,
    /// Which.
    pub ids: Vec<i64>,
    /// Over this socket, which then goes back; else over any.
    pub lease: Option<Arc<Lease>>,
    /// How often this was tried in vain.
    pub failed: u32,
}

impl Kill {
    /// A first try.
    pub fn new(
        server: ServerAddress,
        namespace: Arc<Namespace>,
        ids: Vec<i64>,
        lease: Option<Arc<Lease>>,
    ) -> Self {
        Self { server, namespace, ids, lease, failed: 0 }
    }

    fn pause(&self) -> Duration {
        PAUSE.saturating_mul(2_u32.saturating_pow(self.failed.saturating_sub(1))).min(LONGEST_PAUSE)
    }

    fn goes_with(&self, other: &Self) -> bool {
        (self.failed, &self.server, &self.namespace) == (other.failed, &other.server, &other.namespace)
    }
}

/// Whether the server did not answer, so that its cursors may be open still. What has run
/// does so twice without harm.
pub fn is_unheard(error: &Error) -> bool {
    use Kind::{
        AutoReconnect, Closed, ConnectionFailure, PoolCleared, QueueFull, ServerSelection, Timeout,
        WaitQueueTimeout,
    };
    match error.kind() {
        // Sent away when the end began; what is cut off by the end itself is past help.
        Closed => !error.may_have_run(),
        AutoReconnect | ConnectionFailure | PoolCleared | QueueFull | ServerSelection | Timeout
        | WaitQueueTimeout => true,
        _ => error.is_network(),
    }
}

impl KillBatch {
    /// Adds an id, if it is not there: a cursor that is dropped while a getMore of it is
    /// under way may be named twice, by itself and by whoever reads the reply. True if the
    /// batch is full now.
    pub fn add(&mut self, server: ServerAddress, namespace: Arc<Namespace>, id: i64, now: Instant) -> bool {
        let ids = self.ids.entry((server, namespace)).or_default();
        if !ids.contains(&id) {
            ids.push(id);
            self.count += 1;
        }
        self.oldest.get_or_insert(now);
        self.count >= FULL
    }

    /// Keeps a kill that did not reach its server for a further try, together with others
    /// of its place that failed as often. False if it is given up: it was tried often enough,
    /// or too many are kept.
    pub fn keep(&mut self, mut kill: Kill, now: Instant) -> bool {
        kill.failed += 1;
        let kept: usize = self.kept.iter().map(|(_, kill)| kill.ids.len()).sum();
        if kill.failed >= TRIES || kept + kill.ids.len() > KEPT {
            return false;
        }
        match self.kept.iter_mut().find(|(_, other)| other.goes_with(&kill)) {
            Some((_, other)) => other.ids.append(&mut kill.ids),
            None => self.kept.push((now + kill.pause(), kill)),
        }
        true
    }

    /// When it must be flushed at the latest.
    pub fn due(&self) -> Option<Instant> {
        let kept = self.kept.iter().map(|(due, _)| *due);
        kept.chain(self.oldest.map(|oldest| oldest + AGE)).min()
    }

    /// Takes out what is new, and what is to be tried again by now.
    pub fn take(&mut self, now: Instant) -> Vec<Kill> {
        self.count = 0;
        self.oldest = None;
        let new = std::mem::take(&mut self.ids).into_iter();
        let new = new.map(|((server, namespace), ids)| Kill::new(server, namespace, ids, None));
        new.chain(self.kept.extract_if(.., |(due, _)| *due <= now).map(|(_, kill)| kill)).collect()
    }

    /// Takes everything out, for there will be no later time.
    pub fn take_all(&mut self) -> Vec<Kill> {
        let kept = std::mem::take(&mut self.kept).into_iter().map(|(_, kill)| kill);
        // Nothing is kept now, so that it does not matter when this is.
        self.take(Instant::now()).into_iter().chain(kept).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(collection: &str) -> Arc<Namespace> {
        Arc::new(Namespace { database: "db".into(), collection: collection.into() })
    }

    #[test]
    fn an_id_that_is_named_twice_is_killed_once() {
        let (mut batch, now) = (KillBatch::default(), Instant::now());
        for id in [1, 2, 1] {
            assert!(!batch.add(ServerAddress::new("a", 1), namespace("x"), id, now));
        }
        let kills = batch.take(now);
        assert_eq!((kills.len(), &kills[0].ids), (1, &vec![1, 2]));
    }

    #[test]
    fn ids_are_grouped_by_server_and_collection() {
        let (mut batch, now) = (KillBatch::default(), Instant::now());
        let (a, b) = (ServerAddress::new("a", 1), ServerAddress::new("b", 1));
        for (server, collection, id) in [(&a, "x", 1), (&b, "x", 2), (&a, "y", 3), (&a, "x", 4)] {
            assert!(!batch.add(server.clone(), namespace(collection), id, now));
        }
        let kills = batch.take(now);
        let ids: Vec<&[i64]> = kills.iter().map(|kill| kill.ids.as_slice()).collect();
        assert_eq!(ids, [&[1, 4][..], &[3], &[2]]);
        assert!(batch.take(now).is_empty());
    }

    #[test]
    fn it_is_due_by_count_or_by_the_age_of_the_oldest() {
        let (mut batch, start) = (KillBatch::default(), Instant::now());
        assert_eq!(batch.due(), None);
        for id in 1..FULL as i64 {
            let now = start + Duration::from_millis(id as u64);
            assert!(!batch.add(ServerAddress::new("a", 1), namespace("x"), id, now));
        }
        assert_eq!(batch.due(), Some(start + Duration::from_millis(1) + AGE));
        assert!(batch.add(ServerAddress::new("a", 1), namespace("x"), 99, start));
        batch.take(start);
        assert_eq!(batch.due(), None);
    }

    fn kill(collection: &str, ids: &[i64]) -> Kill {
        Kill::new(ServerAddress::new("a", 1), namespace(collection), ids.to_vec(), None)
    }

    #[test]
    fn what_did_not_reach_its_server_is_tried_again_after_growing_pauses_and_not_for_ever() {
        let (mut batch, start) = (KillBatch::default(), Instant::now());
        let (mut now, mut again, mut pauses) = (start, kill("x", &[1, 2]), Vec::new());
        while batch.keep(again, now) {
            let due = batch.due().unwrap();
            pauses.push((due - now).as_millis());
            assert!(batch.take(due - Duration::from_millis(1)).is_empty());
            again = batch.take(due).pop().unwrap();
            assert_eq!(again.ids, [1, 2]);
            now = due;
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 4000, 4000, 4000, 4000, 4000, 4000]);
        assert_eq!(batch.due(), None);
    }

    #[test]
    fn kills_of_one_place_that_failed_as_often_are_tried_again_in_one() {
        let (mut batch, start) = (KillBatch::default(), Instant::now());
        let later = start + Duration::from_millis(10);
        assert!(batch.keep(kill("x", &[1]), start) && batch.keep(kill("x", &[2]), later));
        assert!(batch.keep(kill("y", &[3]), start));
        assert!(batch.keep(Kill { failed: 1, ..kill("x", &[4]) }, start));
        let ids = |kills: Vec<Kill>| kills.into_iter().map(|kill| kill.ids).collect::<Vec<_>>();
        assert_eq!(ids(batch.take(start + PAUSE)), [vec![1, 2], vec![3]]);
        assert_eq!(ids(batch.take(start + 2 * PAUSE)), [[4]]);
    }

    #[test]
    fn the_new_do_not_wait_for_the_kept_and_the_end_takes_both() {
        let (mut batch, start) = (KillBatch::default(), Instant::now());
        assert!(batch.keep(kill("x", &[1]), start));
        assert_eq!(batch.due(), Some(start + PAUSE));
        batch.add(ServerAddress::new("a", 1), namespace("x"), 2, start);
        assert_eq!(batch.due(), Some(start + AGE));
        assert_eq!(batch.take(start + AGE)[0].ids, [2]);
        batch.add(ServerAddress::new("a", 1), namespace("x"), 3, start);
        let all: Vec<i64> = batch.take_all().into_iter().flat_map(|kill| kill.ids).collect();
        assert_eq!((all, batch.due()), (vec![3, 1], None));
    }

    #[test]
    fn only_so_many_are_kept() {
        let (mut batch, now) = (KillBatch::default(), Instant::now());
        assert!(batch.keep(kill("x", &[7; KEPT - 1]), now));
        assert!(!batch.keep(kill("y", &[1, 2]), now));
        assert!(batch.keep(kill("y", &[1]), now));
        assert!(!batch.keep(kill("x", &[1]), now));
    }

    #[test]
    fn only_a_server_that_did_not_answer_is_asked_again() {
        for kind in [Kind::PoolCleared, Kind::ServerSelection, Kind::AutoReconnect, Kind::ConnectionFailure] {
            assert!(is_unheard(&Error::new(kind, "").ran(true)), "{kind:?}");
        }
        assert!(is_unheard(&Error::new(Kind::Protocol, "").network()));
        for kind in [Kind::Command, Kind::Authentication, Kind::Internal] {
            assert!(!is_unheard(&Error::new(kind, "")), "{kind:?}");
        }
        assert!(is_unheard(&Error::new(Kind::Closed, "")));
        assert!(!is_unheard(&Error::new(Kind::Closed, "").ran(true)));
    }
}
