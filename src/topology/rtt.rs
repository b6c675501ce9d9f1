//! Round-trip times of one server.

use std::time::Duration;

/// How many samples the minimum looks back on (server monitoring specification).
const RECENT: usize = 10;

/// The weight of a new sample in the average (server selection specification).
const ALPHA: f64 = 0.2;

/// The average and the recent minimum of a server's round-trip times. Empty until the
/// first sample; a server that becomes unknown starts over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rtt {
    average: Option<Duration>,
    recent: [Duration; RECENT],
    /// How many samples there were; the ring's next place is this modulo its length.
    samples: usize,
}

impl Rtt {
    /// Takes in one measurement.
    pub fn add(&mut self, sample: Duration) {
        self.average = Some(match self.average {
            None => sample,
            Some(old) => sample.mul_f64(ALPHA).saturating_add(old.mul_f64(1.0 - ALPHA)),
        });
        self.recent[self.samples % RECENT] = sample;
        self.samples += 1;
    }

    /// The weighted moving average; `None` before the first sample.
    pub fn average(&self) -> Option<Duration> {
        self.average
    }

    /// The least of the last ten samples; zero until there are two, since one says
    /// little about what is possible.
    pub fn minimum(&self) -> Duration {
        let known = &self.recent[..self.samples.min(RECENT)];
        match known.len() {
            0 | 1 => Duration::ZERO,
            _ => known.iter().min().copied().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    #[test]
    fn the_minimum_needs_two_samples_and_forgets_after_ten() {
        let mut rtt = Rtt::default();
        assert_eq!((rtt.average(), rtt.minimum()), (None, Duration::ZERO));
        rtt.add(ms(3));
        assert_eq!((rtt.average(), rtt.minimum()), (Some(ms(3)), Duration::ZERO));
        for _ in 0..9 {
            rtt.add(ms(7));
        }
        assert_eq!(rtt.minimum(), ms(3));
        rtt.add(ms(7));
        assert_eq!(rtt.minimum(), ms(7));
    }

    #[test]
    fn a_zero_sample_counts_as_a_sample() {
        let mut rtt = Rtt::default();
        rtt.add(Duration::ZERO);
        rtt.add(ms(10));
        assert_eq!((rtt.average(), rtt.minimum()), (Some(ms(2)), Duration::ZERO));
    }
}
