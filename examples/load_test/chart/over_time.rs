//! What happened when.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::scale::LogScale;
use super::{
    ALARM, Area, INK, PERCENTILES, READS, READS_AREA, WRITES, WRITES_AREA, axes, heading, round_milliseconds,
    text, thousands,
};
use crate::Result;
use crate::record::{Marks, Moment, Run};

/// What a line shows.
type Pick = fn(&Marks) -> f64;
const LINES: [(&str, Pick); 4] = [
    ("half within", |it| it.p50),
    ("90 % within", |it| it.p90),
    ("99 % within", |it| it.p99),
    ("longest", |it| it.max),
];
/// Of the plots, in pixels.
const RIGHT: u32 = 150;

/// Latencies of each moment, on a logarithmic axis.
pub fn latencies(run: &Run, area: &Area<'_>) -> Result<()> {
    heading(area, "Latency over time")?;
    let moments = moments(run);
    let marks = moments.iter().filter_map(|moment| moment.latencies);
    let Some(scale) = LogScale::around(marks.flat_map(|marks| [marks.p50, marks.max])) else {
        return nothing(area);
    };
    let times = (scale.from..scale.to).log_scale().with_key_points(scale.labels.clone());
    let mut chart = ChartBuilder::on(area)
        .margin_top(34)
        .margin_right(RIGHT)
        .margin_left(16)
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d(0.0..run.took.as_secs_f64(), times)?;
    let mut mesh = chart.configure_mesh();
    axes(&mut mesh)
        .x_labels(13)
        .x_desc("seconds")
        .x_label_formatter(&|second| plain(*second))
        .y_label_formatter(&|time| round_milliseconds(*time))
        .draw()?;
    // Where nothing succeeded there is a gap, and no line across it.
    let stretches = moments.split(|moment| moment.latencies.is_none()).filter(|some| !some.is_empty());
    let stretches: Vec<_> = stretches.collect();
    // The further out the wider: where two are the same, both are seen.
    let widths = [2, 2, 3, 5];
    for (((_, pick), color), width) in LINES.into_iter().zip(PERCENTILES).zip(widths).rev() {
        for stretch in &stretches {
            let points = stretch.iter().filter_map(|moment| Some((moment.at, pick(&moment.latencies?))));
            // A moment by itself would have no line.
            let size = if stretch.len() == 1 { 3 } else { 0 };
            chart.draw_series(LineSeries::new(points, color.stroke_width(width)).point_size(size))?;
        }
    }
    let names = LINES.into_iter().zip(PERCENTILES).map(|((name, _), color)| (name, color));
    legend(area, names.rev())
}

/// Operations that succeeded, each second, and moments in which some failed.
pub fn throughput(run: &Run, area: &Area<'_>) -> Result<()> {
    heading(area, "Throughput over time, in operations per second")?;
    let rate = |count: u64, moment: &Moment| count as f64 / moment.length.max(1e-3);
    let moments = moments(run);
    let all: Vec<_> = moments.iter().map(|it| (it.at, rate(it.reads + it.writes, it))).collect();
    let reads: Vec<_> = moments.iter().map(|it| (it.at, rate(it.reads, it))).collect();
    let most = all.iter().map(|(_, rate)| *rate).fold(10.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin_top(34)
        .margin_right(RIGHT)
        .margin_left(16)
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d(0.0..run.took.as_secs_f64(), 0.0..most * 1.1)?;
    let mut mesh = chart.configure_mesh();
    axes(&mut mesh)
        .x_labels(13)
        .y_labels(6)
        .x_desc("seconds")
        .x_label_formatter(&|second| plain(*second))
        .y_label_formatter(&|rate| thousands(*rate))
        .draw()?;
    // Writes are what is seen above the reads.
    for (points, fill, color) in [(all, WRITES_AREA, WRITES), (reads, READS_AREA, READS)] {
        let area = AreaSeries::new(points, 0.0, fill);
        chart.draw_series(area.border_style(color.stroke_width(1)))?;
    }
    let failed = moments.iter().filter(|moment| moment.errors > 0);
    chart.draw_series(failed.map(|it| Circle::new((it.at, most * 1.05), 4, ALARM.filled())))?;
    let failures = run.moments.iter().any(|moment| moment.errors > 0);
    let names = [("writes", WRITES), ("reads", READS), ("some failed", ALARM)];
    legend(area, names.into_iter().take(if failures { 3 } else { 2 }))
}

/// Those long enough to say something: the last one is cut short.
fn moments(run: &Run) -> Vec<&Moment> {
    let least = run.options.interval().as_secs_f64() / 2.0;
    run.moments.iter().filter(|moment| moment.length > least).collect()
}

/// Names and colours, to the right of the plot.
fn legend(area: &Area<'_>, names: impl Iterator<Item = (&'static str, RGBColor)>) -> Result<()> {
    let left = area.dim_in_pixel().0 as i32 - RIGHT as i32 + 18;
    for (line, (name, color)) in (0..).zip(names) {
        let y = 44 + line * 24;
        area.draw(&Rectangle::new([(left, y), (left + 14, y + 14)], color.filled()))?;
        area.draw_text(name, &text(14, INK).at(HPos::Left), (left + 22, y))?;
    }
    Ok(())
}

/// In place of lines.
pub fn nothing(area: &Area<'_>) -> Result<()> {
    area.draw_text("there is nothing to show", &text(14, ALARM).at(HPos::Left), (100, 60))?;
    Ok(())
}

/// Without zeros behind the point.
fn plain(number: f64) -> String {
    format!("{}", (number * 100.0).round() / 100.0)
}
