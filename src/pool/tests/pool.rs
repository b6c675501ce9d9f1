//! The pool's answers with real entries: what the stepped model can't see.

use super::*;
use crate::error::Kind;
use std::time::Duration;

#[test]
fn a_pool_that_was_never_ready_says_so() {
    let pool = Pool::new(ServerAddress::new("db", 1), PoolOptions::default());
    let (entry, _answer) = run();
    let Claim::Refused(entry, error) = pool.claim(entry, Instant::now) else {
        panic!("a paused pool takes nothing");
    };
    assert_eq!(error.kind(), Kind::PoolCleared);
    assert!(error.is_network() && error.is_retryable() && !error.may_have_run());
    assert!(error.message().contains("db:1"), "{error}");
    assert!(matches!(entry, Entry::Run(_)));
}

#[test]
fn a_cleared_pool_refuses_with_the_cause() {
    let fixture = Fixture::of_size(1);
    let cause = Error::new(Kind::AutoReconnect, "reset by peer").with_seen_version(7);
    let cleared = fixture.pool.clear(cause, false);
    assert!(cleared.was_ready);
    assert_eq!(cleared.generation, 1);

    let error = fixture.refused(run().0);
    assert_eq!(error.kind(), Kind::PoolCleared);
    assert_eq!(
        error.message(),
        "Connection pool for db:27017 was cleared because another operation failed with: \
         reset by peer"
    );
    assert_eq!(error.seen_version(), Some(7));
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!(source.as_deref(), Some("reset by peer"));
    assert!(error.is_network() && error.is_retryable() && !error.is_timeout());
}

#[test]
fn a_closed_pool_refuses_for_good() {
    let fixture = Fixture::of_size(1);
    fixture.pool.close(Error::new(Kind::Closed, "bye"));
    assert!(!fixture.pool.ready());
    let error = fixture.refused(run().0);
    assert_eq!(error.kind(), Kind::Closed);
    assert!(!error.is_retryable());
    assert_eq!(fixture.pool.stats().state, "closed");
    assert!(fixture.pool.begin_open().is_none());
}

fn last_word() -> (Entry, oneshot::Receiver<Outcome>) {
    let (mut run, answer) = Run::new(FrameBuilder::new(16).finish());
    run.last = true;
    (Entry::Run(run), answer)
}

#[test]
fn a_pool_that_refuses_still_serves_the_last_words() {
    let mut fixture = Fixture::of_size(1);
    let slot = fixture.idle_slot();
    assert!(matches!(fixture.claim(run().0), Claim::Taken(..)));
    let (waits, said) = (run(), last_word());
    fixture.queue(waits.0);
    let ticket = fixture.queue(said.0);
    let sent_away = fixture.pool.refuse(Error::new(Kind::Closed, "bye"));
    assert_eq!((sent_away.len(), fixture.pool.stats().queued), (1, 1));
    assert_eq!(fixture.pool.stats().state, "closing");
    assert_eq!(fixture.refused(run().0).kind(), Kind::Closed);
    assert!(!fixture.pool.ready());
    assert!(fixture.pool.cancel(ticket).is_some());

    let mut quiet = std::pin::pin!(fixture.pool.until_quiet());
    let mut task = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(quiet.as_mut().poll(&mut task).is_pending());
    assert!(matches!(fixture.release(&slot), Next::Idle));
    assert!(quiet.as_mut().poll(&mut task).is_ready());
    assert!(matches!(fixture.claim(last_word().0), Claim::Taken(..)));

    assert_eq!(fixture.pool.interrupt().len(), 1);
    assert_eq!(fixture.pool.stats().total, 0);
    fixture.queue(last_word().0);
    assert!(fixture.pool.begin_open().is_some(), "a socket for what is left to say");
    assert_eq!(fixture.pool.close(Error::new(Kind::Closed, "bye")).failed.len(), 1);
    assert_eq!(fixture.refused(last_word().0).kind(), Kind::Closed);
}

#[test]
fn a_forsaken_socket_makes_room_for_another() {
    let mut fixture = Fixture::of_size(1);
    let (first, _a) = run();
    fixture.queue(first);
    let never = fixture.pool.begin_open().expect("a socket is wanted");
    assert!(fixture.pool.begin_open().is_none());
    fixture.pool.forsake(never);
    let (slot, next) = fixture.open();
    assert!(matches!(next, Next::Run(_)));
    // The first one comes after all.
    let late = fixture.slot(never);
    assert!(matches!(fixture.pool.opened(late, Limits::default(), fixture.now), Next::Retire));

    fixture.pool.forsake(Opening { id: slot.id, generation: slot.generation });
    assert_eq!(fixture.pool.stats().total, 0);
    assert!(matches!(fixture.release(&slot), Next::Retire));
}

