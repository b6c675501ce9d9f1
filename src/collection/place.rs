//! What a command is about: a database, or one of its collections.

use std::sync::Arc;

use crate::pool::Namespace;

/// Where a command's `$db` comes from, and what its errors name.
pub trait Place {
    /// The database it runs on.
    fn database(&self) -> Arc<str>;

    /// The collection, if it is about one.
    fn collection(&self) -> Option<Arc<Namespace>>;
}

impl Place for Arc<str> {
    fn database(&self) -> Arc<str> {
        self.clone()
    }

    fn collection(&self) -> Option<Arc<Namespace>> {
        None
    }
}

impl Place for Arc<Namespace> {
    fn database(&self) -> Arc<str> {
        self.database.clone()
    }

    fn collection(&self) -> Option<Arc<Namespace>> {
        Some(self.clone())
    }
}
