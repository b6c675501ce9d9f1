//! How the cursor manager is told and asked, and what it lets be seen of itself.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::Recipient;

use super::messages::{CursorRetired, CursorsKilled, FindClosed, SetCursorManager};

/// Made with the connection, for all callers.
#[derive(Clone, Debug)]
pub struct CursorDesk {
    /// Told of cursors to kill.
    pub retired: Recipient<CursorRetired>,
    /// Takes another policy.
    pub set: Recipient<SetCursorManager>,
    /// Knows what is closed and not killed yet.
    pub find: Recipient<FindClosed>,
    /// Told of what callers killed themselves.
    pub killed: Recipient<CursorsKilled>,
    /// Read by `state()`.
    pub report: Arc<CursorReport>,
}

/// Written by the cursor manager's actor, read by whoever wants to know.
#[derive(Debug, Default)]
pub struct CursorReport {
    waiting: AtomicUsize,
    policy: Mutex<PolicyReport>,
}

/// Which policy is in force, and how the one before ended.
#[derive(Clone, Debug, Default)]
pub struct PolicyReport {
    /// The type's name.
    pub name: &'static str,
    /// What the one that was set panicked with, since when the default is in force.
    pub panicked: Option<String>,
}

impl CursorReport {
    /// This policy is in force by somebody's will.
    pub fn set(&self, name: &'static str) {
        *self.lock() = PolicyReport { name, panicked: None };
    }

    /// This one is because another one panicked.
    pub fn panicked(&self, name: &'static str, words: String) {
        *self.lock() = PolicyReport { name, panicked: Some(words) };
    }

    /// So many cursors are closed and not killed yet.
    pub fn set_waiting(&self, cursors: usize) {
        self.waiting.store(cursors, Relaxed);
    }

    /// How many cursors are closed and not killed yet.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// A copy of the rest.
    pub fn policy(&self) -> PolicyReport {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, PolicyReport> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
