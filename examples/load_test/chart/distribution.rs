//! How latencies are distributed.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::over_time::nothing;
use super::scale::LogScale;
use super::{Area, FAINT, INK, READS, READS_AREA, WRITES, axes, heading, round_milliseconds, text};
use crate::Result;
use crate::record::{Latencies, Run, at};

/// Bars for each tenfold of time.
const BARS: f64 = 24.0;
/// Points of a curve for each tenfold of operations.
const POINTS: f64 = 40.0;

/// Which share of the reads, and of the writes, took how long.
pub fn histogram(run: &Run, area: &Area<'_>) -> Result<()> {
    heading(area, "Share of operations by latency")?;
    let sorts = sorts(run);
    let Some(scale) = LogScale::around(sorts.iter().flat_map(|(_, it, _)| [at(it, 0.0), at(it, 1.0)])) else {
        return nothing(area);
    };
    let bounds = scale.bars(BARS);
    let bars: Vec<_> = sorts.iter().map(|(_, latencies, _)| shares(latencies, &bounds)).collect();
    let most = bars.iter().flatten().fold(0.0, |most: f64, (_, _, share)| most.max(*share));
    let times = (scale.from..scale.to).log_scale().with_key_points(scale.labels.clone());
    let mut chart = ChartBuilder::on(area)
        .margin_top(34)
        .margin_right(40)
        .margin_left(16)
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d(times, 0.0..(most * 1.1).max(1.0))?;
    let mut mesh = chart.configure_mesh();
    axes(&mut mesh)
        .disable_x_mesh()
        .y_labels(6)
        .x_desc("latency")
        .x_label_formatter(&|time| round_milliseconds(*time))
        .y_label_formatter(&|share| format!("{share} %"))
        .draw()?;
    for ((_, _, color), bars) in sorts.iter().zip(bars) {
        // One of them is an area and the other a line, so that both can be seen.
        if *color == READS {
            let rectangles = bars.iter().map(|(from, to, share)| [(*from, 0.0), (*to, *share)]);
            chart.draw_series(rectangles.map(|corners| Rectangle::new(corners, READS_AREA.filled())))?;
        } else {
            let steps = bars.iter().flat_map(|(from, to, share)| [(*from, *share), (*to, *share)]);
            chart.draw_series(LineSeries::new(steps, color.stroke_width(2)))?;
        }
    }
    legend(area, sorts.iter().map(|(name, _, color)| (*name, *color)))
}

/// Within which time how many of a hundred, of a thousand, and so on, were answered.
pub fn percentiles(run: &Run, area: &Area<'_>) -> Result<()> {
    heading(area, "Latency by percentile")?;
    let sorts = sorts(run);
    let begun = run.options.rate.filter(|_| !run.service.is_empty());
    let curves: Vec<_> =
        sorts.into_iter().chain(begun.map(|_| ("all, from begin", &run.service, FAINT))).collect();
    let Some(scale) = LogScale::around(curves.iter().flat_map(|(_, it, _)| [at(it, 0.0), at(it, 1.0)]))
    else {
        return nothing(area);
    };
    // As far out as there is an operation beyond.
    let most = curves.iter().map(|(_, latencies, _)| latencies.len()).max().unwrap_or(1);
    let decades = (most as f64).log10().floor().clamp(1.0, 6.0) as i32;
    let times = (scale.from..scale.to).log_scale().with_key_points(scale.labels.clone());
    let ratios: Vec<f64> = [1.0, 2.0].into_iter().chain((1..=decades).map(|it| 10_f64.powi(it))).collect();
    let ratios = (1.0..10_f64.powi(decades)).log_scale().with_key_points(ratios);
    let mut chart = ChartBuilder::on(area)
        .margin_top(34)
        .margin_right(40)
        .margin_left(16)
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d(ratios, times)?;
    let mut mesh = chart.configure_mesh();
    axes(&mut mesh)
        .x_desc("percentile")
        .x_label_formatter(&|ratio| percentile(*ratio))
        .y_label_formatter(&|time| round_milliseconds(*time))
        .draw()?;
    for (_, latencies, color) in &curves {
        let last = (latencies.len() as f64).log10().min(decades.into()) * POINTS;
        let ratios = (0..=last as u32).map(|point| 10_f64.powf(f64::from(point) / POINTS));
        let points = ratios.map(|ratio| (ratio, at(latencies, 1.0 - 1.0 / ratio)));
        chart.draw_series(LineSeries::new(points, color.stroke_width(2)))?;
    }
    legend(area, curves.iter().map(|(name, _, color)| (*name, *color)))
}

/// Names and colours, above the plot to the right.
fn legend(area: &Area<'_>, names: impl DoubleEndedIterator<Item = (&'static str, RGBColor)>) -> Result<()> {
    let mut right = area.dim_in_pixel().0 as i32 - 40;
    for (name, color) in names.rev() {
        // Letters are about half as wide as they are high.
        let left = right - 22 - name.len() as i32 * 7;
        area.draw(&Rectangle::new([(left, 9), (left + 14, 23)], color.filled()))?;
        area.draw_text(name, &text(14, INK).at(HPos::Left), (left + 20, 9))?;
        right = left - 16;
    }
    Ok(())
}

/// Those sorts of which there are operations.
fn sorts(run: &Run) -> Vec<(&'static str, &Latencies, RGBColor)> {
    let both = [("reads", &run.reads.latencies, READS), ("writes", &run.writes.latencies, WRITES)];
    both.into_iter().filter(|(_, latencies, _)| !latencies.is_empty()).collect()
}

/// The percentage between each bound and the next.
fn shares(latencies: &Latencies, bounds: &[f64]) -> Vec<(f64, f64, f64)> {
    let microseconds = |time: f64| (time * 1000.0).round() as u64;
    let below = |bound: f64| match microseconds(bound) {
        0 => 0,
        bound => latencies.count_between(0, bound - 1),
    };
    let bars = bounds.windows(2).map(|pair| {
        let count = below(pair[1]) - below(pair[0]);
        (pair[0], pair[1], count as f64 * 100.0 / latencies.len() as f64)
    });
    bars.collect()
}

/// The share of operations by how many there are for each that is left: 10 for 90 %.
fn percentile(ratio: f64) -> String {
    let share = 100.0 * (1.0 - 1.0 / ratio);
    format!("{} %", (share * 1e4).round() / 1e4)
}
