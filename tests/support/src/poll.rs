//! The one way to wait for something that sends no event of its own.
//!
//! Where an event exists (a reply, a log entry of the scripted server), wait for
//! that instead: [`crate::scripted::ScriptedServer::wait_for`].

use std::thread;
use std::time::{Duration, Instant};

/// Pause between two looks: short beside any deadline, long beside the look.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks at `condition` until it holds.
///
/// # Panics
/// If it does not hold within `deadline`, with `what` in the message.
#[track_caller]
pub fn poll_until(deadline: Duration, what: &str, condition: impl FnMut() -> bool) {
    assert!(holds_within(deadline, condition), "waited {deadline:?} in vain for: {what}");
}

/// Looks at `condition` until it holds (`true`) or `deadline` has passed
/// (`false`).
pub fn holds_within(deadline: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + deadline;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_with_the_first_look_that_holds() {
        let mut looks = 0;
        poll_until(Duration::from_secs(60), "three looks", || {
            looks += 1;
            looks == 3
        });
        assert_eq!(looks, 3);
    }

    #[test]
    #[should_panic(expected = "in vain for: the impossible")]
    fn names_what_did_not_come() {
        poll_until(Duration::ZERO, "the impossible", || false);
    }
}
