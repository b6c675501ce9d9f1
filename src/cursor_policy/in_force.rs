//! The policy in force, held at arm's length: whatever it panics with stays here, and the
//! default takes its place.

use std::any::{Any, type_name};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::closed::Ledger;
use super::{BatchCursorManager, ClosedCursor, ClosedCursors, CursorManager};
use crate::pool::Namespace;
use crate::topology::ServerAddress;

/// A policy, with the name of its type.
pub struct NamedManager {
    name: &'static str,
    manager: Box<dyn CursorManager>,
}

impl NamedManager {
    /// This one.
    pub fn new<M: CursorManager>(manager: M) -> Self {
        Self { name: type_name::<M>(), manager: Box::new(manager) }
    }

    /// The name of its type.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Drops it. If that panics, the sentence to report.
    pub fn discard(self) -> Option<String> {
        let Self { name, manager } = self;
        catch_unwind(AssertUnwindSafe(|| drop(manager))).err().map(|panic| sentence(name, "drop", panic))
    }
}

impl Default for NamedManager {
    fn default() -> Self {
        Self::new(BatchCursorManager::default())
    }
}

impl fmt::Debug for NamedManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The policy in force and the cursors it decides about.
#[derive(Debug, Default)]
pub struct InForce {
    policy: NamedManager,
    ledger: Ledger,
    /// What policies panicked with, not reported yet.
    panics: Vec<String>,
}

impl InForce {
    /// This policy, and no cursors.
    pub fn new(policy: NamedManager) -> Self {
        Self { policy, ..Self::default() }
    }

    /// The name of the policy's type.
    pub fn name(&self) -> &'static str {
        self.policy.name
    }

    /// How many cursors are kept.
    pub fn len(&self) -> usize {
        self.ledger.len()
    }

    /// A cursor was closed: the policy is asked, unless it is kept already or there are too many.
    pub fn close(&mut self, cursor: ClosedCursor, now: Instant) {
        if !self.ledger.add(cursor) {
            return;
        }
        if self.ledger.len() >= ClosedCursors::MOST {
            return self.ledger.release_all();
        }
        self.ask("close", |policy, closed| policy.close(closed, now));
    }

    /// Keeps a cursor without asking anybody, for the end takes all.
    pub fn keep(&mut self, cursor: ClosedCursor) {
        self.ledger.add(cursor);
    }

    /// When the policy wants to be woken, as long as there is something to decide.
    pub fn due(&mut self) -> Option<Instant> {
        match self.ledger.len() {
            0 => None,
            _ => self.ask("due", |policy, closed| policy.due(closed)),
        }
    }

    /// It is due.
    pub fn wake(&mut self, now: Instant) {
        self.ask("wake", |policy, closed| policy.wake(closed, now));
    }

    /// Puts another policy in force, which decides about what is kept as well.
    pub fn set(&mut self, policy: NamedManager) {
        let old = std::mem::replace(&mut self.policy, policy);
        self.panics.extend(old.discard());
    }

    /// Those kept that have one of these ids.
    pub fn find(&self, ids: &[i64]) -> Vec<ClosedCursor> {
        self.ledger.find(ids)
    }

    /// Somebody else killed these.
    pub fn forget(&mut self, server: &ServerAddress, namespace: &Namespace, ids: &[i64]) {
        self.ledger.forget(server, namespace, ids);
    }

    /// Takes out what is to be killed now.
    pub fn take_released(&mut self) -> Vec<ClosedCursor> {
        self.ledger.take_released()
    }

    /// Takes all cursors out.
    pub fn take_all(&mut self) -> Vec<ClosedCursor> {
        self.ledger.release_all();
        self.ledger.take_released()
    }

    /// Takes out what is to be reported, each a sentence.
    pub fn take_panics(&mut self) -> Vec<String> {
        std::mem::take(&mut self.panics)
    }

    /// Asks the policy; if it panics, the default from now on.
    fn ask<R>(
        &mut self,
        doing: &'static str,
        mut question: impl FnMut(&mut dyn CursorManager, &mut ClosedCursors<'_>) -> R,
    ) -> R {
        let Self { policy, ledger, panics } = self;
        // The policy is not looked at again after a panic, and the ledger bears one.
        let asked = AssertUnwindSafe(|| question(&mut *policy.manager, &mut ClosedCursors::new(ledger)));
        match catch_unwind(asked) {
            Ok(answer) => answer,
            Err(panic) => {
                panics.push(format!("{}; the default takes its place", sentence(policy.name, doing, panic)));
                let gone = std::mem::take(policy);
                panics.extend(gone.discard());
                question(&mut *policy.manager, &mut ClosedCursors::new(ledger))
            }
        }
    }
}

#[cold]
fn sentence(name: &str, doing: &str, panic: Box<dyn Any + Send>) -> String {
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
    // What a policy panics with is its own, and may panic in turn when it is dropped.
    if let Err(worse) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(worse);
    }
    let words = words.unwrap_or_else(|| "without words".to_owned());
    format!("the cursor manager {name} panicked in `{doing}`: {words}")
}
