//! `connect` and `close`, dropped at their first poll, their second, and so on.

use std::time::Duration;

use actix_mongo::Kind;
use test_support::fault_proxy::{FaultProxy, Traffic};
use test_support::{DropAfter, poll_until};

use super::Real;
use crate::support::{Pending, SOON, Step, Story, assert_error, ping, soon, stats, step_by_step};

at_both_depths!(connecting, closing);

/// Bytes of the hello between two polls.
const BYTES: u64 = 100;
const SILENCE: Duration = Duration::from_millis(500);

/// The story's bytes until there are no more.
fn steps(real: &Real) -> impl FnMut() -> Step {
    let mut over = false;
    move || {
        over = over || !real.let_through(BYTES, SILENCE);
        if over {
            real.proxy.pass();
            return Step::Wait;
        }
        Step::Poll
    }
}

fn connecting(depth: u32) {
    let _story = Story::begin();
    let Some(real) = Real::start(FaultProxy::start) else { return };
    let mut polls = 0;
    let connection = loop {
        real.proxy.down(Traffic::UpTo(real.down()));
        let outcome = step_by_step(DropAfter::new(polls, real.builder(depth).connect()), steps(&real));
        real.proxy.pass();
        if let Some(connection) = outcome {
            break connection.expect("nobody dropped it");
        }
        poll_until(SOON, "nothing left behind", || real.proxy.open() == 0);
        polls += 1;
    };
    println!("connect at depth {depth}, real server: {polls} polls");
    assert!(polls >= 5, "it was dropped in {polls} places only");
    real.assert_sound(&connection);
}

/// Once polled it goes on, dropped or not; the call that is under way has its grace.
fn closing(depth: u32) {
    let _story = Story::begin();
    let Some(real) = Real::start(FaultProxy::start) else { return };
    let mut polls = 0;
    loop {
        let connection = real.connect(depth, 1, |builder| builder);
        let before = real.proxy.bytes().0;
        real.proxy.down(Traffic::UpTo(real.down()));
        let call = Pending::begin(ping(&connection));
        poll_until(SOON, "the request", || real.proxy.bytes().0 > before);
        let outcome = step_by_step(DropAfter::new(polls, connection.close(SOON)), steps(&real));
        real.proxy.pass();
        call.end().expect("it had its grace");
        if polls == 0 {
            soon(ping(&connection)).expect("a close that was never polled is none");
            assert_eq!(stats(&connection).total, 1);
        } else {
            assert_error(&soon(ping(&connection)).unwrap_err(), Kind::Closed, &[]);
        }
        soon(connection.close(Duration::ZERO));
        poll_until(SOON, "the end", || real.proxy.open() == 0);
        match outcome {
            None => polls += 1,
            Some(()) => break,
        }
    }
    println!("close at depth {depth}, real server: {polls} polls");
    assert!(polls >= 5, "it was dropped in {polls} places only");
}