#[test]
fn a_full_queue_tells_the_numbers() {
    let by_count = Fixture::new(PoolOptions { max_queued_requests: 1, ..PoolOptions::default() });
    let (first, _answer) = run();
    by_count.queue(first);
    let error = by_count.refused(run().0);
    assert_eq!(error.kind(), Kind::QueueFull);
    assert!(error.message().starts_with("1 requests wait"), "{error}");
    assert!(error.message().contains("max_pool_size 100"), "{error}");
    assert!(!error.is_network() && !error.may_have_run());

    let by_bytes = Fixture::new(PoolOptions { max_queued_bytes: 30, ..PoolOptions::default() });
    let (first, _answer) = run();
    by_bytes.queue(first);
    let error = by_bytes.refused(run().0);
    assert!(error.message().contains("max_queued_bytes (30)"), "{error}");
}

#[test]
fn parked_leases_leave_sockets_to_others() {
    let mut fixture = Fixture::of_size(3);
    let slot = fixture.idle_slot();
    let (tail, _answer) = lease(Purpose::Parked);
    assert!(matches!(fixture.claim(tail), Claim::Taken(..)));
    let error = fixture.refused(lease(Purpose::Parked).0);
    assert_eq!(error.kind(), Kind::QueueFull);
    assert!(error.message().contains("max_parked"), "{error}");

    let (pin, _answer) = lease(Purpose::Transaction);
    fixture.queue(pin);
    let stats = fixture.pool.stats();
    assert_eq!((stats.leased, stats.parked, stats.queued), (1, 1, 1));
    // The lease that waits takes the place of the one that ends.
    assert!(matches!(fixture.release(&slot), Next::Run(Entry::Lease(_))));
    let stats = fixture.pool.stats();
    assert_eq!((stats.leased, stats.parked, stats.by_transactions), (1, 0, 1));
}

#[test]
fn one_message_tells_the_supervisor_of_many_entries() {
    let fixture = Fixture::of_size(2);
    let (answers, told): (Vec<_>, Vec<bool>) = (0..3)
        .map(|_| {
            let (entry, answer) = run();
            match fixture.claim(entry) {
                Claim::Queued { grow, .. } => (answer, grow),
                other => panic!("not queued: {other:?}"),
            }
        })
        .unzip();
    assert_eq!(told, [true, false, false]);
    assert!(fixture.pool.begin_open().is_some());
    assert!(fixture.pool.begin_open().is_some());
    assert!(fixture.pool.begin_open().is_none());
    // At saturation nobody is told anything.
    let (entry, _answer) = run();
    assert!(matches!(fixture.claim(entry), Claim::Queued { grow: false, .. }));
    drop(answers);
}

#[test]
fn the_earliest_deadline_is_armed_once() {
    let fixture = Fixture::of_size(1);
    let at = |seconds| fixture.now + Duration::from_secs(seconds);
    let arm = |seconds| {
        let (mut run, answer) = Run::new(Default::default());
        run.deadline = Some(at(seconds + 100));
        run.wait_deadline = Some(at(seconds));
        match fixture.claim(Entry::Run(run)) {
            Claim::Queued { arm, .. } => (arm, answer),
            other => panic!("not queued: {other:?}"),
        }
    };
    let (first, _a) = arm(5);
    let (later, _b) = arm(6);
    let (sooner, _c) = arm(4);
    assert_eq!((first, later, sooner), (Some(at(5)), None, Some(at(4))));
    let ((covered, _e), (as_well, _f)) = (arm(5), arm(5));
    assert_eq!((covered, as_well), (None, None));

    let (expired, again) = fixture.pool.expire(at(4));
    assert_eq!((expired.len(), again), (1, Some(at(5))));
    let (expired, again) = fixture.pool.expire(at(6));
    assert_eq!((expired.len(), again), (4, None));
    let (next, _d) = arm(9);
    assert_eq!(next, Some(at(9)));
}

