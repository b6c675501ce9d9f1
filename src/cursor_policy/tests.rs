//! Policies step by step, with times that the tests make.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::closed::Ledger;
use super::*;
use crate::pool::Namespace;
use crate::topology::ServerAddress;

fn cursor(id: i64, at: Instant) -> ClosedCursor {
    on("a", id, at)
}

fn on(host: &str, id: i64, at: Instant) -> ClosedCursor {
    let namespace = Arc::new(Namespace { database: "db".into(), collection: "c".into() });
    ClosedCursor { server: ServerAddress::new(host, 1), namespace, id, at }
}

fn ids(cursors: Vec<ClosedCursor>) -> Vec<i64> {
    cursors.into_iter().map(|cursor| cursor.id).collect()
}

fn in_force(manager: impl CursorManager) -> InForce {
    InForce::new(NamedManager::new(manager))
}

/// Never has anything killed.
struct Keeps;

impl CursorManager for Keeps {
    fn close(&mut self, _: &mut ClosedCursors<'_>, _: Instant) {}
}

#[test]
fn a_cursor_that_is_named_twice_is_there_once() {
    let (mut ledger, now) = (Ledger::default(), Instant::now());
    let new = [("a", 1), ("a", 2), ("a", 1), ("b", 1)].map(|(host, id)| ledger.add(on(host, id, now)));
    assert_eq!(new, [true, true, false, true]);
    ledger.release(|cursor| cursor.id() == 1);
    assert_eq!((ids(ledger.take_released()), ledger.len()), (vec![1, 1], 1));
    assert!(ledger.add(cursor(1, now)), "it may be named anew once it is killed");
}

#[test]
fn what_somebody_else_killed_is_forgotten() {
    let (mut ledger, now) = (Ledger::default(), Instant::now());
    for (host, id) in [("a", 1), ("a", 2), ("b", 1)] {
        ledger.add(on(host, id, now));
    }
    let namespace = |collection: &str| Namespace { database: "db".into(), collection: collection.into() };
    ledger.forget(&ServerAddress::new("a", 1), &namespace("d"), &[1, 2]);
    assert_eq!(ledger.len(), 3, "cursors of another collection");
    ledger.forget(&ServerAddress::new("a", 1), &namespace("c"), &[1, 7]);
    assert_eq!(ids(ledger.find(&[1, 2, 3])), [2, 1]);
    assert_eq!(ledger.find(&[1])[0].server().host(), "b");
}

#[test]
fn a_closure_that_panics_leaves_each_cursor_where_it_is() {
    let (mut ledger, now) = (Ledger::default(), Instant::now());
    assert!((1..=4).all(|id| ledger.add(cursor(id, now))));
    let panics = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        ledger.release(|cursor| match cursor.id() {
            3 => panic!("no"),
            id => id == 1,
        });
    }));
    assert!(panics.is_err());
    assert_eq!(ids(ledger.take_released()), [1]);
    ledger.release_all();
    assert_eq!(ids(ledger.take_released()), [2, 3, 4]);
}

#[test]
fn a_batch_is_killed_by_count_or_by_the_age_of_the_oldest() {
    let (mut policy, start) =
        (in_force(BatchCursorManager::new(3, Duration::from_millis(7))), Instant::now());
    let after = |millis| start + Duration::from_millis(millis);
    assert_eq!(policy.due(), None);
    policy.close(cursor(1, after(1)), after(1));
    policy.close(cursor(2, after(5)), after(5));
    assert_eq!(policy.due(), Some(after(8)));
    assert!(policy.take_released().is_empty());
    policy.close(cursor(3, after(6)), after(6));
    assert_eq!((ids(policy.take_released()), policy.due()), (vec![1, 2, 3], None));
    policy.close(cursor(4, after(9)), after(9));
    policy.wake(after(16));
    assert_eq!(ids(policy.take_released()), [4]);
}

#[test]
fn batches_at_the_edge_of_their_numbers() {
    let now = Instant::now();
    let mut never = in_force(BatchCursorManager::new(2, Duration::MAX));
    never.close(cursor(1, now), now);
    assert_eq!(never.due(), None, "the clock can't tell it");
    for count in [0, 1] {
        let mut policy = in_force(BatchCursorManager::new(count, Duration::MAX));
        policy.close(cursor(1, now), now);
        assert_eq!(ids(policy.take_released()), [1]);
    }
    let default = BatchCursorManager::default();
    assert_eq!((default.count(), default.age()), (64, Duration::from_millis(50)));
}

