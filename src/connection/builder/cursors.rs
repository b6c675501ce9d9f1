//! What becomes of cursors that are closed.

use super::Builder;
use crate::connection::options::NewCursorManager;
use crate::cursor_policy::CursorManager;

impl<D> Builder<D> {
    /// When cursors that were closed are killed on their servers; see [`CursorManager`]. Default
    /// [`BatchCursorManager`](crate::BatchCursorManager): 64 together, or after 50 ms.
    ///
    /// Each connection that this builder makes gets a clone.
    /// [`Connection::set_cursor_manager`](crate::Connection::set_cursor_manager) sets another one
    /// later.
    pub fn cursor_manager(self, manager: impl CursorManager + Clone) -> Self {
        let new = NewCursorManager::like(manager);
        self.set(move |options| options.cursor_manager = new.clone())
    }
}
