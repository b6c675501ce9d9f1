//! The cursors that were closed and not killed yet, and what a policy sees of them.

use std::sync::Arc;
use std::time::Instant;

use crate::pool::Namespace;
use crate::topology::ServerAddress;

/// A cursor that was closed and that its server has open still, as far as is known.
#[derive(Clone, Debug)]
pub struct ClosedCursor {
    pub(crate) server: ServerAddress,
    pub(crate) namespace: Arc<Namespace>,
    pub(crate) id: i64,
    pub(crate) at: Instant,
}

impl ClosedCursor {
    /// The server that has it.
    pub fn server(&self) -> &ServerAddress {
        &self.server
    }

    /// The database that it reads from.
    pub fn database(&self) -> &str {
        &self.namespace.database
    }

    /// The collection that it reads from.
    pub fn collection(&self) -> &str {
        &self.namespace.collection
    }

    /// The server's name for it.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// When it was closed.
    pub fn closed_at(&self) -> Instant {
        self.at
    }

    fn is_on(&self, server: &ServerAddress, namespace: &Namespace) -> bool {
        self.server == *server && *self.namespace == *namespace
    }
}

/// The cursors that were closed and are kept, the oldest first, for a
/// [`CursorManager`](crate::CursorManager) to look at and to have killed.
#[derive(Debug)]
pub struct ClosedCursors<'a> {
    ledger: &'a mut Ledger,
}

impl<'a> ClosedCursors<'a> {
    /// The most that are kept. Once there would be as many, all are killed at once, and no
    /// manager is asked.
    pub const MOST: usize = 1024;

    pub(super) fn new(ledger: &'a mut Ledger) -> Self {
        Self { ledger }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ledger.held.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ledger.held.is_empty()
    }

    /// The one that was closed first.
    pub fn oldest(&self) -> Option<&ClosedCursor> {
        self.ledger.held.first()
    }

    /// The one that was closed last.
    pub fn newest(&self) -> Option<&ClosedCursor> {
        self.ledger.held.last()
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &ClosedCursor> + ExactSizeIterator {
        self.ledger.held.iter()
    }

    /// Has those killed that the closure says `true` of. It is asked about each once, the
    /// oldest first.
    pub fn kill(&mut self, which: impl FnMut(&ClosedCursor) -> bool) {
        self.ledger.release(which);
    }

    /// Has all of them killed.
    pub fn kill_all(&mut self) {
        self.ledger.release_all();
    }
}

/// Which cursors a policy has not released yet, and which it has. A policy that panics while it
/// looks at them leaves each in one of the two.
#[derive(Debug, Default)]
pub struct Ledger {
    held: Vec<ClosedCursor>,
    released: Vec<ClosedCursor>,
}

impl Ledger {
    /// Adds a cursor, if it is not there: one that is dropped while a getMore of it is under way
    /// may be named twice, by itself and by whoever reads the reply. True if it is new.
    pub fn add(&mut self, cursor: ClosedCursor) -> bool {
        let same =
            |held: &ClosedCursor| held.id == cursor.id && held.is_on(&cursor.server, &cursor.namespace);
        let new = !self.held.iter().any(same);
        if new {
            self.held.push(cursor);
        }
        new
    }

    /// How many are held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Those held that have one of these ids.
    pub fn find(&self, ids: &[i64]) -> Vec<ClosedCursor> {
        self.held.iter().filter(|cursor| ids.contains(&cursor.id)).cloned().collect()
    }

    /// Somebody else killed these.
    pub fn forget(&mut self, server: &ServerAddress, namespace: &Namespace, ids: &[i64]) {
        self.held.retain(|cursor| !(ids.contains(&cursor.id) && cursor.is_on(server, namespace)));
    }

    /// Releases those of which this is true.
    pub fn release(&mut self, mut which: impl FnMut(&ClosedCursor) -> bool) {
        // One by one: what the closure was asked about before it panicked stays decided.
        for cursor in self.held.extract_if(.., |cursor| which(cursor)) {
            self.released.push(cursor);
        }
    }

    /// Releases all.
    pub fn release_all(&mut self) {
        self.released.append(&mut self.held);
    }

    /// Takes out what was released.
    pub fn take_released(&mut self) -> Vec<ClosedCursor> {
        std::mem::take(&mut self.released)
    }
}
