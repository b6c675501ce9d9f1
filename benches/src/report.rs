//! From runs to rows: medians, ratios per round, their spread; the file and the table.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

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
    pub left: Measured,
    pub right: Measured,
}

/// What the two sides are called: in the file these are the names of their figures.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    pub left: &'static str,
    pub right: &'static str,
}

/// A line of the file.
#[derive(Debug)]
struct Row<'a> {
    case: &'a str,
    metric: &'static str,
    /// Medians over the rounds: microseconds per operation (`cpu`), operations per second
    /// (`throughput`), microseconds (`p50`, `p99`)
    left: Option<f64>,
    right: Option<f64>,
    /// The median of the rounds' ratios, left by right
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
        let (left, right) = (of(|pair| &pair.left), of(|pair| &pair.right));
        let ratios: Vec<f64> = left.iter().zip(&right).map(|(a, b)| a / b).collect();
        Row {
            case: &self.name,
            metric,
            left: median(&left),
            right: median(&right),
            ratio: median(&ratios),
            spread: spread(&ratios),
            rounds: ratios.len(),
        }
    }
}

impl Row<'_> {
    fn json(&self, names: Names) -> String {
        let number = |value: Option<f64>| serde_json::Value::from(value);
        format!(
            r#"{{"case":{:?},"metric":{:?},"{}":{},"{}":{},"ratio":{},"spread":{},"rounds":{}}}"#,
            self.case,
            self.metric,
            names.left,
            number(self.left),
            names.right,
            number(self.right),
            number(self.ratio),
            number(self.spread),
            self.rounds
        )
    }
}

/// A row per case and metric. A case without one good round has its rows too, empty.
pub fn write(path: &Path, names: Names, cases: &[Case]) -> Result<()> {
    let mut text = String::new();
    for case in cases {
        for metric in METRICS {
            text.push_str(&case.row(metric).json(names));
            text.push('\n');
        }
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

pub fn print(names: Names, cases: &[Case]) {
    let Names { left, right } = names;
    println!("\n{left} / {right} = ratio ±spread; cpu, p50, p99 in µs, throughput in 1000/s");
    println!("(of a scan: cpu and throughput are of documents, p50 and p99 of whole scans)");
    let width = cases.iter().map(|case| case.name.len()).max().unwrap_or_default();
    print!("{:<width$}", "case");
    for (name, _) in METRICS {
        print!(" | {name:^32}");
    }
    println!();
    for case in cases {
        print!("{:<width$}", case.name);
        for metric in METRICS {
            print!(" | {}", cell(&case.row(metric)));
        }
        println!();
    }
}

fn cell(row: &Row<'_>) -> String {
    let (Some(left), Some(right), Some(ratio), Some(spread)) = (row.left, row.right, row.ratio, row.spread)
    else {
        return format!("{:^32}", "no result");
    };
    let unit = if row.metric == "throughput" { 1e3 } else { 1.0 };
    let (left, right) = (left / unit, right / unit);
    let decimals = if left.min(right) < 1.0 { 3 } else { 1 };
    format!("{left:>8.decimals$} /{right:>8.decimals$} ={ratio:>5.2} ±{:>3.0}%", 100.0 * spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(cpu: f64) -> Measured {
        Measured { operations: 1, seconds: 1.0, cpu, throughput: 1.0, p50: 1.0, p99: 1.0 }
    }

    fn case(cpus: &[(f64, f64)]) -> Case {
        let pair = |(a, b): &(f64, f64)| Pair { left: measured(*a), right: measured(*b) };
        Case { name: "ping/tokio/1x10/depth1".to_owned(), rounds: cpus.iter().map(pair).collect() }
    }

    fn value(case: &Case) -> serde_json::Value {
        let names = Names { left: "ours", right: "official" };
        serde_json::from_str(&case.row(METRICS[0]).json(names)).unwrap()
    }

    #[test]
    fn the_ratio_is_of_rounds_and_not_of_medians() {
        let case = case(&[(1.0, 2.0), (9.0, 10.0), (2.0, 8.0)]);
        let row = value(&case);
        assert_eq!(row["case"], "ping/tokio/1x10/depth1");
        assert_eq!(row["metric"], "cpu");
        assert_eq!((&row["ours"], &row["official"]), (&2.0.into(), &8.0.into()));
        assert_eq!(row["ratio"], 0.5);
        assert_eq!(row["spread"], 1.3);
        assert_eq!(row["rounds"], 3);
    }

    #[test]
    fn a_case_that_always_failed_is_empty_and_not_zero() {
        let row = value(&case(&[]));
        assert!(row["ours"].is_null() && row["ratio"].is_null());
        assert!(cell(&case(&[]).row(METRICS[0])).contains("no result"));
    }
}
