//! The cursors that callers hold open, so that the end of the connection can kill them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::pool::{Lease, Namespace};
use crate::topology::ServerAddress;

/// Entered when a reply opens a cursor, left when the server or the caller closes it.
/// Operations whose reply is all they get never come here.
#[derive(Debug, Default)]
pub struct OpenCursors {
    open: Mutex<HashMap<(ServerAddress, i64), Held>>,
}

#[derive(Clone, Debug)]
struct Held {
    namespace: Arc<Namespace>,
    /// The cursor's own; this map keeps no socket from anybody.
    lease: Weak<Lease>,
}

/// A cursor that is still open.
#[derive(Debug)]
pub struct OpenCursor {
    /// Where.
    pub server: ServerAddress,
    /// Over which collection.
    pub namespace: Arc<Namespace>,
    /// Its id.
    pub id: i64,
    /// The only socket that leads to it, if there is but one.
    pub lease: Option<Arc<Lease>>,
}

impl OpenCursors {
    /// A caller holds this cursor, and the only socket that leads to it, if there is but one.
    pub fn enter(
        &self,
        server: &ServerAddress,
        id: i64,
        namespace: &Arc<Namespace>,
        lease: Option<&Arc<Lease>>,
    ) {
        if id != 0 {
            let held =
                Held { namespace: namespace.clone(), lease: lease.map_or_else(Weak::new, Arc::downgrade) };
            self.lock().insert((server.clone(), id), held);
        }
    }

    /// It is closed, or somebody will kill it. False if it was not there.
    pub fn leave(&self, server: &ServerAddress, id: i64) -> bool {
        id != 0 && self.lock().remove(&(server.clone(), id)).is_some()
    }

    /// These were killed by their ids. One that belongs to another collection than was named is
    /// none of them.
    pub fn killed(&self, server: &ServerAddress, namespace: &Namespace, ids: &[i64]) {
        let mut open = self.lock();
        for id in ids {
            if let Entry::Occupied(held) = open.entry((server.clone(), *id))
                && *held.get().namespace == *namespace
            {
                held.remove();
            }
        }
    }

    /// Those with this id: one, or none, unless two servers happen to use the same.
    pub fn find(&self, id: i64) -> Vec<OpenCursor> {
        let open = self.lock();
        let found = open.iter().filter(|((_, open), _)| *open == id);
        found.map(|((server, id), held)| told(((server.clone(), *id), held.clone()))).collect()
    }

    /// Takes all of them out.
    pub fn drain(&self) -> Vec<OpenCursor> {
        let open = std::mem::take(&mut *self.lock());
        open.into_iter().map(told).collect()
    }

    /// Takes those out that one socket alone leads to.
    pub fn drain_pinned(&self) -> Vec<OpenCursor> {
        let open: Vec<_> = self.lock().extract_if(|_, held| held.lease.strong_count() > 0).collect();
        open.into_iter().map(told).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(ServerAddress, i64), Held>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn told(((server, id), held): ((ServerAddress, i64), Held)) -> OpenCursor {
    OpenCursor { server, namespace: held.namespace, id, lease: held.lease.upgrade() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_still_open_comes_out() {
        let (cursors, server) = (OpenCursors::default(), ServerAddress::new("a", 1));
        let namespace = Arc::new(Namespace { database: "d".into(), collection: "c".into() });
        for id in [0, 1, 2] {
            cursors.enter(&server, id, &namespace, None);
        }
        assert!(cursors.leave(&server, 1) && !cursors.leave(&server, 1));
        assert!(!cursors.leave(&ServerAddress::new("b", 1), 2));
        cursors.enter(&ServerAddress::new("b", 1), 3, &namespace, None);
        assert_eq!(cursors.find(3)[0].server.host(), "b");
        let other = Namespace { database: "d".into(), collection: "other".into() };
        cursors.killed(&ServerAddress::new("b", 1), &other, &[3]);
        assert_eq!((cursors.find(1).len(), cursors.find(3).len()), (0, 1));
        cursors.killed(&ServerAddress::new("b", 1), &namespace, &[1, 3]);
        assert!(cursors.find(3).is_empty());
        assert!(cursors.drain_pinned().is_empty(), "any socket leads to them");
        let open: Vec<_> = cursors.drain().into_iter().map(|it| (it.server, it.namespace, it.id)).collect();
        assert_eq!(open, [(server.clone(), namespace, 2)]);
        assert!(cursors.drain().is_empty());
    }
}