#[test]
fn a_new_manager_is_due_for_what_the_old_one_left() {
    let now = Instant::now();
    let mut policy = in_force(Keeps);
    (1..=3).for_each(|id| policy.close(cursor(id, now), now));
    assert_eq!((policy.due(), policy.len()), (None, 3));
    policy.set(NamedManager::new(BatchCursorManager::new(4, Duration::from_secs(1))));
    assert_eq!(policy.due(), Some(now + Duration::from_secs(1)));
    policy.set(NamedManager::new(BatchCursorManager::new(3, Duration::from_secs(1))));
    assert_eq!(policy.due(), Some(now));
    policy.set(NamedManager::new(ImmediateCursorManager::new()));
    assert_eq!(policy.due(), Some(now));
    policy.wake(now);
    assert_eq!((ids(policy.take_released()), policy.len()), (vec![1, 2, 3], 0));
}

#[test]
fn above_the_bound_all_are_killed_whatever_the_manager_says() {
    let (mut policy, now) = (in_force(Keeps), Instant::now());
    let most = ClosedCursors::MOST as i64;
    (1..most).for_each(|id| policy.close(cursor(id, now), now));
    assert!(policy.take_released().is_empty());
    policy.close(cursor(most, now), now);
    assert_eq!(ids(policy.take_released()), (1..=most).collect::<Vec<_>>());
    policy.close(cursor(1, now), now);
    assert_eq!((policy.len(), ids(policy.take_all()), policy.len()), (1, vec![1], 0));
}

/// Panics in the method of this name, and when it is dropped if that is `drop`; with the others
/// it kills cursors with even ids.
struct Panics(&'static str);

impl CursorManager for Panics {
    fn close(&mut self, closed: &mut ClosedCursors<'_>, _: Instant) {
        assert_ne!(self.0, "close", "oh dear");
        closed.kill(|cursor| cursor.id() % 2 == 0);
    }

    fn due(&self, closed: &ClosedCursors<'_>) -> Option<Instant> {
        assert_ne!(self.0, "due", "oh dear");
        closed.oldest().map(ClosedCursor::closed_at)
    }

    fn wake(&mut self, closed: &mut ClosedCursors<'_>, _: Instant) {
        closed.kill(|cursor| {
            assert_ne!(self.0, "wake", "oh dear");
            cursor.id() == 1
        });
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        // Twice in one unwinding would end the process; a policy must not do that either.
        assert!(self.0 != "drop" || std::thread::panicking(), "oh dear");
    }
}

#[test]
fn the_default_takes_the_place_of_one_that_panics_and_nothing_is_lost() {
    let now = Instant::now();
    for doing in ["close", "due", "wake", "drop"] {
        let mut policy = in_force(Panics(doing));
        let mut killed = Vec::new();
        for id in 1..=3 {
            policy.close(cursor(id, now), now);
            policy.due();
            killed.extend(ids(policy.take_released()));
        }
        policy.wake(now);
        policy.set(NamedManager::default());
        let panics = policy.take_panics();
        assert_eq!(panics.len(), 1, "{panics:?}");
        assert!(panics[0].contains(&format!("`{doing}`")) && panics[0].contains("oh dear"), "{}", panics[0]);
        killed.extend(ids(policy.take_all()));
        killed.sort_unstable();
        assert_eq!(killed, [1, 2, 3], "{doing}");
        assert!(policy.name().ends_with("BatchCursorManager"));
        assert!(policy.take_panics().is_empty());
    }
}

#[test]
fn a_manager_in_a_box_is_one() {
    let boxed: Box<dyn CursorManager> = Box::new(BatchCursorManager::new(2, Duration::from_secs(1)));
    let (mut policy, now) = (in_force(boxed), Instant::now());
    policy.close(cursor(1, now), now);
    assert_eq!(policy.due(), Some(now + Duration::from_secs(1)));
    policy.close(cursor(2, now), now);
    policy.wake(now);
    assert_eq!(ids(policy.take_released()), [1, 2]);
}
