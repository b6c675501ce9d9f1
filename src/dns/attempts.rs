//! In which order the addresses of a host are tried, and when (RFC 8305, "Happy Eyeballs"):
//! families alternate, and the next attempt begins when the one before it fails, or has
//! brought nothing for a quarter of a second. Whoever connects first wins.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// "Connection Attempt Delay".
const STAGGER: Duration = Duration::from_millis(250);

/// More attempts at one time are of no use, and a name can have thousands of addresses.
const MOST_AT_ONCE: usize = 16;

/// See the module. Knows neither clock nor sockets.
#[derive(Debug)]
pub struct Attempts {
    waiting: VecDeque<SocketAddr>,
    under_way: usize,
    /// When the next attempt begins, if none fails before.
    next: Option<Instant>,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Begin with this address, and ask again.
    Begin(SocketAddr),
    /// Ask again at this time, or when an attempt has failed.
    WaitUntil(Instant),
    /// Ask again when an attempt has failed.
    Wait,
    /// All have failed.
    Lost,
}

impl Attempts {
    /// Attempts at these addresses, the preferred one first.
    pub fn new(found: impl IntoIterator<Item = SocketAddr>) -> Self {
        let (mut first, mut second) = (VecDeque::new(), VecDeque::new());
        let mut family = None;
        for address in found {
            let queue = if *family.get_or_insert_with(|| address.is_ipv6()) == address.is_ipv6() {
                &mut first
            } else {
                &mut second
            };
            if !queue.contains(&address) {
                queue.push_back(address);
            }
        }
        let mut waiting = VecDeque::with_capacity(first.len() + second.len());
        while !first.is_empty() || !second.is_empty() {
            waiting.extend(first.pop_front());
            waiting.extend(second.pop_front());
        }
        Self { waiting, under_way: 0, next: None }
    }

    /// What to do now.
    pub fn step(&mut self, now: Instant) -> Step {
        if self.waiting.is_empty() || self.under_way >= MOST_AT_ONCE {
            return if self.under_way == 0 { Step::Lost } else { Step::Wait };
        }
        match self.next {
            Some(next) if now < next => Step::WaitUntil(next),
            _ => match self.waiting.pop_front() {
                Some(address) => {
                    self.under_way += 1;
                    self.next = Some(now + STAGGER);
                    Step::Begin(address)
                }
                None => Step::Wait,
            },
        }
    }

    /// An attempt failed: the next one need not wait.
    pub fn failed(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
        self.next = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(last: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, last], 1))
    }

    fn v6(last: u16) -> SocketAddr {
        SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, last], 1))
    }

    fn begun(attempts: &mut Attempts, now: Instant) -> SocketAddr {
        match attempts.step(now) {
            Step::Begin(address) => address,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn families_alternate_beginning_with_the_preferred_one() {
        let mut attempts = Attempts::new([v6(1), v6(2), v6(3), v4(1), v6(1), v4(2)]);
        let mut order = Vec::new();
        while let Step::Begin(address) = attempts.step(Instant::now()) {
            order.push(address);
            attempts.failed();
        }
        assert_eq!(order, [v6(1), v4(1), v6(2), v4(2), v6(3)]);
    }

    #[test]
    fn the_next_attempt_begins_a_quarter_of_a_second_later() {
        let start = Instant::now();
        let mut attempts = Attempts::new([v4(1), v4(2)]);
        assert_eq!(begun(&mut attempts, start), v4(1));
        assert_eq!(attempts.step(start), Step::WaitUntil(start + STAGGER));
        assert_eq!(attempts.step(start + STAGGER / 2), Step::WaitUntil(start + STAGGER));
        assert_eq!(begun(&mut attempts, start + STAGGER), v4(2));
        assert_eq!(attempts.step(start + STAGGER * 9), Step::Wait);
    }

    #[test]
    fn after_a_failure_it_begins_at_once() {
        let start = Instant::now();
        let mut attempts = Attempts::new([v4(1), v4(2)]);
        begun(&mut attempts, start);
        attempts.failed();
        assert_eq!(begun(&mut attempts, start), v4(2));
        attempts.failed();
        assert_eq!(attempts.step(start), Step::Lost);
        assert_eq!(Attempts::new([]).step(start), Step::Lost);
    }

    #[test]
    fn a_name_with_thousands_of_addresses_takes_some_at_a_time() {
        let mut now = Instant::now();
        let mut attempts = Attempts::new((0..4000).map(v6));
        for _ in 0..MOST_AT_ONCE {
            begun(&mut attempts, now);
            now += STAGGER;
        }
        assert_eq!(attempts.step(now), Step::Wait);
        attempts.failed();
        assert_eq!(begun(&mut attempts, now), v6(MOST_AT_ONCE as u16));
    }
}
