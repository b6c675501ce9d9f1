//! What databases, collections and cursors hold: the connection, and what was set for
//! all calls made through this handle.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::pinned::Pinned;
use super::readers::Readers;
use super::session::ClientSession;
use super::shared::{Core, Shared};
use crate::command::{ReadConcern, WriteConcern};
use crate::dates::Dates;
use crate::topology::ReadPreference;

/// Keeps the connection alive; two `Arc`s to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Shared>,
    scope: Arc<Scope>,
}

/// A way to a handle, for actors: it does not keep the connection alive.
#[derive(Clone, Debug)]
pub struct WeakHandle {
    shared: Weak<Shared>,
    scope: Arc<Scope>,
}

/// What a derived handle hands down to everything made from it.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// For each operation, unless it has its own.
    pub timeout: Option<Duration>,
    /// Where reads may go.
    pub read_preference: ReadPreference,
    /// How current what reads see must be.
    pub read_concern: ReadConcern,
    /// How durable writes must be.
    pub write_concern: WriteConcern,
    /// How dates are handed out that nobody typed.
    pub dates: Dates,
    /// The session that all calls run in.
    pub session: Option<ClientSession>,
    /// The request whose socket all calls go over.
    pub request: Option<Arc<Pinned>>,
    /// Other connections that reads are spread over.
    pub readers: Option<Arc<Readers>>,
}

impl Handle {
    /// The first handle of a connection.
    pub fn new(shared: Arc<Shared>, scope: Scope) -> Self {
        Self { shared, scope: Arc::new(scope) }
    }

    /// A handle on the same connection with another scope.
    pub fn with_scope(&self, change: impl FnOnce(&mut Scope)) -> Self {
        let mut scope = Scope::clone(&self.scope);
        change(&mut scope);
        Self { shared: self.shared.clone(), scope: Arc::new(scope) }
    }

    /// What was set for all calls.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What a call needs.
    pub fn core(&self) -> &Arc<Core> {
        &self.shared.core
    }

    /// What keeps the connection alive.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The same scope on another connection, without what is of use to this one alone.
    pub fn scope_on(&self, other: &Self) -> Self {
        let scope = Scope { session: None, request: None, readers: None, ..Scope::clone(&self.scope) };
        Self { shared: other.shared.clone(), scope: Arc::new(scope) }
    }

    /// Handles of all connections that cursors of this one may be on: its own, and those that
    /// its reads are spread over.
    pub fn members(&self) -> impl Iterator<Item = &Self> {
        let readers = self.scope.readers.iter().flat_map(|readers| readers.members());
        std::iter::once(self).chain(readers)
    }

    /// The same, but that it does not keep the connection alive. Without the session that
    /// was set for all calls and the connections that reads are spread over, which would be
    /// kept alive, and outside of the request that it belongs to.
    pub fn downgrade(&self) -> WeakHandle {
        let scope = match &*self.scope {
            Scope { session: None, request: None, readers: None, .. } => self.scope.clone(),
            scope => Arc::new(Scope { session: None, request: None, readers: None, ..scope.clone() }),
        };
        WeakHandle { shared: Arc::downgrade(&self.shared), scope }
    }
}

impl WeakHandle {
    /// A handle, as long as there is another one.
    pub fn upgrade(&self) -> Option<Handle> {
        Some(Handle { shared: self.shared.upgrade()?, scope: self.scope.clone() })
    }
}
