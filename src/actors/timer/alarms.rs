//! The timer's memory: what is due when. Plain.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Weak;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::pool::Pool;

/// What happens when an alarm is due.
#[derive(Debug)]
pub enum Alarm {
    /// Somebody is woken.
    Wake(oneshot::Sender<()>),
    /// A pool's queue is searched for entries whose wait is over.
    Expire(Weak<Pool>),
}

impl Alarm {
    fn is_live(&self) -> bool {
        match self {
            Self::Wake(wake) => !wake.is_closed(),
            Self::Expire(pool) => pool.strong_count() > 0,
        }
    }
}

#[derive(Debug)]
struct Set {
    at: Instant,
    /// Breaks ties, so that alarms never need an order of their own.
    number: u64,
    alarm: Alarm,
}

impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Set {}

impl PartialOrd for Set {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Set {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// Alarms by the time at which they are due. Those nobody waits for any more are swept
/// out whenever the heap has doubled, so its size follows the number of live ones.
#[derive(Debug)]
pub struct Alarms {
    heap: BinaryHeap<Reverse<Set>>,
    numbers: u64,
    sweep_at: usize,
    /// When the timer wakes by itself, as far as it was told.
    armed: Option<Instant>,
    /// The timer is gone.
    closed: bool,
}

/// Heaps smaller than this are not worth sweeping.
const SMALLEST_SWEEP: usize = 64;

impl Default for Alarms {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), numbers: 0, sweep_at: SMALLEST_SWEEP, armed: None, closed: false }
    }
}

impl Alarms {
    /// Sets an alarm. True if the timer has to be told, because it would wake too late for
    /// it. Most calls have the same timeout, so that hardly ever happens.
    #[must_use]
    pub fn set(&mut self, at: Instant, alarm: Alarm) -> bool {
        if self.closed {
            return false;
        }
        if self.heap.len() >= self.sweep_at {
            self.heap.retain(|Reverse(set)| set.alarm.is_live());
            self.sweep_at = (self.heap.len() * 2).max(SMALLEST_SWEEP);
        }
        self.numbers += 1;
        self.heap.push(Reverse(Set { at, number: self.numbers, alarm }));
        let sooner = self.armed.is_none_or(|armed| at < armed);
        if sooner {
            self.armed = Some(at);
        }
        sooner
    }

    /// The timer goes to sleep until the next alarm is due, or until it is told of a sooner one.
    pub fn arm(&mut self) -> Option<Instant> {
        self.armed = self.next();
        self.armed
    }

    /// The timer is gone: nothing will be due any more.
    pub fn close(&mut self) -> Vec<Alarm> {
        self.closed = true;
        std::mem::take(&mut self.heap).into_iter().map(|Reverse(set)| set.alarm).collect()
    }

    /// When the next alarm is due.
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(set)| set.at)
    }

    /// Takes out one alarm that is due at `now`.
    pub fn due(&mut self, now: Instant) -> Option<Alarm> {
        self.next().filter(|at| *at <= now)?;
        self.heap.pop().map(|Reverse(set)| set.alarm)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn wake(alarms: &mut Alarms, at: Instant) -> oneshot::Receiver<()> {
        let (wake, woken) = oneshot::channel();
        let _ = alarms.set(at, Alarm::Wake(wake));
        woken
    }

    #[test]
    fn alarms_are_due_in_the_order_of_their_times() {
        let (mut alarms, start) = (Alarms::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut late = wake(&mut alarms, at(2));
        let mut soon = wake(&mut alarms, at(1));
        assert_eq!(alarms.next(), Some(at(1)));
        assert!(alarms.due(start).is_none());
        let Some(Alarm::Wake(first)) = alarms.due(at(1)) else { panic!("nothing was due") };
        first.send(()).unwrap();
        assert!(soon.try_recv().is_ok());
        assert!(late.try_recv().is_err());
        assert!(alarms.due(at(1)).is_none());
        assert!(alarms.due(at(2)).is_some());
        assert_eq!(alarms.next(), None);
    }

    #[test]
    fn the_timer_is_told_of_sooner_alarms_alone() {
        let (mut alarms, start) = (Alarms::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut set = |seconds| {
            let (wake, woken) = oneshot::channel();
            drop(woken);
            alarms.set(at(seconds), Alarm::Wake(wake))
        };
        assert!(set(5), "it sleeps for ever");
        assert!(!set(5));
        assert!(!set(6));
        assert!(set(4));
        // Sweeping does not make it forget when it wakes.
        assert!((0..1000).all(|_| !set(7)));
        assert_eq!(alarms.arm(), alarms.next());
    }

    /// Whoever waits for an alarm learns by its loss that the timer is gone.
    #[test]
    fn a_closed_timer_keeps_no_alarm() {
        let (mut alarms, start) = (Alarms::default(), Instant::now());
        let mut before = wake(&mut alarms, start);
        drop(alarms.close());
        let mut after = wake(&mut alarms, start);
        for woken in [&mut before, &mut after] {
            assert_eq!(woken.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        }
        assert_eq!(alarms.next(), None);
    }

    #[test]
    fn alarms_that_nobody_waits_for_do_not_pile_up() {
        let (mut alarms, start) = (Alarms::default(), Instant::now());
        let kept = wake(&mut alarms, start + Duration::from_secs(1));
        for _ in 0..10_000 {
            drop(wake(&mut alarms, start + Duration::from_secs(2)));
        }
        assert!(alarms.heap.len() <= 2 * SMALLEST_SWEEP, "{} alarms", alarms.heap.len());
        let Some(Alarm::Wake(first)) = alarms.due(start + Duration::from_secs(1)) else { panic!("lost") };
        first.send(()).unwrap();
        drop(kept);
    }
}
