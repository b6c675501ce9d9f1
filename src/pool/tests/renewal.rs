//! All sockets anew, with nobody failed by it.

use super::*;
use crate::error::Kind;

#[test]
fn idle_sockets_leave_and_busy_ones_retire_when_they_are_released() {
    let mut fixture = Fixture::of_size(2);
    let busy = fixture.idle_slot();
    assert!(matches!(fixture.claim(run().0), Claim::Taken(..)));
    let idle = fixture.idle_slot();
    let renewed = fixture.pool.renew();
    assert_eq!(renewed.idle.iter().map(|slot| slot.id).collect::<Vec<_>>(), [idle.id]);
    assert!(renewed.opening.is_empty());
    let stats = fixture.pool.stats();
    assert_eq!((stats.state, stats.generation, stats.total, stats.in_flight), ("ready", 1, 1, 1));
    assert!(matches!(fixture.release(&busy), Next::Retire));
    assert_eq!(fixture.pool.stats().total, 0);
    let fresh = fixture.idle_slot();
    assert_eq!(fresh.generation, 1);
}

#[test]
fn who_waits_keeps_the_place_and_is_served_by_a_new_socket() {
    let mut fixture = Fixture::of_size(1);
    let busy = fixture.idle_slot();
    assert!(matches!(fixture.claim(run().0), Claim::Taken(..)));
    let (entry, mut answer) = run();
    fixture.queue(entry);
    assert!(fixture.pool.renew().idle.is_empty());
    assert!(matches!(fixture.release(&busy), Next::Retire), "it serves nobody any more");
    let (slot, next) = fixture.open();
    assert!(matches!(next, Next::Run(_)));
    assert_eq!(slot.generation, 1);
    assert!(answer.try_recv().is_err(), "nobody failed it");
}

/// The waiting entry is not failed with an attempt that was given up.
#[test]
fn what_is_being_opened_serves_nobody() {
    let mut fixture = Fixture::of_size(2);
    let (entry, _answer) = run();
    fixture.queue(entry);
    let early = fixture.pool.begin_open().expect("a socket is wanted");
    let given_up = fixture.pool.renew().opening;
    assert_eq!(given_up, [early.id]);
    let late = fixture.slot(early);
    assert!(matches!(fixture.pool.opened(late, Limits::default(), fixture.now), Next::Retire));
    assert!(fixture.pool.open_failed(early).is_none());
    assert!(matches!(fixture.open().1, Next::Run(_)));
}

#[test]
fn a_pool_that_does_not_serve_stays_as_it_is() {
    let mut fixture = Fixture::of_size(1);
    fixture.idle_slot();
    fixture.pool.clear(Error::new(Kind::AutoReconnect, "reset"), false);
    assert!(fixture.pool.renew().idle.is_empty());
    assert_eq!((fixture.pool.stats().state, fixture.pool.stats().generation), ("paused", 1));
    assert!(fixture.refused(run().0).message().contains("reset"), "for the same reason");
    fixture.pool.ready();
    fixture.idle_slot();
    fixture.pool.refuse(Error::new(Kind::Closed, "bye"));
    assert!(fixture.pool.renew().idle.is_empty());
    assert_eq!((fixture.pool.stats().state, fixture.pool.stats().idle), ("closing", 1), "for last words");
    fixture.pool.close(Error::new(Kind::Closed, "bye"));
    fixture.pool.renew();
    assert_eq!(fixture.pool.stats().state, "closed");
}

/// A failed attempt keeps the least number from being restored; a renewal begins anew.
#[test]
fn the_least_number_is_wanted_again() {
    let mut fixture = Fixture::new(PoolOptions { min_size: 1, ..PoolOptions::default() });
    fixture.open();
    assert!(fixture.pool.begin_open().is_none());
    fixture.pool.renew();
    let opening = fixture.pool.begin_open().expect("none is left");
    assert!(fixture.pool.open_failed(opening).is_none(), "nobody waits");
    assert!(fixture.pool.begin_open().is_none(), "discouraged");
    fixture.pool.renew();
    assert!(fixture.pool.begin_open().is_some());
}
