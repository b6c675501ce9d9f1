//! What the tests of the program share: running it, and reading its file.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_actix-mongo-benches");

pub fn benches(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().expect("the program was built for this test")
}

/// Runs one with the shortest windows and gives its rows.
pub fn rows(name: &str, arguments: &[&str]) -> Vec<Value> {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.jsonl"));
    let out = out.to_str().expect("a path that is text");
    let shortest = ["--rounds=2", "--seconds=0.05", "--out", out];
    let output = benches(&[arguments, &shortest].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("UNEQUAL"), "{text}");
    lines(out)
}

/// The rows of a file.
pub fn lines(file: &str) -> Vec<Value> {
    let file = std::fs::read_to_string(file).expect("the file was written");
    file.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// That there are four rows of a case, with figures under both names.
pub fn check(rows: &[Value], case: &str, [left, right]: [&str; 2]) {
    let rows: Vec<_> = rows.iter().filter(|row| row["case"] == case).collect();
    let metrics: Vec<_> = rows.iter().map(|row| row["metric"].as_str().expect("a name")).collect();
    assert_eq!(metrics, ["cpu", "throughput", "p50", "p99"], "{case}");
    for row in rows {
        assert_eq!(row["rounds"], 2);
        assert!(row[left].as_f64() > Some(0.0) && row[right].as_f64() > Some(0.0), "{row}");
        assert!(row["ratio"].is_f64() && row["spread"].is_number(), "{row}");
    }
}
