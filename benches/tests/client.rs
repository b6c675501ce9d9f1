//! The program as it is run: children, server and report together, with the shortest windows.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

fn benches(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_actix-mongo-benches");
    Command::new(program).args(arguments).output().expect("the program was built for this test")
}

#[test]
fn a_self_check_gives_a_row_for_each_metric_and_finds_equal_work() {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("rows.jsonl");
    let out = out.to_str().unwrap();
    let output = benches(&[
        "client",
        "--self-check",
        "--rounds=2",
        "--seconds=0.05",
        "--only=insert/arbiter/16x16",
        "--out",
        out,
    ]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("What the server saw") && !text.contains("UNEQUAL"), "{text}");
    let rows: Vec<Value> = std::fs::read_to_string(out)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let metrics: Vec<_> = rows.iter().map(|row| row["metric"].as_str().unwrap()).collect();
    assert_eq!(metrics, ["cpu", "throughput", "p50", "p99"]);
    for row in rows {
        assert_eq!(row["case"], "insert/arbiter/16x16/depth1");
        assert_eq!(row["rounds"], 2);
        assert!(row["ours"].as_f64().unwrap() > 0.0 && row["official"].as_f64().unwrap() > 0.0);
        assert!(row["ratio"].is_f64() && row["spread"].is_f64());
    }
}

#[test]
fn a_run_that_cannot_be_measured_says_why_and_gives_no_figures() {
    let output = benches(&[
        "run-one",
        "--driver=official",
        "--host=tokio",
        "--op=ping",
        "--callers=1",
        "--sockets=1",
        "--depth=1",
        "--seconds=0.05",
        "--warm-up=0.05",
        "--uri=mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200",
    ]);
    assert!(!output.status.success() && output.stdout.is_empty());
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("connecting") && complaint.contains("selection"), "{complaint}");
}

#[test]
fn a_name_that_no_case_has_is_an_error() {
    let output = benches(&["client", "--self-check", "--only=nothing"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing"));
}
