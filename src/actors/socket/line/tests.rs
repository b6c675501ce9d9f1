//! A line is fed and drained by hand.

use std::time::Duration;

use super::*;
use crate::pool::out_of_time;
use crate::session::ClusterClock;
use crate::wire::FrameBuilder;

/// A request in a session that its caller holds, and whose caller has gone.
fn left_behind(sessions: &ServerSessions, now: Instant) -> Box<Run> {
    let mut frame = FrameBuilder::new(16);
    frame.elements().i32("ping", 1);
    let (mut run, answer) = Run::new(frame.finish());
    run.session = SessionUse::Held { session: sessions.take(now, None), txn_number: None };
    drop(answer);
    run
}

#[test]
fn the_session_of_a_request_that_can_not_be_sent_and_nobody_waits_for_goes_back() {
    let (sessions, clock, now) = (ServerSessions::default(), ClusterClock::default(), Instant::now());
    let around = around(&sessions, &clock, now);
    let mut line =
        Line::new(Limits { session_timeout: Some(Duration::from_secs(1800)), ..Limits::default() });
    let mut late = left_behind(&sessions, now);
    late.deadline = Some(now);
    line.take(late, &around, 0);
    assert_eq!(sessions.len(), 1, "out of time");
    let mut wide = left_behind(&sessions, now);
    wide.assumed.max_batch += 1;
    line.take(wide, &around, 0);
    assert_eq!(sessions.len(), 1, "sent back");
    assert!(line.is_empty());
}

fn around<'a>(sessions: &'a ServerSessions, clock: &'a ClusterClock, now: Instant) -> Surroundings<'a> {
    Surroundings { sessions, clock, now, min_rtt: Duration::ZERO, zlib_level: -1 }
}

type Answers = tokio::sync::oneshot::Receiver<Outcome>;

/// A request that must have ended so many seconds after `now`, and where its answer arrives.
fn until(now: Instant, seconds: u64) -> (Box<Run>, Answers) {
    let mut frame = FrameBuilder::new(16);
    frame.elements().i32("ping", 1);
    let (mut run, answer) = Run::new(frame.finish());
    run.session = SessionUse::Implicit { numbered: false };
    run.deadline = Some(now + Duration::from_secs(seconds));
    (run, answer)
}

/// The first is wholly written, the second in part, and the third and fourth are not.
#[test]
fn only_what_is_unwritten_expires() {
    let (sessions, clock, now) = (ServerSessions::default(), ClusterClock::default(), Instant::now());
    let around = around(&sessions, &clock, now);
    let mut line =
        Line::new(Limits { session_timeout: Some(Duration::from_secs(1800)), ..Limits::default() });
    let mut answers = Vec::new();
    for seconds in [2, 2, 2, 9] {
        let (run, answer) = until(now, seconds);
        line.take(run, &around, 0);
        answers.push(answer);
    }
    let length = line.flight[0].run.frame.len();
    assert!(line.wrote(length + 1).is_empty());

    assert!(line.expire(now + Duration::from_secs(1)).is_empty());
    let late = now + Duration::from_secs(2);
    let expired = line.expire(late);
    assert_eq!((expired.len(), line.len()), (1, 3));
    for flying in expired {
        flying.fail(out_of_time(), 0, &sessions, late, &line.limits);
    }
    let failure = answers.remove(2).try_recv().unwrap().unwrap_err();
    assert!(failure.error.is_timeout() && !failure.error.may_have_run(), "{:?}", failure.error);
    assert!(failure.unsent.is_some() && failure.session.is_some_and(|session| !session.is_dirty()));
    // Those that are written, be it in part, go on: their ends are the socket's.
    assert!(line.expire(late).is_empty());
    assert_eq!(line.deadline(), Some(late));
    // What is left is written where it was begun.
    assert!(line.wrote(2 * length - 1).is_empty());
    assert!(matches!(line.unwritten(), Unwritten::Nothing));
}

#[test]
fn a_request_that_nobody_waits_for_any_more_is_not_written() {
    let (sessions, clock, now) = (ServerSessions::default(), ClusterClock::default(), Instant::now());
    let around = around(&sessions, &clock, now);
    let mut line =
        Line::new(Limits { session_timeout: Some(Duration::from_secs(1800)), ..Limits::default() });
    let (run, answer) = until(now, 9);
    line.take(run, &around, 0);
    drop(answer);
    for flying in line.expire(now) {
        flying.fail(out_of_time(), 0, &sessions, now, &line.limits);
    }
    assert!(line.is_empty());
    assert_eq!(sessions.len(), 1, "its session goes back");
}
