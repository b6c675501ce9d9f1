//! Which cursors are to be killed where. Plain.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::pool::{Lease, Namespace};
use crate::topology::ServerAddress;

/// Ids that fill one `killCursors` command: a flush comes at once then.
pub const FULL: usize = 64;
/// How long an id waits for company.
pub const AGE: Duration = Duration::from_millis(50);

/// Ids by server and collection: one command names one collection.
#[derive(Debug, Default)]
pub struct KillBatch {
    ids: BTreeMap<(ServerAddress, Arc<Namespace>), Vec<i64>>,
    count: usize,
    oldest: Option<Instant>,
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

    /// When it must be flushed at the latest.
    pub fn due(&self) -> Option<Instant> {
        self.oldest.map(|oldest| oldest + AGE)
    }

    /// Takes everything out.
    pub fn take(&mut self) -> Vec<Kill> {
        self.count = 0;
        self.oldest = None;
        std::mem::take(&mut self.ids)
            .into_iter()
            .map(|((server, namespace), ids)| Kill { server, namespace, ids, lease: None })
            .collect()
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
        let kills = batch.take();
        assert_eq!((kills.len(), &kills[0].ids), (1, &vec![1, 2]));
    }

    #[test]
    fn ids_are_grouped_by_server_and_collection() {
        let (mut batch, now) = (KillBatch::default(), Instant::now());
        let (a, b) = (ServerAddress::new("a", 1), ServerAddress::new("b", 1));
        for (server, collection, id) in [(&a, "x", 1), (&b, "x", 2), (&a, "y", 3), (&a, "x", 4)] {
            assert!(!batch.add(server.clone(), namespace(collection), id, now));
        }
        let kills = batch.take();
        let ids: Vec<&[i64]> = kills.iter().map(|kill| kill.ids.as_slice()).collect();
        assert_eq!(ids, [&[1, 4][..], &[3], &[2]]);
        assert!(batch.take().is_empty());
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
        batch.take();
        assert_eq!(batch.due(), None);
    }
}
