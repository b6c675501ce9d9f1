//! Tells what became of the cases: a table for people, a file for programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::case::Verdict;
use crate::runner::Finished;
use crate::tally::{Counts, MARK_PERCENT, Sort, everyday};

/// All verdicts, counted.
pub struct Report {
    finished: Vec<Finished>,
    directories: BTreeMap<String, Counts>,
    /// How many, by sort and reason.
    skips: BTreeMap<(Sort, String), usize>,
    total: Counts,
}

impl Report {
    pub fn new(finished: Vec<Finished>) -> Self {
        let mut report =
            Self { finished, directories: BTreeMap::new(), skips: BTreeMap::new(), total: Counts::default() };
        for done in &report.finished {
            let fate = done.verdict.fate();
            report.total.add(fate);
            report.directories.entry(done.directory.clone()).or_default().add(fate);
            if let Verdict::Skipped(skip) = &done.verdict {
                *report.skips.entry((skip.sort, skip.reason.clone())).or_default() += 1;
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
        let Counts { passed, failed, .. } = self.total;
        format!("spec: {passed} passed, {failed} failed, {} skipped", self.total.skipped())
    }

    fn failures(&self) -> impl Iterator<Item = (&Finished, &str)> {
        self.finished.iter().filter_map(|done| match &done.verdict {
            Verdict::Failed(reason) => Some((done, reason.as_str())),
            _ => None,
        })
    }

    /// Those directories by which the everyday interface is judged.
    fn everyday(&self) -> Counts {
        everyday(self.directories.iter().map(|(directory, counts)| (directory.as_str(), *counts)))
    }

    /// The table, the reasons of skips, and the failures.
    pub fn print(&self) {
        let width = self.directories.keys().map(String::len).max().unwrap_or(0).max(9);
        let [open, later, elsewhere] = Sort::ALL.map(Sort::name);
        println!(
            "{:width$} {:>6} {:>6} {:>6} {open:>6} {:>7} {later:>6} {elsewhere:>9}",
            "directory", "run", "passed", "failed", "open %"
        );
        for (directory, counts) in &self.directories {
            let Counts { passed, failed, open, later, elsewhere } = counts;
            println!(
                "{directory:width$} {:>6} {passed:>6} {failed:>6} {open:>6} {:>7.1} {later:>6} {elsewhere:>9}",
                counts.run(),
                counts.open_percent(),
            );
        }
        for sort in Sort::ALL {
            let mut skips = self.skips.iter().filter(|((it, _), _)| *it == sort).peekable();
            if skips.peek().is_some() {
                println!("\n{}", sort.heading());
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
        println!("\n{}", share("in all", self.total));
        let everyday = self.everyday();
        if everyday.applying() > 0 {
            println!("{}; the mark is {MARK_PERCENT} %", share("everyday directories", everyday));
        }
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
            self.directories.iter().map(|(directory, counts)| (directory, counts_json(*counts))).collect();
        let failures: Vec<_> = self
            .failures()
            .map(|(done, reason)| json!({ "directory": done.directory, "name": done.name, "reason": reason }))
            .collect();
        let reasons: Vec<_> = self
            .skips
            .iter()
            .map(|((sort, reason), count)| json!({ "sort": sort.name(), "reason": reason, "count": count }))
            .collect();
        let cases: Vec<_> = self.finished.iter().map(case_json).collect();
        json!({
            "total": counts_json(self.total),
            "everyday": counts_json(self.everyday()),
            "directories": directories,
            "failures": failures,
            "skip_reasons": reasons,
            "cases": cases,
        })
    }
}

fn share(of: &str, counts: Counts) -> String {
    let (applying, open, percent) = (counts.applying(), counts.open, counts.open_percent());
    format!("{of}: of {applying} cases that apply {open} are open ({percent:.1} %)")
}

fn counts_json(counts: Counts) -> Value {
    let Counts { passed, failed, open, later, elsewhere } = counts;
    json!({
        "run": counts.run(), "passed": passed, "failed": failed, "skipped": counts.skipped(),
        "open": open, "later": later, "elsewhere": elsewhere,
        "applying": counts.applying(), "open_percent": counts.open_percent(),
    })
}

fn case_json(done: &Finished) -> Value {
    let (verdict, sort, reason) = match &done.verdict {
        Verdict::Passed => ("passed", None, None),
        Verdict::Failed(reason) => ("failed", None, Some(reason)),
        Verdict::Skipped(skip) => ("skipped", Some(skip.sort.name()), Some(&skip.reason)),
    };
    let milliseconds = u64::try_from(done.duration.as_millis()).unwrap_or(u64::MAX);
    json!({
        "name": done.name, "verdict": verdict, "sort": sort, "reason": reason, "milliseconds": milliseconds,
    })
}
