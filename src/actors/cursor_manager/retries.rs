//! What one command kills, and which kills are tried again. Plain.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cursor_policy::ClosedCursor;
use crate::error::{Error, Kind};
use crate::pool::{Lease, Namespace};
use crate::topology::ServerAddress;

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

/// Kills that did not reach their server, and when they are tried again.
#[derive(Debug, Default)]
pub struct Retries {
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

    /// First tries: one for each server and collection among these, for a command names one.
    pub fn of(cursors: Vec<ClosedCursor>) -> Vec<Self> {
        let mut ids: BTreeMap<(ServerAddress, Arc<Namespace>), Vec<i64>> = BTreeMap::new();
        for ClosedCursor { server, namespace, id, .. } in cursors {
            ids.entry((server, namespace)).or_default().push(id);
        }
        ids.into_iter().map(|((server, namespace), ids)| Self::new(server, namespace, ids, None)).collect()
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

impl Retries {
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

    /// When the next one is tried again.
    pub fn due(&self) -> Option<Instant> {
        self.kept.iter().map(|(due, _)| *due).min()
    }

    /// Takes out what is to be tried again by now.
    pub fn take(&mut self, now: Instant) -> Vec<Kill> {
        self.kept.extract_if(.., |(due, _)| *due <= now).map(|(_, kill)| kill).collect()
    }

    /// Takes everything out, for there will be no later time.
    pub fn take_all(&mut self) -> Vec<Kill> {
        std::mem::take(&mut self.kept).into_iter().map(|(_, kill)| kill).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(collection: &str) -> Arc<Namespace> {
        Arc::new(Namespace { database: "db".into(), collection: collection.into() })
    }

    #[test]
    fn ids_are_grouped_by_server_and_collection() {
        let (a, b) = (ServerAddress::new("a", 1), ServerAddress::new("b", 1));
        let cursors = [(&a, "x", 1), (&b, "x", 2), (&a, "y", 3), (&a, "x", 4)];
        let cursors = cursors.map(|(server, collection, id)| ClosedCursor {
            server: server.clone(),
            namespace: namespace(collection),
            id,
            at: Instant::now(),
        });
        let kills = Kill::of(cursors.into());
        let ids: Vec<&[i64]> = kills.iter().map(|kill| kill.ids.as_slice()).collect();
        assert_eq!(ids, [&[1, 4][..], &[3], &[2]]);
        assert!(Kill::of(Vec::new()).is_empty());
    }

    fn kill(collection: &str, ids: &[i64]) -> Kill {
        Kill::new(ServerAddress::new("a", 1), namespace(collection), ids.to_vec(), None)
    }

    #[test]
    fn what_did_not_reach_its_server_is_tried_again_after_growing_pauses_and_not_for_ever() {
        let (mut retries, start) = (Retries::default(), Instant::now());
        let (mut now, mut again, mut pauses) = (start, kill("x", &[1, 2]), Vec::new());
        while retries.keep(again, now) {
            let due = retries.due().unwrap();
            pauses.push((due - now).as_millis());
            assert!(retries.take(due - Duration::from_millis(1)).is_empty());
            again = retries.take(due).pop().unwrap();
            assert_eq!(again.ids, [1, 2]);
            now = due;
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 4000, 4000, 4000, 4000, 4000, 4000]);
        assert_eq!(retries.due(), None);
    }

    #[test]
    fn kills_of_one_place_that_failed_as_often_are_tried_again_in_one() {
        let (mut retries, start) = (Retries::default(), Instant::now());
        let later = start + Duration::from_millis(10);
        assert!(retries.keep(kill("x", &[1]), start) && retries.keep(kill("x", &[2]), later));
        assert!(retries.keep(kill("y", &[3]), start));
        assert!(retries.keep(Kill { failed: 1, ..kill("x", &[4]) }, start));
        let ids = |kills: Vec<Kill>| kills.into_iter().map(|kill| kill.ids).collect::<Vec<_>>();
        assert_eq!(ids(retries.take(start + PAUSE)), [vec![1, 2], vec![3]]);
        assert_eq!(ids(retries.take(start + 2 * PAUSE)), [[4]]);
    }

    #[test]
    fn the_end_takes_all() {
        let (mut retries, start) = (Retries::default(), Instant::now());
        assert!(retries.keep(kill("x", &[1]), start) && retries.keep(kill("y", &[2]), start));
        assert_eq!(retries.due(), Some(start + PAUSE));
        let all: Vec<i64> = retries.take_all().into_iter().flat_map(|kill| kill.ids).collect();
        assert_eq!((all, retries.due()), (vec![1, 2], None));
    }

    #[test]
    fn only_so_many_are_kept() {
        let (mut retries, now) = (Retries::default(), Instant::now());
        assert!(retries.keep(kill("x", &[7; KEPT - 1]), now));
        assert!(!retries.keep(kill("y", &[1, 2]), now));
        assert!(retries.keep(kill("y", &[1]), now));
        assert!(!retries.keep(kill("x", &[1]), now));
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