#[test]
fn abandoned_entries_are_passed_over() {
    let mut fixture = Fixture::of_size(1);
    let slot = fixture.idle_slot();
    let (first, _first) = run();
    assert!(matches!(fixture.claim(first), Claim::Taken(..)));
    let (gone, answer) = run();
    fixture.queue(gone);
    drop(answer);
    let (live, answer) = run();
    fixture.queue(live);
    let Next::Run(Entry::Run(next)) = fixture.release(&slot) else {
        panic!("the live entry runs");
    };
    assert!(!next.is_abandoned());
    assert_eq!(fixture.pool.stats().queued, 0);
    drop(answer);
}

#[test]
fn a_socket_idle_for_too_long_is_not_given_out() {
    let mut fixture =
        Fixture::new(PoolOptions { max_idle: Some(Duration::from_secs(10)), ..PoolOptions::default() });
    let slot = fixture.idle_slot();
    fixture.now += Duration::from_secs(10);
    let (entry, _answer) = run();
    let Claim::Queued { grow, .. } = fixture.claim(entry) else {
        panic!("the only socket has perished");
    };
    assert!(grow);
    assert_eq!(fixture.pool.stats().total, 0);
    assert!(matches!(fixture.release(&slot), Next::Retire));
}

#[test]
fn idle_sockets_expire_and_are_replaced_up_to_the_minimum() {
    let mut fixture = Fixture::new(PoolOptions {
        min_size: 1,
        max_idle: Some(Duration::from_secs(10)),
        ..PoolOptions::default()
    });
    fixture.idle_slot();
    assert!(fixture.pool.begin_open().is_none());
    let early = fixture.now + Duration::from_secs(9);
    assert_eq!(fixture.pool.idle_expired(early).len(), 0);
    let late = fixture.now + Duration::from_secs(10);
    assert_eq!(fixture.pool.idle_expired(late).len(), 1);
    assert!(fixture.pool.begin_open().is_some());
}

#[test]
fn a_socket_can_keep_itself_for_a_cursor() {
    let mut fixture = Fixture::of_size(1);
    let slot = fixture.idle_slot();
    let (entry, _answer) = run();
    assert!(matches!(fixture.claim(entry), Claim::Taken(..)));
    fixture.pool.hold(&slot, Purpose::Cursor);
    let info = fixture.pool.slots(Instant::now());
    assert_eq!((info[0].in_flight, info[0].held), (0, Some(Purpose::Cursor)));
    let (entry, answer) = run();
    fixture.queue(entry);
    // The lease's end is what releases it.
    assert!(matches!(fixture.release(&slot), Next::Run(_)));
    assert_eq!(fixture.pool.stats().leased, 0);
    drop(answer);
}

#[test]
fn limits_of_a_stale_socket_are_not_taken_over() {
    let mut fixture = Fixture::of_size(2);
    let (entry, _answer) = run();
    fixture.queue(entry);
    let opening = fixture.pool.begin_open().expect("an entry waits");
    let slot = fixture.slot(opening);
    fixture.pool.clear(Error::new(Kind::AutoReconnect, "reset"), true);
    fixture.pool.ready();
    let limits = Limits { max_batch: 5, ..Limits::default() };
    let next = fixture.pool.opened(slot, limits, fixture.now);
    assert!(matches!(next, Next::Retire));
    assert_eq!(fixture.pool.limits(), Limits::default());
    fixture.pool.set_limits(limits);
    assert_eq!(fixture.pool.limits().max_batch, 5);
}

#[test]
fn operations_are_counted_until_their_guards_drop() {
    let fixture = Fixture::of_size(1);
    let guards = [fixture.pool.operation_started(), fixture.pool.operation_started()];
    assert_eq!(fixture.pool.operations(), 2);
    drop(guards);
    assert_eq!(fixture.pool.operations(), 0);
    fixture.pool.set_min_rtt(Duration::from_micros(300));
    assert_eq!(fixture.pool.min_rtt(), Duration::from_micros(300));
}

/// After a clear, sockets of the generation before may still be busy. At a depth above 1
/// they looked as if they had room.
#[test]
fn a_busy_socket_of_an_earlier_generation_gets_nothing_more() {
    let mut fixture = Fixture::new(PoolOptions { max_size: 1, pipeline_depth: 2, ..PoolOptions::default() });
    let slot = fixture.idle_slot();
    let (entry, _first) = run();
    assert!(matches!(fixture.claim(entry), Claim::Taken(..)));
    let cause = Error::new(Kind::AutoReconnect, "reset");
    fixture.pool.clear(cause, false);
    fixture.pool.ready();
    let (entry, _second) = run();
    fixture.queue(entry);
    assert!(fixture.pool.more().is_none());
    assert!(matches!(fixture.release(&slot), Next::Retire));
}
