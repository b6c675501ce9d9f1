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
}

/// Heaps smaller than this are not worth sweeping.
const SMALLEST_SWEEP: usize = 64;

impl Default for Alarms {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), numbers: 0, sweep_at: SMALLEST_SWEEP }
    }
}

impl Alarms {
    /// Sets an alarm.
    pub fn set(&mut self, at: Instant, alarm: Alarm) {
        if self.heap.len() >= self.sweep_at {
            self.heap.retain(|Reverse(set)| set.alarm.is_live());
            self.sweep_at = (self.heap.len() * 2).max(SMALLEST_SWEEP);
        }
        self.numbers += 1;
        self.heap.push(Reverse(Set { at, number: self.numbers, alarm }));
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
        alarms.set(at, Alarm::Wake(wake));
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
