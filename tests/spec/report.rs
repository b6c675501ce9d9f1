//! Counts what became of the cases, and tells: a table for people, a file for programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::case::{Cause, Skip, Verdict};
use crate::runner::Finished;

/// How many cases went which way.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
    /// Of those skipped: cases for another deployment.
    elsewhere: usize,
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        if let Verdict::Skipped(Skip { cause: Cause::Elsewhere, .. }) = verdict {
            self.elsewhere += 1;
        }
        *match verdict {
            Verdict::Passed => &mut self.passed,
            Verdict::Failed(_) => &mut self.failed,
            Verdict::Skipped(_) => &mut self.skipped,
        } += 1;
    }

    fn run(self) -> usize {
        self.passed + self.failed
    }

    fn json(self) -> Value {
        let Self { passed, failed, skipped, elsewhere } = self;
        json!({
            "run": self.run(), "passed": passed, "failed": failed, "skipped": skipped,
            "elsewhere": elsewhere,
        })
    }
}

/// All verdicts, counted.
pub struct Report {
    finished: Vec<Finished>,
    directories: BTreeMap<String, Counts>,
    /// By reason; those for another deployment last.
    skips: BTreeMap<(bool, String), usize>,
    total: Counts,
}

impl Report {
    pub fn new(finished: Vec<Finished>) -> Self {
        let mut report =
            Self { finished, directories: BTreeMap::new(), skips: BTreeMap::new(), total: Counts::default() };
        for done in &report.finished {
            report.total.add(&done.verdict);
            report.directories.entry(done.directory.clone()).or_default().add(&done.verdict);
            if let Verdict::Skipped(skip) = &done.verdict {
                let key = (skip.cause == Cause::Elsewhere, skip.reason.clone());
                *report.skips.entry(key).or_default() += 1;
            }
        }
        report
    }

    /// How many cases were run, whatever came of it.
    pub fn run(&self) -> usize {
        self.total.run()
    }

    /// Something was run, and nothing failed.
    pub fn is_success(&self) -> bool {
        self.total.failed == 0 && self.run() > 0
    }

    /// The last line of the run.
    pub fn closing_line(&self) -> String {
        let Counts { passed, failed, skipped, .. } = self.total;
        format!("spec: {passed} passed, {failed} failed, {skipped} skipped")
    }

    fn failures(&self) -> impl Iterator<Item = (&Finished, &str)> {
        self.finished.iter().filter_map(|done| match &done.verdict {
            Verdict::Failed(reason) => Some((done, reason.as_str())),
            _ => None,
        })
    }

    /// The table, the reasons of skips, and the failures.
    pub fn print(&self) {
        let width = self.directories.keys().map(String::len).max().unwrap_or(0).max(9);
        println!(
            "{:width$} {:>6} {:>6} {:>6} {:>7} {:>9}",
            "directory", "run", "passed", "failed", "skipped", "elsewhere"
        );
        for (directory, counts) in &self.directories {
            let Counts { passed, failed, skipped, elsewhere } = counts;
            let (run, skipped) = (counts.run(), skipped - elsewhere);
            println!("{directory:width$} {run:>6} {passed:>6} {failed:>6} {skipped:>7} {elsewhere:>9}");
        }
        for (elsewhere, heading) in [(false, "skipped:"), (true, "skipped, for another server than these:")] {
            let mut skips = self.skips.iter().filter(|((it, _), _)| *it == elsewhere).peekable();
            if skips.peek().is_some() {
                println!("\n{heading}");
            }
            for ((_, reason), count) in skips {
                println!("{count:>6} {reason}");
            }
        }
        if self.total.failed > 0 {
            println!("\nfailed:");
        }
        for (done, reason) in self.failures() {
            println!("  {}\n      {}", done.name, reason.replace('\n', "\n      "));
        }
        let applying = self.finished.len() - self.total.elsewhere;
        let skipped = self.total.skipped - self.total.elsewhere;
        let percent = 100.0 * skipped as f64 / applying.max(1) as f64;
        println!("\nof {applying} cases for these servers {skipped} are skipped ({percent:.1} %)");
    }

    /// Writes `target/spec/summary.json` and returns where that is.
    pub fn write_summary(&self) -> Result<PathBuf, String> {
        let target = std::env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty());
        let target =
            target.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
        let folder = target.join("spec");
        let path = folder.join("summary.json");
        let text = serde_json::to_string_pretty(&self.json()).map_err(|error| error.to_string())?;
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&path, text + "\n"))
            .map_err(|error| format!("can't write {}: {error}", path.display()))?;
        Ok(path)
    }

    fn json(&self) -> Value {
        let directories: BTreeMap<_, _> =
            self.directories.iter().map(|(directory, counts)| (directory, counts.json())).collect();
        let failures: Vec<_> = self
            .failures()
            .map(|(done, reason)| json!({ "directory": done.directory, "name": done.name, "reason": reason }))
            .collect();
        let cases: Vec<_> = self.finished.iter().map(case_json).collect();
        json!({
            "total": self.total.json(),
            "directories": directories,
            "failures": failures,
            "skip_reasons": self.skips.iter().map(|((_, reason), count)| (reason, count)).collect::<BTreeMap<_, _>>(),
            "cases": cases,
        })
    }
}

fn case_json(done: &Finished) -> Value {
    let (verdict, reason) = match &done.verdict {
        Verdict::Passed => ("passed", None),
        Verdict::Failed(reason) => ("failed", Some(reason)),
        Verdict::Skipped(skip) => ("skipped", Some(&skip.reason)),
    };
    let milliseconds = u64::try_from(done.duration.as_millis()).unwrap_or(u64::MAX);
    json!({ "name": done.name, "verdict": verdict, "reason": reason, "milliseconds": milliseconds })
}
