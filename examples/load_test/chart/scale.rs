//! Logarithmic axes for times, from one round number to another.

/// Round numbers around all of these (milliseconds), and those in between for labels.
pub struct LogScale {
    pub from: f64,
    pub to: f64,
    pub labels: Vec<f64>,
}

impl LogScale {
    /// `None` if there are no numbers.
    pub fn around(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let numbers = numbers.into_iter().filter(|number| *number > 0.0);
        let range = numbers.fold(None, |range, number| match range {
            None => Some((number, number)),
            Some((least, most)) => Some((number.min(least), number.max(most))),
        });
        let (least, most) = range?;
        let below = round_numbers(least, most).take_while(|number| *number <= least).last();
        let above = round_numbers(least, most).find(|number| *number > most);
        let (from, to) = (below.unwrap_or(least), above.unwrap_or(most * 2.0));
        let labels: Vec<f64> =
            round_numbers(least, most).filter(|number| (from..=to).contains(number)).collect();
        // Over many decades, only those of each decade have room.
        let sparse = |number: &f64| labels.len() <= 10 || is_power_of_ten(*number);
        Some(Self { from, to, labels: labels.iter().copied().filter(sparse).collect() })
    }

    /// Bounds of bars, so many for each tenfold.
    pub fn bars(&self, per_decade: f64) -> Vec<f64> {
        let count = ((self.to / self.from).log10() * per_decade).ceil().max(1.0);
        let ratio = (self.to / self.from).powf(1.0 / count);
        (0..=count as i32).map(|number| self.from * ratio.powi(number)).collect()
    }
}

/// 1, 2 and 5 of each decade, from below the least to above the most.
fn round_numbers(least: f64, most: f64) -> impl Iterator<Item = f64> {
    let decades = least.log10().floor() as i32..=most.log10().floor() as i32 + 1;
    decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|number| number * 10_f64.powi(decade)))
}

fn is_power_of_ten(number: f64) -> bool {
    let logarithm = number.log10();
    (logarithm - logarithm.round()).abs() < 1e-9
}
