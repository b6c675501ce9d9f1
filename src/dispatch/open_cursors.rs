//! The cursors that callers hold open, so that the end of the connection can kill them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::pool::Namespace;
use crate::topology::ServerAddress;

/// Entered when a reply opens a cursor, left when the server or the caller closes it.
/// Operations whose reply is all they get never come here.
#[derive(Debug, Default)]
pub struct OpenCursors {
    open: Mutex<HashMap<(ServerAddress, i64), Arc<Namespace>>>,
}

impl OpenCursors {
    /// A caller holds this cursor.
    pub fn enter(&self, server: &ServerAddress, id: i64, namespace: &Arc<Namespace>) {
        if id != 0 {
            self.lock().insert((server.clone(), id), namespace.clone());
        }
    }

    /// It is closed, or somebody will kill it.
    pub fn leave(&self, server: &ServerAddress, id: i64) {
        if id != 0 {
            self.lock().remove(&(server.clone(), id));
        }
    }

    /// Takes all of them out.
    pub fn drain(&self) -> Vec<(ServerAddress, Arc<Namespace>, i64)> {
        let open = std::mem::take(&mut *self.lock());
        open.into_iter().map(|((server, id), namespace)| (server, namespace, id)).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(ServerAddress, i64), Arc<Namespace>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_still_open_comes_out() {
        let (cursors, server) = (OpenCursors::default(), ServerAddress::new("a", 1));
        let namespace = Arc::new(Namespace { database: "d".into(), collection: "c".into() });
        for id in [0, 1, 2] {
            cursors.enter(&server, id, &namespace);
        }
        cursors.leave(&server, 1);
        cursors.leave(&ServerAddress::new("b", 1), 2);
        assert_eq!(cursors.drain(), [(server.clone(), namespace, 2)]);
        assert!(cursors.drain().is_empty());
    }
}
