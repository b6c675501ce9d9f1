//! What the machine itself is late by.
//!
//! The library may be late by 50 ms. A machine that is busy with something else wakes every
//! thread late, and a plain timer shows by how much: one for each processor runs beside
//! whatever is held to a time, sleeps for a millisecond again and again, and the worst of
//! them is the machine's own part.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What the library may be late by.
const TOLERANCE: Duration = Duration::from_millis(50);

const TICK: Duration = Duration::from_millis(1);
/// A timer that is never later than this belongs to a machine that has time: what is late
/// then is the library.
const CALM: Duration = Duration::from_millis(4);
/// No more than this is laid to the machine. So 80 ms of the library's own always fail.
const MOST: Duration = Duration::from_millis(25);
/// A story that a busy machine spoilt is told anew, so often in all.
const ATTEMPTS: usize = 8;

/// Timers that run from its start to [`Watch::end`].
pub struct Watch(Vec<(Sender<()>, JoinHandle<Duration>)>);

impl Watch {
    pub fn start() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let timer = || {
            let (end, ended) = channel::<()>();
            let body = move || {
                let mut worst = Duration::ZERO;
                loop {
                    let began = Instant::now();
                    let over = ended.recv_timeout(TICK) != Err(RecvTimeoutError::Timeout);
                    worst = worst.max(began.elapsed().saturating_sub(TICK));
                    if over {
                        return worst;
                    }
                }
            };
            (end, thread::spawn(body))
        };
        Self((0..processors).map(|_| timer()).collect())
    }

    /// The most that one of them was late by.
    pub fn end(self) -> Duration {
        let timers: Vec<_> = self.0.into_iter().map(|(_end, timer)| timer).collect();
        timers.into_iter().map(|timer| timer.join().unwrap()).max().unwrap()
    }
}

/// Something took this long, while timers were late by `machine`, and may take `limit` and
/// the tolerance.
///
/// Fails the story if that is the library's doing. If it may be the machine's, the story is
/// told anew.
#[track_caller]
pub fn judge(what: &str, took: Duration, limit: Duration, machine: Duration) {
    if took < limit + TOLERANCE + machine.min(MOST) {
        return;
    }
    let sentence = format!("{what} took {took:?} instead of {limit:?}, and timers were late by {machine:?}");
    assert!(machine > CALM, "{sentence}");
    // Without the hook of panics: nothing is wrong so far.
    resume_unwind(Box::new(TooBusy(sentence)));
}

struct TooBusy(String);

/// Tells a story until the machine has let it come to its end.
pub fn tell(story: impl Fn()) {
    for attempt in 1.. {
        let Err(panic) = catch_unwind(AssertUnwindSafe(&story)) else { return };
        let sentence = too_busy(panic);
        assert!(attempt < ATTEMPTS, "the machine is too busy, {ATTEMPTS} times in turn: {sentence}");
        println!("told anew, the machine is too busy: {sentence}");
    }
}

/// What was too much; any other panic goes on.
fn too_busy(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<TooBusy>() {
        Ok(it) => it.0,
        Err(other) => resume_unwind(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    const LIMIT: Duration = Duration::from_millis(100);
    const LATE: Duration = Duration::from_millis(80);

    fn outcome(story: impl Fn()) -> Result<(), Box<dyn Any + Send>> {
        catch_unwind(AssertUnwindSafe(story))
    }

    #[test]
    fn what_a_calm_machine_makes_late_is_the_librarys() {
        judge("it", LIMIT + TOLERANCE, LIMIT, CALM);
        let panic = outcome(|| judge("it", LIMIT + LATE, LIMIT, CALM)).unwrap_err();
        assert!(!panic.is::<TooBusy>());
    }

    #[test]
    fn a_busy_machine_excuses_little_and_decides_nothing() {
        judge("it", LIMIT + TOLERANCE + MOST / 2, LIMIT, MOST);
        for machine in [MOST, LATE, 10 * LATE] {
            assert!(outcome(|| judge("it", LIMIT + LATE, LIMIT, machine)).unwrap_err().is::<TooBusy>());
        }
    }

    #[test]
    fn a_story_is_told_anew_until_the_machine_has_time() {
        let told = Cell::new(0);
        tell(|| {
            told.set(told.get() + 1);
            judge("it", if told.get() < 3 { LIMIT + LATE } else { LIMIT }, LIMIT, LATE);
        });
        assert_eq!(told.get(), 3);
    }

    #[test]
    fn a_machine_that_never_has_time_fails_the_story() {
        let panic = outcome(|| tell(|| judge("it", LIMIT + LATE, LIMIT, LATE))).unwrap_err();
        let sentence = panic.downcast_ref::<String>().unwrap();
        assert!(sentence.contains("too busy, 8 times in turn: it took 180ms instead of 100ms"), "{sentence}");
    }

    #[test]
    fn a_story_that_fails_is_not_told_anew() {
        let told = Cell::new(0);
        let story = || {
            told.set(told.get() + 1);
            judge("it", LIMIT + LATE, LIMIT, Duration::ZERO);
        };
        outcome(|| tell(story)).unwrap_err();
        assert_eq!(told.get(), 1);
    }
}
