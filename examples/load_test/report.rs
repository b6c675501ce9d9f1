//! The tables.

use std::fmt::Write;

use actix_mongo::State;

use crate::record::{Latencies, Run, Total, at};

/// What the latency report shows of the distribution.
const QUANTILES: [f64; 11] = [0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 1.0];

/// The servers, in a line.
pub fn server(state: &State) -> String {
    let servers = state.servers.iter().map(|server| {
        let trip =
            server.round_trip.map(|time| format!(", round trip {:.2} ms", time.as_secs_f64() * 1000.0));
        format!("{} ({}{})", server.address, server.kind, trip.unwrap_or_default())
    });
    servers.collect::<Vec<_>>().join(", ")
}

/// All that can be said of a load in figures.
pub fn page(run: &Run) -> String {
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = operations(&mut page, run).and_then(|()| distribution(&mut page, run));
    for (kind, (count, sentence)) in &run.errors {
        let _ = writeln!(page, "\n{count} times {kind}, at first: {sentence}");
    }
    page
}

fn operations(page: &mut String, run: &Run) -> std::fmt::Result {
    let seconds = run.took.as_secs_f64();
    writeln!(page, "\n{:<8}{:>14}{:>14}{:>10}", "", "succeeded", "per second", "failed")?;
    let [mut reads, mut writes] = [0, 0];
    for moment in &run.moments {
        reads += moment.reads;
        writes += moment.writes;
    }
    let all = (reads + writes, run.reads.errors + run.writes.errors);
    for (name, (count, errors)) in
        [("reads", (reads, run.reads.errors)), ("writes", (writes, run.writes.errors)), ("all", all)]
    {
        writeln!(page, "{name:<8}{count:>14}{:>14.0}{errors:>10}", count as f64 / seconds)?;
    }
    if run.left > 0 {
        writeln!(
            page,
            "{} more were due and found no caller free; below they count with the time they had waited, and a usual call.",
            run.left
        )?;
    }
    Ok(())
}

fn distribution(page: &mut String, run: &Run) -> std::fmt::Result {
    let from = if run.options.rate.is_some() { "due" } else { "begun" };
    writeln!(page, "\nLatency in milliseconds, from when an operation was {from} to its answer")?;
    let all = run.latencies();
    let Total { latencies: reads, .. } = &run.reads;
    let Total { latencies: writes, .. } = &run.writes;
    let mut columns = vec![("reads", reads), ("writes", writes), ("all", &all)];
    if run.options.rate.is_some() {
        columns.push(("all, from begin", &run.service));
    }
    write!(page, "{:<10}", "")?;
    for (name, _) in &columns {
        write!(page, "{name:>16}")?;
    }
    writeln!(page)?;
    for quantile in QUANTILES {
        write!(page, "{:<10}", name(quantile))?;
        for (_, latencies) in &columns {
            write!(page, "{:>16}", cell(latencies, at(latencies, quantile)))?;
        }
        writeln!(page)?;
    }
    write!(page, "{:<10}", "mean")?;
    for (_, latencies) in &columns {
        write!(page, "{:>16}", cell(latencies, latencies.mean() / 1000.0))?;
    }
    writeln!(page)
}

fn name(quantile: f64) -> String {
    match quantile {
        0.0 => "least".to_owned(),
        1.0 => "most".to_owned(),
        // Rounded, since 0.99999 has no exact double.
        _ => format!("{} %", (quantile * 1e7).round() / 1e5),
    }
}

fn cell(latencies: &Latencies, milliseconds: f64) -> String {
    if latencies.is_empty() { "-".to_owned() } else { format!("{milliseconds:.3}") }
}
