//! Medians, spreads, percentiles. No I/O.

/// The middle value, or the mean of the two middle ones. `None` for no values.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some((sorted[middle - 1] + upper) / 2.0)
}

/// How far the values lie apart, as a share of their median.
pub fn spread(values: &[f64]) -> Option<f64> {
    let highest = values.iter().copied().max_by(f64::total_cmp)?;
    let lowest = values.iter().copied().min_by(f64::total_cmp)?;
    Some((highest - lowest) / median(values)?)
}

/// The smallest sample that at least `share` of all samples do not exceed. Reorders `samples`.
pub fn percentile(samples: &mut [u64], share: f64) -> Option<u64> {
    let rank = (samples.len() as f64 * share).ceil() as usize;
    let index = rank.saturating_sub(1);
    if index >= samples.len() {
        return None;
    }
    Some(*samples.select_nth_unstable(index).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_even_and_no_values() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn spread_is_relative_to_the_median() {
        assert_eq!(spread(&[4.0, 1.0, 2.0]), Some(1.5));
        assert_eq!(spread(&[2.0]), Some(0.0));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn percentiles_are_samples() {
        let mut samples: Vec<u64> = (1..=200).rev().collect();
        assert_eq!(percentile(&mut samples, 0.5), Some(100));
        assert_eq!(percentile(&mut samples, 0.99), Some(198));
        assert_eq!(percentile(&mut [7], 0.99), Some(7));
        assert_eq!(percentile(&mut [], 0.5), None);
    }
}
