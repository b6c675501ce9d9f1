//! From runs to rows: medians, ratios per round, their spread; the file and the table.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::load::Measured;
use crate::statistics::{median, spread};

/// One case and what each round of it gave.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub rounds: Vec<Pair>,
}

/// Both sides of one round.
#[derive(Debug, Clone)]
pub struct Pair {
    pub ours: Measured,
    pub official: Measured,
}

/// A line of `client.jsonl`.
#[derive(Debug, Serialize)]
struct Row<'a> {
    case: &'a str,
    metric: &'static str,
    /// Medians over the rounds: microseconds per operation (`cpu`), operations per second
    /// (`throughput`), microseconds (`p50`, `p99`)
    ours: Option<f64>,
    official: Option<f64>,
    /// The median of the rounds' ratios, ours by official
    ratio: Option<f64>,
    /// (highest - lowest) / median of the rounds' ratios
    spread: Option<f64>,
    /// How many rounds both sides came through
    rounds: usize,
}

type Metric = (&'static str, fn(&Measured) -> f64);

const METRICS: [Metric; 4] = [
    ("cpu", |measured| measured.cpu),
    ("throughput", |measured| measured.throughput),
    ("p50", |measured| measured.p50),
    ("p99", |measured| measured.p99),
];

impl Case {
    fn row(&self, (metric, value): Metric) -> Row<'_> {
        let of = |side: fn(&Pair) -> &Measured| -> Vec<f64> {
            self.rounds.iter().map(|pair| value(side(pair))).collect()
        };
        let (ours, official) = (of(|pair| &pair.ours), of(|pair| &pair.official));
        let ratios: Vec<f64> = ours.iter().zip(&official).map(|(a, b)| a / b).collect();
        Row {
            case: &self.name,
            metric,
            ours: median(&ours),
            official: median(&official),
            ratio: median(&ratios),
            spread: spread(&ratios),
            rounds: ratios.len(),
        }
    }
}

/// A row per case and metric. A case without one good round has its rows too, empty.
pub fn write(path: &Path, cases: &[Case]) -> Result<()> {
    let mut text = String::new();
    for case in cases {
        for metric in METRICS {
            text.push_str(&serde_json::to_string(&case.row(metric))?);
            text.push('\n');
        }
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

pub fn print(cases: &[Case], left: &str) {
    println!("\n{left} / official = ratio ±spread; cpu, p50, p99 in µs, throughput in 1000/s");
    print!("{:<31}", "case");
    for (name, _) in METRICS {
        print!(" | {name:^32}");
    }
    println!();
    for case in cases {
        print!("{:<31}", case.name);
        for metric in METRICS {
            print!(" | {}", cell(&case.row(metric)));
        }
        println!();
    }
}

fn cell(row: &Row<'_>) -> String {
    let (Some(ours), Some(official), Some(ratio), Some(spread)) =
        (row.ours, row.official, row.ratio, row.spread)
    else {
        return format!("{:^32}", "no result");
    };
    let unit = if row.metric == "throughput" { 1e3 } else { 1.0 };
    let (ours, official) = (ours / unit, official / unit);
    format!("{ours:>8.1} /{official:>8.1} ={ratio:>5.2} ±{:>3.0}%", 100.0 * spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(cpu: f64) -> Measured {
        Measured { operations: 1, seconds: 1.0, cpu, throughput: 1.0, p50: 1.0, p99: 1.0 }
    }

    fn case(cpus: &[(f64, f64)]) -> Case {
        let pair = |(a, b): &(f64, f64)| Pair { ours: measured(*a), official: measured(*b) };
        Case { name: "ping/tokio/1x10/depth1".to_owned(), rounds: cpus.iter().map(pair).collect() }
    }

    #[test]
    fn the_ratio_is_of_rounds_and_not_of_medians() {
        let case = case(&[(1.0, 2.0), (9.0, 10.0), (2.0, 8.0)]);
        let row = serde_json::to_value(case.row(METRICS[0])).unwrap();
        assert_eq!(row["case"], "ping/tokio/1x10/depth1");
        assert_eq!(row["metric"], "cpu");
        assert_eq!((&row["ours"], &row["official"]), (&2.0.into(), &8.0.into()));
        assert_eq!(row["ratio"], 0.5);
        assert_eq!(row["spread"], 1.3);
        assert_eq!(row["rounds"], 3);
    }

    #[test]
    fn a_case_that_always_failed_is_empty_and_not_zero() {
        let row = serde_json::to_value(case(&[]).row(METRICS[0])).unwrap();
        assert!(row["ours"].is_null() && row["ratio"].is_null());
        assert!(cell(&case(&[]).row(METRICS[0])).contains("no result"));
    }
}
